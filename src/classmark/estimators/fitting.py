"""Training inside someone else's process: a run in a folder, whose files are what remains."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from classmark.data.sources.source import Source
from classmark.errors import EstimatorError, InputError, Interrupted, MissingExtraError
from classmark.recipes.schema import Recipe
from classmark.runs import RunFiles, new_run
from classmark.system.cache import data_cached_in
from classmark.system.files import write_bytes
from classmark.system.machine import cores
from classmark.system.screen import silenced

# Training sets the threads of the whole process, so fits of several threads take turns.
_TURN = threading.Lock()
LEFT_OUT = ("checkpoints", "predictions")


def fit_run(recipe: Recipe, source: Source, runs: Path | None, *, verbose: bool) -> dict[str, bytes]:
    """The files of a run of rows in memory: path in the run folder → content, without checkpoints and predictions.

    Args:
        recipe: what is trained.
        source: the rows.
        runs: the folder in which the run folder is kept; None for a temporary one that is gone afterwards.
        verbose: whether progress goes to standard error.

    Raises:
        ClassmarkError: the rows cannot be used, or an extra is missing.
    """
    try:
        import torch

        from classmark.training.train import train_rows
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), recipe.input.kind, "Training") from None
    train = recipe.train.model_copy(update={"threads": recipe.train.threads or own_threads()})
    with _TURN, tempfile.TemporaryDirectory(prefix="classmark-") as temporary:
        kept = Path(temporary) / "run" if runs is None else new_run(recipe.name, runs).path
        threads = torch.get_num_threads()
        try:
            with silenced(not verbose), data_cached_in(Path(temporary) / "cache"):
                run = train_rows(recipe.model_copy(update={"train": train}), source, kept)
        except Interrupted:
            raise KeyboardInterrupt from None
        finally:
            torch.set_num_threads(threads)
            torch.set_flush_denormal(False)
        return read_files(run)


def read_files(run: RunFiles) -> dict[str, bytes]:
    """What a run folder holds that its model and its history need."""
    names = {path.relative_to(run.path).as_posix(): path for path in sorted(run.path.rglob("*")) if path.is_file()}
    return {
        name: path.read_bytes()
        for name, path in names.items()
        if name.split("/")[0] not in LEFT_OUT and not Path(name).name.startswith(".")
    }


def write_files(files: Mapping[str, bytes], folder: Path) -> None:
    """Write a run folder."""
    for name, content in files.items():
        write_bytes(folder / name, content)


def own_threads() -> int:
    """The threads to use: all cores, or what `OMP_NUM_THREADS` leaves, which joblib sets for each of its processes."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    return min(cores(), int(said)) if said.isdecimal() and int(said) else cores()


@contextmanager
def value_errors() -> Iterator[None]:
    """In it an `InputError` is a `ValueError` too."""
    try:
        yield
    except EstimatorError:
        raise
    except InputError as error:
        raise EstimatorError(error.problem, error.remedy, argument=error.argument) from None

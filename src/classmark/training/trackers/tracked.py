"""What a run tells its trackers, and what they must not do to it: fail, wait, or speak to strangers."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Protocol

from classmark.errors import MissingExtraError
from classmark.judging.judgement import Judgement
from classmark.recipes.schema import Recipe
from classmark.recipes.section import flattened
from classmark.runs import RunFiles
from classmark.system.files import read_json, write_json

# No telemetry, and no minutes of waiting for a server that is gone.
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_SILENT": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


@dataclass(frozen=True)
class Opened:
    """What a tracker is opened with.

    Attributes:
        run: the run folder.
        parameters: dotted key of the recipe → value, without keys that are not set.
        recipe: the same as YAML.
        name: of the recipe.
        known: how the tracker called this run when it was begun; None for a new one.
    """

    run: RunFiles
    parameters: Mapping[str, Any]
    recipe: str
    name: str
    known: str | None


class Tracker(Protocol):
    """Where a run is written down.

    `id` is how it calls the run, so that a resumed one goes on there; None where its place says that already.
    """

    id: str | None

    def evaluated(self, step: int, values: Mapping[str, float]) -> None: ...
    def judged(self, metrics: Mapping[str, float], run: RunFiles) -> None: ...
    def close(self, state: str) -> None: ...


class Trackers:
    """The trackers of a run. One that fails is told once and left out; the run goes on.

    Args:
        run: the run folder, where `trackers.json` keeps how they call it.
        recipe: names them.
        say: prints a line.
    """

    def __init__(self, run: RunFiles, recipe: Recipe, say: Callable[[str], None]) -> None:
        self._say = say
        self._path = run.path / "trackers.json"
        self._open: dict[str, Tracker] = {}
        if not recipe.train.trackers:
            return
        known = read_json(self._path) if self._path.exists() else {}
        content = run.recipe.read_text(encoding="utf-8")
        parameters = {
            key: value for key, value in flattened(recipe.model_dump(mode="json")).items() if value is not None
        }
        for name in recipe.train.trackers:
            with self._unharmed(name):
                self._open[name] = _open(name, Opened(run, parameters, content, recipe.name, known.get(name)))
        ids = {name: one.id for name, one in self._open.items() if one.id is not None}
        if ids:
            write_json(self._path, {**known, **ids})

    def evaluated(self, row: Mapping[str, Any]) -> None:
        """A row of the history."""
        values = {name: float(value) for name, value in row.items() if name != "step"}
        for name, one in list(self._open.items()):
            with self._unharmed(name):
                one.evaluated(int(row["step"]), values)

    def judged(self, judgement: Judgement, run: RunFiles) -> None:
        """The metrics with their intervals, and the report."""
        if not self._open:
            return
        metrics = dict[str, float]()
        for metric, found in judgement.metrics.items():
            ends = {metric: found.value, f"{metric}_low": found.low, f"{metric}_high": found.high}
            metrics |= {f"{judgement.split}/{name}": value for name, value in ends.items() if value is not None}
        for name, one in list(self._open.items()):
            with self._unharmed(name):
                one.judged(metrics, run)

    def close(self, state: str) -> None:
        """The run ended: `done`, `interrupted` or `failed`."""
        for name, one in list(self._open.items()):
            with self._unharmed(name):
                one.close(state)
        self._open = {}

    @contextmanager
    def _unharmed(self, name: str) -> Iterator[None]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of other libraries about themselves
                yield
        except Exception as error:
            self._open.pop(name, None)
            reason = " ".join(str(error).split()) or type(error).__name__
            self._say(f"note     The tracker {name} is left out from here on, since it failed ({reason[:200]}).")


def check_trackers(recipe: Recipe) -> None:
    """Refuse trackers whose packages are not installed, before the data is read.

    Raises:
        MissingExtraError: one is not.
    """
    for name in recipe.train.trackers:
        if find_spec(name) is None:  # the package, the extra and the tracker have one name
            raise MissingExtraError(name, name, f"train.trackers: {name}")


def _open(name: str, opened: Opened) -> Tracker:
    for key, value in QUIET.items():
        os.environ.setdefault(key, value)
    match name:
        case "tensorboard":
            from classmark.training.trackers.tensorboard import TensorBoard

            return TensorBoard(opened)
        case "mlflow":
            from classmark.training.trackers.mlflow import MLflow

            return MLflow(opened)
        case _:
            from classmark.training.trackers.wandb import WeightsAndBiases

            return WeightsAndBiases(opened)

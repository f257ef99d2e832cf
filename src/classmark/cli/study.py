"""Run a study, or go on with one; list and show those that are shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import typer

from classmark.errors import Interrupted, MissingExtraError, RecipeError, RunError
from classmark.judging.studies import Answers, answer
from classmark.recipes.study import Study, load_study, recipe_of, shipped_studies, study_text
from classmark.report.study import study_table, write_study
from classmark.runs.status import FAILED
from classmark.studies.folder import begin_study, outcomes, run_study
from classmark.system.files import write_json


@dataclass(frozen=True)
class StudyOptions:
    """The options of the command."""

    out: Path | None = None
    resume: Path | None = None
    jobs: int | None = None


def list_studies() -> None:
    """A line a shipped study."""
    names = shipped_studies()
    width = max(map(len, names))
    for name in names:
        typer.echo(f"{name:{width}}  {load_study(name).question}")


def show_study(name: str) -> None:
    """A shipped study's commented YAML."""
    typer.echo(study_text(name), nl=False)


def study(reference: str | None, overrides: Sequence[str], options: StudyOptions) -> tuple[Answers, Path]:
    """The answers of a study that was run or continued, written into its folder with the page.

    Raises:
        ClassmarkError: the study cannot be used, or every run failed.
        Interrupted: after Ctrl-C; the answers so far are written first.
    """
    if (reference is None) == (options.resume is None):
        raise RecipeError(
            "Name a study, for instance: classmark study bilstm-pooling — or a folder: classmark study --resume FOLDER"
        )
    if options.resume is not None and (options.out is not None or overrides):
        raise RecipeError("--resume goes on with a study as it was begun; it takes neither --out nor changes.")
    asked, folder = _asked(reference, overrides, options)
    if find_spec("torch") is None:
        raise MissingExtraError("torch", recipe_of(asked, asked.reference, 0).input.kind, "A study")
    begun = begin_study(asked, folder)
    try:
        run_study(begun, folder, options.jobs)
    except Interrupted:
        _write(answer(begun, outcomes(begun, folder)), folder)
        raise
    found = answer(begun, outcomes(begun, folder))
    _write(found, folder)
    if all(one.state == FAILED for one in found.outcomes):
        raise RunError(f"{folder}: every run failed, the first with: {found.outcomes[0].message}")
    return found, folder


def _asked(reference: str | None, overrides: Sequence[str], options: StudyOptions) -> tuple[Study, Path]:
    if options.resume is not None:
        path = options.resume / "study.yaml"
        if not path.is_file():
            raise RecipeError(f"{options.resume}: this is no folder of a study (it has no study.yaml).")
        return load_study(str(path)), options.resume
    assert reference is not None
    words = [*overrides, *([f"workers={options.jobs}"] if options.jobs else [])]
    asked = load_study(reference, words)
    return asked, options.out or Path("studies") / asked.name


def _write(found: Answers, folder: Path) -> None:
    write_json(folder / "study.json", found.to_json())
    write_study(folder, found)


__all__ = ["StudyOptions", "list_studies", "show_study", "study", "study_table"]

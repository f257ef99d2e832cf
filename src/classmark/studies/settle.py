"""Run a study or go on with one, and write its answers with the page."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from classmark.errors import Interrupted, MissingExtraError, Option, RecipeError, RunError
from classmark.judging.parts.label_errors import label_error_frame, write_label_errors
from classmark.judging.studies.answers import Answers
from classmark.predictions import Predictions
from classmark.reading.options import ReadOptions
from classmark.reading.side import GUESSED
from classmark.recipes.overrides import Overrides
from classmark.recipes.study_load import load_study, recipe_of
from classmark.recipes.study_schema import Study
from classmark.report.study import write_study
from classmark.runs.status import FAILED
from classmark.studies.folder import answer_study, begin_study, run_study
from classmark.studies.table import answer_table
from classmark.system.files import write_json
from classmark.system.progress import shown_wait


@dataclass(frozen=True)
class Places:
    """Where a study runs.

    Attributes:
        out: its folder; None for one under `studies/`.
        resume: the folder of a study to go on with.
        jobs: runs at the same time; None for what the study says.
        table: a table of runs that are there already, instead of a study that runs them.
    """

    out: Path | None = None
    resume: Path | None = None
    jobs: int | None = None
    table: Path | None = None


def settle(
    reference: str | None, overrides: Overrides, where: Places, options: ReadOptions = GUESSED
) -> tuple[Answers, Path]:
    """The answers of a study that was run or continued, or of a table of runs, written into its folder with the page.

    Args:
        reference: a shipped study's name or a YAML file; None with a folder to go on with, or a table.
        overrides: changes to the study.
        where: it runs.
        options: of a table, what the columns of its predictions mean.

    Raises:
        ClassmarkError: the study cannot be used, or every run failed.
        Interrupted: after Ctrl-C; the answers so far are written first.
    """
    if where.table is not None:
        return _settle_table(reference, overrides, where, options)
    if options != GUESSED:
        raise RecipeError(("Options about columns go with ", Option("table", "FILE"), "."))
    if (reference is None) == (where.resume is None):
        raise RecipeError(
            "Name a study, for instance: classmark study bilstm-pooling — or a folder: classmark study --resume FOLDER"
        )
    if where.resume is not None and (where.out is not None or overrides):
        raise RecipeError(
            "it goes on with a study as it was begun, and takes neither out nor changes.", argument="resume"
        )
    asked, folder = _asked(reference, overrides, where)
    if find_spec("torch") is None:
        raise MissingExtraError("torch", recipe_of(asked, asked.reference, 0).input.kind, "A study")
    begun = begin_study(asked, folder)
    try:
        run_study(begun, folder, where.jobs)
    except Interrupted:
        _write(*answer_study(begun, folder), folder)
        raise
    found, audited = answer_study(begun, folder)
    _write(found, audited, folder)
    if all(one.state == FAILED for one in found.outcomes):
        raise RunError(f"{folder}: every run failed, the first with: {found.outcomes[0].message}")
    return found, folder


def _settle_table(
    reference: str | None, overrides: Overrides, where: Places, options: ReadOptions
) -> tuple[Answers, Path]:
    assert where.table is not None
    if reference is not None or where.resume is not None or where.jobs is not None:
        raise RecipeError("its runs are there already; leave out a study, resume and jobs.", argument="table")
    with shown_wait("reading and judging the runs"):
        found, audited = answer_table(where.table, overrides, options)
    folder = where.out or Path("studies") / found.study.name
    if (folder / "study.yaml").exists() or folder.is_file():
        raise RunError(f"{folder}: there is another study. Give another folder: --out FOLDER")
    _write(found, audited, folder)
    return found, folder


def _asked(reference: str | None, overrides: Overrides, where: Places) -> tuple[Study, Path]:
    if where.resume is not None:
        path = where.resume / "study.yaml"
        if not path.is_file():
            raise RecipeError(f"{where.resume}: this is not the folder of a study (it has no study.yaml).")
        return load_study(str(path)), where.resume
    assert reference is not None
    asked = load_study(reference, overrides, where.jobs)
    return asked, where.out or Path("studies") / asked.name


def _write(found: Answers, audited: Predictions | None, folder: Path) -> None:
    write_json(folder / "study.json", found.to_json())
    write_study(folder, found)
    if audited is not None:
        write_label_errors(label_error_frame(audited), audited, folder / "label-errors.csv")

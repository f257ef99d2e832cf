"""Train a recipe or go on with a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from classmark.errors import MissingExtraError, RecipeError
from classmark.recipes import load_recipe
from classmark.runs import RunFiles, open_run
from classmark.runs.status import check_unowned_run
from classmark.studies.cross_validation import cross_validate, is_cross_validation, resume_cross_validation
from classmark.system.limits import check_room


def train(reference: str | None, overrides: Sequence[str], out: Path | None, resume: Path | None) -> None:
    """Train a recipe or go on with a run; the last line on standard output is the run folder."""
    if (reference is None) == (resume is None):
        raise RecipeError(
            "Name a recipe, for instance: classmark train reviews-quick — or a run: classmark train --resume RUN"
        )
    if resume is not None and (out is not None or overrides):
        raise RecipeError("--resume goes on with a run as it was begun; it takes neither --out nor changes.")
    recipe = load_recipe(reference, overrides) if reference is not None else None
    run = open_run(resume) if resume is not None else None
    if (folder := resume or out) is not None:
        check_unowned_run(RunFiles(folder))  # before seconds of loading torch
    try:
        from classmark import training
    except ModuleNotFoundError as error:
        begun = recipe or load_recipe(str(run.recipe))  # type: ignore[union-attr]
        raise MissingExtraError(str(error.name), begun.input.kind, "Training") from None
    check_room()
    asked = recipe or load_recipe(str(run.recipe))  # type: ignore[union-attr]
    if is_cross_validation(asked):
        folds = resume_cross_validation(run) if run is not None else cross_validate(asked, out)
        typer.echo(str(folds.path))
        return
    finished = training.resume(run) if run is not None else training.train(recipe, out)  # type: ignore[arg-type]
    typer.echo(str(finished.path))

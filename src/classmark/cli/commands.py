"""What each command does: a few calls, results to standard output, messages to standard error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from classmark.cli.compare import compare
from classmark.cli.judge import judge
from classmark.cli.output import check_free, print_json, show
from classmark.cli.runs import runs
from classmark.errors import MissingExtraError, RecipeError
from classmark.runs import open_run
from classmark.runs.model import input_kind
from classmark.system.files import write_json

__all__ = [
    "audit",
    "compare",
    "doctor",
    "judge",
    "list_recipes",
    "predict",
    "runs",
    "show_recipe",
    "show_schema",
    "study",
    "train",
]


def train(reference: str | None, overrides: Sequence[str], out: Path | None, resume: Path | None) -> None:
    """Train a recipe or go on with a run; the last line on standard output is the run folder."""
    from classmark.recipes import load_recipe

    if (reference is None) == (resume is None):
        raise RecipeError(
            "Name a recipe, for instance: classmark train reviews-quick — or a run: classmark train --resume RUN"
        )
    if resume is not None and (out is not None or overrides):
        raise RecipeError("--resume goes on with a run as it was begun; it takes neither --out nor changes.")
    recipe = load_recipe(reference, overrides) if reference is not None else None
    run = open_run(resume) if resume is not None else None
    try:
        from classmark import training
    except ModuleNotFoundError as error:
        begun = recipe or load_recipe(str(run.recipe))  # type: ignore[union-attr]
        raise MissingExtraError(str(error.name), begun.input.kind, "Training") from None
    finished = training.resume(run) if run is not None else training.train(recipe, out)  # type: ignore[arg-type]
    typer.echo(str(finished.path))


def list_recipes() -> None:
    """A line a shipped recipe."""
    from classmark.recipes import load_recipe, shipped_recipes

    names = shipped_recipes()
    width = max(map(len, names))
    for name in names:
        typer.echo(f"{name:{width}}  {load_recipe(name).description}")


def show_recipe(name: str) -> None:
    """A recipe's commented YAML."""
    from classmark.recipes import recipe_text

    typer.echo(recipe_text(name), nl=False)


def show_schema() -> None:
    """The JSON Schema of recipes."""
    from classmark.recipes.schema import Recipe

    print_json(Recipe.model_json_schema())


def predict(run: Path, inputs: Sequence[str], out: Path, options: Mapping[str, Any]) -> None:
    """Predict and write a table; how many rows goes to standard error."""
    try:
        from classmark.inference import PredictOptions, predict_files
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), input_kind(run), "Predicting") from None
    rows = predict_files(run, inputs, out, PredictOptions(**options))
    typer.echo(f"{rows:,} row{'s' * (rows != 1)}", err=True)
    typer.echo(str(out))


def audit(inputs: Sequence[str], out: Path, columns: Mapping[str, Any], jaccard: float, as_json: bool) -> None:
    """Audit a recipe's data or files; the table to standard output, the page to `out`."""
    from classmark.cli.audit import audited_rows
    from classmark.data.audit import audit as audit_rows
    from classmark.report.audit import audit_table, write_audit

    check_free(out, "audit.json")
    material = audited_rows(inputs, columns)
    found = audit_rows(material, jaccard)
    write_json(out / "audit.json", found.to_json())
    write_audit(out, found, material)
    show(found.to_json(), audit_table(found), as_json)
    typer.echo(f"written to {out / 'report.html'}", err=True)


def study(
    reference: str | None,
    overrides: Sequence[str],
    places: tuple[Path | None, Path | None, int | None],
    asked: tuple[bool, bool],
    as_json: bool,
) -> None:
    """Run a study or go on with one; or list the shipped ones, or show one."""
    from classmark.cli import study as studies

    listed, shown = asked
    if listed:
        studies.list_studies()
    elif shown:
        studies.show_study(reference or "")
    else:
        found, folder = studies.study(reference, overrides, studies.StudyOptions(*places))
        show(found.to_json(), studies.study_table(found), as_json)
        typer.echo(f"written to {folder / 'report.html'}", err=True)


def doctor(as_json: bool) -> None:
    """What there is, what is picked, what is broken."""
    from classmark.cli.doctor import doctor_table, examine

    found = examine()
    show(found, doctor_table(found), as_json)

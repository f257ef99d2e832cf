"""What each command does: a few calls, results to standard output, messages to standard error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from classmark.cli.compare import compare
from classmark.cli.judge import judge
from classmark.cli.output import check_free, print_json, show
from classmark.errors import MissingExtraError, RecipeError, RunError
from classmark.runs import RunFiles, open_run
from classmark.system.files import read_json, write_json

RUN_FIELDS = ("run", "recipe", "data", "state", "headline", "interval", "seconds")

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
        raise MissingExtraError(str(error.name), _kind(run), "Predicting") from None
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


def runs(folder: Path, as_json: bool) -> None:
    """A row a run."""
    from rich.table import Table
    from rich.text import Text

    found = [RunFiles(path.parent) for path in sorted(folder.glob("*/recipe.yaml"))] if folder.is_dir() else []
    rows = [_run_row(run) for run in found]
    table = Table(box=None, pad_edge=False)
    for field in RUN_FIELDS:
        column = "95 % interval" if field == "interval" else field
        table.add_column(column, overflow="fold", justify="right" if column == "seconds" else "left")
    for row in rows:
        table.add_row(*(Text("–" if value is None else str(value)) for value in row.values()))
    if not rows and not as_json:
        typer.echo(f"No runs in {folder}. Start one: classmark train reviews-quick", err=True)
        return
    show(rows, table, as_json)


def doctor(as_json: bool) -> None:
    """What there is, what is picked, what is broken."""
    from classmark.cli.doctor import doctor_table, examine

    found = examine()
    show(found, doctor_table(found), as_json)


def _kind(run: Path) -> str:
    """What the model of a run folder takes: `text` or `images`."""
    path = next((path for path in (run / "model" / "model.json", run / "model.json") if path.is_file()), None)
    return "text" if path is None else str((read_json(path).get("input") or {}).get("kind", "text"))


def _run_row(run: RunFiles) -> dict[str, Any]:
    """What `runs` says of a run; of a damaged one its name, and what is wrong to standard error."""
    from yaml import YAMLError

    try:
        return _described(run)
    except (RunError, YAMLError, ValueError, AttributeError, KeyError, TypeError) as error:
        typer.echo(f"warning: {run.path}: a file of this run is damaged ({' '.join(str(error).split())})", err=True)
        return {**dict.fromkeys(RUN_FIELDS), "run": run.name, "state": "damaged"}


def _described(run: RunFiles) -> dict[str, Any]:
    import yaml

    recipe = yaml.safe_load(run.recipe.read_text(encoding="utf-8"))
    status = read_json(run.status) if run.status.exists() else {}
    measured = read_json(run.judgement)["metrics"]["accuracy"] if run.judgement.exists() else {}
    value, low, high = (measured.get(name) for name in ("value", "low", "high"))
    fields = (
        *(run.name, recipe.get("name"), recipe["data"].get("source"), "killed" if run.was_killed else run.state),
        None if value is None else f"accuracy {value:.2%}",
        None if low is None else f"{low:.2%} to {high:.2%}",
        round(status.get("seconds", {}).get("total", 0)),
    )
    return dict(zip(RUN_FIELDS, fields, strict=True))

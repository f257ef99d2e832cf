"""What each command does: a few calls, results to standard output, messages to standard error."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from classmark.errors import InputError, MissingExtraError, RecipeError, RunError, nearest
from classmark.runs import Run, open_run, read_json, write_json


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

    _print_json(Recipe.model_json_schema())


def predict(run: Path, inputs: Sequence[str], out: Path, options: Mapping[str, Any]) -> None:
    """Predict and write a table; how many rows goes to standard error."""
    try:
        from classmark.inference import PredictOptions, predict_files
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), _kind(run), "Predicting") from None
    rows = predict_files(run, inputs, out, PredictOptions(**options))
    typer.echo(f"{rows:,} row{'s' * (rows != 1)}", err=True)
    typer.echo(str(out))


def judge(
    file: Path | None,
    validation: Path | None,
    out: Path,
    confusion: str | None,
    columns: Mapping[str, Any],
    chosen: Mapping[str, Any],
    draws: int,
    label_errors: Path | None,
    as_json: bool,
) -> None:
    """Judge a file, a run or a published matrix."""
    from classmark.judging.costs import read_costs
    from classmark.judging.judge import judge as judge_table
    from classmark.judging.published import judge_confusion
    from classmark.looks import known_looks
    from classmark.report.page import write_report
    from classmark.report.screen import judgement_table

    if (file is None) == (confusion is None):
        raise InputError("Name a predictions file or a run folder, or give a matrix: --confusion 10805,1695,1099,11401")
    _free(out, "judgement.json")
    _spared(label_errors, file, validation)
    predictions, run, floors, held_out = None, None, dict[str, Any](), None
    if file is None:
        if validation is not None:
            raise InputError("--validation goes with a predictions file; a matrix has no scores to fit anything to.")
        if label_errors is not None:
            raise InputError("--label-errors goes with a predictions file; a matrix has no rows to audit.")
        if any(chosen.values()):
            raise InputError("--at, --costs and --slice go with a predictions file; a matrix has no rows.")
        counts = _matrix(confusion or "")
        names = columns["classes"] or (("negative", "positive") if len(counts) == 2 else None)
        judgement = judge_confusion(counts, names, positive=columns["positive"])
    else:
        predictions, run, floors = _read(file, columns)
        held_out = _validation(validation, run, predictions, columns)
        judgement = judge_table(
            predictions,
            validation=held_out,
            floors=floors,
            looks=known_looks(run, predictions) if run and predictions.split == "test" else None,
            positive=columns["positive"],
            at=chosen["at"],
            costs=read_costs(chosen["costs"]) if chosen["costs"] else None,
            slices=chosen["slices"],
            draws=draws,
        )
    audited = None if label_errors is None else _audit(label_errors, held_out or predictions)
    write_json(out / "judgement.json", judgement.to_json())
    write_report(out, judgement, predictions, run, held_out)
    _show(judgement.to_json(), judgement_table(judgement), as_json)
    if audited is not None:
        typer.echo(audited, err=True)
    typer.echo(f"written to {out / 'report.html'}", err=True)


def compare(
    paths: Sequence[Path], out: Path, positive: str | None, fail_if_worse: Sequence[str], as_json: bool
) -> None:
    """Compare files or runs; exit with 1 if a check that was asked for fails."""
    from classmark.judging.multiple import compare_all
    from classmark.report.comparison import write_comparison
    from classmark.report.screen import comparison_table
    from classmark.report.sides import build_sides

    if len(paths) < 2:
        raise InputError("compare: name two files or runs, or more, on the same rows: classmark compare A B")
    _free(out, "comparison.json")
    read = [_read(path, {}) for path in paths]
    tables, runs = [table for table, _, _ in read], [run for _, run, _ in read]
    _same_split(*zip(tables, runs, strict=True))
    comparison = compare_all(tables, positive=positive, names=_names(*zip(paths, runs, strict=True)))
    against_first = comparison.pairs[: len(paths) - 1]
    for metric in fail_if_worse:
        for path, pair in zip(paths[1:], against_first, strict=True):
            if metric not in pair.metrics:
                raise InputError(
                    f'--fail-if-worse: "{metric}" is not compared between {paths[0]} and {path}; '
                    f"{', '.join(pair.metrics)} are.{nearest(metric, pair.metrics)}"
                )
    write_json(out / "comparison.json", comparison.to_json())
    write_comparison(out, comparison, build_sides(comparison, tables, runs))
    _show(comparison.to_json(), comparison_table(comparison), as_json)
    typer.echo(f"written to {out / 'report.html'}", err=True)
    if worse := _worse(against_first, list(dict.fromkeys(fail_if_worse))):
        for line in worse:
            typer.echo(line, err=True)
        raise typer.Exit(1)


def _worse(against_first: Sequence[Any], metrics: Sequence[str]) -> list[str]:
    """A line for each model and metric in which the interval of the difference from A lies wholly against the model.

    A value that is worse and has no interval counts too: a check does not pass what it cannot decide.
    """
    from classmark.judging.multiple import LETTERS
    from classmark.judging.paired import against_b, better_side

    found = []
    for letter, pair in zip(LETTERS[1:], against_first, strict=False):
        for metric in metrics:
            difference = pair.metrics[metric]
            if better_side(metric, difference) == "A":
                found.append(f"{letter} is worse in {metric}: the interval of the difference lies wholly against it.")
            elif difference.low is None and against_b(metric, difference):
                found.append(
                    f"{letter} is worse in {metric}, and the difference has no interval ({difference.method})."
                )
    return found


def audit(inputs: Sequence[str], out: Path, columns: Mapping[str, Any], jaccard: float, as_json: bool) -> None:
    """Audit a recipe's data or files; the table to standard output, the page to `out`."""
    from classmark.cli.audit import audited_rows
    from classmark.data.audit import audit as audit_rows
    from classmark.report.audit import audit_table, write_audit

    _free(out, "audit.json")
    material = audited_rows(inputs, columns)
    found = audit_rows(material, jaccard)
    write_json(out / "audit.json", found.to_json())
    write_audit(out, found, material)
    _show(found.to_json(), audit_table(found), as_json)
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

    listed, show = asked
    if listed:
        studies.list_studies()
    elif show:
        studies.show_study(reference or "")
    else:
        found, folder = studies.study(reference, overrides, studies.StudyOptions(*places))
        _show(found.to_json(), studies.study_table(found), as_json)
        typer.echo(f"written to {folder / 'report.html'}", err=True)


def runs(folder: Path, as_json: bool) -> None:
    """A row a run."""
    from rich.table import Table
    from rich.text import Text

    found = [Run(path.parent) for path in sorted(folder.glob("*/recipe.yaml"))] if folder.is_dir() else []
    rows = [_run_row(run) for run in found]
    table = Table(box=None, pad_edge=False)
    for column in ("run", "recipe", "data", "state", "headline", "95 % interval", "seconds"):
        table.add_column(column, overflow="fold", justify="right" if column == "seconds" else "left")
    for row in rows:
        table.add_row(*(Text("–" if value is None else str(value)) for value in row.values()))
    if not rows and not as_json:
        typer.echo(f"No runs in {folder}. Start one: classmark train reviews-quick", err=True)
        return
    _show(rows, table, as_json)


def doctor(as_json: bool) -> None:
    """What there is, what is picked, what is broken."""
    from classmark.cli.doctor import doctor_table, examine

    found = examine()
    _show(found, doctor_table(found), as_json)


def _kind(run: Path) -> str:
    """What the model of a run folder takes: `text` or `images`."""
    path = next((path for path in (run / "model" / "model.json", run / "model.json") if path.is_file()), None)
    return "text" if path is None else str((read_json(path).get("input") or {}).get("kind", "text"))


def _run_row(run: Run) -> dict[str, Any]:
    import yaml

    recipe = yaml.safe_load(run.recipe.read_text(encoding="utf-8")) or {}
    status = read_json(run.status) if run.status.exists() else {}
    row = {
        "run": run.name,
        "recipe": recipe.get("name"),
        "data": (recipe.get("data") or {}).get("source"),
        "state": run.state,
    }
    accuracy = read_json(run.judgement)["metrics"]["accuracy"] if run.judgement.exists() else None
    row["headline"] = None if accuracy is None else f"accuracy {accuracy['value']:.2%}"
    row["interval"] = (
        None if accuracy is None or accuracy["low"] is None else f"{accuracy['low']:.2%} to {accuracy['high']:.2%}"
    )
    row["seconds"] = round((status.get("seconds") or {}).get("total", 0))
    return row


def _read(path: Path, columns: Mapping[str, Any]) -> tuple[Any, Run | None, dict[str, Any]]:
    """The predictions of a file, or a run's test (else validation) predictions with the run and its floors."""
    from classmark.predictions import read
    from classmark.reading.files import read_predictions
    from classmark.reading.table import ReadOptions

    if not path.is_dir():
        return read_predictions(path, ReadOptions(**columns)), None, {}
    run = open_run(path)
    split = next((name for name in ("test", "validation") if run.predictions(name).exists()), None)
    if split is None:
        raise RunError(f"{path}: the run has no predictions yet. Finish it: classmark train --resume {path}")
    return read(run.predictions(split)), run, {name: read(table) for name, table in run.floors(split).items()}


def _validation(path: Path | None, run: Run | None, test: Any, columns: Mapping[str, Any]) -> Any:
    """The rows to fit and choose on: those of the file that is named, else a run's own, else none."""
    from classmark.predictions import read
    from classmark.reading.files import read_predictions
    from classmark.reading.table import ReadOptions

    if path is not None:
        return read_predictions(path, ReadOptions(**columns))
    own = run.predictions("validation") if run else None
    return read(own) if own and own.exists() and test.split != "validation" else None


def _audit(path: Path, table: Any) -> str:
    """What an audit of a table's labels found; every such row is written to `path`, in the table's columns and its own."""
    from classmark.judging.label_errors import label_error_frame, write_label_errors

    found = label_error_frame(table)
    write_label_errors(found, table, path)
    return f"{found.height:,} of {len(table):,} labels of {table.source} may be wrong; they are in {path}"


def _names(*sides: tuple[Path, Run | None]) -> tuple[str, ...]:
    """What the sides are called: a run by its folder's name, a file by its path; all by path where two names are alike."""
    names = tuple(path.resolve().name if run else str(path) for path, run in sides)
    return names if len(set(names)) == len(names) else tuple(str(path) for path, _ in sides)


def _same_split(*sides: tuple[Any, Run | None]) -> None:
    """Refuse a finished run against an unfinished one, which has predictions of validation only."""
    finished = next((run for table, run in sides if run and table.split == "test"), None)
    for table, run in sides:
        if run and finished and table.split == "validation":
            raise RunError(
                f"{run.path}: the run is unfinished and has no test predictions, as {finished.path} has. "
                f"Finish it: classmark train --resume {run.path}"
            )


def _matrix(text: str) -> list[list[int]]:
    try:
        counts = [int(count) for count in text.split(",")]
    except ValueError:
        raise InputError(
            f'--confusion: "{text}" are not whole numbers with commas between: 10805,1695,1099,11401'
        ) from None
    size = round(len(counts) ** 0.5)
    if size < 2 or size * size != len(counts):
        raise InputError(f"--confusion: {len(counts)} counts are no square matrix. Give C × C, rows true: 10,2,3,15")
    return [counts[row * size : (row + 1) * size] for row in range(size)]


def _free(out: Path, own: str) -> None:
    """Refuse a folder that holds something else than what this command writes."""
    if out.is_file():
        raise InputError(f"--out: {out} is a file; name a folder.")
    if out.is_dir() and any(out.iterdir()) and not (out / own).exists():
        raise InputError(f"--out: {out} is not empty and holds no {own}. Name a new folder.")
    above = next(folder for folder in out.absolute().parents if folder.exists())
    if not above.is_dir() or not os.access(out if out.is_dir() else above, os.W_OK):
        raise InputError(f"--out: {out} cannot be written; {above} is no folder that you may write to. Name another.")


def _spared(label_errors: Path | None, *read: Path | None) -> None:
    """Refuse to write the list of label errors over what is read."""
    if label_errors is None:
        return
    if label_errors.is_dir():
        raise InputError(f"--label-errors: {label_errors} is a folder; name a .csv or .parquet file.")
    for path in read:
        inside = path is not None and path.is_dir() and path.resolve() in label_errors.resolve().parents
        if path is not None and (inside or path.resolve() == label_errors.resolve()):
            raise InputError(f"--label-errors: {label_errors} would be written over what is judged. Name a new file.")


def _show(content: Any, table: Any, as_json: bool) -> None:
    if as_json:
        _print_json(content)
    else:
        from rich.console import Console

        Console().print(table)


def _print_json(content: Any) -> None:
    typer.echo(json.dumps(content, indent=1, ensure_ascii=False))

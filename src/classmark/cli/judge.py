"""Judge a file, a run or a published matrix."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from classmark.cli.output import check_free, show
from classmark.cli.sides import read_side
from classmark.errors import InputError
from classmark.runs import RunFiles
from classmark.system.files import write_json


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
    from classmark.reading.table import class_spelt
    from classmark.report.page import write_report
    from classmark.report.screen import judgement_table
    from classmark.runs.looks import known_looks

    if (file is None) == (confusion is None):
        raise InputError("Name a predictions file or a run folder, or give a matrix: --confusion 10805,1695,1099,11401")
    check_free(out, "judgement.json")
    _check_spared(label_errors, file, validation)
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
        predictions, run, floors = read_side(file, columns)
        held_out = _validation(validation, run, predictions, columns)
        judgement = judge_table(
            predictions,
            validation=held_out,
            floors=floors,
            looks=known_looks(run, predictions) if run and predictions.split == "test" else None,
            positive=columns["positive"] and class_spelt(columns["positive"], predictions.classes),
            at=chosen["at"],
            costs=read_costs(chosen["costs"]) if chosen["costs"] else None,
            slices=chosen["slices"],
            draws=draws,
        )
    audited = None if label_errors is None else _audit(label_errors, held_out or predictions)
    write_json(out / "judgement.json", judgement.to_json())
    write_report(out, judgement, predictions, run, held_out)
    show(judgement.to_json(), judgement_table(judgement), as_json)
    if audited is not None:
        typer.echo(audited, err=True)
    typer.echo(f"written to {out / 'report.html'}", err=True)


def _validation(path: Path | None, run: RunFiles | None, test: Any, columns: Mapping[str, Any]) -> Any:
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


def _check_spared(label_errors: Path | None, *read: Path | None) -> None:
    """Refuse to write the list of label errors over what is read."""
    if label_errors is None:
        return
    if label_errors.is_dir():
        raise InputError(f"--label-errors: {label_errors} is a folder; name a .csv or .parquet file.")
    for path in read:
        inside = path is not None and path.is_dir() and path.resolve() in label_errors.resolve().parents
        if path is not None and (inside or path.resolve() == label_errors.resolve()):
            raise InputError(f"--label-errors: {label_errors} would be written over what is judged. Name a new file.")

"""List the runs of a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from classmark.cli.output import check_paper, show
from classmark.errors import ClassmarkError, InputError
from classmark.judging.statistics.level import DEFAULT, percent
from classmark.report.runs import DAMAGED, RunRow, damaged_row, read_row, write_runs
from classmark.runs import RunFiles

RUN_FIELDS = ("run", "recipe", "data", "state", "headline", "interval", "seconds")


def runs(folder: Path, as_json: bool, paper: str | None = None, html: Path | None = None) -> None:
    """Print one row per run: recipe, data, state, accuracy, time; for a person, a program or a paper; or write the page."""
    from rich.table import Table
    from rich.text import Text

    check_paper(paper, as_json)
    listed = [RunFiles(path.parent) for path in sorted(folder.glob("*/recipe.yaml"))] if folder.is_dir() else []
    found = [_read(run) for run in listed]
    if html is not None:
        _write_page(html, folder, found)
    rows = [_fields(row) for row in found]
    if paper is not None:
        return typer.echo(_paper(rows, paper))
    table = Table(box=None, pad_edge=False)
    for field in RUN_FIELDS:
        column = _interval_title(rows) if field == "interval" else field
        table.add_column(column, overflow="fold", justify="right" if column == "seconds" else "left")
    for row in rows:
        table.add_row(*(Text(cell) for cell in _cells(row)))
    if not rows and not as_json:
        typer.echo(f"No runs in {folder}. Start one: classmark train reviews-quick", err=True)
        return None
    return show(rows, table, as_json)


def _write_page(html: Path, folder: Path, found: Sequence[RunRow]) -> None:
    if not found:
        raise InputError(f"{folder}: there are no runs to list. Name the folder that holds runs.", argument="html")
    if html.is_dir() or html.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{html}: name a file that ends with .html.", argument="html")
    write_runs(html, folder, found)
    typer.echo(f"written to {html}", err=True)


def _paper(rows: Sequence[Mapping[str, Any]], paper: str) -> str:
    from classmark.report.paper import PaperTable, as_table

    header = tuple(_interval_title(rows) if field == "interval" else field for field in RUN_FIELDS)
    cells = tuple(_cells(row) for row in rows)
    return as_table(PaperTable(header, cells, len(header) - 1, f"{len(rows):,} runs."), paper)


def _interval_title(rows: Sequence[Mapping[str, Any]]) -> str:
    """`95 % interval`, with every level that the runs were judged at."""
    levels = sorted({row["level"] for row in rows if row["level"] is not None}) or [DEFAULT]
    return f"{' or '.join(percent(level) for level in levels)} interval"


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple("–" if row[field] is None else str(row[field]) for field in RUN_FIELDS)


def _read(run: RunFiles) -> RunRow:
    """What is known of a run; of a damaged one its name, and what is wrong to standard error."""
    try:
        return read_row(run)
    except ClassmarkError as error:
        said = " ".join(error.spelt("command line").split())
        typer.echo(f"warning: {run.path}: a file of this run is damaged ({said})", err=True)
        return damaged_row(run)


def _fields(row: RunRow) -> dict[str, Any]:
    """What the table and JSON say of a run."""
    accuracy = row.metrics.get("accuracy")
    value, low, high = (accuracy.value, accuracy.low, accuracy.high) if accuracy else (None, None, None)
    fields = (
        *(row.run, row.recipe, row.data, row.state),
        None if value is None else f"accuracy {value:.2%}",
        None if low is None else f"{low:.2%} to {high:.2%}",
        None if row.state == DAMAGED else round(row.seconds or 0),
    )
    return dict(zip(RUN_FIELDS, fields, strict=True)) | {"level": row.level}

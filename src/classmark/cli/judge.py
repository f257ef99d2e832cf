"""Judge a file, a run or a published matrix."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from classmark import api
from classmark.cli.output import check_free, check_paper, exit_by, print_json, show
from classmark.errors import InputError, one_line
from classmark.judging.parts.costs import read_costs
from classmark.judging.parts.label_errors import label_error_frame, write_label_errors
from classmark.shown.judgement import ShownJudgement
from classmark.system.progress import shown_wait


@dataclass(frozen=True)
class JudgeWords:
    """The words of the command.

    Attributes:
        file: the predictions; None with a matrix.
        out: the folder for the results.
        read: what the columns mean, as `classmark.judge` takes it.
        validation: predictions of other rows.
        confusion: counts of a published matrix.
        at, confidence, costs, slices, draws: as `classmark.judge` takes them, costs as words.
        label_errors: the file for rows with whose label the model disagrees.
        by: a column whose values are judged by themselves.
        unlabelled: predictions of rows without labels.
        paper: `latex` or `markdown`, to print the table as a paper has it.
        require, level: as `classmark.judge` takes them.
    """

    file: str | None
    out: Path
    read: Mapping[str, Any]
    validation: str | None = None
    confusion: str | None = None
    at: Sequence[str] = ()
    costs: str | None = None
    slices: Sequence[str] | None = None
    draws: int = 1000
    label_errors: Path | None = None
    by: str | None = None
    confidence: float | None = None
    unlabelled: str | None = None
    paper: str | None = None
    require: Sequence[str] = ()
    level: float = 0.95


def judge(words: JudgeWords, *, as_json: bool) -> None:
    """Judge a file, a run or a published matrix, and write the judgement and its page."""
    if words.file is not None and words.confusion is not None:
        raise InputError("Give either a file or --confusion, not both.")
    if words.file is None and words.confusion is None:
        raise InputError("Name a predictions file or a run folder, or give a matrix: --confusion 10805,1695,1099,11401")
    check_paper(words.paper, as_json)
    check_free(words.out, "judgement.json" if words.by is None else "parts.json")
    if words.confusion is not None:
        found = _judge_matrix(words)
    elif words.by is not None:
        return _judge_parts(words, as_json=as_json)
    else:
        _check_spared(words.label_errors, words.file, words.validation, words.unlabelled)
        with shown_wait("reading and judging"):
            found = api.judge(words.file, **_arguments(words))
    audited = None if words.label_errors is None else _audit(words.label_errors, found)
    with shown_wait("drawing the page"):
        page = found.report(words.out)
    show(found.to_json(), found, as_json, words.paper)
    if audited is not None:
        typer.echo(audited, err=True)
    typer.echo(f"written to {page}", err=True)
    exit_by(found.checks)
    return None


def _arguments(words: JudgeWords) -> dict[str, Any]:
    costs = read_costs(words.costs) if words.costs else None
    chosen = {
        "validation": words.validation,
        "unlabelled": words.unlabelled,
        "at": words.at,
        "confidence": words.confidence,
        "costs": costs,
        "slices": words.slices,
        "draws": words.draws,
        "level": words.level,
        "require": words.require,
    }
    return {**words.read, **chosen}


def _judge_matrix(words: JudgeWords) -> ShownJudgement:
    for option, value in (
        ("--validation", words.validation),
        ("--unlabelled", words.unlabelled),
        ("--label-errors", words.label_errors),
        ("--by", words.by),
    ):
        if value is not None:
            raise InputError(f"{option} goes with a predictions file; a matrix has no rows.")
    if words.at or words.confidence is not None or words.costs or words.slices:
        raise InputError("--at, --confidence, --costs and --slice go with a predictions file; a matrix has no rows.")
    read = words.read
    for name in read:
        if name not in ("classes", "positive"):
            raise InputError(f"--{name.replace('_', '-')} goes with a predictions file; a matrix has no rows.")
    matrix, positive = _matrix(words.confusion or ""), read.get("positive")
    return api.judge_matrix(matrix, read.get("classes"), positive=positive, level=words.level, require=words.require)


def _judge_parts(words: JudgeWords, *, as_json: bool) -> None:
    """Judge each value of a column by itself, in a folder of its own."""
    from rich.console import Console

    from classmark.system.files import write_json

    if words.label_errors is not None:
        raise InputError("--label-errors goes with one set of predictions. Leave out --by, or name one part: --where")
    assert words.by is not None
    with shown_wait("reading and judging"):
        found = api.judge_parts(words.file, words.by, **_arguments(words))
    content = {"by": words.by, "parts": {value: one.to_json() for value, one in found.items()}}
    for value, one in found.items():
        page = one.report(words.out / _folder_name(value, list(found)))
        if words.paper is not None:
            mark = "% " if words.paper == "latex" else ""
            typer.echo(f"{mark}{words.by} = {one_line(value)}\n\n{one.table(words.paper)}\n")
        elif not as_json:
            Console().print(f"{words.by} = {value}", markup=False, style="bold")
            Console().print(one)
        typer.echo(f"written to {page}", err=True)
    write_json(words.out / "parts.json", content)
    if as_json:
        print_json(content)
    exit_by([check for one in found.values() for check in one.checks])


def _folder_name(value: str, values: Sequence[str]) -> str:
    """A value as the name of a folder, with its number if it has to be changed."""
    name = re.sub(r"[^\w.-]+", "_", value).strip(".")
    return name if name == value else f"{values.index(value) + 1}-{name}"


def _audit(path: Path, found: ShownJudgement) -> str:
    """What an audit of labels found; every such row is written to `path`."""
    table = found.validation or found.predictions
    assert table is not None
    rows = label_error_frame(table)
    write_label_errors(rows, table, path)
    return f"The model disagrees with {rows.height:,} of {len(table):,} labels of {table.source}; they are in {path}"


def _matrix(text: str) -> list[list[int]]:
    try:
        counts = [int(count) for count in text.split(",")]
    except ValueError:
        raise InputError(
            f'--confusion: "{text}" is not a list of whole numbers with commas: 10805,1695,1099,11401'
        ) from None
    size = round(len(counts) ** 0.5)
    if size < 2 or size * size != len(counts):
        raise InputError(
            f"--confusion: {len(counts)} counts make no square matrix. Write it row by row, one row per true class: 10,2,3,15"
        )
    return [counts[row * size : (row + 1) * size] for row in range(size)]


def _check_spared(label_errors: Path | None, *read: str | None) -> None:
    """Refuse to write the list of label errors over what is read."""
    if label_errors is None:
        return
    if label_errors.is_dir():
        raise InputError(f"--label-errors: {label_errors} is a folder; name a .csv or .parquet file.")
    for name in read:
        path = None if name is None else Path(name)
        inside = path is not None and path.is_dir() and path.resolve() in label_errors.resolve().parents
        if path is not None and (inside or path.resolve() == label_errors.resolve()):
            raise InputError(f"--label-errors: {label_errors} would be written over what is judged. Name a new file.")

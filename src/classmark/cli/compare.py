"""Compare files or runs on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from classmark.cli.output import check_free, show
from classmark.cli.sides import read_side
from classmark.errors import InputError, RunError, nearest
from classmark.runs import RunFiles
from classmark.system.files import write_json


def compare(
    paths: Sequence[Path], out: Path, positive: str | None, fail_if_worse: Sequence[str], as_json: bool
) -> None:
    """Compare files or runs; exit with 1 if a check that was asked for fails."""
    from classmark.judging.multiple import compare_all
    from classmark.reading.table import class_spelt
    from classmark.report.comparison import write_comparison
    from classmark.report.screen import comparison_table
    from classmark.report.sides import build_sides

    if len(paths) < 2:
        raise InputError("compare: name two files or runs, or more, on the same rows: classmark compare A B")
    check_free(out, "comparison.json")
    read = [read_side(path, {}) for path in paths]
    tables, runs = [table for table, _, _ in read], [run for _, run, _ in read]
    _check_same_split(*zip(tables, runs, strict=True))
    positive = positive and class_spelt(positive, tables[0].classes)
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
    show(comparison.to_json(), comparison_table(comparison), as_json)
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


def _names(*sides: tuple[Path, RunFiles | None]) -> tuple[str, ...]:
    """What the sides are called: a run by its folder's name, a file by its path; all by path where two names are alike."""
    names = tuple(path.resolve().name if run else str(path) for path, run in sides)
    return names if len(set(names)) == len(names) else tuple(str(path) for path, _ in sides)


def _check_same_split(*sides: tuple[Any, RunFiles | None]) -> None:
    """Refuse a finished run against an unfinished one, which has predictions of validation only."""
    finished = next((run for table, run in sides if run and table.split == "test"), None)
    for table, run in sides:
        if run and finished and table.split == "validation":
            raise RunError(
                f"{run.path}: the run is unfinished and has no test predictions, as {finished.path} has. "
                f"Finish it: classmark train --resume {run.path}"
            )

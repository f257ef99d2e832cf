"""Run a study or go on with one; list and show those that are shipped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import typer

from classmark.cli.output import check_paper, show
from classmark.reading.options import read_options
from classmark.recipes.study_load import load_study, shipped_studies, study_text
from classmark.shown.answers import shown_answers
from classmark.studies.settle import Places, settle


def study(
    reference: str | None,
    overrides: Sequence[str],
    where: Places,
    read: Mapping[str, Any],
    *,
    as_json: bool,
    paper: str | None,
) -> None:
    """Run a study, go on with one, or take a table of runs, and print its answers; `read` is what its columns mean."""
    check_paper(paper, as_json)
    if where.table is not None and reference is not None and "=" in reference:  # there is no study to name
        overrides, reference = [reference, *overrides], None
    found, folder = settle(reference, overrides, where, read_options(read))
    show(found.to_json(), shown_answers(found), as_json, paper)
    typer.echo(f"written to {folder / 'report.html'}", err=True)


def list_studies() -> None:
    """Print one line per shipped study."""
    names = shipped_studies()
    width = max(map(len, names))
    for name in names:
        typer.echo(f"{name:{width}}  {load_study(name).question}")


def show_study(name: str) -> None:
    """Print a shipped study's commented YAML."""
    typer.echo(study_text(name), nl=False)

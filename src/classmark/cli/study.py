"""Run a study or go on with one; list and show those that are shipped."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from classmark.cli.output import show
from classmark.recipes.study_load import load_study, shipped_studies, study_text
from classmark.report.study import study_table
from classmark.studies.settle import Places, settle


def study(reference: str | None, overrides: Sequence[str], where: Places, *, as_json: bool) -> None:
    """Run a study or go on with one, and print its answers."""
    found, folder = settle(reference, overrides, where)
    show(found.to_json(), study_table(found), as_json)
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

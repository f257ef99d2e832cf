"""Tune a recipe or go on with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import typer

from classmark.cli.output import show
from classmark.report.tune import tuning_table
from classmark.tuning.tune import Asked
from classmark.tuning.tune import tune as run_tuning

Words = tuple[Path | None, int | None, int, float | None, Path | None, Path | None]


def tune(recipe: str | None, overrides: Sequence[str], words: Words, *, as_json: bool) -> None:
    """Run trials and print them; `words` are those of `Asked`, in its order."""
    found = run_tuning(recipe, overrides, Asked(*words))
    show(found.to_json(), tuning_table(found), as_json)
    typer.echo(f"best recipe: classmark train {found.recipe}", err=True)
    typer.echo(f"written to {found.folder / 'report.html'}", err=True)

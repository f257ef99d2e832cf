"""Write a run for other programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from classmark import api
from classmark.cli.output import print_json
from classmark.errors import MissingExtraError
from classmark.runs.model import input_kind
from classmark.system.limits import check_room


def export(run: Path, words: Mapping[str, Any], *, as_json: bool) -> None:
    """Export, say what was checked on standard error, and print the path."""
    check_room()
    try:
        found = api.export(run, **words)
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), input_kind(run), "Exporting") from None
    for line in found.notes:
        typer.echo(line, err=True)
    if as_json:
        print_json(found.to_json())
    else:
        typer.echo(str(found.path))

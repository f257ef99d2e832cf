"""Audit a recipe's data, or files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from classmark import api
from classmark.cli.output import check_free, show
from classmark.system.progress import shown_wait


def audit(inputs: Sequence[str], out: Path, columns: Mapping[str, Any], jaccard: float, *, as_json: bool) -> None:
    """Audit a recipe's data or files; the table to standard output, the page to `out`."""
    check_free(out, "audit.json")
    with shown_wait("auditing") as say:
        found = api.audit(*inputs, **columns, jaccard=jaccard)
        say("drawing the page")
        page = found.report(out)
    show(found.to_json(), found, as_json)
    typer.echo(f"written to {page}", err=True)

"""Where a command's results go: a folder that is free for them, and standard output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from classmark.errors import InputError

if TYPE_CHECKING:
    from classmark.judging.checks import Check


def check_free(out: Path, own: str) -> None:
    """Refuse a folder that holds something else than what this command writes."""
    if out.is_file():
        raise InputError(f"--out: {out} is a file; name a folder.")
    if out.is_dir() and any(out.iterdir()) and not (out / own).exists():
        raise InputError(f"--out: {out} is not empty and holds no {own}. Name a new folder.")
    above = next(folder for folder in out.absolute().parents if folder.exists())
    if not above.is_dir() or not os.access(out if out.is_dir() else above, os.W_OK):
        raise InputError(f"--out: {out} cannot be written; {above} is no folder that you may write to. Name another.")


def show(content: Any, table: Any, as_json: bool, paper: str | None = None) -> None:
    """Print the answer for a program, as a table for a person, or as a table for a paper (`latex`, `markdown`)."""
    if as_json:
        print_json(content)
    elif paper is not None:
        typer.echo(table.table(paper))
    else:
        from rich.console import Console

        Console().print(table)


def exit_by(checks: Sequence[Check]) -> None:
    """Name the checks that did not pass, and exit with 1 if one failed, with 3 if these rows cannot decide one."""
    from classmark.judging.checks import exit_code

    for check in checks:
        if check.verdict != "passed":
            typer.echo(check.sentence, err=True)
    if code := exit_code(checks):
        raise typer.Exit(code)


def check_paper(paper: str | None, as_json: bool) -> None:
    """Refuse a format of tables that is none, or beside JSON."""
    if paper is None:
        return
    from classmark.report.paper import check_format

    if as_json:
        raise InputError("--format: --json prints something else. Leave one of them out.")
    check_format(paper)


def print_json(content: Any) -> None:
    """Print JSON for a program; what standard output cannot show is escaped, not replaced."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json.dumps(content, indent=1)
    typer.echo(text)

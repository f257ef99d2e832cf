"""What everything that shows itself needs: its parts, its page, its text."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import fields
from io import StringIO
from pathlib import Path
from typing import Any

from classmark.system.files import write_bytes

TEXT_WIDTH = 100


def parts_of(content: Any, kind: type[Any]) -> dict[str, Any]:
    """The fields of a dataclass by name."""
    return {one.name: getattr(content, one.name) for one in fields(kind)}


def write_page(out: Path, write: Callable[[Path], Path], write_content: Callable[[Path], None]) -> Path:
    """A page alone where a file is named, else a folder with the page, its figures and its content as JSON."""
    if out.suffix.lower() not in (".html", ".htm"):
        write_content(out)
        return write(out)
    with tempfile.TemporaryDirectory() as folder:
        page = write(Path(folder)).read_bytes()
    write_bytes(out, page)
    return out


def as_text(content: Any) -> str:
    """What a terminal shows."""
    from rich.console import Console

    file = StringIO()
    Console(file=file, width=TEXT_WIDTH, color_system=None).print(content)
    return file.getvalue().rstrip()

"""`docs/benchmarks.md`: one section a benchmark, each written by its own script."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path


def write_section(path: Path, section: str) -> None:
    """Put a section (`## title` and what follows) in the place of the one of that title, else behind the last."""
    text = path.read_text(encoding="utf-8") if path.exists() else "# Benchmarks\n\n"
    head, *sections = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    titles = [each.splitlines()[0] for each in sections]
    title = section.splitlines()[0]
    place = titles.index(title) if title in titles else len(titles)
    sections[place : place + 1] = [section]
    path.write_text(head + "\n\n".join(each.strip("\n") for each in sections) + "\n", encoding="utf-8")


def wrapped(text: str) -> str:
    """A paragraph, or a point of a list, in lines of the length that the pages have."""
    indent = "  " if text.startswith("- ") else ""
    return textwrap.fill(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)

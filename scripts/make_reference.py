"""Write docs/recipes.md, the reference of recipe keys, from the schema; with --check, only say whether it is current."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from classmark.recipes.schema import Recipe

TARGET = Path(__file__).parents[1] / "docs" / "recipes.md"
INTRODUCTION = """# Recipe keys

Written by `make docs` from the schema; `classmark recipes schema` prints it as JSON Schema for editors. Every key can be
changed on the command line: `classmark train reviews-quick train.epochs=1 data.limit=2000`.
"""


def reference() -> str:
    """The page as Markdown."""
    schema = Recipe.model_json_schema()
    sections = {name: found for name, entry in schema["properties"].items() if (found := _sections(entry))}
    keys = {name: entry for name, entry in schema["properties"].items() if name not in sections}
    parts = [INTRODUCTION, _table(keys, schema["$defs"], "")]
    for name, found in sections.items():
        for reference in found:
            section = schema["$defs"][reference]
            kind = f": {section['properties']['kind']['const']}" if len(found) > 1 else ""
            table = _table(section["properties"], schema["$defs"], f"{name}.")
            parts.append(f"## {name}{kind}\n\n{section['description']}\n\n{table}")
    return "\n".join(parts)


def _sections(entry: dict[str, Any]) -> list[str]:
    """The names of the sections that an entry can be."""
    return [part["$ref"].rsplit("/", 1)[-1] for part in (entry, *entry.get("oneOf", [])) if "$ref" in part]


def _table(entries: dict[str, Any], sections: dict[str, Any], prefix: str) -> str:
    return "\n".join(["| key | default | |", "|---|---|---|", *_rows(entries, sections, prefix)]) + "\n"


def _rows(entries: dict[str, Any], sections: dict[str, Any], prefix: str) -> Iterator[str]:
    for name, entry in entries.items():
        for inner in _sections(entry):
            yield from _rows(sections[inner]["properties"], sections, f"{prefix}{name}.")
        if not _sections(entry):
            default = (
                "needed" if "default" not in entry else "–" if entry["default"] is None else f"`{entry['default']}`"
            )
            text = " ".join(entry.get("description", "").split()).replace("|", "\\|")
            yield f"| `{prefix}{name}` | {default} | {_choices(entry)}{text} |"


def _choices(entry: dict[str, Any]) -> str:
    choices = entry.get("enum") or next((option["enum"] for option in entry.get("anyOf", []) if "enum" in option), [])
    return " · ".join(f"`{choice}`" for choice in choices) + (". " if choices else "")


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(
            0 if TARGET.read_text(encoding="utf-8") == reference() else "docs/recipes.md is not current: make docs"
        )
    TARGET.write_text(reference(), encoding="utf-8")

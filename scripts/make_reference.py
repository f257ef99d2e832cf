"""Write docs/recipes.md, the reference of recipe keys, from the schema; with --check, only say whether it is current."""

from __future__ import annotations

import sys
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
    sections = {name: schema["$defs"][entry["$ref"].rsplit("/", 1)[-1]] for name, entry in _referring(schema).items()}
    parts = [INTRODUCTION, _table({name: e for name, e in schema["properties"].items() if name not in sections}, "")]
    for name, section in sections.items():
        parts.append(f"## {name}\n\n{section['description']}\n\n{_table(section['properties'], f'{name}.')}")
    return "\n".join(parts)


def _referring(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: entry for name, entry in schema["properties"].items() if "$ref" in entry}


def _table(entries: dict[str, Any], prefix: str) -> str:
    rows = ["| key | default | |", "|---|---|---|"]
    for name, entry in entries.items():
        default = "needed" if "default" not in entry else "–" if entry["default"] is None else f"`{entry['default']}`"
        text = " ".join(entry.get("description", "").split()).replace("|", "\\|")
        rows.append(f"| `{prefix}{name}` | {default} | {_choices(entry)}{text} |")
    return "\n".join(rows) + "\n"


def _choices(entry: dict[str, Any]) -> str:
    choices = entry.get("enum") or next((option["enum"] for option in entry.get("anyOf", []) if "enum" in option), [])
    return " · ".join(f"`{choice}`" for choice in choices) + (". " if choices else "")


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(
            0 if TARGET.read_text(encoding="utf-8") == reference() else "docs/recipes.md is not current: make docs"
        )
    TARGET.write_text(reference(), encoding="utf-8")

"""Write the parts of docs/ that come from the code: the recipe keys, and the column names that classmark knows.

With --check, only say whether they are current.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from classmark.reading import names
from classmark.recipes.schema import Recipe

DOCS = Path(__file__).parents[1] / "docs"
NAMES_HEADING = "## Usual names\n"
INTRODUCTION = """# Recipe keys

Written by `make docs` from the schema; `classmark recipes schema` prints it as JSON Schema for editors. Every key can be
changed on the command line, and in Python with `__` for the dot:

```
classmark train reviews-quick train.epochs=1 data.limit=2000
classmark.train("reviews-quick", train__epochs=1, data__limit=2000)
```

**The type of a key says how its value is read**, on the command line and in a recipe file alike.

- **Text** is taken as typed: `data.path='my data # v2.csv'`, `judge.positive=1`, `data.label_column=2020`. In a file, quotes are
  needed only where YAML asks for them: around a text with `: ` or ` #`, or one that begins with a special character.
- **Whole numbers** are written in decimal digits (`64`, also `1e3`), **numbers** as usual (`0.001`, `.5`, `1e-3`). Refused are
  `010`, `0x10`, `1_000`, `1:30`, `true`, and infinite values.
- **True or false**: `true` or `false`, also `yes`, `no`, `on`, `off`.
- **Lists** are comma-separated, with or without brackets: `data.classes=pos,neg`, `optimizer.betas=[0.9,0.99]`. Quote names that
  contain a comma: `data.classes='"a, b",c'`.
- `null`, or nothing, unsets a key whose default is –: `data.test_path=null`. A class that is called null is `'"null"'`.
- **Paths** are seen from the folder that you work in, not from that of the recipe. `~` is your home folder; `$NAME` is not
  replaced. A run's own `recipe.yaml` has whole paths.
- Python takes paths, tuples, and numpy's scalars and arrays too; `None` unsets a key.
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


def names_page() -> str:
    """docs/what-classmark-reads.md with its last section, which lists the names, written from the code."""
    written = (DOCS / "what-classmark-reads.md").read_text(encoding="utf-8")
    lists = {
        "true class": (*names.TRUTH, *names.LABEL),
        "predicted class": names.PREDICTED,
        "one score": names.SCORE,
        "lists of scores": names.LISTS,
        "logits": tuple(dict.fromkeys((*names.LOGIT, *names.LOGIT_LISTS))),
        "id": names.ID,
        "weights": names.WEIGHTS,
        "split": names.SPLIT,
        "model": names.MODEL,
        "fold": names.FOLD,
        "words beside a class name": tuple(sorted(names.SCORING_WORDS)),
    }
    rows = [f"| {role} | {' '.join(f'`{name}`' for name in usual)} |" for role, usual in lists.items()]
    start = written[: written.index(NAMES_HEADING) + len(NAMES_HEADING)]
    return "\n".join([start, "| role | names |", "|---|---|", *rows, ""])


def main(words: list[str]) -> str | None:
    """Write the pages, or say which is not current."""
    pages = {"recipes.md": reference(), "what-classmark-reads.md": names_page()}
    for name, content in pages.items():
        if words != ["--check"]:
            (DOCS / name).write_text(content, encoding="utf-8")
        elif (DOCS / name).read_text(encoding="utf-8") != content:
            return f"docs/{name} is not current: make docs"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The written pages are current, and what they promise holds."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from classmark.reading.side import open_side

DOCS = Path(__file__).parents[2] / "docs"
ROWS = 60


def test_the_written_pages_are_current() -> None:
    script = DOCS.parent / "scripts" / "make_reference.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def tools() -> list[tuple[str, list[str], str]]:
    """The rows of the table of tools: name, columns, plan."""
    section = (DOCS / "what-classmark-reads.md").read_text(encoding="utf-8").split("## Tools")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", section, flags=re.M)
    return [(tool, re.findall(r"`([^`{]+)`", columns), plan) for tool, columns, plan in rows if "←" in plan]


def made(columns: list[str], plan: str, notation: str) -> pl.DataFrame:
    """A table with these columns whose values mean what the plan says, for the classes no and yes."""
    generator = np.random.default_rng(len(plan))
    positive = np.arange(ROWS) % 3 == 0
    score = np.clip(np.where(positive, 0.65, 0.3) + generator.normal(0, 0.2, ROWS), 0.02, 0.98).round(4)
    said = np.where(score > 0.5, "yes", "no")
    roles = dict(part.split(" ← ")[::-1] for part in plan.split("; "))
    prefix = "__label__" if notation == "fastText" else ""
    values: dict[str, object] = {}
    for name in columns:
        nested = {column: role for column, role in roles.items() if column.startswith(f"{name}.")}
        role = roles.get(name) or ("pairs" if nested else "")
        match role:
            case "label":
                values[name] = np.where(positive, "yes", "no")
            case "predicted":
                values[name] = [f"{prefix}{one}" for one in said]
            case "P(yes)":
                values[name] = score
            case "P(no)":
                values[name] = (1 - score).round(4)
            case "P(predicted class)":
                values[name] = np.maximum(score, 1 - score).round(4)
            case "P(no), P(yes)":
                values[name] = [{"type": 1, "size": None, "indices": None, "values": [1 - one, one]} for one in score]
            case "id":
                values[name] = [f"row {number}" for number in range(ROWS)]
            case "pairs" if notation.startswith(("Hugging Face", "BigQuery")):
                key = "prob" if notation.startswith("BigQuery") else "score"
                values[name] = [[{"label": "no", key: 1 - one}, {"label": "yes", key: one}] for one in score]
            case "pairs":
                values[name] = [{"no": 1 - one, "yes": one} for one in score]
            case _ if name in ("label_no", "label_yes"):
                values[name] = (positive == (name == "label_yes")).astype(int)
            case _ if name == "Score":
                values[name] = np.log(score / (1 - score)).round(3) * 4
            case _:
                values[name] = (
                    np.where(said == np.where(positive, "yes", "no"), "", "+") if name == "error" else range(ROWS)
                )
    return pl.DataFrame(values)


@pytest.mark.parametrize(
    ("tool", "columns", "plan"), tools(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_tool_is_read_as_the_page_says(tool: str, columns: list[str], plan: str, tmp_path: Path) -> None:
    frame = made(columns, plan, tool)
    path = tmp_path / ("theirs.parquet" if any(kind.is_nested() for kind in frame.dtypes) else "theirs.csv")
    frame.write_parquet(path) if path.suffix == ".parquet" else frame.write_csv(path)
    table = open_side(path).table
    assert table.plan == plan
    assert set(table.classes) == {"no", "yes"}
    labels = np.where(np.arange(ROWS) % 3 == 0, "yes", "no")
    assert [table.classes[index] for index in table.labels.tolist()] == labels.tolist()

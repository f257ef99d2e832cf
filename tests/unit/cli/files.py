"""Files of two models on the same rows, and the command line run over them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import classmark.report.comparison
import classmark.report.page
from classmark.cli.main import run

ROWS = 120


def scored(seed: int, prefix: str = "r") -> pl.DataFrame:
    """Rows with an id, a label and the score of `yes`; labels are the same for every seed."""
    positive = np.random.default_rng(0).random(ROWS) < 0.4
    noise = np.random.default_rng(seed).normal(0, 0.2, ROWS)
    scores = np.clip(np.where(positive, 0.62, 0.38) + noise, 0.01, 0.99).round(3)
    return pl.DataFrame(
        {"id": [f"{prefix}{row}" for row in range(ROWS)], "label": np.where(positive, "yes", "no"), "score": scores}
    )


def write_files(folder: Path) -> None:
    """a.csv and b.csv as one tool writes them, c.csv as another, v.csv of other rows, models.csv with both in one."""
    a, b = scored(1), scored(2)
    a.write_csv(folder / "a.csv")
    b.write_csv(folder / "b.csv")
    columns = [
        pl.col("id").alias("key"),
        pl.col("label").alias("truth of it"),
        (1 - pl.col("score")).round(3).alias("no, not"),
    ]
    b.select(*columns, pl.col("score").alias("yes, so"), pl.lit("x").alias("part")).write_csv(folder / "c.csv")
    scored(3, "v").write_csv(folder / "v.csv")
    pl.concat([frame.with_columns(model=pl.lit(name)) for frame, name in ((a, "old"), (b, "new"))]).write_csv(
        folder / "models.csv"
    )


def without_page(out: Path, *_: object) -> Path:
    return out / "report.html"


def leave_out_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write results without their page, which takes longer than all the rest."""
    monkeypatch.setattr(classmark.report.page, "write_report", without_page)
    monkeypatch.setattr(classmark.report.comparison, "write_comparison", without_page)


Done = Callable[..., dict[str, Any]]


def content_of(out: Path, *words: str) -> dict[str, Any]:
    """What a command that goes well writes."""
    assert run([*words, "--draws", "100", "--out", str(out)]) == 0
    written = next(path for name in ("judgement", "comparison", "parts") if (path := out / f"{name}.json").exists())
    found: dict[str, Any] = json.loads(written.read_text(encoding="utf-8"))
    return found

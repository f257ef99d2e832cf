"""A run with `data.fresh`: it predicts no test row, and nothing that learns or chooses sees the rows put aside."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

import classmark
from classmark.predictions import read


def test_no_test_row_is_predicted(tmp_path: Path) -> None:
    texts = [f"{'good fine' if row % 2 else 'bad poor'} w{row}" for row in range(60)]
    pl.DataFrame({"text": texts, "label": ["yes" if row % 2 else "no" for row in range(60)]}).write_csv(
        tmp_path / "t.csv"
    )
    changes = {"model__hidden_size": 4, "model__embedding_size": 4, "model__layers": 1, "judge__prediction_cost": False}
    run = classmark.train(
        "text-csv", tmp_path / "runs/fresh", data__path=tmp_path / "t.csv", data__fresh=0.4, train__epochs=1,
        train__precision="fp32", judge__draws=100, **changes,
    )  # fmt: skip
    tables = sorted(path.stem for path in (run.path / "predictions").iterdir())
    assert tables == ["fresh", "validation"]
    assert not (tmp_path / "runs/test-looks.jsonl").exists()
    assert run.judgement.split == "validation"
    facts = json.loads(run.files.data.read_text())
    assert facts["splits"] == {"train": 36, "validation": 7, "fresh": 5}
    fresh, validation = (read(run.files.predictions(name)) for name in ("fresh", "validation"))
    assert fresh.split == "fresh"
    assert not set(fresh.ids) & set(validation.ids)

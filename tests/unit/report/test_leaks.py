"""Every report of a run says how many test rows stand in the training data, and what the metrics are without them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from classmark.judging.judge import judge
from classmark.predictions import build_predictions
from classmark.report.page import write_report
from classmark.runs import RunFiles
from classmark.system.files import write_json, write_text
from pages import text_of


@pytest.mark.parametrize("leaked", [0, 12])
def test_a_run_s_report_states_its_leaks(leaked: int, tmp_path: Path) -> None:
    generator = np.random.default_rng(4)
    labels = generator.integers(0, 2, 60)
    scores = np.clip(0.5 + 0.3 * (2 * labels - 1) + generator.normal(0, 0.2, 60), 0.01, 0.99)
    scores[:leaked] = np.where(labels[:leaked] == 1, 0.99, 0.01)  # what was seen in training is known
    table = build_predictions(
        [str(row) for row in range(60)],
        [("no", "yes")[label] for label in labels],
        np.stack([1 - scores, scores], axis=1),
        ("no", "yes"),
        metadata={"split": "test"},
        columns=pl.DataFrame({"leaked": [row < leaked for row in range(60)]}),
        source="made",
    )
    run = RunFiles(tmp_path / "run")
    write_text(run.recipe, "name: made\n")
    splits = {"train": 100, "validation": 20, "test": 60}
    write_json(
        run.data,
        {
            "source": "table",
            "splits": splits,
            "duplicates_moved": 0,
            "leaked_test_rows": leaked,
            "fingerprint": "0" * 64,
        },
    )
    judgement = judge(table, draws=100)
    words = text_of(write_report(run.path, judgement, table, run).read_text(encoding="utf-8"))
    assert f"{leaked} of 60 stand in the training data" in words
    if leaked:
        right = (scores[leaked:] > 0.5) == (labels[leaked:] == 1)
        assert "without leaked rows" in words
        assert f"and {100 * right.mean():.2f} % without" in words
    else:
        assert "0 of 60 test rows stand in the training data, so that no metric changes without them." in words

"""The page: one file that shows what users wrote as text, loads nothing, and stays small."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from classmark.judging.judge import judge
from classmark.judging.judgement import Judgement
from classmark.judging.published import judge_confusion
from classmark.judging.statistics.intervals import Estimate
from classmark.predictions import Predictions
from classmark.report.page import interval_bar, write_report
from classmark.runs import RunFiles
from classmark.system.files import write_json, write_jsonl, write_text
from pages import check_harmless, text_of

Make = Callable[..., Predictions]
SCRIPT = "<script>alert(1)</script>"
HOSTILE = (f"no{SCRIPT}", "\"'><img src=x onerror=alert(1)>")
LINK = '<a href="https://example.org/">here</a> https://example.org/a.css url(https://example.org/b.png)'


@pytest.fixture
def run(tmp_path: Path) -> RunFiles:
    """A run folder whose files hold what no page may take for its own."""
    run = RunFiles(tmp_path / f"<i>run</i> {SCRIPT.replace('/', '')}")
    write_text(run.recipe, f"name: x\ndescription: {SCRIPT}\n")
    write_json(
        run.data,
        {
            "source": "table", "path": f"{SCRIPT}.csv", "splits": {"train": 8_000, "test": 10}, "duplicates_moved": 3,
            "leaked_test_rows": 0, "skipped": 1_234, "fingerprint": "0123456789abcdef" * 4,
        },
    )  # fmt: skip
    packages = {"torch": SCRIPT, "polars": "1.0"}
    write_json(run.environment, {"processor": SCRIPT, "threads": 2, "gpu": None, "packages": packages})
    write_json(run.status, {"seconds": {"training": 200.0, "total": 3_900.0}})
    write_json(run.model / "model.json", {"kind": "bilstm", "parameters": 5_000_000, "printout": f"BiLSTM({SCRIPT})"})
    losses = {"train_loss": 0.5, "validation_loss": 0.4, "train_accuracy": 0.8, "validation_accuracy": 0.9}
    write_jsonl(run.history, [{"epoch": epoch, "step": 10 * epoch, **losses} for epoch in (1, 2)])
    write_jsonl(run.timings, [{"tokens_per_second": speed} for speed in (43_900.4, 44_000.2)])
    return run


def without_script(page: str) -> str:
    """The page without the one script that is classmark's own."""
    script = (files("classmark.report") / "templates" / "per_class.js").read_text(encoding="utf-8").strip()
    assert page.count(script) == 1
    return re.sub(rf"<script>\s*{re.escape(script)}\s*</script>", "", page)


def test_what_users_wrote_is_text_and_nothing_is_loaded(tmp_path: Path, make_table: Make, run: RunFiles) -> None:
    labels = [HOSTILE[index] for index in (0, 0, 0, 0, 1, 1, 1, 1, 1, 1)]
    ids = [f"<i>{row}</i>" for row in range(10)]
    table = make_table(labels, classes=HOSTILE, texts=[f"{SCRIPT} {LINK} & so on"] * 10, ids=ids)
    judgement = judge(table, baselines={"linear": table}, draws=100)
    page = write_report(tmp_path, judgement, table, run).read_text(encoding="utf-8")
    check_harmless(without_script(page))
    words = text_of(page)
    for written in (*HOSTILE, "<i>3</i>", f"{SCRIPT} {LINK} & so on", f"BiLSTM({SCRIPT})", f"description: {SCRIPT}"):
        assert written in words, written
    assert f"{run.name} · classmark" in words


def test_a_run_says_what_was_run(tmp_path: Path, judgement: Judgement, predictions: Predictions, run: RunFiles) -> None:
    page = write_report(tmp_path, judgement, predictions, run).read_text(encoding="utf-8")
    words = text_of(page)
    for part in (
        "train 8,000, test 10",
        "1,234 rows that could not be read",
        "bilstm, 5,000,000 parameters",
        "3 min 20 s of training at up to 44,000 tokens/s, 65 min 0 s in all",
        "Fingerprint 0123456789abcdef Model",
    ):
        assert part in words, part
    for title in ("Loss per epoch", "Accuracy per epoch", "Confusion matrix", "Reliability", "ROC"):
        assert f'aria-label="{title}"' in page


def test_a_long_text_table_stays_small(tmp_path: Path, make_table: Make) -> None:
    rng = np.random.default_rng(0)
    index = rng.integers(0, 2, 2_500)
    scores = np.clip(0.3 + 0.4 * index + rng.normal(0, 0.2, 2_500), 0.01, 0.99)
    texts = [" ".join(f"{word:07d}" for word in rng.integers(0, 10**7, 500)) for _ in range(2_500)]
    table = make_table([("no", "yes")[one] for one in index], scores, texts=texts)
    path = write_report(tmp_path, judge(table, draws=100), table)
    assert 50_000 < path.stat().st_size < 2_000_000


def test_a_judgement_shows_its_numbers(tmp_path: Path, judgement: Judgement, predictions: Predictions) -> None:
    page = write_report(tmp_path, judgement, predictions).read_text(encoding="utf-8")
    words = text_of(page)
    assert "10 rows, 2 classes: no, yes (positive: yes)" in words
    assert "Accuracy 80.00 % 95 % interval 44.39 to 97.48 %" in words  # Clopper and Pearson's of 8 in 10
    assert "With 60% of the rows yes, the classes are balanced" in words
    assert "no 3 (75.0 %) 1 (25.0 %)" in words
    assert "Training" not in words
    assert "What was run" not in words


def test_a_published_matrix_has_neither_curves_nor_errors(tmp_path: Path) -> None:
    page = write_report(tmp_path, judge_confusion([[3, 1], [1, 5]]), None).read_text(encoding="utf-8")
    words = text_of(page)
    assert "Over all thresholds" not in words
    assert "Most confident errors" not in words
    assert "A matrix has no scores: only what its counts say is given." in words


def test_the_bar_shows_the_interval() -> None:
    assert 'x="25.00" y="1" width="50.00"' in interval_bar(Estimate(0.5, 0.25, 0.75, ""))
    assert 'x="90.00" y="1" width="10.00"' in interval_bar(Estimate(0.95, 0.9, 1.1, ""))
    for estimate in (Estimate(None, None, None, ""), Estimate(0.5, None, None, ""), Estimate(1.5, 1.2, 1.8, "")):
        assert interval_bar(estimate) == ""


def test_what_is_undefined_is_a_dash(tmp_path: Path, make_table: Make) -> None:
    one = make_table(["yes"] * 4, [0.1, 0.6, 0.7, 0.8])
    page = write_report(tmp_path / "judged", judge(one, baselines={"linear": one}, draws=100), one).read_text("utf-8")
    assert "linear ROC area – – – –" in text_of(page)


def test_the_judgement_read_back_gives_the_same_page(
    tmp_path: Path, judgement: Judgement, predictions: Predictions
) -> None:
    from classmark.judging.judgement import judgement_from_json

    again = judgement_from_json(json.loads(json.dumps(judgement.to_json())))
    paths = [write_report(tmp_path / name, one, predictions) for name, one in (("a", judgement), ("b", again))]
    # The converter counts clip paths over the whole process.
    first, second = (re.sub(r"-clip\d+", "-clip", path.read_text(encoding="utf-8")) for path in paths)
    assert first == second

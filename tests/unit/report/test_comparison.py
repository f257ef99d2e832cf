"""The page of two models: what it says, as text, and what it leaves out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from classmark.judging.comparisons import compare
from classmark.judging.findings import Finding
from classmark.predictions import Predictions
from classmark.report.comparison import write_comparison
from pages import check_harmless, text_of

Make = Callable[..., Predictions]
SCRIPT = "<script>alert(1)</script>"


def test_a_comparison_shows_the_differences_and_nothing_harmful(tmp_path: Path, make_table: Make) -> None:
    a, b = make_table(), make_table(scores=(0.1, 0.1, 0.1, 0.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9))
    comparison = compare(a, b, names=(SCRIPT, "better"))
    page = write_comparison(tmp_path, comparison).read_text(encoding="utf-8")
    check_harmless(page)
    words = text_of(page)
    assert f"A = {SCRIPT} · B = better · 10 rows, matched by id" in words
    assert comparison.sentence in words
    assert "Accuracy 0.8000 1.0000 +0.2000" in words
    assert "Only A is right on 0 rows, only B on 2." in words
    assert 'aria-label="Paired differences"' in page


def test_a_comparison_says_what_it_leaves_out(tmp_path: Path, make_table: Make) -> None:
    comparison = compare(make_table(), make_table())
    left_out = Finding("scores_left_out", "info", f"{SCRIPT} has predicted labels only")
    page = write_comparison(tmp_path, replace(comparison, findings=(left_out,))).read_text(encoding="utf-8")
    check_harmless(page)
    assert left_out.message in text_of(page)


def test_what_is_undefined_is_a_dash(tmp_path: Path, make_table: Make) -> None:
    one = make_table(["yes"] * 4, [0.1, 0.6, 0.7, 0.8])
    page = write_comparison(tmp_path, compare(one, one)).read_text(encoding="utf-8")
    assert "ROC area – – – –" in text_of(page)

"""Findings about choices, splits and slices; every code has advice and a page, and every page a code."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from classmark.judging.findings.finding import ADVICE, Finding
from classmark.judging.judge import judge
from classmark.judging.judgement import Judgement
from classmark.predictions import Predictions, build_predictions

ROOT = Path(__file__).parents[4]
PAGES = ROOT / "docs" / "findings"
CALLS = ("Finding", "Remark")
STUDIES = ("findings/study", "studies/cross_validation")  # whose messages say themselves what to do
# What training writes into a table's metadata, and what the reader of foreign tables remarks.
FROM_TABLES = {"pretrained_on_these_classes", "many_unknown_tokens", "cross_validation"}
FROM_READER = {
    *("assumed", "missing_words", "look_alike_classes", "classes_matched", "many_classes", "numeric_labels"),
    *("unused_weights", "split_column", "model_column", "fold_column", "repeated_rows", "rescaled"),
    *("confidence_only", "odd_last_row", "unused_decisions"),
}
Make = Callable[..., Predictions]


def table(
    rows: int, seed: int, *, share: float = 0.5, shift: float = 0.0, prefix: str = "t", **columns: Any
) -> Predictions:
    """Two classes; `shift` moves every score, so that the best threshold is not 0.5."""
    rng = np.random.default_rng(seed)
    true = (rng.uniform(size=rows) < share).astype(np.int64)
    score = 1 / (1 + np.exp(-(rng.normal(3.0 * true - 1.5, 1.5) + shift)))
    names = [("no", "yes")[label] for label in true]
    frame = pl.DataFrame(columns) if columns else None
    ids = [f"{prefix}{row}" for row in range(rows)]
    return build_predictions(ids, names, np.column_stack([1 - score, score]), ("no", "yes"), columns=frame)


def found(judgement: Judgement, code: str) -> list[Finding]:
    return [finding for finding in judgement.findings if finding.code == code]


def test_a_threshold_far_from_a_half_is_named_where_it_pays() -> None:
    test, validation = table(800, 0, shift=-3), table(800, 1, shift=-3, prefix="v")
    judgement = judge(test, validation=validation, draws=200)
    far = found(judgement, "threshold_far")
    assert [finding.message.split(" on validation")[0] for finding in far] == [
        "The best threshold for F1", "The best threshold for Youden's index",
    ]  # fmt: skip
    change = judgement.thresholds.points[0].difference["f1"]
    assert f"from {change.a:.4f} to {change.b:.4f}" in far[0].message
    assert far[0].severity == "warning"


def test_a_threshold_near_a_half_is_not_named() -> None:
    assert not found(judge(table(800, 0), validation=table(800, 1, prefix="v"), draws=200), "threshold_far")


def test_a_minimum_out_of_reach_is_named() -> None:
    validation = table(200, 1, prefix="v")
    wrong = validation.frame.with_columns(
        pl.when(pl.col("label") == "no").then(pl.lit("yes")).otherwise(pl.lit("no")).alias("label")
    )
    judgement = judge(
        table(200, 0), validation=Predictions(wrong, validation.metadata), at=["precision>=0.95"], draws=100
    )
    (finding,) = found(judgement, "minimum_out_of_reach")
    assert re.fullmatch(
        r"No threshold gives precision ≥ 0.95: the highest precision on at least 30 validation rows called positive is "
        r"0\.\d{4}\.",
        finding.message,
    )


def test_a_baseline_that_test_rows_do_not_keep_is_named() -> None:
    test = table(2_000, 0, share=0.2)
    validation = table(2_000, 1, share=0.6, prefix="v")
    judgement = judge(test, validation=validation, at=["precision>=0.95", "recall>=0.5"], draws=100)
    (finding,) = found(judgement, "minimum_missed_on_test")
    point = judgement.thresholds.points[0]
    assert finding.message.startswith(
        f"Precision ≥ 0.95 is kept on validation ({point.validation['precision'].value:.4f})"
    )
    assert point.test["precision"].high < 0.95


def test_validation_that_is_much_better_is_named() -> None:
    assert not found(judge(table(900, 0), validation=table(900, 1, prefix="v"), draws=100), "validation_better")
    judgement = judge(table(900, 0, shift=-3), validation=table(900, 1, prefix="v"), draws=100)
    (finding,) = found(judgement, "validation_better")
    gap = judgement.validation_gap
    assert gap.high < 0
    assert (
        f"by {-100 * gap.difference:.1f} points of accuracy ({-100 * gap.high:.1f} to {-100 * gap.low:.1f})"
        in finding.message
    )


def test_a_small_or_uncertain_gap_is_not_named() -> None:
    assert not found(judge(table(40, 0, shift=-2), validation=table(40, 4, prefix="v"), draws=100), "validation_better")


def test_a_worse_slice_is_named_after_correction() -> None:
    rows = table(900, 0, source=["web", "mail", "post"] * 300)
    assert not found(judge(rows, draws=100), "worse_slice")
    here = np.array([True, False, False] * 300) & (np.arange(900) % 2 == 0)
    values = np.where(here[:, None], rows.probabilities[:, ::-1], rows.probabilities)
    moved = rows.frame.with_columns(pl.Series("probabilities", values, dtype=pl.Array(pl.Float64, 2)))
    judgement = judge(Predictions(moved, rows.metadata), draws=100)
    (finding,) = found(judgement, "worse_slice")
    assert finding.severity == "warning"
    assert finding.message.startswith(
        "Worse than the other rows, at 5 % after Holm's correction for 3 slices: source web (300 rows, accuracy "
    )
    assert "source mail" not in finding.message


def issued() -> dict[str, set[str]]:
    """Module → the codes that its `Finding(…)` and `Remark(…)` calls name."""
    codes = dict[str, set[str]]()
    for path in sorted((ROOT / "src" / "classmark").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    codes.setdefault(f"{path.parent.name}/{path.stem}", set()).add(first.value)
    return codes


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    codes = set.union(*issued().values()) | FROM_TABLES | FROM_READER
    assert {path.stem for path in PAGES.glob("*.md")} - {"README"} == codes


def test_every_code_of_a_judgement_has_advice() -> None:
    codes = set.union(*(found for module, found in issued().items() if module not in STUDIES))
    assert set(ADVICE) == codes | FROM_TABLES | FROM_READER
    assert Finding("threshold_far", "info", "").advice == ADVICE["threshold_far"]
    assert Finding("of_another_table", "info", "").advice == ""


@pytest.mark.parametrize("path", sorted(PAGES.glob("[a-z]*.md")), ids=lambda path: path.stem)
def test_a_page_says_how_why_and_what_to_do(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {path.stem}\n")
    assert re.findall(r"^## (.*)$", text, flags=re.MULTILINE) == ["How it is detected", "Why it matters", "What to do"]
    parts = re.split(r"^## .*$", text, flags=re.MULTILINE)
    assert all(len(part.split()) >= 5 for part in parts[1:])


def test_the_list_of_pages_gives_the_advice() -> None:
    listed = re.findall(r"\| \[`(\w+)`\]\(\1\.md\) \| (.*) \|", (PAGES / "README.md").read_text(encoding="utf-8"))
    assert dict(listed) == ADVICE


def test_the_list_of_pages_names_those_of_studies() -> None:
    named = re.findall(r"\[`(\w+)`\]\(\1\.md\)", (PAGES / "README.md").read_text(encoding="utf-8"))
    assert set(named) - set(ADVICE) == set.union(*(issued()[module] for module in STUDIES)) - set(ADVICE)

"""What a paired difference is shown as."""

from __future__ import annotations

import pytest

from classmark.judging.comparisons.paired import Difference
from classmark.report.headline import Headline, amount, difference_bar, metrics_sentence

AMOUNTS = {
    ("accuracy", 0.0242): "+2.42",
    ("accuracy", -0.00001): "-0.001",
    ("roc_auc", -0.00004): "-0.00004",
    ("roc_auc", 0.0): "+0.0000",
    ("log_loss", 0.03689): "+0.0369",
    ("log_loss", None): "–",
}


@pytest.mark.parametrize(("name", "value"), AMOUNTS)
def test_an_end_of_an_interval_never_reads_as_zero(name: str, value: float | None) -> None:
    assert amount(value, name) == AMOUNTS[name, value]


def test_the_bar_of_a_difference_stands_about_zero() -> None:
    assert 'x="71.74" y="1" width="21.74"' in difference_bar(Difference(0.0, 0.0, 0.0, 0.1, 0.2, ""))
    assert difference_bar(Difference(0.0, 0.0, 0.0, None, None, "")) == difference_bar(None) == ""


def test_the_bars_of_several_differences_may_share_a_scale() -> None:
    assert 'x="60.00" y="1" width="10.00"' in difference_bar(Difference(0.0, 0.0, 0.0, 0.1, 0.2, ""), reach=0.5)


def test_metrics_keep_their_capitals_inside_a_sentence() -> None:
    difference = Difference(0.0, 0.0, 0.0, 0.1, 0.2, "")
    rows = [Headline(name, None, None, difference, "B") for name in ("accuracy", "f1", "mcc", "roc_auc", "brier")]
    assert metrics_sentence(rows) == (
        "By the paired intervals B is better in accuracy, F1, Matthews' correlation, ROC area and Brier score."
    )

"""Whether a model is not worse than another by more than a margin."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from scipy import optimize, stats

from classmark.judging.comparisons.compare import compare
from classmark.judging.comparisons.multiple import compare_all
from classmark.judging.comparisons.not_worse import Asked, difference_at
from classmark.judging.statistics.tango import tango_interval
from classmark.predictions import Predictions, build_predictions


def predicted(wrong: int, rows: int = 1_000, name: str = "b.csv", groups: bool = False) -> Predictions:
    """A model whose first rows are wrong."""
    labels = ["yes", "no"] * (rows // 2)
    values = np.tile([0.1, 0.9], (rows, 1))
    for row in range(rows):
        if (labels[row] == "yes") == (row < wrong):
            values[row] = values[row, ::-1]
    columns = pl.DataFrame({"group": [str(row // 10) for row in range(rows)]}) if groups else None
    ids = [str(row) for row in range(rows)]
    return build_predictions(ids, labels, values, ("no", "yes"), columns=columns, source=name)


@pytest.mark.parametrize(
    ("wrong", "margin", "not_worse", "equivalent"),
    [
        (100, 0.01, "passed", "passed"), (104, 0.01, "cannot tell", "passed"), (104, 0.003, "cannot tell", "cannot tell"),
        (140, 0.01, "failed", "failed"), (60, 0.01, "passed", "failed"), (108, 0.02, "passed", "passed"),
    ],
)  # fmt: skip
def test_three_answers(wrong: int, margin: float, not_worse: str, equivalent: str) -> None:
    asked = Asked(not_worse_than={"accuracy": margin}, equivalent={"accuracy": margin})
    found = compare_all([predicted(100), predicted(wrong)], draws=50, asked=asked)
    assert [check.verdict for check in found.checks] == [not_worse, equivalent]


def test_sentences_and_what_is_stored() -> None:
    asked = Asked(not_worse_than={"accuracy": 0.02, "log_loss": 0.001}, equivalent={"accuracy": 0.02})
    found = compare_all([predicted(100, name="a.csv"), predicted(104)], draws=50, asked=asked)
    assert [check.sentence for check in found.checks] == [
        "B (b.csv) is not worse than A by more than 2.00 points of accuracy: B − A is -0.40 points of accuracy, 95 % interval "
        "-1.02 to -0.02.",
        "These rows cannot tell whether B (b.csv) is worse than A by more than 0.0010 in log loss: B − A is +0.0088 in log "
        "loss, 95 % interval +0.0002 to +0.0174.",
        "B (b.csv) is equivalent to A within 2.00 points of accuracy: B − A is -0.40 points of accuracy, 90 % interval -0.89 to "
        "-0.13.",
    ]
    stored = found.to_json()["checks"]
    assert [(one["kind"], one["model"], one["bound"], one["confidence"]) for one in stored] == [
        ("not_worse_than", "B", 0.02, 0.95), ("not_worse_than", "B", 0.001, 0.95), ("equivalent", "B", 0.02, 0.9)
    ]  # fmt: skip
    assert stored[0]["method"] == "Tango's score interval, paired independent rows"


def test_a_lower_log_loss_is_better_and_identical_models_have_no_interval() -> None:
    asked = Asked(not_worse_than={"log_loss": 0.01})
    better = compare_all([predicted(150), predicted(100)], draws=50, asked=asked)
    assert [check.verdict for check in better.checks] == ["passed"]
    same = compare_all([predicted(150), predicted(150)], draws=50, asked=asked)
    assert [check.verdict for check in same.checks] == ["cannot tell"]
    assert same.checks[0].sentence.endswith("(none: the difference is the same on every row or group).")


def test_groups_have_the_interval_by_groups_at_its_own_level() -> None:
    pair = compare(predicted(100, groups=True), predicted(160, groups=True), draws=50)
    whole, narrow = pair.metrics["accuracy"], difference_at("accuracy", pair, 0.9)
    assert difference_at("accuracy", pair, 0.95) == whole
    ratio = stats.t.ppf(0.95, whole.degrees) / stats.t.ppf(0.975, whole.degrees)
    assert narrow.high - narrow.low == pytest.approx(ratio * (whole.high - whole.low), rel=1e-9)


@pytest.mark.parametrize(
    ("gained", "lost", "rows", "expected"),
    [(16, 8, 86, (-0.020, 0.207)), (1, 7, 21, (-0.517, -0.026))],
)
def test_published_intervals(gained: int, lost: int, rows: int, expected: tuple[float, float]) -> None:
    """Agresti & Min 2005, table I; Fagerland, Lydersen, Laake 2014, table II."""
    assert tango_interval(gained, lost, rows, 1.959964) == pytest.approx(expected, abs=5e-4)


def fitted_statistic(gained: int, lost: int, rows: int, difference: float) -> float:
    """T with the share fitted by maximising the likelihood of three cells numerically."""

    def loss(share: float) -> float:
        both = 1 - 2 * share - difference
        if min(share, share + difference, both) <= 0:
            return math.inf
        cells = ((gained, share + difference), (lost, share), (rows - gained - lost, both))
        return -sum(count * math.log(value) for count, value in cells)

    ends = (max(0.0, -difference) + 1e-9, (1 - difference) / 2 - 1e-9)
    share = optimize.minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-12}).x
    return (gained - lost - rows * difference) / math.sqrt(rows * (2 * share + difference * (1 - difference)))


@pytest.mark.parametrize(("gained", "lost", "rows"), [(16, 8, 86), (30, 45, 400), (0, 3, 50), (5, 0, 20)])
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_the_ends_are_where_the_score_test_just_rejects(gained: int, lost: int, rows: int, confidence: float) -> None:
    z = stats.norm.ppf((1 + confidence) / 2)
    low, high = tango_interval(gained, lost, rows, z)
    assert fitted_statistic(gained, lost, rows, low) == pytest.approx(z, abs=2e-4)
    assert fitted_statistic(gained, lost, rows, high) == pytest.approx(-z, abs=2e-4)


def test_a_model_that_is_worse_by_the_margin_rarely_passes() -> None:
    """One-sided error at the margin, 2.5 % in theory: 20,000 drawn tables of 400 rows, 10 % against 8 % discordant."""
    drawn = np.random.default_rng(0).multinomial(400, [0.04, 0.06, 0.90], 20_000)
    kinds, counts = np.unique(drawn[:, :2], axis=0, return_counts=True)
    passed = [tango_interval(int(gained), int(lost), 400, 1.959964)[0] > -0.02 for gained, lost in kinds]
    assert 0.02 < float((counts * passed).sum()) / 20_000 < 0.03

"""Metrics of weighted rows against scikit-learn, copied rows and a simulation of their intervals."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from classmark.errors import InputError, PredictionsError
from classmark.judging.comparisons.compare import Comparison, compare
from classmark.judging.judge import judge
from classmark.judging.judgement import judgement_from_json
from classmark.judging.scored import Scored
from classmark.judging.statistics.ranking import roc_area
from classmark.judging.statistics.weighted import (
    effective_number,
    linear_metrics,
    weighted_differences,
    weighted_estimates,
)
from classmark.judging.stored import from_json
from classmark.predictions import Predictions, build_predictions

FOUR = {"accuracy", "log_loss", "roc_auc", "brier"}


def rows(count: int, classes: int, seed: int, *, digits: int | None = None) -> Scored:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    logits = rng.normal(size=(count, classes)) + 1.2 * (np.arange(classes) == labels[:, None])
    if digits is not None:
        logits = logits.round(digits)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    weights = np.exp(rng.normal(size=count)) * (rng.uniform(size=count) < 0.95)
    return Scored(labels, probabilities.argmax(axis=1), probabilities, classes, weights=weights)


def table(scored: Scored, source: str = "table", **columns: Any) -> Predictions:
    assert scored.probabilities is not None
    classes = [f"c{index}" for index in range(scored.classes)]
    further = columns if scored.weights is None else {"weight": scored.weights, **columns}
    names = [classes[label] for label in scored.labels]
    ids = [f"r{row}" for row in range(len(scored))]
    frame = pl.DataFrame(further) if further else None
    return build_predictions(ids, names, scored.probabilities, classes, columns=frame, source=source)


def numbers(found: Any) -> dict[str, float]:
    """The numbers of an estimate or a difference, to be compared but for rounding: weights are divided by the largest."""
    return {name: value for name, value in asdict(found).items() if isinstance(value, float)}


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("digits", [None, 0])
def test_values_are_those_of_scikit_learn(classes: int, digits: int | None) -> None:
    scored = rows(300, classes, classes, digits=digits)
    labels, p, w = scored.labels, scored.probabilities, scored.weights
    found = judge(table(scored)).metrics
    assert set(found) == FOUR
    assert found["accuracy"].value == pytest.approx(sk.accuracy_score(labels, scored.predicted, sample_weight=w))
    assert found["log_loss"].value == pytest.approx(sk.log_loss(labels, p, sample_weight=w))
    if classes == 2:
        assert found["roc_auc"].value == pytest.approx(sk.roc_auc_score(labels, p[:, 1], sample_weight=w))
        assert found["brier"].value == pytest.approx(sk.brier_score_loss(labels, p[:, 1], sample_weight=w))
    else:
        areas = [sk.roc_auc_score(labels == index, p[:, index], sample_weight=w) for index in range(classes)]
        assert found["roc_auc"].value == pytest.approx(np.mean(areas))
        squares = ((p - np.eye(classes)[labels]) ** 2).sum(axis=1)
        assert found["brier"].value == pytest.approx(np.average(squares, weights=w))


def test_equal_weights_give_the_intervals_of_no_weights() -> None:
    scored = replace(rows(400, 2, 0), weights=np.full(400, 2.5))
    found, plain = weighted_estimates(scored), judge(table(replace(scored, weights=None)), draws=50).metrics
    for name in ("log_loss", "brier"):
        assert found[name].value == pytest.approx(plain[name].value)
        assert found[name].low == pytest.approx(plain[name].low, rel=1e-3)
        # Without weights the upper end also allows for rare errors that these rows lack; the t interval is the same.
        terms = scored.log_losses if name == "log_loss" else scored.brier_terms
        high = stats.t.interval(0.95, len(scored) - 1, terms.mean(), terms.std(ddof=1) / math.sqrt(len(scored)))[1]
        assert found[name].high == pytest.approx(high, rel=1e-3)
        assert found[name].high <= plain[name].high * 1.001
    area = roc_area(scored.labels == 1, scored.probabilities[:, 1])
    assert (found["roc_auc"].low, found["roc_auc"].high) == pytest.approx((area.low, area.high), abs=5e-4)
    assert (found["accuracy"].low, found["accuracy"].high) == pytest.approx(
        (plain["accuracy"].low, plain["accuracy"].high), abs=2e-3
    )


def test_the_deviation_is_that_of_the_bootstrap() -> None:
    scored = rows(600, 2, 3)
    rng = np.random.default_rng(0)
    drawn: dict[str, list[float]] = {name: [] for name in FOUR}
    for _ in range(400):
        counts = rng.multinomial(600, np.full(600, 1 / 600))
        for name, one in linear_metrics(replace(scored, weights=scored.weights * counts), None).items():
            drawn[name].append(one.value)
    for name, one in linear_metrics(scored, None).items():
        assert one.deviation(None) == pytest.approx(np.std(drawn[name]), rel=0.1), name
        assert one.parts.sum() == pytest.approx(0, abs=1e-12)


def test_the_deviation_of_a_mean_by_formula() -> None:
    scored = rows(200, 2, 4)
    w, x = scored.weights, (scored.predicted == scored.labels).astype(float)
    mean = np.average(x, weights=w)
    expected = np.sqrt(200 / 199 * (w**2 * (x - mean) ** 2).sum()) / w.sum()
    assert linear_metrics(scored, None)["accuracy"].deviation(None) == pytest.approx(expected, rel=1e-12)
    difference = weighted_differences(scored, rows_of_b(scored))["log_loss"]
    terms = rows_of_b(scored).log_losses - scored.log_losses
    gap = np.average(terms, weights=w)
    spread = np.sqrt(200 / 199 * (w**2 * (terms - gap) ** 2).sum()) / w.sum()
    degrees = round(w.sum() ** 2 / (w**2).sum() - 1)
    assert difference.difference == pytest.approx(gap)
    assert difference.high - difference.difference == pytest.approx(stats.t.ppf(0.975, degrees) * spread)
    assert difference.p == pytest.approx(2 * stats.t.sf(abs(gap / spread), degrees))


def rows_of_b(a: Scored, seed: int = 9) -> Scored:
    rng = np.random.default_rng(seed)
    moved = a.probabilities * np.exp(0.5 * rng.normal(size=a.probabilities.shape))
    moved /= moved.sum(axis=1, keepdims=True)
    return replace(a, probabilities=moved, predicted=moved.argmax(axis=1))


@given(st.floats(1e-3, 1e6), st.integers(0, 50))
@settings(max_examples=25, deadline=None)
def test_a_factor_of_all_weights_changes_nothing(factor: float, seed: int) -> None:
    scored = rows(60, 2, seed)
    found, scaled = weighted_estimates(scored), weighted_estimates(replace(scored, weights=factor * scored.weights))
    for name in FOUR:
        assert scaled[name].value == pytest.approx(found[name].value, rel=1e-9)
        assert scaled[name].low == pytest.approx(found[name].low, rel=1e-6)


@given(st.integers(0, 200))
@settings(max_examples=25, deadline=None)
def test_rows_of_weight_zero_do_not_move_a_value(seed: int) -> None:
    scored = rows(80, 2, seed)
    kept = scored.weights > 0
    some = Scored(
        scored.labels[kept], scored.predicted[kept], scored.probabilities[kept], 2, weights=scored.weights[kept]
    )
    found, without = weighted_estimates(scored), weighted_estimates(some)
    for name in FOUR:
        assert found[name].value == pytest.approx(without[name].value)


def test_copies_of_a_row_in_one_group_are_its_weight() -> None:
    scored = replace(rows(150, 2, 5), weights=np.random.default_rng(1).integers(1, 4, 150).astype(float))
    times = scored.weights.astype(int)
    copies = Scored(
        *(np.repeat(part, times, axis=0) for part in (scored.labels, scored.predicted, scored.probabilities)),
        2,
        weights=np.ones(times.sum()),
    )
    groups = np.repeat(np.arange(150), times)
    one, other = linear_metrics(scored, None), linear_metrics(copies, groups)
    for name in FOUR:
        assert other[name].value == pytest.approx(one[name].value)
        assert other[name].deviation(groups) == pytest.approx(one[name].deviation(None))
        if name != "roc_auc":
            assert other[name].degrees == pytest.approx(one[name].degrees)


def test_intervals_cover() -> None:
    """A small share of benchmarks/weighted_coverage.py: 300 repetitions each, three standard errors below 95 %."""
    rng = np.random.default_rng(0)

    def draw(count: int) -> Scored:
        hard = rng.uniform(size=count) < 0.5
        labels = (rng.uniform(size=count) < 0.4).astype(np.int64)
        logit = 1.2 * rng.normal(size=count) + np.where(hard, 0.5, 1.6) * (2 * labels - 1)
        second = 1 / (1 + np.exp(-logit))
        weights = np.where(hard, 1.0, 5.0)
        return Scored(
            labels, (second > 0.5).astype(np.int64), np.column_stack([1 - second, second]), 2, weights=weights
        )

    truth = {name: one.value for name, one in linear_metrics(draw(400_000), None).items()}
    covered = dict.fromkeys(FOUR, 0)
    for _ in range(300):
        for name, one in weighted_estimates(draw(200)).items():
            covered[name] += one.low <= truth[name] <= one.high
    assert min(covered.values()) >= 300 * 0.91, covered


def test_what_has_no_honest_interval_is_left_out() -> None:
    scored = rows(300, 2, 6)
    found = judge(table(scored, place=np.random.default_rng(0).choice(["a", "b"], 300)), draws=50)
    assert [row for one in found.per_class for row in (one.precision.value, one.recall.value, one.f1.value)] == [
        None
    ] * 6
    assert found.per_class[0].f1.method == "left out: it has no interval for weighted rows"
    assert np.array_equal(found.confusion, scored.confusion)
    assert (found.thresholds, found.costs, found.conformal, found.selective, found.recalibration) == (None,) * 5
    assert (found.calibration, found.curves.roc, found.slices.found) == (None, (), ())
    assert found.effective_rows == pytest.approx(effective_number(scored.weights))
    (finding,) = [one for one in found.findings if one.code == "weighted"]
    assert finding.severity == "info"
    assert (
        f"300 rows of these weights say about as much as {found.effective_rows:,.0f} of equal weight."
        in finding.message
    )
    assert judgement_from_json(found.to_json()) == found


def test_what_is_asked_for_in_vain_is_refused() -> None:
    weighted = table(rows(100, 2, 7), place=["a", "b"] * 50)
    for asked in ({"at": ["f1"]}, {"costs": {"c0:c1": 2.0}}, {"slices": ["place"]}):
        with pytest.raises(
            InputError, match=r"^\w+: table has weights, and \w+ is only for rows of equal weight\. Leave"
        ):
            judge(weighted, **asked)  # type: ignore[arg-type]


def test_weights_of_zero_alone_are_refused() -> None:
    scored = replace(rows(20, 2, 8), weights=np.append(np.zeros(19), 1.0))
    unlabelled = table(scored).frame.with_columns(
        label=pl.when(pl.col("id") == "r19").then(None).otherwise(pl.col("label"))
    )
    with pytest.raises(PredictionsError, match=r"^table: every row with a label has the weight 0\."):
        judge(Predictions(unlabelled, table(scored).metadata, "table"))


def test_few_errors_take_the_effective_number_of_rows() -> None:
    scored = rows(100, 2, 11)
    sure = replace(scored, predicted=np.where(np.arange(100) < 4, 1 - scored.labels, scored.labels))
    one = weighted_estimates(sure)["accuracy"]
    count = effective_number(scored.weights)
    z, p = stats.norm.ppf(0.975), one.value
    half = z / (1 + z**2 / count) * np.sqrt(p * (1 - p) / count + z**2 / (4 * count**2))
    middle = (p + z**2 / (2 * count)) / (1 + z**2 / count)
    assert (one.low, one.high) == pytest.approx((middle - half, middle + half))
    assert one.method == "Wilson at the effective number of rows, weighted independent rows"


@pytest.mark.parametrize("classes", [2, 3])
def test_a_comparison_has_the_same_four(classes: int) -> None:
    a = rows(300, classes, 12)
    b = rows_of_b(a)
    found = compare(table(a, "a"), table(replace(b, weights=None), "b"), every_metric=True)
    assert set(found.metrics) == FOUR
    wanted_differences = weighted_differences(a, b)
    assert set(wanted_differences) == FOUR
    for name, wanted in wanted_differences.items():
        assert numbers(found.metrics[name]) == pytest.approx(numbers(wanted), rel=1e-9, abs=1e-12), name
        assert found.metrics[name].method == wanted.method
    for name, one in weighted_estimates(a).items():
        assert found.metrics[name].a == pytest.approx(one.value)
    assert (found.mcnemar.p_exact, found.mcnemar.p_midp, found.delong_p) == (None, None, None)
    assert found.mcnemar.only_a_right == ((a.predicted == a.labels) & (b.predicted != b.labels)).sum()
    assert found.minimum_detectable_difference > 0
    assert [one.code for one in found.findings] == ["weighted"]
    assert from_json(Comparison, found.to_json()) == found


def test_weights_that_are_all_equal_are_none() -> None:
    scored = rows(100, 2, 15)
    plain, equal = (judge(table(replace(scored, weights=w)), draws=50) for w in (None, np.full(100, 3.0)))
    assert equal == plain


def test_weights_that_differ_are_refused() -> None:
    a = rows(50, 2, 13)
    with pytest.raises(PredictionsError, match=r"^a and b have different weights for the same rows\. Give"):
        compare(table(a, "a"), table(replace(a, weights=a.weights + 1), "b"))


def test_weighted_groups_are_sums_over_groups() -> None:
    scored = rows(300, 2, 14)
    groups = np.repeat(np.arange(60), 5)
    found = judge(table(scored, group=[f"g{group}" for group in groups]), draws=50)
    assert set(found.metrics) == FOUR
    wanted = weighted_estimates(scored, groups)["log_loss"]
    assert numbers(found.metrics["log_loss"]) == pytest.approx(numbers(wanted), rel=1e-9)
    assert found.metrics["log_loss"].method == wanted.method
    assert found.groups is not None
    wanted = weighted_estimates(scored)["log_loss"]
    assert numbers(found.groups.independent["log_loss"]) == pytest.approx(numbers(wanted), rel=1e-9)
    assert found.effective_rows == pytest.approx(effective_number(scored.weights, groups))

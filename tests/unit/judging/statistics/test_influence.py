"""What each row adds to an error is the slope of the metric in the row's weight; average precision's interval rests on it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score

from classmark.judging.scored import Scored, confusion_metrics, statistics, weighted_metrics
from classmark.judging.statistics.average_precision import METHOD, TOO_FEW, precision_interval
from classmark.judging.statistics.groups import group_degrees
from classmark.judging.statistics.influence import class_parts, mean_ranked, metric_parts, tail_degrees
from classmark.judging.statistics.resampling import ClassCounts


def table(classes: int, rows: int = 120, seed: int = 0) -> Scored:
    """Rows with tied scores and wrong decisions."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, rows)
    logits = generator.normal(size=(rows, classes)) + 1.2 * (np.arange(classes) == labels[:, None])
    shares = np.round(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), 1) + 0.01
    shares /= shares.sum(axis=1, keepdims=True)
    return Scored(labels, np.argmax(shares, axis=1), shares, classes)


def weighted(scored: Scored, weights: np.ndarray) -> dict[str, np.ndarray]:
    """Every metric for row weights of shape (R, N)."""
    sums = [
        np.stack([np.bincount(part, weights=row, minlength=scored.classes) for row in weights * kept])
        for part, kept in (
            (scored.labels, 1),
            (scored.predicted, 1),
            (scored.labels, scored.labels == scored.predicted),
        )
    ]
    return weighted_metrics(scored, weights) | confusion_metrics(ClassCounts(*sums), scored.positive)


@pytest.mark.parametrize("classes", [2, 3])
def test_parts_are_the_slopes_of_every_metric(classes: int) -> None:
    scored, step = table(classes), 1e-5
    rows = len(scored)
    up, down = (weighted(scored, np.ones((rows, rows)) + sign * step * np.eye(rows)) for sign in (1, -1))
    parts = metric_parts(scored)
    assert set(parts) == set(statistics(scored))
    for name, each in parts.items():
        np.testing.assert_allclose(each, (up[name] - down[name]) / (2 * step), atol=1e-8, err_msg=name)
        assert each.sum() == pytest.approx(0, abs=1e-9)


def test_parts_of_a_class_are_those_of_the_positive_one() -> None:
    scored = table(2)
    for index in (0, 1):
        parts = metric_parts(replace(scored, positive=index))
        for name, part in zip(
            ("precision", "recall", "f1"), class_parts(scored.labels, scored.predicted, index), strict=True
        ):
            np.testing.assert_allclose(part, parts[name], atol=1e-12)


def test_an_unseen_error_at_the_top_lowers_average_precision_as_scikit_learn_has_it() -> None:
    scored = table(2)
    more = average_precision_score(np.append(scored.labels, 0), np.append(scored.scores(1), 2.0))
    assert mean_ranked(scored).unseen == pytest.approx(statistics(scored)["average_precision"] - more, rel=1e-9)


def test_degrees_of_freedom_follow_from_the_kurtosis() -> None:
    parts = np.random.default_rng(0).standard_t(2, size=50)
    parts -= parts.mean()
    kurtosis = float(stats.kurtosis(parts, fisher=False))
    assert tail_degrees(parts) == pytest.approx(100 / (kurtosis - 1))
    assert tail_degrees(np.append(np.zeros(99), 1.0)) == pytest.approx(2 / 0.99)
    assert group_degrees(30, parts) == pytest.approx(1 / (1 / 29 + (kurtosis - 1) / 100 - 1 / 49))
    assert group_degrees(30, np.tile([1.0, -1.0], 25)) == pytest.approx(
        29
    )  # lighter tails than normal ones add nothing


def test_average_precision_has_a_logit_interval_and_a_lower_end_for_unseen_errors() -> None:
    scored = table(2)
    value = statistics(scored)["average_precision"]
    ranked = mean_ranked(scored)
    rarer = min(np.bincount(scored.labels))
    degrees = 1 / (1 / tail_degrees(ranked.precision) + 1 / (rarer - 1))
    deviation = math.sqrt((ranked.precision**2).sum() * 120 / 119)
    half = stats.t.ppf(0.975, degrees) * deviation / (value * (1 - value))
    low, high = (
        1 / (1 + np.exp(half - np.log(value / (1 - value)))),
        1 / (1 + np.exp(-half - np.log(value / (1 - value)))),
    )
    found = precision_interval(scored, value)
    assert (found.value, found.method) == (value, METHOD)
    assert found.high == pytest.approx(high, rel=1e-4)
    assert found.low == pytest.approx(value - math.hypot(value - low, ranked.unseen), rel=1e-4)


def test_perfect_order_has_an_interval_and_two_positives_have_none() -> None:
    labels = np.repeat([0, 1], [10, 4])
    shares = np.column_stack([1 - labels, labels]).astype(np.float64)
    found = precision_interval(Scored(labels, labels, shares, 2), 1.0)
    lowered = average_precision_score(np.append(labels, 0), np.append(labels, 2.0))
    assert (found.low, found.high) == (pytest.approx(lowered), 1.0)
    few = precision_interval(Scored(labels[:12], labels[:12], shares[:12], 2), 1.0)
    assert (few.value, few.low, few.method) == (1.0, None, TOO_FEW)


@pytest.mark.parametrize(
    ("rows", "share", "distance", "wrong"), [(200, 0.5, 2.0, 0.0), (200, 0.5, 2.0, 0.005), (400, 0.05, 1.0, 0.0)]
)
def test_intervals_of_average_precision_cover(rows: int, share: float, distance: float, wrong: float) -> None:
    generator = np.random.default_rng(1)

    def drawn(count: int) -> Scored:
        labels = (generator.random(count) < share).astype(np.int64)
        scores = distance * labels + generator.normal(size=count)
        scores = np.where(generator.random(count) < wrong, (1 - 2 * labels) * (9 + generator.random(count)), scores)
        shares = 1 / (1 + np.exp(-scores))
        return Scored(labels, (shares > 0.5).astype(np.int64), np.column_stack([1 - shares, shares]), 2)

    true = statistics(drawn(400_000))["average_precision"]
    covered = []
    for _ in range(400):
        one = drawn(rows)
        found = precision_interval(one, statistics(one)["average_precision"])
        covered.append(found.low <= true <= found.high)
    assert np.mean(covered) > 0.925

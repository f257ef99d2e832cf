"""Weighted metrics against scikit-learn's `sample_weight`, and draws that neither blocks nor threads change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special, stats

from classmark.judging.scored import Scored, weighted_metrics
from classmark.judging.statistics import resampling
from classmark.judging.statistics.intervals import spread_interval
from classmark.judging.statistics.ranking import areas, rank
from classmark.judging.statistics.resampling import bootstrap, group_counts, per_draw, row_weights

Floats = NDArray[np.float64]


def made(rows: int, classes: int, seed: int, digits: int = 15) -> Scored:
    """Probabilities with ties where they have few digits."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, rows)
    labels[:classes] = np.arange(classes)
    stated = np.round(np.exp(generator.normal(size=(rows, classes)) + (np.arange(classes) == labels[:, None])), digits)
    stated = (stated + 1e-3) / (stated + 1e-3).sum(axis=1, keepdims=True)
    return Scored(labels, np.argmax(stated, axis=1), stated, classes)


def expected(scored: Scored, weight: Floats) -> dict[str, float]:
    """scikit-learn's values for one row of weights."""
    labels, stated, classes = scored.labels, scored.probabilities, list(range(scored.classes))
    assert stated is not None
    weighted: dict[str, Any] = {"sample_weight": weight}
    if scored.classes == 2:
        brier = sk.brier_score_loss(labels, stated[:, 1], **weighted)
        roc = sk.roc_auc_score(labels, stated[:, 1], **weighted)
        average = sk.average_precision_score(labels, stated[:, 1], **weighted)
    else:
        brier = sk.brier_score_loss(labels, stated, labels=classes, scale_by_half=False, **weighted)
        each = [(labels == index, stated[:, index]) for index in classes]
        roc = np.mean([sk.roc_auc_score(*pair, **weighted) for pair in each])
        average = np.mean([sk.average_precision_score(*pair, **weighted) for pair in each])
    return {
        "accuracy": sk.accuracy_score(labels, scored.predicted, **weighted),
        "log_loss": sk.log_loss(labels, stated, labels=classes, **weighted),
        "brier": brier,
        "roc_auc": roc,
        "average_precision": average,
    }


@pytest.mark.parametrize("digits", [0, 1, 15])
@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("whole", [True, False])
def test_weighted_metrics_are_those_of_scikit_learn(classes: int, digits: int, whole: bool) -> None:
    scored = made(240, classes, digits, digits)
    generator = np.random.default_rng(9)
    weights = generator.integers(0, 4, (6, 240)).astype(np.uint8) if whole else generator.exponential(size=(6, 240))
    found = weighted_metrics(scored, weights)
    for index, weight in enumerate(weights):
        values = {name: found[name][index] for name in found}
        assert values == pytest.approx(expected(scored, weight.astype(np.float64)), rel=0, abs=1e-12)


@pytest.mark.parametrize("classes", [2, 3])
def test_draws_are_scikit_learns_on_the_drawn_rows(classes: int) -> None:
    scored = made(200, classes, 1)
    found = bootstrap(scored, 12, 3)
    for index, weight in enumerate(np.concatenate(list(row_weights(200, 12, 3)))):
        values = {name: found[name][index] for name in found}
        assert values == pytest.approx(expected(scored, weight.astype(np.float64)), rel=0, abs=1e-12)


@pytest.mark.parametrize("groups", [None, np.repeat(np.arange(75), 4)])
@pytest.mark.parametrize("classes", [2, 7])
def test_blocks_and_threads_change_nothing(
    monkeypatch: pytest.MonkeyPatch, classes: int, groups: NDArray[np.int64] | None
) -> None:
    scored = made(300, classes, 2, 2)

    def drawn() -> list[Floats]:
        counts = group_counts(scored, 40, 5, np.arange(300) if groups is None else groups)
        return [*bootstrap(scored, 40, 5, groups).values(), *counts]

    first = drawn()
    for block, threads in ((1, 1), (300 * 7, 3), (1 << 22, 2)):
        monkeypatch.setattr(resampling, "BLOCK_ROWS", block)
        monkeypatch.setattr(resampling, "cores", lambda threads=threads: threads)
        for one, other in zip(first, drawn(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_order_of_draws_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "BLOCK_ROWS", 1)
    weights = np.concatenate(per_draw(lambda block: block, 50, 30, 0, None))
    np.testing.assert_array_equal(weights, np.concatenate(list(row_weights(50, 30, 0))))
    assert (weights.sum(axis=1) == 50).all()


def test_what_goes_wrong_in_a_thread_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "BLOCK_ROWS", 1)
    seen: list[int] = []

    def statistic(block: NDArray[np.uint8]) -> None:
        seen.append(1)
        if len(seen) == 4:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        per_draw(statistic, 50, 30, 0, None)


ROWS = st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=30)


def weighted_areas(rows: list[tuple[bool, int, int]], change: Callable[[Floats], Floats] = lambda x: x) -> Floats:
    positive, scores, weights = (np.array(part) for part in zip(*rows, strict=True))
    found = areas(rank(positive, change(scores.astype(np.float64))), weights[None].astype(np.float64))
    return np.array(found)[:, 0]


@given(ROWS)
@settings(deadline=None, max_examples=150)
def test_an_area_is_the_share_of_pairs_in_order(rows: list[tuple[bool, int, int]]) -> None:
    above = [(score, weight) for positive, score, weight in rows if positive]
    below = [(score, weight) for positive, score, weight in rows if not positive]
    pairs = [(w * v, (s > t) + (s == t) / 2) for s, w in above for t, v in below]
    total = sum(weight for weight, _ in pairs)
    roc = weighted_areas(rows)[0]
    if total == 0:
        assert np.isnan(roc)
    else:
        assert roc == pytest.approx(sum(weight * order for weight, order in pairs) / total, abs=1e-12)


@given(ROWS, st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=100)
def test_areas_depend_on_neither_the_order_of_rows_nor_the_scale(
    rows: list[tuple[bool, int, int]], random: Any
) -> None:
    found = weighted_areas(rows)
    np.testing.assert_allclose(weighted_areas(rows, lambda scores: np.exp(scores / 3)), found, rtol=0, atol=1e-12)
    moved = list(rows)
    random.shuffle(moved)
    np.testing.assert_allclose(weighted_areas(moved), found, rtol=0, atol=1e-12)


@given(ROWS)
@settings(deadline=None, max_examples=100)
def test_whole_and_fractional_weights_are_summed_alike(rows: list[tuple[bool, int, int]]) -> None:
    positive, scores, weights = (np.array(part) for part in zip(*rows, strict=True))
    ranking = rank(positive, scores.astype(np.float64))
    whole = areas(ranking, weights[None].astype(np.uint8))
    np.testing.assert_allclose(whole, areas(ranking, weights[None] / 2.0), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("scale", "there", "back", "value"), [
    ("logit", special.logit, special.expit, 0.8),
    ("log", np.log, np.exp, 0.3),
    ("Fisher's z", np.arctanh, np.tanh, -0.4),
])  # fmt: skip
@pytest.mark.parametrize("units", [None, 2, 40])
def test_interval_from_the_spread_of_draws(scale: Any, there: Any, back: Any, value: float, units: int | None) -> None:
    draws = value + 0.02 * np.random.default_rng(0).normal(size=500)
    found = spread_interval(value, draws, "percentile bootstrap, 500 draws", scale, units)
    slope = (there(value + 1e-6) - there(value - 1e-6)) / 2e-6
    half = slope * np.std(draws, ddof=1)
    half *= stats.norm.ppf(0.975) if units is None else stats.t.ppf(0.975, units - 1) * units / (units - 1)
    expected = back(there(value) - half), back(there(value) + half)
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-7)
    assert found.method == f"deviation on the {scale} scale, bootstrap, 500 draws"


@pytest.mark.parametrize(("scale", "value"), [("logit", 1.0), ("log", 0.0), ("Fisher's z", -1.0)])
def test_a_value_at_the_end_of_its_scale_has_no_interval(scale: Any, value: float) -> None:
    draws = value + np.linspace(-0.1, 0.1, 50)
    found = spread_interval(value, draws, "percentile bootstrap", scale, 30)
    assert (found.low, found.high, found.method) == (None, None, "none: the value is at its bound")


def test_no_interval_exceeds_the_highest_value() -> None:
    draws = 0.9 + np.linspace(-0.3, 0.1, 50)
    assert spread_interval(0.9, draws, "percentile bootstrap", "log", 5, 1.0).high == 1.0

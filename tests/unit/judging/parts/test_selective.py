from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classmark.judging.parts.selective import Selective, choose_threshold, select
from classmark.judging.parts.thresholds import fewest_behind
from classmark.judging.scored import Scored
from classmark.judging.statistics.intervals import WIDER_SHARE
from classmark.judging.stored import from_json, to_json


def drawn(rows: int, seed: int, classes: int = 3, decimals: int = 8) -> Scored:
    """Rows of a calibrated model, their probabilities rounded so that confidences may be equal."""
    rng = np.random.default_rng(seed)
    values = rng.dirichlet(np.full(classes, 0.5), rows).round(decimals)
    values[:, -1] = 1 - values[:, :-1].sum(axis=1)
    labels = np.minimum((values.cumsum(axis=1) < rng.uniform(size=(rows, 1))).sum(axis=1), classes - 1)
    return Scored(labels, values.argmax(axis=1), values, classes)


def by_confidence(confidences: list[float], right: list[bool]) -> Scored:
    values = np.column_stack([confidences, 1 - np.array(confidences)])
    labels = np.where(right, 0, 1)
    return Scored(labels, np.zeros(len(right), np.int64), values, 2)


def test_the_curve_by_hand() -> None:
    found = select(by_confidence([0.9, 0.8, 0.7, 0.6], [True, False, True, False]), None)
    assert found.coverage == (0.25, 0.5, 0.75, 1.0)
    assert found.risk == pytest.approx((0, 1 / 2, 1 / 3, 2 / 4))
    assert found.area == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert found.best_area == pytest.approx((0 + 0 + 1 / 3 + 2 / 4) / 4)
    assert found.targets is None


def test_the_area_is_the_mean_over_random_orders_of_equal_confidences() -> None:
    scored = drawn(60, 0, decimals=1)
    assert scored.probabilities is not None
    wrong, confidence = scored.predicted != scored.labels, scored.probabilities.max(axis=1)
    rng = np.random.default_rng(0)
    areas = []
    for _ in range(4_000):
        order = np.lexsort([rng.uniform(size=60), -confidence])
        areas.append(np.mean(np.cumsum(wrong[order]) / np.arange(1, 61)))
    assert select(scored, None).area == pytest.approx(np.mean(areas), abs=4 * np.std(areas) / np.sqrt(4_000))


@given(rows=st.integers(1, 300), seed=st.integers(0, 1_000), decimals=st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_order_is_nothing_and_no_order_is_better_than_the_best(rows: int, seed: int, decimals: int) -> None:
    scored = drawn(rows, seed, decimals=decimals)
    assert scored.probabilities is not None
    order = np.random.default_rng(seed).permutation(rows)
    moved = Scored(scored.labels[order], scored.predicted[order], scored.probabilities[order], scored.classes)
    found, again = select(scored, None), select(moved, None)
    assert again.area == pytest.approx(found.area, abs=1e-12)
    assert again.risk == pytest.approx(found.risk, abs=1e-12)
    assert found.best_area <= found.area + 1e-12
    assert found.risk[-1] == pytest.approx(np.mean(scored.predicted != scored.labels))
    assert len(found.risk) == min(rows, 200)


@given(rows=st.integers(1, 300), seed=st.integers(0, 1_000), error=st.floats(0.01, 0.6), decimals=st.integers(1, 8))
@settings(max_examples=80, deadline=None)
def test_no_other_threshold_keeps_more_validation_rows(rows: int, seed: int, error: float, decimals: int) -> None:
    scored = drawn(rows, seed, decimals=decimals)
    assert scored.probabilities is not None
    confidence, wrong = scored.probabilities.max(axis=1), scored.predicted != scored.labels
    kept = [confidence >= threshold for threshold in np.unique(confidence)]
    most = max(
        (each.sum() for each in kept if each.sum() >= fewest_behind(1 - error) and wrong[each].mean() <= error),
        default=0,
    )
    found = choose_threshold(scored, error)
    assert (0 if found is None else (confidence >= found).sum()) == most


def test_the_thresholds_are_reported_on_test() -> None:
    test, validation = drawn(4_000, 0), drawn(4_000, 1)
    found = select(test, validation)
    assert found.targets is not None
    assert test.probabilities is not None
    for target, error in zip(found.targets, (0.01, 0.05), strict=True):
        assert target.error == error
        assert target.threshold is not None
        kept = test.probabilities.max(axis=1) >= target.threshold
        assert target.coverage is not None
        assert target.test_error is not None
        assert target.coverage.value == pytest.approx(kept.mean())
        assert target.test_error.value == pytest.approx((test.predicted != test.labels)[kept].mean())
        few = (test.predicted != test.labels)[kept].sum() < 10
        assert target.test_error.method == (WIDER_SHARE if few else "Wilson, independent rows")
        assert target.test_error.low < error < target.test_error.high  # type: ignore[operator]


def test_a_model_that_is_good_enough_keeps_every_row() -> None:
    validation = by_confidence([0.6 + 0.001 * row for row in range(200)], [True] * 199 + [False])
    test = by_confidence([0.5, 0.55], [True, True])
    found = select(test, validation).targets
    assert found is not None
    assert (found[0].threshold, found[0].coverage.value) == (0.0, 1.0)  # type: ignore[union-attr]


def test_a_few_lucky_rows_are_no_threshold() -> None:
    assert choose_threshold(by_confidence([0.99] * 29 + [0.6] * 100, [True] * 29 + [False] * 100), 0.05) is None
    scored = by_confidence([0.99] * 40 + [0.6] * 100, [True] * 40 + [False] * 100)
    assert choose_threshold(scored, 0.05) == 0.99
    found = select(scored, scored).targets
    assert found is not None
    assert (found[0].coverage, found[0].missing) == (None, "no threshold keeps 1 % on at least 100 validation rows")


def test_groups_are_whole_in_the_intervals() -> None:
    test, validation = drawn(1_000, 0), drawn(1_000, 1)
    found = select(test, validation, np.arange(1_000) // 10).targets
    assert found is not None
    assert found[1].coverage.method == "t interval by group sums (100 groups)"  # type: ignore[union-attr]


def test_selective_prediction_survives_json() -> None:
    scored = by_confidence([0.99] * 30 + [0.6] * 100, [True] * 30 + [False] * 100)
    for validation in (None, scored):
        found = select(scored, validation)
        assert from_json(Selective, json.loads(json.dumps(to_json(found), allow_nan=False))) == found

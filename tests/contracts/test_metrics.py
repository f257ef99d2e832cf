"""What must hold of every metric: each property names the metrics it is for, and together with the exempt ones, all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from classmark.judging.metric import METRICS
from classmark.judging.scored import Scored
from classmark.judging.statistics.estimates import Estimates, estimate
from classmark.predictions import build_predictions

EVERY = set(METRICS)
INFINITE = math.inf
BOUNDS = {
    "accuracy": (0.0, 1.0),
    "log_loss": (0.0, INFINITE),
    "roc_auc": (0.0, 1.0),
    "average_precision": (0.0, 1.0),
    "brier": (0.0, 2.0),
    "ece": (0.0, 1.0),
    "balanced_accuracy": (0.0, 1.0),
    "precision": (0.0, 1.0),
    "recall": (0.0, 1.0),
    "f1": (0.0, 1.0),
    "precision_macro": (0.0, 1.0),
    "recall_macro": (0.0, 1.0),
    "f1_macro": (0.0, 1.0),
    "mcc": (-1.0, 1.0),
    "top5_accuracy": (0.0, 1.0),
}
BEST = {name: 0.0 if name in {"log_loss", "brier", "ece"} else 1.0 for name in METRICS}
WITH_SCORES = {"log_loss", "roc_auc", "average_precision", "brier", "ece", "top5_accuracy"}
# Whichever of two classes is called positive, these are the same.
SYMMETRIC = {
    *("accuracy", "log_loss", "roc_auc", "brier", "ece", "mcc"),
    *("balanced_accuracy", "precision_macro", "recall_macro", "f1_macro"),
}
NOT_SYMMETRIC = {"precision", "recall", "f1", "average_precision"}
ONLY_FOR_MANY = {"top5_accuracy"}


def rows(count: int, classes: int, seed: int, sharpness: float = 1.0) -> Scored:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, count)
    logits = generator.normal(size=(count, classes)) + sharpness * (np.arange(classes) == labels[:, None])
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Scored(labels, np.argmax(probabilities, axis=1), probabilities, classes)


def judged(scored: Scored, groups: NDArray[np.int64] | None = None) -> Estimates:
    return estimate(scored, tuple(f"class {index}" for index in range(scored.classes)), 60, 0, groups)


def values(scored: Scored) -> dict[str, float]:
    return {name: one.value for name, one in judged(scored).metrics.items() if one.value is not None}


def taken(scored: Scored, order: NDArray[np.int64]) -> Scored:
    assert scored.probabilities is not None
    return Scored(
        scored.labels[order], scored.predicted[order], scored.probabilities[order], scored.classes, scored.positive
    )


def with_classes_moved(scored: Scored, order: NDArray[np.int64]) -> Scored:
    """The same rows with class `order[i]` in place i."""
    assert scored.probabilities is not None
    place = np.argsort(order)
    positive = int(place[scored.positive]) if scored.classes == 2 else scored.positive
    return Scored(
        place[scored.labels], place[scored.predicted], scored.probabilities[:, order], scored.classes, positive
    )


def test_each_table_of_properties_covers_every_metric() -> None:
    assert set(BOUNDS) == set(BEST) == EVERY
    assert SYMMETRIC | NOT_SYMMETRIC | ONLY_FOR_MANY == EVERY
    assert set(values(rows(60, 2, 0))) | set(values(rows(60, 7, 0))) == EVERY


@st.composite
def any_rows(draw: st.DrawFn) -> Scored:
    """Any table at all: few rows, absent classes, ties, certain and wrong."""
    classes = draw(st.sampled_from([2, 3, 6, 8]))
    count = draw(st.integers(1, 12))
    labels = draw(st.lists(st.integers(0, classes - 1), min_size=count, max_size=count))
    parts = draw(
        st.lists(
            st.lists(st.integers(0, 4), min_size=classes, max_size=classes).filter(any), min_size=count, max_size=count
        )
    )
    counts = np.array(parts, dtype=np.float64)
    probabilities = counts / counts.sum(axis=1, keepdims=True)
    return Scored(np.array(labels), np.argmax(probabilities, axis=1), probabilities, classes)


@settings(max_examples=150, deadline=None)
@given(any_rows(), st.booleans())
def test_bounded_with_the_value_inside_its_interval(scored: Scored, grouped: bool) -> None:
    groups = np.arange(len(scored)) // 2 if grouped else None
    found = judged(scored, groups)
    each = [(name, one) for part in found.per_class for name, one in vars(part).items() if name in BOUNDS]
    for name, one in [*found.metrics.items(), *each]:
        low, high = BOUNDS[name]
        if name == "brier" and scored.classes == 2:
            high = 1.0
        if one.value is None:
            assert one.low is None, name
            assert one.high is None, name
            assert one.method.startswith("undefined"), name
            continue
        assert low - 1e-12 <= one.value <= high + 1e-12, name
        if one.low is None or one.high is None:
            assert one.low is one.high, name
            assert one.method.startswith("none: "), name
        else:
            assert low <= one.low <= one.value <= one.high <= high + 1e-12, name


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_the_order_of_rows_does_not_matter(classes: int) -> None:
    scored = rows(200, classes, 1)
    order = np.random.default_rng(2).permutation(200)
    assert values(taken(scored, order)) == pytest.approx(values(scored), rel=0, abs=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_rows_given_three_times_say_the_same(classes: int) -> None:
    scored = rows(100, classes, 3)
    assert values(taken(scored, np.repeat(np.arange(100), 3))) == pytest.approx(values(scored), rel=0, abs=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_the_order_of_classes_does_not_matter(classes: int) -> None:
    """With the positive class followed to its new place."""
    scored = rows(200, classes, 4)
    order = np.random.default_rng(5).permutation(classes)[::-1] if classes > 2 else np.array([1, 0])
    moved = with_classes_moved(scored, order)
    assert values(moved) == pytest.approx(values(scored), rel=0, abs=1e-12)
    before, after = judged(scored).per_class, judged(moved).per_class
    for place, index in enumerate(order):
        assert after[place].rows == before[index].rows
        assert after[place].precision == before[index].precision
        assert after[place].recall == before[index].recall
        assert after[place].f1.value == before[index].f1.value


def test_which_of_two_classes_is_positive_moves_only_what_speaks_of_it() -> None:
    scored = rows(200, 2, 6)
    other = Scored(scored.labels, scored.predicted, scored.probabilities, 2, positive=0)
    first, second = values(scored), values(other)
    assert {name: second[name] for name in SYMMETRIC} == pytest.approx(
        {name: first[name] for name in SYMMETRIC}, rel=0, abs=1e-12
    )
    assert all(abs(first[name] - second[name]) > 1e-4 for name in NOT_SYMMETRIC)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_perfect_predictions_have_the_best_value(classes: int) -> None:
    labels = np.arange(70) % classes
    perfect = Scored(labels, labels, np.eye(classes)[labels], classes)
    found = values(perfect)
    assert found == pytest.approx({name: BEST[name] for name in found}, rel=0, abs=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_better_predictions_have_better_values(classes: int) -> None:
    blunt, sharp = values(rows(3_000, classes, 7, 0.5)), values(rows(3_000, classes, 7, 2.0))
    for name in set(blunt) - {"ece"}:
        assert abs(sharp[name] - BEST[name]) < abs(blunt[name] - BEST[name]), name


@pytest.mark.parametrize("classes", [2, 7])
def test_labels_alone_give_what_needs_no_scores(classes: int) -> None:
    scored = rows(200, classes, 8)
    found = judged(Scored(scored.labels, scored.predicted, None, classes)).metrics
    with_scores = judged(scored).metrics
    assert set(found) == set(with_scores) - WITH_SCORES
    assert found == {name: with_scores[name] for name in found}


@pytest.mark.parametrize("classes", [2, 7])
def test_the_same_seed_gives_the_same_intervals_and_another_other_ones(classes: int) -> None:
    scored = rows(200, classes, 9)
    names = tuple(f"class {index}" for index in range(classes))
    first, again, other = (estimate(scored, names, 60, seed).metrics for seed in (0, 0, 1))
    assert first == again
    drawn = {name for name, one in first.items() if "bootstrap" in one.method and one.low is not None}
    assert bool(drawn) == (classes > 2)  # of two classes no interval needs draws
    assert all(first[name] != other[name] for name in drawn)


def test_a_table_judges_as_its_arrays() -> None:
    """Float32 probabilities are judged as the float64 values they stand for."""
    scored = rows(100, 3, 10)
    assert scored.probabilities is not None
    single = scored.probabilities.astype(np.float32)
    names = ["a", "b", "c"]
    table = build_predictions([str(row) for row in range(100)], [names[i] for i in scored.labels], single, names)
    np.testing.assert_array_equal(table.probabilities, single.astype(np.float64))
    assert table.probabilities.dtype == np.float64

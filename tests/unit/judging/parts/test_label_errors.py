"""Confident learning beside cleanlab, its authors' own implementation, and on rows whose labels were flipped."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from cleanlab.count import calibrate_confident_joint, compute_confident_joint, get_confident_thresholds
from cleanlab.filter import find_label_issues
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from classmark.errors import InputError
from classmark.judging.parts import label_errors
from classmark.judging.parts.label_errors import find_label_errors, label_error_frame
from classmark.predictions import Predictions, build_predictions

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]


def noisy_rows(seed: int, rows: int, classes: int, noise: float) -> tuple[Labels, Labels, Floats]:
    """True labels, labels of which a share `noise` is flipped, and probabilities that know the true ones fairly well."""
    rng = np.random.default_rng(seed)
    true = np.concatenate([np.arange(classes).repeat(3), rng.integers(0, classes, rows)])
    probabilities = rng.dirichlet(np.full(classes, 0.5), len(true))
    probabilities[np.arange(len(true)), true] += rng.gamma(1.5, 1.0, len(true))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    flipped = rng.random(len(true)) < noise
    given_labels = np.where(flipped, (true + rng.integers(1, classes, len(true))) % classes, true)
    given_labels[: 3 * classes] = true[: 3 * classes]
    return true, given_labels, probabilities


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(20, 400), st.integers(2, 7), st.floats(0, 0.4))
def test_every_step_is_cleanlabs(seed: int, rows: int, classes: int, noise: float) -> None:
    _, labels, probabilities = noisy_rows(seed, rows, classes, noise)
    thresholds = label_errors.confident_thresholds(labels, probabilities)
    np.testing.assert_allclose(thresholds, get_confident_thresholds(labels, probabilities), rtol=1e-12)
    joint = label_errors.confident_joint(labels, probabilities)
    np.testing.assert_array_equal(joint, compute_confident_joint(labels, probabilities, calibrate=False))
    calibrated = label_errors.calibrated_joint(joint, labels)
    np.testing.assert_array_equal(calibrated.sum(axis=1), np.bincount(labels, minlength=classes))
    assert np.abs(calibrated - calibrate_confident_joint(joint, labels)).max() <= 1  # equal remainders may go elsewhere


@pytest.mark.parametrize("seed", range(12))
def test_the_rows_are_cleanlabs(seed: int) -> None:
    _, labels, probabilities = noisy_rows(seed, 500 + 37 * seed, 2 + seed % 5, 0.15)
    joint = label_errors.confident_joint(labels, probabilities)
    counts = label_errors.calibrated_joint(joint, labels)
    found = find_label_issues(labels, probabilities, filter_by="prune_by_noise_rate", n_jobs=1, confident_joint=counts)
    rows = label_errors.label_error_rows(labels, probabilities)
    assert sorted(rows.tolist()) == np.flatnonzero(found).tolist()
    assert np.all(np.diff(probabilities[rows, labels[rows]]) >= 0)


def test_a_worked_example() -> None:
    """Two classes, thresholds 0.7 and 0.6 by hand: the row labelled 0 at 0.1 is the one error."""
    first = np.array([0.9, 0.9, 0.9, 0.1, 0.2, 0.2, 0.6, 0.6])
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    probabilities = np.stack([first, 1 - first], axis=1)
    np.testing.assert_allclose(label_errors.confident_thresholds(labels, probabilities), [0.7, 0.6])
    np.testing.assert_array_equal(label_errors.confident_joint(labels, probabilities), [[3, 1], [0, 2]])
    np.testing.assert_array_equal(label_errors.label_error_rows(labels, probabilities), [3])


def test_it_finds_flipped_labels() -> None:
    true, labels, probabilities = noisy_rows(3, 4_000, 4, 0.1)
    flipped = true != labels
    rows = label_errors.label_error_rows(labels, probabilities)
    first = rows[: int(flipped.sum()) // 2]
    assert flipped[first].mean() > 0.8  # by chance it would be 0.1
    assert flipped[rows].sum() / flipped.sum() > 0.6


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 1_000), st.integers(2, 5))
def test_the_order_of_rows_and_classes_does_not_matter(seed: int, classes: int) -> None:
    _, labels, probabilities = noisy_rows(seed, 200, classes, 0.2)
    rng = np.random.default_rng(seed)
    rows, order = rng.permutation(len(labels)), rng.permutation(classes)
    joint = label_errors.confident_joint(labels, probabilities)
    moved = label_errors.confident_joint(np.argsort(order)[labels[rows]], probabilities[rows][:, order])
    np.testing.assert_array_equal(moved, joint[np.ix_(order, order)])


def table(labels: list[str | None], probabilities: list[list[float]]) -> Predictions:
    ids = [f"r{row}" for row in range(len(labels))]
    return build_predictions(ids, labels, np.asarray(probabilities), ("cat", "dog"))


def test_the_table_names_rows_and_leaves_out_unlabelled_ones() -> None:
    predictions = table(
        [None, "cat", "cat", "cat", "dog", "dog"], [[0.5, 0.5], [0.9, 0.1], [0.8, 0.2], [0.1, 0.9]] + [[0.2, 0.8]] * 2
    )
    found = find_label_errors(predictions)
    assert (found.audited, found.count, found.share) == (5, 1, 0.2)
    (row,) = found.rows
    assert (row.id, row.label, row.suggested) == ("r3", "cat", "dog")
    assert (row.confidence, row.label_probability) == (0.9, 0.1)
    assert label_error_frame(predictions).columns == ["id", "label", "suggested", "confidence", "label_probability"]


def test_sure_and_right_predictions_name_nothing() -> None:
    predictions = table(["cat", "dog", "dog"], [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    found = find_label_errors(predictions)
    assert (found.count, found.rows, found.estimated_share) == (0, (), 0.0)
    assert label_error_frame(predictions).height == 0


def test_one_class_and_lonely_rows_are_a_defined_result() -> None:
    assert find_label_errors(table(["cat"] * 3, [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])).audited == 3
    assert find_label_errors(table(["cat", "dog"], [[0.1, 0.9], [0.9, 0.1]])).count == 0


def test_labels_alone_are_refused() -> None:
    frame = pl.DataFrame({"id": ["a", "b"], "label": ["cat", "dog"], "predicted": ["cat", "cat"]})
    with pytest.raises(InputError, match="needs probabilities"):
        find_label_errors(Predictions(frame, {"classes": ["cat", "dog"]}))

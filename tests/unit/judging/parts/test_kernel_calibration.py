"""The kernel calibration error against a plain double loop, its test against its promise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from classmark.judging.parts import kernel_calibration
from classmark.judging.parts.kernel_calibration import KernelError, kernel_error
from classmark.judging.scored import Scored


def drawn(rows: int, classes: int, seed: int, temperature: float = 1.0) -> Scored:
    """Rows whose labels are drawn from softmax(logits), while the probabilities are softmax(logits / temperature)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (rows, classes))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (true.cumsum(axis=1)[:, :-1] < rng.uniform(size=(rows, 1))).sum(axis=1)
    values = np.exp(logits / temperature)
    values /= values.sum(axis=1, keepdims=True)
    return Scored(labels, values.argmax(axis=1), values, classes)


def by_loop(scored: Scored) -> float:
    """Widmann et al. 2019, lemma 2, with the kernel exp(−total variation / median) · identity."""
    assert scored.probabilities is not None
    values, rows = scored.probabilities, len(scored)
    pairs = [(i, j) for i in range(rows) for j in range(i)]
    apart = {pair: np.abs(values[pair[0]] - values[pair[1]]).sum() / 2 for pair in pairs}
    width = float(np.median(list(apart.values())))
    residuals = np.eye(scored.classes)[scored.labels] - values
    return float(np.mean([math.exp(-apart[i, j] / width) * residuals[i] @ residuals[j] for i, j in pairs]))


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_the_quadratic_estimator_is_the_double_loop(classes: int) -> None:
    scored = drawn(60, classes, classes)
    found = kernel_error(scored)
    assert found.value == pytest.approx(by_loop(scored), abs=1e-12)
    assert found.block == 60
    assert found.method == (
        "unbiased quadratic estimator, p from 199 draws of labels from the probabilities, independent rows"
    )


@pytest.mark.parametrize("classes", [2, 4])
def test_a_calibrated_model_has_no_error_on_average_and_is_refused_at_the_level(classes: int) -> None:
    found = [kernel_error(drawn(100, classes, seed)) for seed in range(200)]
    values = [one.value or 0 for one in found]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(200)
    refused = np.mean([(one.p or 0) <= 0.1 for one in found])
    assert refused == pytest.approx(0.1, abs=3 * np.sqrt(0.09 / 200))


def test_a_model_that_is_too_sure_is_refused() -> None:
    assert np.mean([(kernel_error(drawn(300, 3, seed, 0.4)).p or 1) <= 0.05 for seed in range(10)]) == 1


@pytest.mark.parametrize("classes", [2, 4])
def test_blocks_have_the_same_mean_and_their_normal_limit_keeps_the_level(
    classes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel_calibration, "MOST_RESAMPLED", 0)
    found = [kernel_error(drawn(600, classes, seed)) for seed in range(300)]
    assert {(one.block, one.method) for one in found} == {
        (6, "unbiased estimator over blocks of 6 rows, p from the normal limit over 100 blocks, independent rows")
    }
    values = [one.value or 0 for one in found]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(300)
    assert np.mean([(one.p or 0) <= 0.1 for one in found]) == pytest.approx(0.1, abs=3 * np.sqrt(0.09 / 300))


def test_the_order_of_rows_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scored = drawn(200, 3, 0)
    order = np.random.default_rng(1).permutation(200)
    assert scored.probabilities is not None
    moved = Scored(scored.labels[order], scored.predicted[order], scored.probabilities[order], 3)
    assert kernel_error(moved) == kernel_error(scored)
    monkeypatch.setattr(kernel_calibration, "BUDGET", 200 * 3 * 10)
    assert kernel_error(moved) == kernel_error(scored)
    assert kernel_error(scored).block == 10


def test_what_cannot_be_known_says_why() -> None:
    scored = drawn(100, 2, 0)
    none = KernelError(None, None, 0, None, "none: rows of a group are related however good the model is")
    assert kernel_error(scored, np.arange(100) // 2) == none
    assert kernel_error(drawn(9, 2, 0)).method == "none: fewer than 10 rows"


def test_probabilities_of_zero_and_one_are_right_or_refused() -> None:
    values = np.eye(2)[np.arange(100) % 2]
    right = kernel_error(Scored(np.arange(100) % 2, values.argmax(axis=1), values, 2))
    assert (right.value, right.p) == (0, 1)
    wrong = kernel_error(Scored((np.arange(100) // 2) % 2, values.argmax(axis=1), values, 2))
    assert wrong.p == 1 / 200


def test_of_too_many_values_a_part_of_the_rows_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel_calibration, "MOST_VALUES", 300 * 3)
    found = kernel_error(drawn(600, 3, 0))
    assert found.method == (
        "unbiased quadratic estimator (300 rows drawn), p from 199 draws of labels from the probabilities, independent rows"
    )
    monkeypatch.setattr(kernel_calibration, "MOST_RESAMPLED", 0)
    assert kernel_error(drawn(600, 3, 0)).method == (
        "unbiased estimator over blocks of 3 rows (300 rows drawn), p from the normal limit over 100 blocks, independent rows"
    )

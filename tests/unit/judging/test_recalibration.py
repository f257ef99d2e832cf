from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special

from classmark.judging.intervals import Floats
from classmark.judging.recalibration import fit_temperature, table_logits, tempered
from classmark.predictions import build_predictions


def drawn(rows: int, classes: int, temperature: float, seed: int) -> tuple[Floats, np.ndarray]:
    """Logits whose true temperature is known: labels are drawn from softmax(logits / temperature)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (rows, classes))
    probabilities = special.softmax(logits / temperature, axis=1)
    return logits, (probabilities.cumsum(axis=1) < rng.uniform(size=(rows, 1))).sum(axis=1)


def mean_log_loss(inverse: float, logits: Floats, labels: np.ndarray) -> float:
    return float(-special.log_softmax(logits * inverse, axis=1)[np.arange(len(labels)), labels].mean())


@pytest.mark.parametrize(("classes", "temperature"), [(2, 0.6), (2, 3.0), (10, 1.7), (200, 0.8)])
def test_the_temperature_is_where_scipy_finds_the_minimum(classes: int, temperature: float) -> None:
    logits, labels = drawn(2_000, classes, temperature, seed=classes)
    found = optimize.minimize_scalar(
        mean_log_loss, bounds=(0.01, 100), args=(logits, labels), method="bounded", options={"xatol": 1e-10}
    )
    assert fit_temperature(logits, labels) == pytest.approx(1 / found.x, rel=1e-6)


def test_the_true_temperature_is_found() -> None:
    logits, labels = drawn(50_000, 5, 2.5, seed=0)
    assert fit_temperature(logits, labels) == pytest.approx(2.5, rel=0.02)


def test_without_a_finite_minimum_the_end_of_the_range_comes_back() -> None:
    logits = np.array([[2.0, 0.0], [0.0, 1.0]])
    assert fit_temperature(logits, np.array([0, 1])) == 0.01
    assert fit_temperature(logits, np.array([1, 0])) == 100
    assert fit_temperature(np.zeros((2, 2)), np.array([0, 1])) == 100


@given(scale=st.floats(0.05, 20), shift=st.floats(-50, 50), classes=st.integers(2, 6), seed=st.integers(0, 1_000))
@settings(max_examples=50, deadline=None)
def test_the_temperature_scales_with_the_logits_and_ignores_shifts(
    scale: float, shift: float, classes: int, seed: int
) -> None:
    logits, labels = drawn(200, classes, 1.3, seed)
    plain = fit_temperature(logits, labels)
    assert fit_temperature(scale * logits + shift, labels) == pytest.approx(
        min(100, max(0.01, scale * plain)), rel=1e-6
    )


@given(temperature=st.floats(0.05, 20), classes=st.integers(2, 6), seed=st.integers(0, 1_000))
@settings(max_examples=50, deadline=None)
def test_no_temperature_changes_the_predicted_class(temperature: float, classes: int, seed: int) -> None:
    logits, _ = drawn(50, classes, 1, seed)
    probabilities = tempered(logits, temperature)
    assert (probabilities.argmax(axis=1) == logits.argmax(axis=1)).all()
    np.testing.assert_allclose(probabilities, special.softmax(logits / temperature, axis=1), rtol=1e-9, atol=1e-300)


def test_extreme_logits_give_a_finite_temperature() -> None:
    logits, labels = drawn(500, 3, 1.5, seed=1)
    assert np.isfinite(fit_temperature(1e6 * logits, labels))
    assert np.isfinite(fit_temperature(1e-6 * logits, labels))


def test_without_logits_the_logarithms_of_the_probabilities_are_taken() -> None:
    logits, labels = drawn(400, 3, 1.5, seed=2)
    probabilities = special.softmax(logits, axis=1)
    classes, ids = ("a", "b", "c"), [str(row) for row in range(400)]
    names = [classes[label] for label in labels]
    without = build_predictions(ids, names, probabilities, classes)
    given = build_predictions(ids, names, probabilities, classes, logits=logits)
    assert fit_temperature(table_logits(without), labels) == pytest.approx(
        fit_temperature(table_logits(given), labels), rel=1e-5
    )
    zero = build_predictions(["0"], ["a"], np.array([[1.0, 0.0, 0.0]]), classes)
    assert np.isfinite(table_logits(zero)).all()

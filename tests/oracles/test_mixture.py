"""The fit of a mixture beside general optimisers and scikit-learn, which know nothing of our code."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from classmark.judging.parts import mixture
from classmark.judging.parts.mixture import BIAS_PENALTY, fit_mixture

Floats = NDArray[np.float64]


def made(rows: int, classes: int, seed: int, models: int = 2) -> tuple[list[Floats], NDArray[np.int64]]:
    """Log-probabilities of models that share some of their errors, the first over-confident."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=rows)
    signal = 1.5 * np.eye(classes)[labels] + rng.normal(0, 0.7, (rows, classes))
    parts = [signal + rng.normal(0, 1, (rows, classes)) + rng.normal(0, 0.5, classes) for _ in range(models)]
    return [log_softmax((3.0 if not place else 0.8) * part, axis=1) for place, part in enumerate(parts)], labels


def penalised_loss(point: Floats, parts: list[Floats], labels: NDArray[np.int64]) -> float:
    """As the docstring of the module has it, term by term."""
    weights, biases = point[: len(parts)], point[len(parts) :]
    logits = sum(weight * part for weight, part in zip(weights, parts, strict=True)) + biases
    rows = -log_softmax(logits, axis=1)[np.arange(len(labels)), labels].sum()
    away = ((weights - 1 / len(parts)) ** 2).sum()
    return float(rows + away / 2 + BIAS_PENALTY * (biases**2).sum() / 2)


@pytest.mark.parametrize(("rows", "classes", "models"), [(40, 2, 2), (200, 2, 3), (60, 3, 2), (90, 4, 3)])
def test_a_general_optimiser_finds_the_same(rows: int, classes: int, models: int) -> None:
    parts, labels = made(rows, classes, rows, models)
    start = np.concatenate([np.full(models, 0.5), np.zeros(classes)])
    bounds = [(0.0, None)] * models + [(None, None)] * classes
    options = {"maxiter": 1_000, "ftol": 1e-14}
    expected = minimize(penalised_loss, start, (parts, labels), method="SLSQP", bounds=bounds, options=options)
    weights, biases = fit_mixture(parts, labels)
    assert penalised_loss(np.concatenate([weights, biases]), parts, labels) <= expected.fun + 1e-10
    np.testing.assert_allclose(np.concatenate([weights, biases]), expected.x, atol=2e-4)


def test_a_useless_model_has_no_weight_as_a_general_optimiser_finds() -> None:
    parts, labels = made(300, 3, 1)
    parts[1] = -parts[1] - np.logaddexp.reduce(-parts[1], axis=1, keepdims=True)  # says the opposite
    weights, biases = fit_mixture(parts, labels)
    assert weights[1] == 0.0
    start, bounds = np.r_[0.5, 0.5, np.zeros(3)], [(0.0, None)] * 2 + [(None, None)] * 3
    expected = minimize(penalised_loss, start, (parts, labels), method="SLSQP", bounds=bounds, options={"ftol": 1e-14})
    np.testing.assert_allclose(np.r_[weights, biases], expected.x, atol=2e-4)


def test_many_rows_give_the_logistic_regression_of_the_log_odds() -> None:
    parts, labels = made(20_000, 2, 5)
    odds = np.column_stack([part[:, 1] - part[:, 0] for part in parts])
    model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1_000).fit(odds, labels)
    weights, biases = fit_mixture(parts, labels)
    np.testing.assert_allclose(weights, model.coef_[0], rtol=2e-3)
    assert biases[1] - biases[0] == pytest.approx(model.intercept_[0], abs=5e-3)


def test_the_derivatives_are_those_of_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixture, "BLOCK_VALUES", 64)  # several blocks of rows
    parts, labels = made(70, 3, 2)
    problem = mixture.Problem(tuple(parts), labels, np.ones(70))
    point = np.array([0.8, 0.3, 0.2, -0.5, 0.1])
    value, slope, curvature = problem.derivatives(point)
    assert value == pytest.approx(penalised_loss(point, parts, labels), rel=1e-13)
    assert problem.value(point) == pytest.approx(value, rel=1e-13)
    for place in range(5):
        step = 1e-5 * np.eye(5)[place]
        ahead, behind = problem.derivatives(point + step), problem.derivatives(point - step)
        assert slope[place] == pytest.approx((ahead[0] - behind[0]) / 2e-5, rel=1e-6, abs=1e-6)
        np.testing.assert_allclose(curvature[place], (ahead[1] - behind[1]) / 2e-5, rtol=1e-6, atol=1e-6)


def test_weights_of_rows_are_repeated_rows() -> None:
    parts, labels = made(60, 2, 3)
    times = np.random.default_rng(0).integers(1, 4, 60)
    weighted = mixture.Problem(tuple(parts), labels, times.astype(np.float64))
    repeated = mixture.Problem(
        tuple(np.repeat(part, times, axis=0) for part in parts), np.repeat(labels, times), np.ones(times.sum())
    )
    point = np.array([0.7, 0.6, 0.1, -0.1])
    for one, other in zip(weighted.derivatives(point), repeated.derivatives(point), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-12)

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import log_loss

from classmark.judging.parts.calibration import calibrate
from classmark.judging.parts.recalibration import (
    Recalibration,
    fit_isotonic,
    fit_temperature,
    recalibrate,
    table_logits,
    tempered,
)
from classmark.judging.scored import Scored
from classmark.judging.statistics.intervals import Floats
from classmark.judging.stored import from_json, to_json
from classmark.predictions import Predictions, build_predictions


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


@given(rows=st.integers(1, 120), levels=st.integers(1, 50), seed=st.integers(0, 1_000))
@settings(max_examples=80, deadline=None)
def test_isotonic_regression_is_scikit_learns(rows: int, levels: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, levels + 1, rows) / levels
    hits = rng.uniform(size=rows) < scores
    ours = fit_isotonic(scores, hits)
    theirs = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores, hits)
    grid = np.linspace(-0.1, 1.1, 97)
    np.testing.assert_allclose(ours.apply(grid), theirs.predict(grid), atol=1e-9)


def sharpened(classes: tuple[str, ...], rows: int, seed: int, first: str) -> Predictions:
    """Predictions whose logits are three times too large, with ids of their own."""
    logits, labels = drawn(rows, len(classes), 3.0, seed)
    names = [classes[label] for label in labels]
    ids = [f"{first}-{row}" for row in range(rows)]
    return build_predictions(ids, names, special.softmax(logits, axis=1), classes, logits=logits)


@pytest.mark.parametrize("classes", [("no", "yes"), ("a", "b", "c", "d")])
def test_a_sharpened_model_is_made_better_on_test_rows(classes: tuple[str, ...]) -> None:
    test, validation = (sharpened(classes, 3_000, seed, name) for seed, name in ((0, "test"), (1, "validation")))
    result = recalibrate(test, validation, 1)
    assert result.temperature == pytest.approx(3.0, rel=0.1)
    assert (result.rows, result.at_limit, result.tempered.moved) == (3_000, False, 0)
    for side in (result.tempered, result.isotonic) if len(classes) == 2 else (result.tempered,):
        assert side is not None
        for name in ("log_loss", "brier"):
            high = side.metrics[name].high
            assert high is not None
            assert high < 0
        before = calibrate(Scored(test.labels, test.predicted, test.probabilities, len(classes)))
        assert side.error.ece < 0.5 * before.ece
    assert (result.isotonic is None) == (len(classes) > 2)


def test_before_and_after_are_scikit_learns_log_losses() -> None:
    classes = ("a", "b", "c")
    test, validation = (sharpened(classes, 500, seed, name) for seed, name in ((0, "test"), (1, "validation")))
    result = recalibrate(test, validation, 1)
    after = special.softmax(table_logits(test) / result.temperature, axis=1)
    found = result.tempered.metrics["log_loss"]
    assert found.a == pytest.approx(log_loss(test.labels, test.probabilities), rel=1e-6)
    assert found.b == pytest.approx(log_loss(test.labels, after), rel=1e-9)
    assert found.difference == pytest.approx(found.b - found.a)  # type: ignore[operator]


def test_groups_are_whole_in_the_differences() -> None:
    test, validation = (sharpened(("a", "b"), 400, seed, name) for seed, name in ((0, "test"), (1, "validation")))
    found = recalibrate(test, validation, 1, np.arange(400) // 4).tempered.metrics["log_loss"]
    assert found.method == "t interval of paired differences, by group sums (100 groups)"


def test_certainty_that_isotonic_regression_makes_up_is_counted() -> None:
    classes = ("no", "yes")
    scores = np.array([0.1, 0.2, 0.8, 0.9])
    rows = np.column_stack([1 - scores, scores])
    validation = build_predictions(list("abcd"), ["no", "no", "yes", "yes"], rows, classes)
    test = build_predictions(list("efgh"), ["yes", "no", "no", "yes"], rows, classes)
    result = recalibrate(test, validation, 1)
    assert result.isotonic is not None
    assert result.isotonic.certain == 2
    assert result.at_limit


@pytest.mark.parametrize("classes", [("no", "yes"), ("a", "b", "c")])
def test_a_recalibration_survives_json(classes: tuple[str, ...]) -> None:
    test, validation = (sharpened(classes, 200, seed, name) for seed, name in ((0, "test"), (1, "validation")))
    result = recalibrate(test, validation, 1)
    assert from_json(Recalibration, json.loads(json.dumps(to_json(result), allow_nan=False))) == result

"""Calibration against scikit-learn and against loops over the definitions, one row at a time in float64."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve

from classmark.judging.parts.calibration import BINS, calibrate
from classmark.judging.scored import Scored


def drawn(rows: int, classes: int, seed: int) -> Scored:
    rng = np.random.default_rng(seed)
    values = rng.dirichlet(np.full(classes, 0.5), rows)
    values = np.maximum(values, 1e-9) / np.maximum(values, 1e-9).sum(axis=1, keepdims=True)
    labels = np.where(rng.uniform(size=rows) < 0.6, values.argmax(axis=1), rng.integers(0, classes, rows))
    return Scored(labels, values.argmax(axis=1), values, classes)


def confidence(scored: Scored) -> NDArray[np.float64]:
    assert scored.probabilities is not None
    return scored.probabilities.max(axis=1)


@pytest.mark.parametrize("classes", [2, 3, 20])
@pytest.mark.parametrize("strategy", ["uniform", "quantile"])
def test_the_bins_are_scikit_learns(classes: int, strategy: str) -> None:
    # 1,500 rows: then scikit-learn's interpolated quantiles lie between the same rows as ours, 100 to a bin.
    scored = drawn(1_500, classes, classes)
    right = (scored.predicted == scored.labels).astype(int)
    accuracy, mean = calibration_curve(right, confidence(scored), n_bins=BINS, strategy=strategy)
    result = calibrate(scored)
    bins = result.bins if strategy == "uniform" else result.equal_mass.bins  # type: ignore[union-attr]
    np.testing.assert_allclose([part.accuracy for part in bins], accuracy, atol=1e-12)
    np.testing.assert_allclose([part.confidence for part in bins], mean, atol=1e-12)


@pytest.mark.parametrize("classes", [2, 4])
def test_expected_and_largest_error_by_the_definition(classes: int) -> None:
    scored = drawn(777, classes, 1)
    gaps, weights = [], []
    for index in range(BINS):
        low, high = index / BINS, (index + 1) / BINS
        inside = (confidence(scored) > low) & (confidence(scored) <= high)
        if inside.any():
            right = np.mean(scored.predicted[inside] == scored.labels[inside])
            gaps.append(abs(right - confidence(scored)[inside].mean()))
            weights.append(inside.mean())
    result = calibrate(scored)
    assert result.ece == pytest.approx(np.dot(gaps, weights), abs=1e-12)
    assert result.mce == pytest.approx(max(gaps), abs=1e-12)


@pytest.mark.parametrize("classes", [2, 4])
def test_the_error_by_class_and_the_brier_parts_by_the_definition(classes: int) -> None:
    scored = drawn(777, classes, 2)
    assert scored.probabilities is not None
    errors, parts = [], np.zeros(5)
    for index in [1] if classes == 2 else range(classes):
        p, y = scored.probabilities[:, index], (scored.labels == index).astype(float)
        error = 0.0
        for low in np.arange(BINS):
            inside = (p > low / BINS) & (p <= (low + 1) / BINS)
            if not inside.any():
                continue
            n, f, o = inside.sum(), p[inside], y[inside]
            error += n / len(y) * abs(f.mean() - o.mean())
            parts[0] += n / len(y) * (f.mean() - o.mean()) ** 2
            parts[1] += n / len(y) * (o.mean() - y.mean()) ** 2
            parts[3] += ((f - f.mean()) ** 2).sum() / len(y)
            parts[4] += 2 * ((o - o.mean()) * (f - f.mean())).sum() / len(y)
        parts[2] += y.mean() * (1 - y.mean())
        errors.append(error)
    result = calibrate(scored)
    found = result.brier
    assert found is not None
    assert result.classwise_ece == pytest.approx(np.mean(errors), abs=1e-12)
    np.testing.assert_allclose(
        [
            found.reliability,
            found.resolution,
            found.uncertainty,
            found.within_bin_variance,
            found.within_bin_covariance,
        ],
        parts,
        atol=1e-12,
    )

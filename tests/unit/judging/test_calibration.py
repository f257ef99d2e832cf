from __future__ import annotations

import numpy as np
import pytest

from classmark.judging.calibration import calibrate
from classmark.judging.metrics import Scored


def scored(labels: list[int], positive: list[float]) -> Scored:
    values = np.column_stack([1 - np.array(positive), positive])
    return Scored(np.array(labels), values.argmax(axis=1), values, 2)


def test_two_bins_by_hand() -> None:
    # Confidences .9, .9, .9 (two right) and .6 (right): |2/3 − .9| × 3/4 + |1 − .6| × 1/4.
    result = calibrate(scored([1, 1, 0, 1], [0.9, 0.9, 0.9, 0.6]))
    assert result.ece == pytest.approx(0.75 * abs(2 / 3 - 0.9) + 0.25 * 0.4)
    assert [part.rows for part in result.bins] == [1, 3]
    assert result.bins[1].accuracy == pytest.approx(2 / 3)
    assert result.bins[1].accuracy_low < 2 / 3 < result.bins[1].accuracy_high


def test_bins_are_closed_on_the_right() -> None:
    edge = np.linspace(0, 1, 16)[12]
    inside = calibrate(scored([1], [float(edge)])).bins[0]
    above = calibrate(scored([1], [float(np.nextafter(edge, 1))])).bins[0]
    assert inside.high == edge
    assert above.low == edge


def test_the_debiased_error_is_nearer_to_none_where_there_is_none() -> None:
    rng = np.random.default_rng(0)
    plain, debiased = [], []
    for _ in range(50):
        probability = rng.uniform(0.5, 1, 300)
        right = rng.uniform(size=300) < probability
        result = calibrate(scored(right.astype(int).tolist(), probability.tolist()))
        plain.append(result.ece)
        debiased.append(result.ece_debiased)
    assert np.mean(debiased) < 0.75 * np.mean(plain)
    assert min(debiased) >= 0

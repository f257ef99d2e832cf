from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classmark.judging.parts.calibration import (
    Calibration,
    binned_error,
    calibrate,
    confidences,
    mass_edges,
    width_edges,
)
from classmark.judging.scored import Scored
from classmark.judging.stored import from_json, to_json


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


def drawn(rows: int, classes: int, seed: int, temperature: float = 1.0) -> Scored:
    """Rows whose labels are drawn from softmax(logits), while the probabilities are softmax(logits / temperature)."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (rows, classes))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (true.cumsum(axis=1) < rng.uniform(size=(rows, 1))).sum(axis=1)
    values = np.exp(logits / temperature)
    values /= values.sum(axis=1, keepdims=True)
    return Scored(labels, values.argmax(axis=1), values, classes)


@pytest.mark.parametrize("classes", [2, 5])
def test_a_calibrated_model_shows_the_error_that_chance_gives(classes: int) -> None:
    tables = [drawn(400, classes, seed) for seed in range(300)]
    for name in ("equal width", "equal mass"):
        edges = [width_edges() if name == "equal width" else mass_edges(confidences(table)) for table in tables]
        found = [binned_error(table, own) for table, own in zip(tables, edges, strict=True)]
        assert np.mean([one.ece for one in found]) == pytest.approx(
            np.mean([one.ece_by_chance for one in found]), rel=0.05
        )
        beyond = np.mean([one.ece > one.ece_by_chance_high for one in found])
        assert 0.005 < beyond < 0.06, name  # 2.5 % in the limit; the error's distribution leans to the right
        largest = np.mean([one.mce for one in found]), np.mean([one.mce_by_chance for one in found])
        assert largest[0] == pytest.approx(largest[1], rel=0.1), name


def test_a_sharpened_model_is_beyond_chance() -> None:
    found = calibrate(drawn(1_000, 3, 0, temperature=0.4))
    assert found.ece_by_chance_high is not None
    assert found.ece > 3 * found.ece_by_chance_high


@given(rows=st.integers(1, 200), classes=st.integers(2, 5), seed=st.integers(0, 1_000), decimals=st.integers(1, 8))
@settings(max_examples=60, deadline=None)
def test_the_brier_parts_add_up_and_rows_may_stand_in_any_order(
    rows: int, classes: int, seed: int, decimals: int
) -> None:
    one = drawn(rows, classes, seed)
    assert one.probabilities is not None
    values = one.probabilities.round(decimals)
    values[:, -1] = 1 - values[:, :-1].sum(axis=1)
    one = Scored(one.labels, values.argmax(axis=1), values, classes)
    result = calibrate(one)
    parts = result.brier
    assert parts is not None
    whole = parts.reliability - parts.resolution + parts.uncertainty
    whole += parts.within_bin_variance - parts.within_bin_covariance
    assert whole == pytest.approx(one.brier_terms.mean(), abs=1e-12)
    order = np.random.default_rng(seed).permutation(rows)
    moved = calibrate(Scored(one.labels[order], one.predicted[order], values[order], classes))
    assert result.equal_mass is not None
    assert moved.equal_mass is not None
    assert moved.ece == pytest.approx(result.ece, abs=1e-12)
    assert moved.equal_mass.ece == pytest.approx(result.equal_mass.ece, abs=1e-12)
    assert sum(part.rows for part in result.equal_mass.bins) == sum(part.rows for part in result.bins) == rows


def test_bins_of_equal_mass_hold_equally_many_rows() -> None:
    found = calibrate(drawn(1_500, 4, 0)).equal_mass
    assert found is not None
    assert [part.rows for part in found.bins] == [100] * 15


def test_rows_of_one_confidence_share_a_bin() -> None:
    found = calibrate(scored([1, 0, 1, 1], [0.8] * 4)).equal_mass
    assert found is not None
    assert [(part.rows, part.accuracy) for part in found.bins] == [(4, 0.75)]
    assert found.ece == pytest.approx(0.05)


def test_every_part_survives_json_and_older_files_are_read() -> None:
    result = calibrate(drawn(100, 3, 0))
    content = json.loads(json.dumps(to_json(result), allow_nan=False))
    assert from_json(Calibration, content) == result
    old = from_json(Calibration, {name: content[name] for name in ("bins", "ece", "ece_debiased")})
    assert (old.bins, old.ece, old.equal_mass, old.brier) == (result.bins, result.ece, None, None)

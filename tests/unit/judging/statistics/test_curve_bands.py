"""Bands of curves: their bounds against scipy's root finding, their promise against curves that are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri, rel_entr

from classmark.judging.judge import judge
from classmark.judging.judgement import judgement_from_json
from classmark.judging.parts.curves import draw_curves
from classmark.judging.rows import row_groups, scored_rows
from classmark.judging.statistics.curve_bands import _inside, curve_band
from classmark.judging.statistics.ranking import Ranking, rank
from classmark.predictions import Predictions

RATES = np.linspace(0.002, 0.998, 100)


def drawn(rows: int, share: float, seed: int, distance: float = 1.5) -> Ranking:
    rng = np.random.default_rng(seed)
    positive = rng.uniform(size=rows) < share
    return rank(positive, rng.normal(size=rows) + distance * positive)


@pytest.mark.parametrize("seen", [0.0, 0.01, 0.4, 0.97, 1.0])
def test_the_ends_are_where_the_divergence_is_the_limit(seen: float) -> None:
    def beyond(true: float) -> float:
        return float(rel_entr(seen, true) + rel_entr(1 - seen, 1 - true)) - 0.03

    low, high = (float(end[0]) for end in _inside(np.array([seen]), 0.03))
    assert low == pytest.approx(brentq(beyond, 1e-15, seen) if seen > 0 else 0, abs=1e-9)
    assert high == pytest.approx(brentq(beyond, seen, 1 - 1e-15) if seen < 1 else 1, abs=1e-9)


@pytest.mark.parametrize(("rows", "share"), [(80, 0.5), (400, 0.1)])
def test_the_whole_curve_is_inside_in_95_of_100_draws(rows: int, share: float) -> None:
    """Scores from two normal distributions, whose curves are known at every point."""
    hits = ndtr(1.5 - ndtri(1 - RATES))
    misses = ndtr(ndtri(RATES) - 1.5)
    precision = share * RATES / (share * RATES + (1 - share) * misses)
    held = np.zeros(2)
    for seed in range(100):
        band = curve_band(drawn(rows, share, seed))
        assert band is not None
        for place, (ends, truth) in enumerate(((band.roc(RATES), hits), (band.precision(RATES), precision))):
            held[place] += ((ends[0] <= truth) & (truth <= ends[1])).all()
    assert held.min() >= 95 - 3 * 2.2


def test_more_rows_give_narrower_bands_and_groups_wider_ones() -> None:
    def width(ranking: Ranking, groups: Any = None) -> float:
        band = curve_band(ranking, groups)
        assert band is not None
        return float(np.subtract(*band.roc(RATES)[::-1]).mean())

    rng = np.random.default_rng(0)
    groups = rng.integers(0, 50, 1_000)
    positive = rng.uniform(size=1_000) < 0.4
    shared = rank(positive, rng.normal(size=50)[groups] + 0.7 * rng.normal(size=1_000) + 1.5 * positive)
    assert width(drawn(4_000, 0.5, 0)) < 0.6 * width(drawn(500, 0.5, 0))
    assert width(shared) < width(shared, groups)
    assert width(shared, np.arange(1_000)) == pytest.approx(width(shared), rel=0.25)


def test_what_has_no_band() -> None:
    assert curve_band(rank(np.ones(5, bool), np.arange(5.0))) is None
    assert curve_band(drawn(100, 0.5, 0), np.arange(100) % 10) is None, "ten groups are too few"


def test_curves_lie_inside_their_bands_and_bands_survive_json(make: Any) -> None:
    judgement = judge(make(rows=300), draws=50)
    for curve in (*judgement.curves.roc, *judgement.curves.precision_recall):
        assert len(curve.low) == len(curve.high) == len(curve.x)
        assert (np.array(curve.low) <= curve.y).all()
        assert (np.array(curve.high) >= curve.y).all()
        assert curve.band.endswith("independent rows; conservative")
    assert judgement_from_json(judgement.to_json()).curves == judgement.curves


def test_means_and_many_classes_have_no_bands(make: Any) -> None:
    few, many = (make(rows=600, classes=tuple(f"class-{one}" for one in range(count))) for count in (3, 9))
    roc = draw_curves(scored_rows(few, 1), few.classes).roc
    assert [bool(curve.low) for curve in roc] == [True, True, True, False, False]
    assert not any(curve.low for curve in draw_curves(scored_rows(many, 1), many.classes).roc)


def test_groups_are_named(make: Any) -> None:
    plain = make(rows=400)
    table = Predictions(plain.frame.with_columns(group=(np.arange(400) // 4).astype(str)), plain.metadata)
    curve = draw_curves(scored_rows(table, 1), table.classes, row_groups(table)).roc[0]
    assert curve.band == "likelihood bands of both classes' scores, joined, whole groups resampled (100 groups)"

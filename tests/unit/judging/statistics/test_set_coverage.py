"""The bands of prediction sets against scipy and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from classmark.judging.statistics.set_coverage import coverage_luck, lowest_share


@pytest.mark.parametrize(("rows", "place", "test", "hits"), [(9, 9, 30, 20), (99, 90, 500, 440), (1_000, 951, 77, 77)])
def test_the_bands_are_scipys(rows: int, place: int, test: int, hits: int) -> None:
    found = coverage_luck(rows, place, test, hits)
    truth, seen = stats.beta(place, rows + 1 - place), stats.betabinom(test, place, rows + 1 - place)
    assert (found.true_low, found.true_high) == pytest.approx(truth.ppf([0.025, 0.975]))
    assert (found.seen_low * test, found.seen_high * test) == pytest.approx(seen.ppf([0.025, 0.975]))
    assert found.p == pytest.approx(seen.cdf(hits))


def test_the_lowest_of_many_shares_by_simulation() -> None:
    rng = np.random.default_rng(0)
    rows = np.array([5, 10, 20, 20, 50, 100] * 5)
    hits = rng.binomial(rows, 0.9, (4_000, 30))
    lowest = (hits / rows).argmin(axis=1)
    found = [lowest_share(one, rows, int(which)) for one, which in zip(hits[:400], lowest[:400], strict=True)]
    assert np.mean([one.by_luck for one in found]) == pytest.approx((hits / rows).min(axis=1).mean(), abs=0.01)
    assert np.mean([one.p < 0.05 for one in found]) <= 0.05 + 3 * 0.011
    assert np.mean([one.high < 0.9 for one in found]) <= 0.05 + 3 * 0.011


def test_one_class_held_badly_is_beyond_luck() -> None:
    found = lowest_share(np.array([30, 90, 90]), np.array([100, 100, 100]), 0)
    assert found.p < 1e-6
    assert found.high == pytest.approx(stats.beta.ppf(0.95 ** (1 / 3), 31, 70))
    assert lowest_share(np.array([5, 0]), np.array([5, 0]), 0).high == 1

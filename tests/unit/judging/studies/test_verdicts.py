"""Verdicts are monotone, rare where they are wrong, and need as many seeds as is said."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW

from classmark.judging.statistics.student import t_quantile
from classmark.judging.studies.missing import worst_case
from classmark.judging.studies.seeds import paired_over_seeds
from classmark.judging.studies.verdicts import (
    is_equivalent,
    is_opposite,
    p_of_margin,
    seeds_for_equivalence,
    seeds_needed,
    settle,
)

finite = st.floats(-100, 100, allow_nan=False).map(lambda value: round(value, 4))


def draws(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("low", "high", "margin", "expected"),
    [
        (0.02, 0.05, 0.01, "supported"),
        (0.005, 0.05, 0.01, "not settled"),
        (-0.005, 0.009, 0.01, "not by the margin"),
        (-0.05, -0.001, 0.01, "not by the margin"),
        (-2.0, 0.4, 0.5, "not by the margin"),  # neither level nor behind for sure, but not ahead by the margin
        (0.001, 0.009, 0.01, "not by the margin"),
        (0.01, 0.02, 0.01, "not settled"),  # at the margin is not beyond it
        (0.001, 0.02, 0.0, "supported"),
        (None, None, 0.01, "not settled"),
    ],
)
def test_verdicts(low: float | None, high: float | None, margin: float, expected: str) -> None:
    assert settle(low, high, margin, "higher") == expected
    if low is not None and high is not None:
        assert settle(-high, -low, margin, "lower") == expected


@given(finite, st.floats(0.01, 50), st.floats(0, 50), st.floats(0, 50))
def test_verdicts_are_monotone(middle: float, half: float, up: float, margin: float) -> None:
    """An interval that lies higher never gets a lower verdict, and a narrower one never loses its verdict."""
    order = ["not by the margin", "not settled", "supported"]
    one = settle(middle - half, middle + half, margin, "higher")
    assert order.index(settle(middle + up - half, middle + up + half, margin, "higher")) >= order.index(one)
    assert one == "not settled" or settle(middle - half / 2, middle + half / 2, margin, "higher") == one
    verdicts = {settle(middle - half, middle + half, margin, side) for side in ("higher", "lower")}  # type: ignore[arg-type]
    assert verdicts != {"supported"}  # both claims at once


def test_facts_beside_the_verdict() -> None:
    assert is_opposite(-0.05, -0.001, "higher")
    assert is_opposite(0.001, 0.05, "lower")
    assert not is_opposite(-0.05, 0.0, "higher")
    assert is_equivalent(-0.009, 0.009, 0.01)
    assert not is_equivalent(-0.01, 0.0, 0.01)
    assert not is_equivalent(None, None, 0.01)


@pytest.mark.parametrize("direction", ["higher", "lower"])
def test_the_p_value_tests_the_margin(direction: Any) -> None:
    b = draws(4).normal(0.02, 0.01, 7)
    found, margin = paired_over_seeds(np.zeros(7), b), 0.012 if direction == "higher" else 0.05
    expected = scipy.stats.ttest_1samp(b, margin if direction == "higher" else -margin).pvalue
    p = p_of_margin(found, margin, direction)
    assert p == pytest.approx(expected, rel=1e-9)
    assert (p < 0.05) == (settle(found.low, found.high, margin, direction) != "not settled")
    assert p_of_margin(paired_over_seeds(np.zeros(2), np.ones(2)), margin, direction) is None


def test_equivalence_is_statsmodels_two_one_sided_tests() -> None:
    for seed in range(20):
        b = draws(seed).normal(0.002, 0.01, 9)
        found = paired_over_seeds(np.zeros(9), b, 0.90)
        p = DescrStatsW(b).ttost_mean(-0.01, 0.01)[0]
        assert is_equivalent(found.low, found.high, 0.01) == (p < 0.05)


def test_false_verdicts_are_as_rare_as_promised() -> None:
    """Of made studies whose true difference is the margin, at most 2.5 of 100 get either verdict."""
    studies, seeds, margin = 4000, 5, 0.01
    found = [settle(*_span(row), margin, "higher") for row in draws(3).normal(margin, 0.008, (studies, seeds))]
    for wrong in ("supported", "not by the margin"):
        assert found.count(wrong) / studies < 0.025 + 3 * math.sqrt(0.025 * 0.975 / studies)
    clear = [settle(*_span(row), margin, "higher") for row in draws(3).normal(0.05, 0.008, (500, seeds))]
    assert clear.count("supported") > 490
    none = [settle(*_span(row), margin, "higher") for row in draws(3).normal(0.0, 0.002, (500, seeds))]
    assert none.count("not by the margin") > 490


def _span(row: Any) -> tuple[float, float]:
    error = t_quantile(len(row) - 1, 0.95) * row.std(ddof=1) / math.sqrt(len(row))
    return row.mean() - error, row.mean() + error


def test_seeds_needed_is_the_least_number() -> None:
    a, b = np.zeros(5), np.array([0.004, 0.03, 0.012, 0.02, 0.001])
    difference = paired_over_seeds(a, b)
    for margin, towards in ((0.005, "supported"), (0.05, "not by the margin")):
        found = seeds_needed(difference, margin, "higher")
        assert found is not None
        assert found.towards == towards
        assert found.distance == pytest.approx(abs(b.mean() - margin))
        for count, extra in ((found.even, 0.0), (found.likely, scipy.stats.norm.ppf(0.8))):
            assert count is not None
            assert _half(b, count, extra) < found.distance <= (_half(b, count - 1, extra) if count > 2 else math.inf)
        assert seeds_needed(paired_over_seeds(b, a), margin, "lower") == found
    assert seeds_needed(difference, float(b.mean()), "higher").even is None  # type: ignore[union-attr]
    assert seeds_needed(paired_over_seeds(a, a + 1), 0.1, "higher") is None


def _half(values: Any, seeds: int, extra: float) -> float:
    return float((scipy.stats.t.ppf(0.975, seeds - 1) + extra) * values.std(ddof=1) / math.sqrt(seeds))


def test_that_many_seeds_settle_about_half_and_four_in_five() -> None:
    found = seeds_needed(paired_over_seeds(np.zeros(2), np.array([0.0, 2.0])), 0.5, "higher")  # mean 1, deviation √2
    assert found is not None
    for seeds, expected in ((found.even, 0.5), (found.likely, 0.8)):
        assert seeds is not None
        rows = draws(5).normal(1, math.sqrt(2), (3000, seeds))
        share = np.mean([settle(*_span(row), 0.5, "higher") == "supported" for row in rows])
        assert share == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("mean", [0.0, 0.3])
def test_seeds_for_equivalence_have_the_power_of_two_tests(mean: float) -> None:
    shown = np.array([-1.0, 1.0, -1.0, 1.0]) * math.sqrt(3) / 2 + mean  # deviation 1
    found = seeds_for_equivalence(paired_over_seeds(np.zeros(4), shown, 0.90), 0.8)
    assert found is not None
    assert (found.towards, found.distance) == ("equivalent", pytest.approx(0.8 - mean))
    for seeds, expected in ((found.even, 0.5), (found.likely, 0.8)):
        assert seeds is not None
        rows = draws(6).normal(mean, 1, (20_000, seeds))
        half = t_quantile(seeds - 1, 0.90) * rows.std(axis=1, ddof=1) / math.sqrt(seeds)
        share = (np.abs(rows.mean(axis=1)) + half < 0.8).mean()
        assert share == pytest.approx(expected, abs=0.06)
    assert seeds_for_equivalence(paired_over_seeds(np.zeros(4), shown + 1, 0.90), 0.8) is None


def test_the_worst_case_is_that_of_every_filling() -> None:
    generator, seeds = draws(8), range(6)
    a = {0: 0.5, 1: 0.52, 2: 0.55, 3: 0.5, 4: 0.54}
    b = {0: 0.6, 1: 0.66, 2: 0.65, 3: 0.63, 5: 0.7}
    found = worst_case(a, b, seeds, (0.0, 1.0), (0.01, "higher", 0.95))
    assert found.low is not None
    assert found.high is not None
    known = [0.1, 0.14, 0.1, 0.13]
    fillings = [[*known, generator.uniform(-0.54, 0.46), generator.uniform(-0.3, 0.7)] for _ in range(2000)]
    spans = [_span(np.array(filling)) for filling in fillings]
    assert found.low <= min(low for low, _ in spans)
    assert found.high >= max(high for _, high in spans)
    assert {settle(low, high, 0.01, "higher") for low, high in spans} <= set(found.verdicts)
    assert found.verdicts == ("supported", "not settled")
    assert found.method == "every value from 0 to 1 of 2 missing pairs"


def test_a_worst_case_that_changes_nothing_and_one_without_bounds() -> None:
    a, b = dict.fromkeys(range(30), 0.1), {seed: 0.8 + seed / 1000 for seed in range(29)}
    sure = worst_case(a, b, range(30), (0.0, 1.0), (0.01, "higher", 0.95))
    assert sure.verdicts == ("supported",)
    unbounded = worst_case(a, b, range(30), (0.0, math.inf), (0.01, "higher", 0.95))
    assert (unbounded.low, unbounded.verdicts, unbounded.method) == (None, (), "none: the metric has no bound")
    many = worst_case(a, {}, range(30), (0.0, 1.0), (0.01, "higher", 0.95))
    assert many.method == "none: too many runs are missing"

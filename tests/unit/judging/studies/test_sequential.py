"""A confidence sequence against the likelihood ratio by numerical integration, and its error when one looks at every seed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.stats

from classmark.judging.studies.sequential import FEWEST, PRIOR, follow, sequence_factor, sequence_p


@pytest.mark.parametrize(("pairs", "t"), [(5, 2.0), (8, 5.5), (20, 3.6), (60, 0.3)])
def test_the_ratio_is_the_mixture_of_noncentral_t(pairs: int, t: float) -> None:
    """The t statistic's density, mixed over effect sizes, over its density without an effect."""

    def mixed(effect: float) -> float:
        prior = scipy.stats.norm.pdf(effect, scale=math.sqrt(PRIOR))
        return float(scipy.stats.nct.pdf(t, pairs - 1, math.sqrt(pairs) * effect) * prior)

    expected = scipy.stats.t.pdf(t, pairs - 1) / scipy.integrate.quad(mixed, -30, 30, points=[t / math.sqrt(pairs)])[0]
    assert sequence_p(t, pairs) == pytest.approx(min(1.0, expected), rel=1e-5)
    assert sequence_p(-t, pairs) == sequence_p(t, pairs)


@pytest.mark.parametrize("confidence", [0.95, 0.975, 0.99])
def test_the_interval_inverts_the_ratio(confidence: float) -> None:
    for pairs in (6, 10, 40):
        assert sequence_p(sequence_factor(pairs, confidence), pairs) == pytest.approx(1 - confidence)
        assert sequence_factor(pairs, confidence) > scipy.stats.t.ppf((1 + confidence) / 2, pairs - 1)
    assert sequence_factor(FEWEST - 1, confidence) == math.inf
    assert sequence_p(9.0, FEWEST - 1) == 1.0


def test_errors_at_the_margin_are_rare_at_any_seed() -> None:
    """Of studies at the margin that stop as soon as they can, within 60 seeds, at most 5 of 100 ever get a verdict."""
    studies, seeds = 4000, 60
    values = np.random.default_rng(0).normal(0, 1, (studies, seeds))
    counts = np.arange(1, seeds + 1)
    means = values.cumsum(axis=1) / counts
    squares = (values**2).cumsum(axis=1)
    deviation = np.sqrt(np.maximum(0, squares - counts * means**2) / np.maximum(1, counts - 1))
    half = np.array([sequence_factor(count, 0.95) for count in counts]) * (deviation / np.sqrt(counts) + 1e-300)
    wrong = (np.abs(means) > half).any(axis=1)
    assert wrong.mean() < 0.05
    naive = np.array([scipy.stats.t.ppf(0.975, max(1, count - 1)) for count in counts]) * deviation / np.sqrt(counts)
    assert (np.abs(means) > naive)[:, FEWEST - 1 :].any(axis=1).mean() > 0.15  # what it guards against
    for row, settled in zip(values[:60], wrong, strict=False):
        assert (follow(np.zeros(seeds), row, 0.0, "higher", 0.95).pairs is not None) == settled


def test_followed_to_the_first_seed_that_settles_it() -> None:
    b = np.random.default_rng(1).normal(0.05, 0.005, 20)
    found = follow(np.zeros(20), b, 0.01, "higher", 0.95)
    assert (found.verdict, found.pairs, found.difference.pairs) == ("supported", 5, 5)
    assert found.p is not None
    assert found.p < 0.05
    assert found.difference.low == pytest.approx(b[:5].mean() - sequence_factor(5, 0.95) * b[:5].std(ddof=1) / 5**0.5)
    assert found.difference.method == (
        "confidence sequence over 5 seeds, at 95 %: t mixture, valid at whatever seed one stops"
    )
    below = follow(np.zeros(20), -b, 0.01, "higher", 0.95)
    assert (below.verdict, below.pairs) == ("not by the margin", 5)
    unsure = follow(np.zeros(20), b - 0.04, 0.01, "higher", 0.95)
    assert (unsure.verdict, unsure.pairs, unsure.difference.pairs) == ("not settled", None, 20)
    few = follow(np.zeros(4), b[:4], 0.01, "higher", 0.95)
    assert few.difference.method == "none: a confidence sequence begins with 5 pairs of runs"
    same = follow(np.zeros(6), np.full(6, 0.1), 0.01, "higher", 0.95)
    assert (same.verdict, same.p, same.difference.low) == ("not settled", None, None)
    assert follow(np.empty(0), np.empty(0), 0.01, "higher", 0.95).difference.value is None

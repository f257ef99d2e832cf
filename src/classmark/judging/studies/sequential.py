"""A study that may stop at any seed: intervals of the mean difference that hold at all numbers of seeds together."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from classmark.judging.statistics.intervals import Floats
from classmark.judging.studies.seeds import Direction, SeedDifference, alike
from classmark.judging.studies.verdicts import Verdict, settle

PRIOR = 8.0  # the variance of mean / deviation that the mixture weighs by: narrow from 5 to 100 seeds
FEWEST = 5  # with fewer, differences that are not normal end it too often


@dataclass(frozen=True)
class Followed:
    """A claim followed seed by seed.

    Attributes:
        difference: the interval at the first number of pairs that settles the claim, else at the last.
        verdict: once reached, it stands.
        pairs: after which it was reached; None where it was not.
        p: of "B − A is the margin", valid at whatever seed one stops.
    """

    difference: SeedDifference
    verdict: Verdict
    pairs: int | None
    p: float | None


def sequence_factor(pairs: int, confidence: float) -> float:
    """Half the width of the confidence sequence after so many pairs, in units of s / √n; infinite for the first few.

    The interval holds every μ for which the likelihood ratio of the t statistic, mixed over a normal prior of the effect
    size mean / deviation with variance g, stays below 1 / α:

        (1 + ng)^(−1/2) [(1 + t² / ν) / (1 + t² / (ν (1 + ng)))]^(n/2) < 1 / α,   ν = n − 1.

    At the true μ this ratio is a martingale that starts at 1, whatever the variance, so by Ville's inequality it ever
    reaches 1 / α with a probability of at most α.

    Source: Lai 1976; Wang & Ramdas 2025, "Anytime-valid t-tests and confidence sequences for Gaussian means with unknown
    variance" (the normal mixture of the scale-invariant t likelihood ratio); Rouder et al. 2009 give the ratio.
    """
    if pairs < FEWEST:
        return math.inf
    scale = 1 + pairs * PRIOR
    ratio = (math.sqrt(scale) / (1 - confidence)) ** (2 / pairs)
    if ratio >= scale:
        return math.inf
    return math.sqrt((pairs - 1) * (ratio - 1) / (1 - ratio / scale))


def sequence_p(t: float, pairs: int) -> float:
    """One over that likelihood ratio at the statistic t: the p value of one number of pairs, at most 1.

    The least of them over the seeds so far is valid at any stopping seed.
    """
    if pairs < FEWEST:
        return 1.0
    scale, u = 1 + pairs * PRIOR, t * t / (pairs - 1)
    log_ratio = pairs / 2 * (math.log1p(u) - math.log1p(u / scale)) - math.log(scale) / 2
    return min(1.0, math.exp(-log_ratio))


def follow(a: Floats, b: Floats, margin: float, direction: Direction, confidence: float) -> Followed:
    """The claim that B − A is higher, or lower, by more than the margin, followed pair by pair.

    Args:
        a: values of the runs of one arm, shape (S,), in the order of the seeds.
        b: of the other.
        margin: of the claim, in the metric's units.
        direction: of the claim.
        confidence: that all intervals of the sequence hold the mean together.
    """
    found, p, target = None, 1.0, margin if direction == "higher" else -margin
    for pairs in range(FEWEST, len(a) + 1):
        found = _interval(a[:pairs], b[:pairs], confidence)
        if found.value is None or not found.deviation:
            continue
        p = min(p, sequence_p((found.value - target) / (found.deviation / math.sqrt(pairs)), pairs))
        verdict = settle(found.low, found.high, margin, direction)
        if verdict != "not settled":
            return Followed(found, verdict, pairs, p)
    last = found or _interval(a, b, confidence)
    return Followed(last, "not settled", None, p if last.deviation else None)


def _interval(a: Floats, b: Floats, confidence: float) -> SeedDifference:
    differences, pairs = b - a, len(a)
    value = float(differences.mean()) if pairs else None
    if pairs < FEWEST:
        spread = float(differences.std(ddof=1)) if pairs > 1 else None
        why = f"none: a confidence sequence begins with {FEWEST} pairs of runs"
        return SeedDifference(pairs, value, spread, None, None, confidence, None, why)
    assert value is not None
    if alike(differences, float(np.abs([a, b]).max())):
        why = "none: every pair differs by the same amount, so the spread over seeds is not resolved"
        return SeedDifference(pairs, value, 0.0, None, None, confidence, None, why)
    deviation = float(differences.std(ddof=1))
    error, factor = deviation / math.sqrt(pairs), sequence_factor(pairs, confidence)
    p = sequence_p(value / error, pairs)
    if math.isinf(factor):
        why = f"none: a confidence sequence at {100 * confidence:.4g} % needs more than {pairs} pairs of runs"
        return SeedDifference(pairs, value, deviation, None, None, confidence, p, why)
    method = f"confidence sequence over {pairs} seeds, at {100 * confidence:.4g} %: t mixture, valid at whatever seed one stops"
    return SeedDifference(
        pairs, value, deviation, value - factor * error, value + factor * error, confidence, p, method
    )

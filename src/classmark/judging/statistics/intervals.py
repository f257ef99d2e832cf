"""Confidence intervals: Wilson, t for means, logit for what lies between 0 and 1, percentiles of bootstrap draws.

Every interval is two-sided at the level that holds (see `level`) and says its sampling model in `method`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from classmark.judging.metric import Scale
from classmark.judging.statistics.exact import limits_of_few
from classmark.judging.statistics.groups import (
    FEWEST,
    ONE_GROUP,
    effective_groups,
    group_degrees,
    group_quantile,
    group_words,
)
from classmark.judging.statistics.level import level, normal_quantile, tail
from classmark.judging.statistics.student import t_quantile as t_quantile

NO_SPREAD = 1e-12
FEW = 10  # hits or misses: of fewer Wilson's interval covers too rarely
WIDER_SHARE = "wider of Wilson and Clopper-Pearson as hits or misses are few, conservative, independent rows"

Floats = NDArray[np.float64]
Number = TypeVar("Number", float, Floats)
BOUNDS: dict[Scale, tuple[float, float]] = {"logit": (0, 1), "log": (0, math.inf), "Fisher's z": (-1, 1)}


@dataclass(frozen=True)
class Estimate:
    """A value with its interval.

    Attributes:
        value: the metric on all rows; None where it is undefined.
        low, high: the interval, None where no honest one is known.
        method: how the interval is made and under which sampling model, or why there is none.
    """

    value: float | None
    low: float | None
    high: float | None
    method: str


def wilson(hits: float, rows: float, method: str = "Wilson, independent rows", z: float | None = None) -> Estimate:
    """A share of rows with its Wilson score interval; `z` is the normal quantile, that of the level unless another is given.

    Source: Wilson 1927; Brown, Cai, DasGupta 2001, equation 4; without continuity correction.
    """
    if rows == 0:
        return Estimate(None, None, None, "undefined: no rows")
    share = hits / rows
    low, high = map(float, _wilson(share, rows, z))
    # At 0 and at all hits the interval ends at 0 and 1 exactly; rounding must not put the value outside.
    return Estimate(share, min(share, max(0.0, low)), max(share, min(1.0, high)), method)


def wilson_ends(hits: Floats, rows: Floats) -> tuple[Floats, Floats, Floats]:
    """The shares and both ends of their Wilson intervals, each of shape (C,); 0, 0 and 1 where there are no rows."""
    shares = divided(hits, rows)
    lows, highs = _wilson(shares, np.maximum(rows, 1))
    lows = np.where(rows > 0, np.clip(lows, 0, shares), 0.0)
    highs = np.where(rows > 0, np.clip(highs, shares, 1), 1.0)
    return shares, lows, highs


def _wilson(share: Number, rows: Number, z: float | None = None) -> tuple[Number, Number]:
    z = normal_quantile() if z is None else z
    middle = (share + z**2 / (2 * rows)) / (1 + z**2 / rows)
    half = z / (1 + z**2 / rows) * np.sqrt(share * (1 - share) / rows + z**2 / (4 * rows**2))
    return middle - half, middle + half


def share_of_rows(hits: float, rows: float) -> Estimate:
    """A share of independent rows: Wilson's interval, with fewer than ten hits or misses the wider end of it and the exact one.

    Near 0 and 1 the coverage of Wilson's interval falls to 84 % where 0.2 hits are expected, and to 92 % up to three. Of
    20 to 2,000 rows this one covers 93 % or more wherever the share lies.

    Source: Brown, Cai, DasGupta 2001, sections 3.1.1 and 4.2.1; Clopper & Pearson 1934.
    """
    found = wilson(hits, rows)
    few = round(min(hits, rows - hits))
    if found.low is None or found.high is None or few >= FEW:
        return found
    low, high = limits_of_few(few, round(rows), tail())
    if hits > few:
        low, high = 1 - high, 1 - low
    return Estimate(found.value, min(low, found.low), max(high, found.high), WIDER_SHARE)


def share_interval(hits: NDArray[np.bool_], groups: NDArray[np.int64] | None = None) -> Estimate:
    """The share of rows that are true: Wilson for independent rows, else a t interval from the sums over groups.

    Args:
        hits: shape (N,); of no rows the share is undefined.
        groups: group number of each row.

    Source: Liang & Zeger 1986, for a mean, with groups.
    """
    if groups is None or len(hits) == 0:
        return share_of_rows(float(hits.sum()), len(hits))
    share = float(hits.mean())
    half, method = grouped_half(hits.astype(np.float64) - share, groups)
    if half is None:
        return Estimate(share, None, None, method)
    return Estimate(share, max(0.0, share - half), min(1.0, share + half), method)


def grouped_half(errors: Floats, groups: NDArray[np.int64]) -> tuple[float | None, str]:
    """Half the width of the t interval of a mean over grouped rows, and its method; None where there is none.

    Args:
        errors: what each row's term lies above the mean, shape (N,).
        groups: group number of each row, not every number used.
    """
    sums = np.bincount(groups, weights=errors) / len(errors)
    deviation = math.sqrt(float((sums**2).sum()))
    if deviation < NO_SPREAD:
        return None, "none: a single group, or the same value in each"
    effective = effective_groups(groups)
    if effective < FEWEST:
        return None, ONE_GROUP
    count = len(np.unique(groups))
    half = group_quantile(effective, group_degrees(effective, sums)) * deviation
    return half, f"t interval by group sums ({group_words(count, effective)})"


def wilson_f1(hits: float, true: float, claimed: float) -> Estimate:
    """F1 of a class, from the Wilson interval of the hits among the rows that have the class or are predicted so.

    F1 = 2s / (1 + s) rises with that share s, which is binomial given the number of such rows.

    Args:
        hits: rows of the class that are predicted so.
        true: rows of the class, at least one.
        claimed: predictions of the class.

    Source: Lam, Gopal, Qian 2023, the indirect Wilson method: at 100 to 1,000 rows it covers 95 %, where the percentile
    bootstrap covers 92 to 95 %, and it has an interval for a class without an error.
    """
    value = 2 * hits / (true + claimed)
    share = share_of_rows(hits, true + claimed - hits)
    assert share.low is not None
    assert share.high is not None
    low, high = (2 * end / (1 + end) for end in (share.low, share.high))
    method = share.method.replace(
        ", independent", ", on rows of the class or predicted so (Lam et al. 2023), independent"
    )
    return Estimate(value, min(value, low), max(value, high), method)


def mean_interval(terms: Floats, highest: float = math.inf) -> Estimate:
    """The mean of one term a row with its t interval.

    Args:
        terms: shape (N,), none below 0.
        highest: what no term can exceed, nor therefore the interval.

    Source: the delta method for a mean; its variance from the rows, the quantile of Student's t.
    """
    rows = len(terms)
    value = float(terms.mean())
    if rows < 2:
        return Estimate(value, None, None, "none: a single row")
    half = t_quantile(rows - 1) * float(terms.std(ddof=1)) / math.sqrt(rows)
    method = "delta method with t quantile, independent rows"
    return Estimate(value, max(0.0, value - half), min(highest, value + half), method)


def percentile_interval(value: float | None, draws: Floats, method: str) -> Estimate:
    """The value with the percentile interval of its bootstrap draws (Efron & Tibshirani 1993, chapter 13)."""
    if value is None or not math.isfinite(value):
        return Estimate(None, None, None, "undefined on these rows")
    finite = draws[np.isfinite(draws)]
    if len(finite) < 0.95 * len(draws):
        return Estimate(value, None, None, "none: undefined in more than 5 % of the draws")
    if np.ptp(finite) < 1e-12:
        # A metric at its bound (nothing wrong in these rows) does not vary over draws, yet is not known exactly.
        return Estimate(value, None, None, "none: the same in every draw")
    low, high = np.quantile(finite, [tail(), (1 + level()) / 2])
    return Estimate(value, min(value, float(low)), max(value, float(high)), method)


def divided(numerator: Floats, denominator: Floats) -> Floats:
    """The quotient, 0 where the denominator is 0 (as for the precision of a class that is never predicted)."""
    zeros = np.zeros(np.broadcast_shapes(numerator.shape, denominator.shape))
    return np.divide(numerator, denominator, out=zeros, where=denominator > 0)


def spread_interval(
    value: float | None,
    draws: Floats,
    method: str,
    scale: Scale = "logit",
    units: float | None = None,
    highest: float = math.inf,
    degrees: float | None = None,
) -> Estimate:
    """The value with a symmetric interval on another scale, its deviation taken from bootstrap draws.

    For average precision and for whole groups: draws repeat rows, so with few positives or groups they lie to one side
    of the value, all percentiles with them; their spread does not. With forty groups it covers in 92 to 96 of 100 cases,
    where percentiles do in 90 to 93.

    Args:
        value: inside (0, 1) on the `logit` scale, above 0 on that of the `log`, inside (-1, 1) on `Fisher's z`.
        draws: shape (R,).
        method: how they were drawn.
        scale: on which the interval is symmetric; the delta method brings the deviation there.
        units: the effective number of groups, which bounds what the deviation can be known from; None for independent
            rows.
        highest: what the value cannot exceed, for the `log` scale, which has no upper end.
        degrees: of freedom of the deviation over groups, by `group_degrees`.

    Source: Boyd, Eng, Page 2013, section 4 (logit interval), with the bootstrap's deviation in place of the binomial
    one; with groups `group_quantile`.
    """
    how = f"deviation on the {scale} scale, {method.removeprefix('percentile ')}"
    drawn = percentile_interval(value, draws, how)
    if drawn.value is None or drawn.low is None:
        return drawn
    value, (bottom, top) = drawn.value, BOUNDS[scale]
    if not bottom < value < min(top, highest):
        return Estimate(value, None, None, "none: the value is at its bound")
    if units is not None and units < FEWEST:
        return Estimate(value, None, None, ONE_GROUP)
    quantile = normal_quantile() if units is None else group_quantile(units, degrees)
    half = quantile * float(draws[np.isfinite(draws)].std(ddof=1))
    match scale:
        case "logit":
            low, high = logit_interval(value, half)
        case "log":
            low, high = value * math.exp(-half / value), min(highest, value * math.exp(half / value))
        case "Fisher's z":  # half the logit of (1 + value) / 2
            low, high = (2 * end - 1 for end in logit_interval((1 + value) / 2, half / 2))
    return Estimate(value, low, high, drawn.method)


def logit_interval(value: float, half: float) -> tuple[float, float]:
    """Both ends of value ± half, made on the logit scale (delta method) so that they stay inside (0, 1).

    Args:
        value: inside (0, 1).
        half: half the interval's width on the value's own scale.
    """
    logit, half = math.log(value / (1 - value)), half / (value * (1 - value))
    low, high = ((1 + math.tanh((logit + sign * half) / 2)) / 2 for sign in (-1, 1))
    return low, high

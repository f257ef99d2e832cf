"""Paired differences of two models' metrics on the same rows: the one place that says which interval each has."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from classmark.judging.intervals import Floats, Z, percentile_interval, t_quantile
from classmark.judging.metrics import LOWER_IS_BETTER, TOP_K_CLASSES, Scored, ranking_metrics
from classmark.judging.ranking import roc_area_difference
from classmark.judging.resampling import Groups, paired_draws

NO_SPREAD = 1e-12  # a deviation below this is zero but for rounding: the rows do not say how far it would vary
NO_DELONG = "none: DeLong's variance is zero, both tables rank these rows alike or differ on each by the same amount"


@dataclass(frozen=True)
class Difference:
    """One metric of two models, `difference` = B − A with its 95 % interval."""

    a: float | None
    b: float | None
    difference: float | None
    low: float | None
    high: float | None
    method: str


def paired_differences(
    a: Scored, b: Scored, groups: Groups, draws: int, seed: int
) -> tuple[dict[str, Difference], float | None]:
    """The differences B − A by the name of the metric, and DeLong's two-sided p of equal ROC areas where it is known.

    Args:
        a: labelled rows.
        b: the same rows, matched.
        groups: group number of each row.
        draws: of the bootstrap, for ROC areas of more than two classes or of groups.
        seed: of the bootstrap.
    """
    found = {"accuracy": _share_difference(a.predicted == a.labels, b.predicted == b.labels, groups)}
    if a.probabilities is None or b.probabilities is None:
        return found, None
    found["log_loss"] = mean_difference(a.log_losses, b.log_losses, groups)
    found["roc_auc"], delong_p = _roc_auc(a, b, groups, draws, seed)
    found["brier"] = mean_difference(a.brier_terms, b.brier_terms, groups)
    if a.classes >= TOP_K_CLASSES:
        found["top5_accuracy"] = _share_difference(a.top_k_hits > 0, b.top_k_hits > 0, groups)
    return found, delong_p


def better_side(name: str, difference: Difference | None) -> str:
    """A or B where the interval of the difference lies wholly on its side; empty where zero is in it, or there is none."""
    if difference is None or difference.low is None or difference.high is None:
        return ""
    if difference.low <= 0 <= difference.high:
        return ""
    return "B" if (difference.low > 0) != (name in LOWER_IS_BETTER) else "A"


def _share_difference(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_], groups: Groups) -> Difference:
    """The difference of two shares of the same rows: those that A and those that B gets right.

    Source: Bonett & Price 2012: Wald's interval after one row is added to each kind of disagreement; it covers well
    with few disagreements, where the plain one has no width.
    """
    if groups is not None:
        return mean_difference(right_a.astype(np.float64), right_b.astype(np.float64), groups)
    rows = len(right_a)
    gained, lost = int((right_b & ~right_a).sum()), int((right_a & ~right_b).sum())
    up, down = (gained + 1) / (rows + 2), (lost + 1) / (rows + 2)
    half = Z * math.sqrt((up + down - (up - down) ** 2) / (rows + 2))
    low, high = max(-1.0, up - down - half), min(1.0, up - down + half)
    a, b = float(right_a.mean()), float(right_b.mean())
    return Difference(a, b, (gained - lost) / rows, low, high, "Bonett-Price, paired independent rows")


def mean_difference(a: Floats, b: Floats, groups: Groups) -> Difference:
    """The difference of two means over the same rows with a t interval.

    With groups the variance is that of the group sums of residuals. Source: Liang & Zeger 1986, for a mean.
    """
    terms = b - a
    value, rows = float(terms.mean()), len(terms)
    units = rows if groups is None else int(groups.max()) + 1
    mean_a, mean_b = float(a.mean()), float(b.mean())
    if units < 2:
        return Difference(mean_a, mean_b, value, None, None, "none: a single row or group")
    sums = terms - value if groups is None else np.bincount(groups, weights=terms - value)
    deviation = math.sqrt(units / (units - 1) * float((sums**2).sum())) / rows
    if deviation < NO_SPREAD:
        return Difference(mean_a, mean_b, value, None, None, "none: the difference is the same on every row or group")
    half = t_quantile(units - 1) * deviation
    method = "t interval of paired differences, "
    method += "independent rows" if groups is None else f"by group sums ({units:,} groups)"
    return Difference(mean_a, mean_b, value, value - half, value + half, method)


def _roc_auc(a: Scored, b: Scored, groups: Groups, draws: int, seed: int) -> tuple[Difference, float | None]:
    assert a.probabilities is not None
    assert b.probabilities is not None
    ones = np.ones((1, len(a)))
    value_a, value_b = (float(ranking_metrics(rows, ones)["roc_auc"][0]) for rows in (a, b))
    if not (math.isfinite(value_a) and math.isfinite(value_b)):
        return Difference(None, None, None, None, None, "undefined: rows of one class only"), None
    value = value_b - value_a
    if a.classes == 2 and groups is None:
        found = roc_area_difference(
            a.labels == a.positive, a.probabilities[:, a.positive], b.probabilities[:, a.positive]
        )
        if found is None:
            return Difference(value_a, value_b, value, None, None, "none: a single row of a class"), None
        deviation = found[1]
        if deviation < NO_SPREAD:
            return Difference(value_a, value_b, value, None, None, NO_DELONG), None
        p = 2 * NormalDist().cdf(-abs(value) / deviation)
        low, high = value - Z * deviation, value + Z * deviation
        return Difference(value_a, value_b, value, low, high, "paired DeLong, independent rows"), p

    sampled = paired_draws(lambda rows, weights: ranking_metrics(rows, weights)["roc_auc"], a, b, draws, seed, groups)
    kind = "rows, independent rows" if groups is None else f"whole groups ({int(groups.max()) + 1:,} groups)"
    interval = percentile_interval(value, sampled, f"paired percentile bootstrap, {draws:,} draws of {kind}")
    return Difference(value_a, value_b, value, interval.low, interval.high, interval.method), None

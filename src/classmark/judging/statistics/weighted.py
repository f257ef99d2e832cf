"""Metrics of rows that count by a weight: accuracy, log loss, Brier score and ROC area, with intervals and differences.

The sampling model: rows (or whole groups) are an independent sample, and each stands for as many cases as its weight says.
A metric is then a ratio of two sums. To first order its error is a sum over rows of what each adds to it, from which follow
the variance of the metric, of its difference between two models, and of both by groups.

Source: Hájek 1971 (weighted means); Särndal, Swensson, Wretman 1992, section 5.7 (linearised variance of a ratio); Liang &
Zeger 1986 (sums over groups); DeLong et al. 1988 (ROC area), here with weighted shares instead of counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classmark.errors import InputError
from classmark.judging.comparisons.paired import Difference
from classmark.judging.findings.finding import Finding
from classmark.judging.scored import Scored
from classmark.judging.statistics.intervals import Estimate, Floats, logit_interval, t_quantile, wilson
from classmark.judging.statistics.p_values import t_p
from classmark.judging.statistics.rare_errors import without_rare_errors
from classmark.judging.statistics.resampling import Groups

FEWEST_OF_A_KIND = 30  # right, or wrong, rows: of fewer the linearised variance covers 90 % instead of 95 %
NO_SPREAD = 1e-12
ONE_CLASS = "undefined: rows of one class only"
NO_CLASS_MEASURE = "left out: it has no interval for weighted rows"


@dataclass(frozen=True)
class Linear:
    """A metric of weighted rows.

    Attributes:
        value: the metric.
        parts: what each row adds to its error, shape (N,); they sum to 0.
        degrees: of freedom of Student's t.
    """

    value: float
    parts: Floats
    degrees: float

    def deviation(self, groups: Groups) -> float:
        """The standard deviation of the value."""
        return deviation(self.parts, groups)


def deviation(parts: Floats, groups: Groups) -> float:
    """The standard deviation of a sum of independent rows, or of independent groups of rows, about 0."""
    sums = parts if groups is None else np.bincount(groups, weights=parts)
    units = len(sums)
    return math.sqrt(units / (units - 1) * float((sums**2).sum())) if units > 1 else 0.0


def effective_number(weights: Floats, groups: Groups = None) -> float:
    """How many rows (or groups) of equal weight would say as much as these: (Σw)² / Σw². Source: Kish 1965."""
    sums = weights if groups is None else np.bincount(groups, weights=weights)
    return float(sums.sum() ** 2 / (sums**2).sum())


def weighted_mean(terms: Floats, weights: Floats, groups: Groups) -> Linear:
    """The mean of one term a row, shape (N,), by weight."""
    total = float(weights.sum())
    value = float((weights * terms).sum() / total)
    return Linear(value, weights * (terms - value) / total, effective_number(weights, groups) - 1)


def weighted_roc_area(scored: Scored, weights: Floats, groups: Groups) -> Linear | None:
    """The ROC area by weight: of the positive class of two, else the mean over classes, each against the rest.

    None where no class has weight on both sides.
    """
    which = [scored.positive] if scored.classes == 2 else range(scored.classes)
    found = [_roc_area(scored.labels == index, scored.scores(index), weights, groups) for index in which]
    known = [one for one in found if one is not None]
    if not known:
        return None
    return Linear(
        float(np.mean([one.value for one in known])),
        np.mean([one.parts for one in known], axis=0),
        min(one.degrees for one in known),
    )


def _roc_area(positive: NDArray[np.bool_], scores: Floats, weights: Floats, groups: Groups) -> Linear | None:
    sides = [np.where(side, weights, 0.0) for side in (positive, ~positive)]
    totals = [float(side.sum()) for side in sides]
    if min(totals) == 0:
        return None
    _, step = np.unique(scores, return_inverse=True)
    (below_positive, below_negative) = (_below(step, side) for side in sides)
    # A positive's share of negatives that it beats, a negative's share of positives that beat it; ties count half.
    beats = np.where(positive, below_negative / totals[1], 1 - below_positive / totals[0])
    value = float((sides[0] * beats).sum() / totals[0])
    parts = np.where(positive, sides[0] / totals[0], sides[1] / totals[1]) * (beats - value)
    fewer = min(effective_number(side, groups) for side in sides)
    return Linear(value, parts, fewer - 1)


def _below(step: NDArray[np.int64], weights: Floats) -> Floats:
    """The weight of the rows with a lower score than each row's, and half of that with the same, shape (N,)."""
    each = np.bincount(step, weights=weights)
    below: Floats = (np.cumsum(each) - each / 2)[step]
    return below


def linear_metrics(scored: Scored, groups: Groups) -> dict[str, Linear | None]:
    """Accuracy, and with probabilities log loss, ROC area and Brier score."""
    weights = scored.weights if scored.weights is not None else np.ones(len(scored))
    found: dict[str, Linear | None] = {
        "accuracy": weighted_mean((scored.predicted == scored.labels).astype(np.float64), weights, groups)
    }
    if scored.probabilities is None:
        return found
    found["log_loss"] = weighted_mean(scored.log_losses, weights, groups)
    found["roc_auc"] = weighted_roc_area(scored, weights, groups)
    found["brier"] = weighted_mean(scored.brier_terms, weights, groups)
    return found


def weighted_estimates(scored: Scored, groups: Groups = None) -> dict[str, Estimate]:
    """The metrics with intervals."""
    highest = {"log_loss": math.inf, "brier": 1.0 if scored.classes == 2 else 2.0}
    found = linear_metrics(scored, groups)
    return {
        name: Estimate(None, None, None, ONE_CLASS)
        if one is None
        else _share(scored, one, groups)
        if name == "accuracy"
        else _area(one, groups)
        if name == "roc_auc"
        else without_rare_errors(_mean(one, groups, highest[name]))
        for name, one in found.items()
    }


def _share(scored: Scored, one: Linear, groups: Groups) -> Estimate:
    """By the linearised variance on the logit scale; of few right or wrong rows Wilson's at the effective number of rows.

    Source: Franco, Little, Louis, Slud 2019 (Wilson's interval at the effective number of rows).
    """
    right = int((scored.predicted == scored.labels).sum())
    spread = one.deviation(groups)
    if min(right, len(scored) - right) >= FEWEST_OF_A_KIND and spread > NO_SPREAD and one.degrees >= 1:
        low, high = logit_interval(one.value, _quantile(one) * spread)
        return Estimate(one.value, low, high, f"linearised variance on the logit scale, {_model(groups)}")
    rows = one.degrees + 1
    found = wilson(one.value * rows, rows, f"Wilson at the effective number of {_units(groups)}, {_model(groups)}")
    return Estimate(one.value, found.low, found.high, found.method)


def _area(one: Linear, groups: Groups) -> Estimate:
    if not 0 < one.value < 1:
        return Estimate(one.value, None, None, "none: the scores separate the classes completely")
    if (spread := one.deviation(groups)) < NO_SPREAD or one.degrees < 1:
        return Estimate(one.value, None, None, "none: every row has the same score, or a class has a single row")
    low, high = logit_interval(one.value, _quantile(one) * spread)
    return Estimate(one.value, low, high, f"weighted DeLong on the logit scale, {_model(groups)}")


def _mean(one: Linear, groups: Groups, highest: float) -> Estimate:
    if (spread := one.deviation(groups)) < NO_SPREAD or one.degrees < 1:
        return Estimate(one.value, None, None, "none: a single row or group, or the same value in each")
    half = _quantile(one) * spread
    low, high = max(0.0, one.value - half), min(highest, one.value + half)
    return Estimate(one.value, low, high, f"linearised variance with t quantile, {_model(groups)}")


def roc_area_of(scored: Scored, groups: Groups = None) -> Estimate:
    """The ROC area of rows with or without weights, with its interval."""
    weights = scored.weights if scored.weights is not None else np.ones(len(scored))
    found = weighted_roc_area(scored, weights, groups)
    return Estimate(None, None, None, ONE_CLASS) if found is None else _area(found, groups)


def check_unweighted(source: str, **asked: object) -> None:
    """Refuse what is not made for rows with weights.

    Args:
        source: of the table.
        asked: argument → what it was given.

    Raises:
        InputError: one of them is given.
    """
    for name, given in asked.items():
        if given:
            raise InputError(
                f"{source} has weights, and {name} is only for rows of equal weight.",
                "Leave it out, or judge the table without its weights.",
                argument=name,
            )


def find_weighted(weights: Floats | None, groups: Groups = None) -> tuple[Finding, ...]:
    """What weights mean and how many rows they leave; nothing of rows without."""
    if weights is None:
        return ()
    effective = effective_number(weights, groups)
    units = len(weights) if groups is None else int(groups.max()) + 1
    noun = "rows" if groups is None else "groups"
    message = (
        f"Rows count by their weight, as an independent sample in which each {noun[:-1]} stands for as many cases as its "
        f"weight says. {units:,} {noun} of these weights say about as much as {effective:,.0f} of equal weight. Metrics "
        "without an interval for weighted rows are left out; the confusion matrix counts rows."
    )
    return (Finding("weighted", "info", message),)


def weighted_differences(a: Scored, b: Scored, groups: Groups = None) -> dict[str, Difference]:
    """The differences B − A of two models on the same rows with the same weights."""
    first, second = linear_metrics(a, groups), linear_metrics(b, groups)
    return {name: _difference(first[name], second[name], groups) for name in first if name in second}


def _difference(a: Linear | None, b: Linear | None, groups: Groups) -> Difference:
    if a is None or b is None:
        return Difference(None, None, None, None, None, ONE_CLASS)
    value, spread = b.value - a.value, deviation(b.parts - a.parts, groups)
    if spread < NO_SPREAD or a.degrees < 1:
        method = "none: the difference is the same on every row or group"
        return Difference(a.value, b.value, value, None, None, method)
    half = _quantile(a) * spread
    method = f"t interval by the linearised variance of the paired difference, {_model(groups)}"
    degrees = max(1, round(a.degrees))
    p = t_p(value / spread, degrees)
    return Difference(a.value, b.value, value, value - half, value + half, method, p, degrees)


def _quantile(one: Linear) -> float:
    return t_quantile(max(1, round(one.degrees)))


def _units(groups: Groups) -> str:
    return "rows" if groups is None else "groups"


def _model(groups: Groups) -> str:
    independent = "independent rows" if groups is None else f"independent groups ({int(groups.max()) + 1:,} groups)"
    return f"weighted {independent}"

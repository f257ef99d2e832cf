"""Paired differences of two models' metrics on the same rows: the one place that says which interval each has."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from classmark.judging.metric import LOWER_IS_BETTER, METRICS
from classmark.judging.scored import TOP_K_CLASSES, Scored, confusion_metrics, statistics
from classmark.judging.statistics.groups import FEWEST, ONE_GROUP, effective_groups, group_degrees, group_words
from classmark.judging.statistics.influence import mean_ranked, metric_parts, tail_degrees
from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.level import level, normal_quantile, risk
from classmark.judging.statistics.p_values import deviate, mcnemar, t_p
from classmark.judging.statistics.ranking import FEWEST_OF_A_CLASS, roc_area_difference
from classmark.judging.statistics.resampling import Groups, group_counts, ranking_draws
from classmark.judging.statistics.tango import METHOD, tango_interval

MOSTLY = 0.95  # of the draws must give a value
NO_SPREAD = 1e-12  # a deviation below this is zero but for rounding: the rows do not say how far it would vary
NEAR_ONE = 0.99  # average precision: above it hangs on so few rows that these may say too little of the others
ONE_CLASS = "undefined: rows of one class only"
FEW_OF_A_CLASS = f"none: fewer than {FEWEST_OF_A_CLASS} rows of a class"
NO_DELONG = "none: DeLong's variance is zero, both tables rank these rows alike or differ on each by the same amount"


@dataclass(frozen=True)
class Difference:
    """One metric of two models, `difference` = B − A with its interval.

    Attributes:
        p: two-sided, of no difference, under the sampling model that `method` names; None where none is known. Of
            accuracy over independent rows it is McNemar's mid-p, of a bootstrap that of the deviation of its draws.
        degrees: of freedom of Student's t in the interval; None where its quantile is the normal one.
    """

    a: float | None
    b: float | None
    difference: float | None
    low: float | None
    high: float | None
    method: str
    p: float | None = None
    degrees: float | None = None


@dataclass(frozen=True)
class Sampled:
    """Rows with the bootstrap draws of their metrics; draws of equal rows, groups, number and seed are paired."""

    scored: Scored
    groups: Groups
    draws: int
    seed: int

    @cached_property
    def values(self) -> dict[str, float]:
        """Every metric of these rows."""
        return statistics(self.scored)

    @cached_property
    def parts(self) -> dict[str, Floats]:
        """What each row adds to the error of each metric, shape (N,)."""
        return metric_parts(self.scored)

    @cached_property
    def ranked(self) -> dict[str, Floats]:
        """`roc_auc` and `average_precision` in every draw, each of shape (R,)."""
        return ranking_draws(self.scored, self.draws, self.seed, self.groups)

    @cached_property
    def counted(self) -> dict[str, Floats]:
        """The metrics of the confusion matrix in every draw, each of shape (R,)."""
        return confusion_metrics(group_counts(self.scored, self.draws, self.seed, self.groups), self.scored.positive)


def sampled_differences(
    a: Sampled, b: Sampled, *, every_metric: bool = True
) -> tuple[dict[str, Difference], float | None]:
    """The differences B − A by the name of the metric, and DeLong's two-sided p of equal ROC areas where it is known.

    Args:
        a: labelled rows, whose draws may serve several pairs.
        b: the same rows, matched.
        every_metric: whether F1 and Matthews' correlation too, which always need a bootstrap.
    """
    groups, rows_a, rows_b = a.groups, a.scored, b.scored
    found = {"accuracy": share_difference(right_rows(rows_a), right_rows(rows_b), groups)}
    if every_metric:
        for name in ("f1" if rows_a.classes == 2 else "f1_macro", "mcc"):
            found[name] = sampled_difference(a, b, name)
    if rows_a.probabilities is None or rows_b.probabilities is None:
        return found, None
    found["log_loss"] = mean_difference(rows_a.log_losses, rows_b.log_losses, groups)
    found["roc_auc"], delong_p = _roc_auc(a, b)
    found["average_precision"] = sampled_difference(a, b, "average_precision")
    found["brier"] = mean_difference(rows_a.brier_terms, rows_b.brier_terms, groups)
    if rows_a.classes >= TOP_K_CLASSES:
        found["top5_accuracy"] = share_difference(
            right_rows(rows_a, "top5_accuracy"), right_rows(rows_b, "top5_accuracy"), groups
        )
    return found, delong_p


def better_side(name: str, difference: Difference | None) -> str:
    """A or B where the interval of the difference lies wholly on its side and the test agrees; else empty.

    Interval and test of two shares follow from different approximations: 4 of 4 rows give 7 to 100 points and p 0.06.
    """
    if difference is None or difference.low is None or difference.high is None:
        return ""
    if difference.low <= 0 <= difference.high or (difference.p is not None and difference.p >= risk()):
        return ""
    return "B" if (difference.low > 0) != (name in LOWER_IS_BETTER) else "A"


def against_b(name: str, difference: Difference) -> bool:
    """Whether B's value is the worse one, whatever the interval."""
    value = difference.difference
    return value is not None and value != 0 and (value < 0) != (name in LOWER_IS_BETTER)


def right_rows(scored: Scored, name: str = "accuracy") -> NDArray[np.bool_]:
    """Which rows the prediction is right on, or with `top5_accuracy` one of its five surest classes, shape (N,)."""
    return scored.top_k_hits > 0 if name == "top5_accuracy" else scored.predicted == scored.labels


def share_difference(
    right_a: NDArray[np.bool_], right_b: NDArray[np.bool_], groups: Groups, z: float | None = None
) -> Difference:
    """The difference of two shares of the same rows: those that A and those that B gets right.

    Args:
        right_a: shape (N,).
        right_b: shape (N,).
        groups: group number of each row; with them, the t interval of a mean.
        z: the normal quantile of the interval of independent rows; without it, that of the level.
    """
    if groups is not None:
        return mean_difference(right_a.astype(np.float64), right_b.astype(np.float64), groups)
    rows = len(right_a)
    gained, lost = int((right_b & ~right_a).sum()), int((right_a & ~right_b).sum())
    low, high = tango_interval(gained, lost, rows, normal_quantile() if z is None else z)
    a, b = float(right_a.mean()), float(right_b.mean())
    return Difference(a, b, (gained - lost) / rows, low, high, METHOD, mcnemar(lost, gained).p_midp)


def mean_difference(a: Floats, b: Floats, groups: Groups) -> Difference:
    """The difference of two means over the same rows with a t interval.

    With groups the variance is that of the group sums of residuals, multiplied as by `group_quantile`. Source: Liang & Zeger
    1986, for a mean.
    """
    terms = b - a
    value, rows = float(terms.mean()), len(terms)
    mean_a, mean_b = float(a.mean()), float(b.mean())
    if rows < 2 or (groups is not None and groups.max() == 0):
        return Difference(mean_a, mean_b, value, None, None, "none: a single row or group")
    parts = (terms - value) / rows
    sums = parts if groups is None else np.bincount(groups, weights=parts)
    deviation = math.sqrt(float((sums**2).sum()))
    if deviation < NO_SPREAD:
        return Difference(mean_a, mean_b, value, None, None, "none: the difference is the same on every row or group")
    if groups is None:
        wider, degrees, kind = math.sqrt(rows / (rows - 1)), float(rows - 1), "independent rows"
    else:
        effective = effective_groups(groups)
        if effective < FEWEST:
            return Difference(mean_a, mean_b, value, None, None, ONE_GROUP)
        wider, degrees = effective / (effective - 1), group_degrees(effective, sums)
        kind = f"by group sums ({group_words(int(groups.max()) + 1, effective)})"
    deviation *= wider
    half = deviate(level(), degrees) * deviation
    p = t_p(value / deviation, degrees)
    method = f"t interval of paired differences, {kind}"
    return Difference(mean_a, mean_b, value, value - half, value + half, method, p, degrees)


def _roc_auc(one: Sampled, other: Sampled) -> tuple[Difference, float | None]:
    """By DeLong for two classes of independent rows, else by the bootstrap."""
    a, b = one.scored, other.scored
    if a.classes != 2 or one.groups is not None:
        return sampled_difference(one, other, "roc_auc"), None
    positive = a.labels == a.positive
    if positive.all() or not positive.any():
        return Difference(None, None, None, None, None, ONE_CLASS), None
    value_a, value_b = one.values["roc_auc"], other.values["roc_auc"]
    value = value_b - value_a
    found = roc_area_difference(positive, a.scores(a.positive), b.scores(a.positive))
    if found is None:
        return Difference(value_a, value_b, value, None, None, FEW_OF_A_CLASS), None
    if found.deviation < NO_SPREAD:
        return Difference(value_a, value_b, value, None, None, NO_DELONG), None
    p, half = t_p(value / found.deviation, found.degrees), deviate(level(), found.degrees) * found.deviation
    method = "paired DeLong with Satterthwaite's degrees of freedom, independent rows"
    return Difference(value_a, value_b, value, value - half, value + half, method, p, found.degrees), p


def sampled_difference(a: Sampled, b: Sampled, name: str) -> Difference:
    """The difference with a t interval by the deviation of the paired draws.

    Draws repeat rows, which moves average precision and F1 of few rows away from the value, percentiles with them;
    their deviation stays right. It has as many degrees of freedom as what each row, or group, adds to the difference says.
    Of average precision near 1, and of its mean over many classes, the rows that decide may be missing: there one more row
    at the top counts too, as in the interval of the value. Without, 90 to 92 % are covered.

    Source: Efron & Tibshirani 1993, chapter 12 (standard intervals); Satterthwaite 1946 (degrees of freedom).
    """
    value_a, value_b = a.values[name], b.values[name]
    if not (math.isfinite(value_a) and math.isfinite(value_b)):
        return Difference(None, None, None, None, None, ONE_CLASS)
    ranked = name in ("roc_auc", "average_precision")
    draws = b.ranked[name] - a.ranked[name] if ranked else b.counted[name] - a.counted[name]
    value, finite = value_b - value_a, draws[np.isfinite(draws)]
    if len(finite) < MOSTLY * len(draws):
        method = "none: undefined in more than 5 % of the draws"
        return Difference(value_a, value_b, value, None, None, method)
    deviation = float(finite.std(ddof=1))
    if deviation < NO_SPREAD:
        return Difference(value_a, value_b, value, None, None, "none: the same in every draw")
    parts = b.parts[name] - a.parts[name]
    if a.groups is None:
        degrees, kind = tail_degrees(parts), "rows, independent rows"
        if name == "average_precision" and a.scored.classes == 2:
            rarer = float(min(np.bincount(a.scored.labels, minlength=2)))
            if rarer < FEWEST_OF_A_CLASS:
                return Difference(value_a, value_b, value, None, None, FEW_OF_A_CLASS)
            degrees = min(degrees, rarer - 1)
        if name == "average_precision" and (a.scored.classes > 2 or max(value_a, value_b) > NEAR_ONE):
            unseen = max(mean_ranked(one.scored).unseen for one in (a, b))
            deviation = math.hypot(deviation, unseen / deviate(level(), degrees))
            kind += ", with one unseen error at the top"
    else:
        effective = effective_groups(a.groups)
        if effective < FEWEST:
            return Difference(value_a, value_b, value, None, None, ONE_GROUP)
        deviation *= effective / (effective - 1)
        degrees = group_degrees(effective, np.bincount(a.groups, weights=parts))
        kind = f"whole groups ({group_words(int(a.groups.max()) + 1, effective)})"
    half = deviate(level(), degrees) * deviation
    method = f"t interval by the deviation of a paired bootstrap, {a.draws:,} draws of {kind}"
    lowest, highest = METRICS[name].bounds
    reach = math.inf if highest is None else highest - lowest
    low, high = max(-reach, value - half), min(reach, value + half)
    return Difference(value_a, value_b, value, low, high, method, t_p(value / deviation, degrees), degrees)

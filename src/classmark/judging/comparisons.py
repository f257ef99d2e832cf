"""Two models on the same rows: paired differences, McNemar's and DeLong's tests, one plain sentence."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.judging.findings import Finding, find_left_out
from classmark.judging.intervals import CONFIDENCE, Floats, Z, percentile_interval, t_quantile
from classmark.judging.metrics import Scored, ranking_metrics
from classmark.judging.ranking import roc_area_difference
from classmark.judging.resampling import paired_draws
from classmark.judging.rows import matched, positive_index, row_groups, scored_rows
from classmark.predictions import Predictions

SCHEMA_VERSION = 1
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


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of equal accuracy, from the rows that only one of the two gets right."""

    p_exact: float
    p_midp: float
    only_a_right: int
    only_b_right: int


@dataclass(frozen=True)
class Comparison:
    """What is known about the difference between two models, B − A.

    Attributes:
        a, b: what they are called.
        rows: labelled rows that both predict.
        classes, positive: positive is None for more than two classes.
        metrics: accuracy, and with probabilities in both log_loss and roc_auc.
        delong_p: two-sided p of equal ROC areas, for two classes; None where unknown.
        sentence: the result in one sentence.
        findings: what a reader must know beside it.
    """

    a: str
    b: str
    rows: int
    classes: tuple[str, ...]
    positive: str | None
    metrics: dict[str, Difference]
    mcnemar: McNemar
    delong_p: float | None
    sentence: str
    findings: tuple[Finding, ...] = ()
    groups: int | None = None
    confidence: float = CONFIDENCE
    draws: int = 1000
    seed: int = 0
    schema_version: int = field(default=SCHEMA_VERSION)

    def to_json(self) -> dict[str, Any]:
        content = asdict(self)
        content["delong"] = None if content.pop("delong_p") is None else {"p": self.delong_p}
        return content | {"classes": list(self.classes), "findings": list(content["findings"])}


def comparison_from_json(content: dict[str, Any]) -> Comparison:
    """The comparison that `to_json` wrote."""
    known = dict(content)
    delong = known.pop("delong")
    metrics = {name: Difference(**value) for name, value in known["metrics"].items()}
    findings = tuple(Finding(**finding) for finding in known["findings"])
    known |= {"classes": tuple(known["classes"]), "mcnemar": McNemar(**known["mcnemar"])}
    known |= {"metrics": metrics, "findings": findings}
    return Comparison(**known, delong_p=delong["p"] if delong else None)


def compare(
    a: Predictions,
    b: Predictions,
    *,
    positive: str | None = None,
    draws: int = 1000,
    seed: int = 0,
    names: tuple[str, str] | None = None,
) -> Comparison:
    """The paired comparison of two tables, rows matched by id.

    Args:
        a: the one that is compared with.
        b: predictions on the same rows; its classes may stand in another order.
        positive: the positive class of two; without it, the second of A.
        draws: of the bootstrap, where one is needed.
        seed: of the bootstrap.
        names: what the sentence calls them, instead of their files.

    Raises:
        PredictionsError: ids, labels or classes differ.
        InputError: `positive` is no class.
    """
    name_a, name_b = names or (a.source, b.source)
    a, b = matched(a, b)
    index = positive_index(a, positive)
    rows_a, rows_b = scored_rows(a, index), scored_rows(b, index)
    groups = row_groups(a)
    right_a, right_b = rows_a.predicted == rows_a.labels, rows_b.predicted == rows_b.labels
    metrics = {"accuracy": _accuracy(right_a, right_b, groups)}
    delong_p = None
    if rows_a.probabilities is not None and rows_b.probabilities is not None:
        metrics["log_loss"] = _mean_difference(rows_a.log_losses, rows_b.log_losses, groups)
        metrics["roc_auc"], delong_p = _roc_auc(rows_a, rows_b, groups, draws, seed)
    test = mcnemar(int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum()))
    return Comparison(
        a=name_a,
        b=name_b,
        rows=len(a),
        classes=a.classes,
        positive=a.classes[index] if len(a.classes) == 2 else None,
        metrics=metrics,
        mcnemar=test,
        delong_p=delong_p,
        sentence=_sentence(name_a, name_b, metrics["accuracy"], len(a)),
        findings=find_left_out(a, b, (name_a, name_b)),
        groups=None if groups is None else int(groups.max()) + 1,
        draws=draws,
        seed=seed,
    )


def mcnemar(only_a_right: int, only_b_right: int) -> McNemar:
    """McNemar's exact test and its mid-p form, two-sided.

    Source: McNemar 1947; Fagerland, Lydersen, Laake 2013: mid-p = exact p less the probability of the split seen.
    Whole numbers throughout, so the p of many rows neither underflows nor loses digits.
    """
    discordant, fewer = only_a_right + only_b_right, min(only_a_right, only_b_right)
    term = total = 1
    for k in range(1, fewer + 1):
        term = term * (discordant - k + 1) // k
        total += term
    every = 2**discordant
    exact = 1.0 if only_a_right == only_b_right else min(1.0, 2 * total / every)
    return McNemar(exact, (2 * total - term) / every, only_a_right, only_b_right)


def _accuracy(right_a: NDArray[np.bool_], right_b: NDArray[np.bool_], groups: NDArray[np.int64] | None) -> Difference:
    """The difference of accuracies.

    Source: Bonett & Price 2012: Wald's interval after one row is added to each kind of disagreement; it covers well
    with few disagreements, where the plain one has no width.
    """
    if groups is not None:
        return _mean_difference(right_a.astype(np.float64), right_b.astype(np.float64), groups)
    rows = len(right_a)
    gained, lost = int((right_b & ~right_a).sum()), int((right_a & ~right_b).sum())
    up, down = (gained + 1) / (rows + 2), (lost + 1) / (rows + 2)
    half = Z * math.sqrt((up + down - (up - down) ** 2) / (rows + 2))
    low, high = max(-1.0, up - down - half), min(1.0, up - down + half)
    a, b = float(right_a.mean()), float(right_b.mean())
    return Difference(a, b, (gained - lost) / rows, low, high, "Bonett-Price, paired independent rows")


def _mean_difference(a: Floats, b: Floats, groups: NDArray[np.int64] | None) -> Difference:
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


def _roc_auc(
    a: Scored, b: Scored, groups: NDArray[np.int64] | None, draws: int, seed: int
) -> tuple[Difference, float | None]:
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


def _sentence(a: str, b: str, accuracy: Difference, rows: int) -> str:
    assert accuracy.difference is not None
    difference = 100 * accuracy.difference
    if accuracy.low is None or accuracy.high is None:
        return f"{b} and {a} differ by {difference:+.2f} points of accuracy on {rows:,} rows, without an interval."
    low, high = 100 * accuracy.low, 100 * accuracy.high
    # One digit, but never so few that an end of the interval reads as zero.
    digits = 1 if min(abs(low), abs(high)) >= 0.05 else 2
    if low <= 0 <= high:
        span = f"B − A is {difference:+.{digits}f} points ({low:+.{digits}f} to {high:+.{digits}f})"
        return f"These data cannot tell {a} (A) and {b} (B) apart: {span} of accuracy on {rows:,} rows."
    better, worse = (b, a) if low > 0 else (a, b)
    least, most = sorted((abs(low), abs(high)))
    span = f"{abs(difference):.{digits}f} points ({least:.{digits}f} to {most:.{digits}f})"
    return f"{better} is better than {worse} by {span} of accuracy on {rows:,} rows."

"""Every metric of labelled rows with its interval: the one place that says which interval a metric has."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from classmark.judging.metric import METRICS
from classmark.judging.parts.calibration import binned_error, width_edges
from classmark.judging.scored import (
    TOP_K_CLASSES,
    ClassCounts,
    Scored,
    class_counts,
    class_scores,
    confusion_metrics,
    statistics,
)
from classmark.judging.statistics.average_precision import precision_interval
from classmark.judging.statistics.groups import FEWEST, effective_groups, group_degrees
from classmark.judging.statistics.influence import class_parts, metric_parts
from classmark.judging.statistics.intervals import (
    Estimate,
    Floats,
    percentile_interval,
    share_of_rows,
    spread_interval,
    wilson_f1,
)
from classmark.judging.statistics.macro import macro_precision, mean_of_shares
from classmark.judging.statistics.matrices import macro_f1, matthews
from classmark.judging.statistics.ranking import roc_area
from classmark.judging.statistics.rare_errors import loss_interval, without_rare_errors
from classmark.judging.statistics.resampling import (
    Groups,
    bootstrap,
    bootstrap_method,
    group_counts,
    ranking_draws,
)
from classmark.judging.statistics.weighted import NO_CLASS_MEASURE, weighted_estimates

# Of two classes, as the rarer one carries their error: with 20 groups and a tenth of positives they cover 96 to 98 % by its
# groups, by all groups 91 to 93 %; the other metrics cover by all groups.
BY_THE_RARER_CLASS = ("roc_auc", "balanced_accuracy", "recall_macro", "precision_macro", "f1_macro", "mcc")
NO_ECE_INTERVAL = "none: the bootstrap of a plug-in calibration error covers badly"
ONE_CLASS_OF_TWO = "none: a class has no rows, so that this is not the mean of both"
ABSENT = Estimate(None, None, None, "undefined: no row has this class")
NEVER_PREDICTED = Estimate(0.0, None, None, "none: the class is never predicted, its precision is set to 0")


@dataclass(frozen=True)
class ClassEstimate:
    """One class against the rest.

    Attributes:
        name: the class.
        rows: how many rows have it.
        precision, recall, f1: recall and F1 are None where no row has the class.
    """

    name: Annotated[str, Field(alias="class")]
    rows: int
    precision: Estimate
    recall: Estimate
    f1: Estimate


@dataclass(frozen=True)
class Estimates:
    """The metrics of one predictions table, and those of each class."""

    metrics: dict[str, Estimate]
    per_class: tuple[ClassEstimate, ...]


@dataclass(frozen=True)
class Draws:
    """Draws of whole groups.

    Attributes:
        metrics: each of shape (R,).
        counts: the class counts of each draw.
        method: how they were drawn.
        effective: the effective number of groups.
        fewer: that of the rows of the class with fewer, where rows have two classes.
        scored, groups: what was drawn from.
    """

    metrics: dict[str, Floats]
    counts: ClassCounts
    method: str
    effective: float
    fewer: float
    scored: Scored
    groups: NDArray[np.int64]

    def degrees(self, parts: Floats, units: float, rows: NDArray[np.int64] | slice = slice(None)) -> float:
        """The degrees of freedom of a deviation, by what each of these rows adds to the error."""
        return group_degrees(units, np.bincount(self.groups[rows], weights=parts)) if units >= FEWEST else 1.0


def estimate(scored: Scored, classes: tuple[str, ...], draws: int, seed: int, groups: Groups = None) -> Estimates:
    """Every metric with its interval.

    Args:
        scored: labelled rows.
        classes: C names.
        draws: of the bootstrap.
        seed: of the bootstrap.
        groups: group number of each row; then every interval comes from resampling whole groups.

    Rows with weights have fewer metrics, those of `weighted_estimates`, and no measures of a class.
    """
    if scored.weights is not None:
        rows = scored.confusion.sum(axis=1).tolist()
        none = [Estimate(None, None, None, NO_CLASS_MEASURE)] * 3
        per_class = tuple(ClassEstimate(name, count, *none) for name, count in zip(classes, rows, strict=True))
        return Estimates(ordered(weighted_estimates(scored, groups)), per_class)
    if groups is None:
        drawn = None
        metrics = count_intervals(scored.confusion, scored.positive) | _score_intervals(scored, draws, seed)
    else:
        drawn = _group_draws(scored, draws, seed, groups)
        metrics = _group_intervals(scored, drawn)
    if scored.probabilities is not None:
        metrics["ece"] = Estimate(binned_error(scored, width_edges()).ece, None, None, NO_ECE_INTERVAL)
    return Estimates(ordered(metrics), class_estimates(scored.confusion, classes, drawn))


def estimate_matrix(confusion: NDArray[np.int64], classes: tuple[str, ...], positive: int) -> Estimates:
    """The metrics that a confusion matrix of independent rows gives, with their intervals."""
    return Estimates(ordered(count_intervals(confusion, positive)), class_estimates(confusion, classes))


def ordered(metrics: dict[str, Estimate]) -> dict[str, Estimate]:
    """The metrics in the order in which they are shown."""
    return {name: metrics[name] for name in METRICS if name in metrics}


def count_intervals(confusion: NDArray[np.int64], positive: int) -> dict[str, Estimate]:
    """The metrics of a confusion matrix of independent rows, with intervals that need no draws."""
    true, claimed, hits = confusion.sum(axis=1), confusion.sum(axis=0), np.diag(confusion)
    present = true > 0
    recall = mean_of_shares(hits[present], true[present])
    found = {
        "accuracy": share_of_rows(float(hits.sum()), float(true.sum())),
        "balanced_accuracy": recall,
        "recall_macro": recall,
        "precision_macro": macro_precision(hits[present], claimed[present], true[present]),
        "f1_macro": macro_f1(confusion),
        "mcc": matthews(confusion),
    }
    if len(true) == 2:
        found["precision"] = _precision(hits[positive], claimed[positive])
        found["recall"] = _recall(hits[positive], true[positive])
        found["f1"] = _f1(hits[positive], true[positive], claimed[positive])
        if present.sum() < 2:  # such a mean is of one class, and says nothing of the mean of both
            averages = ("balanced_accuracy", "recall_macro", "precision_macro", "f1_macro")
            found |= {name: replace(found[name], low=None, high=None, method=ONE_CLASS_OF_TWO) for name in averages}
    return found


def class_estimates(
    confusion: NDArray[np.int64], classes: tuple[str, ...], drawn: Draws | None = None
) -> tuple[ClassEstimate, ...]:
    """Precision, recall and F1 of each class: by Wilson for independent rows, else from the draws of whole groups."""
    counts = class_counts(confusion)
    found = []
    for index, name in enumerate(classes):
        true, claimed, hits = (part[0, index] for part in counts)
        one = ClassEstimate(name, int(true), _precision(hits, claimed), _recall(hits, true), _f1(hits, true, claimed))
        found.append(one if drawn is None else _drawn_class(one, index, drawn))
    return tuple(found)


def called_estimates(called: Scored, drawn: ClassCounts | None, groups: Groups) -> dict[str, Estimate]:
    """The metrics of two classes that need no scores, `specificity` with them: as `estimate` has them.

    Args:
        called: labelled rows, predicted by any threshold.
        drawn: the counts of each draw of whole groups; None for independent rows.
        groups: group number of each row.
    """
    draws = None if groups is None or drawn is None else _group_draws(called, len(drawn.true), 0, groups, drawn)
    found = count_intervals(called.confusion, called.positive) if draws is None else _group_intervals(called, draws)
    negative = class_estimates(called.confusion, ("", ""), draws)[1 - called.positive]
    return found | {"specificity": negative.recall}


def _drawn_class(one: ClassEstimate, index: int, drawn: Draws) -> ClassEstimate:
    """The same with intervals from the draws, where there is something to estimate.

    A draw without the class says nothing about its recall or F1, nor one without its prediction of precision.
    """
    there, said = drawn.counts.true[:, index] > 0, drawn.counts.claimed[:, index] > 0
    estimates = (one.precision, one.recall, one.f1)
    drawn_scores = (part[:, index] for part in class_scores(drawn.counts))
    labels, predicted = drawn.scored.labels, drawn.scored.predicted
    rows = np.flatnonzero((labels == index) | (predicted == index))
    parts = class_parts(labels[rows], predicted[rows], index)
    found = [
        estimate
        if estimate in (ABSENT, NEVER_PREDICTED)
        else spread_interval(
            estimate.value,
            np.where(defined, draws, np.nan),
            drawn.method,
            units=drawn.effective,
            degrees=drawn.degrees(part, drawn.effective, rows),
        )
        for estimate, draws, part, defined in zip(estimates, drawn_scores, parts, (said, there, there), strict=True)
    ]
    return ClassEstimate(one.name, one.rows, *found)


def _group_draws(
    scored: Scored, draws: int, seed: int, groups: NDArray[np.int64], counts: ClassCounts | None = None
) -> Draws:
    counts = group_counts(scored, draws, seed, groups) if counts is None else counts
    metrics = confusion_metrics(counts, scored.positive)
    if scored.probabilities is not None:
        metrics |= bootstrap(scored, draws, seed, groups)
    effective = effective_groups(groups)
    sides = [effective_groups(groups, scored.labels == index) for index in range(2)]
    fewer = min([effective, *(side for side in sides if side)])
    return Draws(metrics, counts, bootstrap_method(draws, groups), effective, fewer, scored, groups)


def _group_intervals(scored: Scored, drawn: Draws) -> dict[str, Estimate]:
    values, highest = statistics(scored), {"brier": _highest_brier(scored)}
    fewer = dict.fromkeys(BY_THE_RARER_CLASS, drawn.fewer) if scored.classes == 2 else {}
    parts = metric_parts(scored)
    found = {}
    for name, draws in drawn.metrics.items():
        units = fewer.get(name, drawn.effective)
        degrees = drawn.degrees(parts[name], units) if name in parts else None
        found[name] = spread_interval(
            values[name], draws, drawn.method, METRICS[name].scale, units, highest.get(name, math.inf), degrees
        )
    return found | {name: without_rare_errors(found[name]) for name in ("log_loss", "brier") if name in found}


def _highest_brier(scored: Scored) -> float:
    return 1.0 if scored.classes == 2 else 2.0


def _score_intervals(scored: Scored, draws: int, seed: int) -> dict[str, Estimate]:
    """The metrics of scores for independent rows; without draws where that is possible."""
    if scored.probabilities is None:
        return {}
    values = statistics(scored)
    found = {
        "roc_auc": _roc_area(scored, values["roc_auc"], draws, seed),
        "average_precision": precision_interval(scored, values["average_precision"]),
        "log_loss": loss_interval(*scored.log_loss_parts),
        "brier": loss_interval(*scored.brier_parts, _highest_brier(scored)),
    }
    if scored.classes >= TOP_K_CLASSES:
        found["top5_accuracy"] = share_of_rows(float(scored.top_k_hits.sum()), len(scored))
    return found


def _roc_area(scored: Scored, value: float, draws: int, seed: int) -> Estimate:
    """Of two classes by DeLong, of more from draws."""
    if scored.classes == 2:
        return roc_area(scored.labels == scored.positive, scored.scores(scored.positive))
    drawn = ranking_draws(scored, draws, seed)["roc_auc"]
    return percentile_interval(value, drawn, bootstrap_method(draws, None))


def _precision(hits: float, claimed: float) -> Estimate:
    return share_of_rows(float(hits), float(claimed)) if claimed else NEVER_PREDICTED


def _recall(hits: float, true: float) -> Estimate:
    return share_of_rows(float(hits), float(true)) if true else ABSENT


def _f1(hits: float, true: float, claimed: float) -> Estimate:
    return wilson_f1(float(hits), float(true), float(claimed)) if true else ABSENT

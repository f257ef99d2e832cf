"""Every metric of labelled rows with its interval: the one place that says which interval a metric has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classmark.judging.calibration import calibrate
from classmark.judging.intervals import (
    Estimate,
    Floats,
    mean_interval,
    mean_of_shares,
    percentile_interval,
    spread_interval,
    wilson,
)
from classmark.judging.metrics import (
    TOP_K_CLASSES,
    ClassCounts,
    Scored,
    class_counts,
    class_scores,
    confusion_metrics,
    row_terms,
    statistics,
)
from classmark.judging.ranking import roc_area
from classmark.judging.resampling import (
    Groups,
    bootstrap_method,
    group_counts,
    matrix_counts,
    mean_draws,
    ranking_draws,
)

ORDER = (
    "accuracy",
    "log_loss",
    "roc_auc",
    "average_precision",
    "brier",
    "ece",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "precision_macro",
    "recall_macro",
    "f1_macro",
    "mcc",
    "top5_accuracy",
)
NO_ECE_INTERVAL = "none: the bootstrap of a plug-in calibration error covers badly"
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

    name: str
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
    """Bootstrap draws: each metric, shape (R,), the class counts they come from, and what is said of the method."""

    metrics: dict[str, Floats]
    counts: ClassCounts
    method: str


def estimate(scored: Scored, classes: tuple[str, ...], draws: int, seed: int, groups: Groups = None) -> Estimates:
    """Every metric with its interval.

    Args:
        scored: labelled rows.
        classes: C names.
        draws: of the bootstrap.
        seed: of the bootstrap.
        groups: group number of each row; then every interval comes from resampling whole groups.
    """
    drawn = _draw(scored, draws, seed, groups)
    values = statistics(scored)
    metrics = {name: percentile_interval(values[name], drawn.metrics[name], drawn.method) for name in drawn.metrics}
    if "average_precision" in metrics:
        sampled = drawn.metrics["average_precision"]
        metrics["average_precision"] = spread_interval(values["average_precision"], sampled, drawn.method)
    if groups is None:
        metrics |= count_intervals(scored.confusion, scored.positive) | _score_intervals(scored)
    if scored.probabilities is not None:
        metrics["ece"] = Estimate(calibrate(scored).ece, None, None, NO_ECE_INTERVAL)
    return Estimates(ordered(metrics), class_estimates(scored.confusion, classes, drawn, independent=groups is None))


def estimate_matrix(
    confusion: NDArray[np.int64], classes: tuple[str, ...], positive: int, draws: int, seed: int
) -> Estimates:
    """The metrics that a confusion matrix of independent rows gives, with their intervals."""
    drawn = _matrix_draws(confusion, positive, draws, seed)
    values = confusion_metrics(class_counts(confusion), positive)
    metrics = {
        name: percentile_interval(float(value[0]), drawn.metrics[name], drawn.method) for name, value in values.items()
    }
    metrics |= count_intervals(confusion, positive)
    return Estimates(ordered(metrics), class_estimates(confusion, classes, drawn, independent=True))


def ordered(metrics: dict[str, Estimate]) -> dict[str, Estimate]:
    """The metrics in the order in which they are shown."""
    return {name: metrics[name] for name in ORDER if name in metrics}


def count_intervals(confusion: NDArray[np.int64], positive: int) -> dict[str, Estimate]:
    """The metrics that are shares of a number of rows, or means of such, with intervals that need no draws."""
    true, claimed, hits = confusion.sum(axis=1), confusion.sum(axis=0), np.diag(confusion)
    present = true > 0
    recall = mean_of_shares(hits[present], true[present])
    found = {
        "accuracy": wilson(float(hits.sum()), float(true.sum())),
        "balanced_accuracy": recall,
        "recall_macro": recall,
        "precision_macro": mean_of_shares(hits[present], claimed[present]),
    }
    if len(true) == 2:
        found["precision"] = _precision(hits[positive], claimed[positive])
        found["recall"] = _recall(hits[positive], true[positive])
        if not true[positive]:
            found["f1"] = ABSENT
    return found


def class_estimates(
    confusion: NDArray[np.int64], classes: tuple[str, ...], drawn: Draws, *, independent: bool
) -> tuple[ClassEstimate, ...]:
    """Precision, recall and F1 of each class, by Wilson where rows are independent and a share of rows is asked for."""
    counts = class_counts(confusion)
    values = [part[0] for part in class_scores(counts)]
    precisions, recalls, f1s = class_scores(drawn.counts)
    found = []
    for index, name in enumerate(classes):
        true, claimed, hits = (part[0, index] for part in counts)
        precision, recall, f1 = _precision(hits, claimed), _recall(hits, true), ABSENT
        # A draw without the class says nothing about its recall or F1, nor one without its prediction of precision.
        there, said = drawn.counts.true[:, index] > 0, drawn.counts.claimed[:, index] > 0
        if true:
            f1 = _bootstrapped(values[2][index], f1s[:, index], there, drawn.method)
        if not independent and true:
            recall = _bootstrapped(values[1][index], recalls[:, index], there, drawn.method)
        if not independent and claimed:
            precision = _bootstrapped(values[0][index], precisions[:, index], said, drawn.method)
        found.append(ClassEstimate(name, int(true), precision, recall, f1))
    return tuple(found)


def _bootstrapped(value: float, draws: Floats, defined: NDArray[np.bool_], method: str) -> Estimate:
    return percentile_interval(float(value), np.where(defined, draws, np.nan), method)


def _draw(scored: Scored, draws: int, seed: int, groups: Groups) -> Draws:
    if groups is None:
        drawn = _matrix_draws(scored.confusion, scored.positive, draws, seed)
    else:
        counts = group_counts(scored, draws, seed, groups)
        drawn = Draws(confusion_metrics(counts, scored.positive), counts, bootstrap_method(draws, groups))
    if scored.probabilities is not None:
        drawn.metrics.update(ranking_draws(scored, draws, seed, groups))
        if groups is not None:
            terms = row_terms(scored)
            drawn.metrics.update({name: mean_draws(terms[name], draws, seed, groups) for name in terms})
    return drawn


def _matrix_draws(confusion: NDArray[np.int64], positive: int, draws: int, seed: int) -> Draws:
    counts = matrix_counts(confusion, draws, seed)
    return Draws(confusion_metrics(counts, positive), counts, bootstrap_method(draws, None))


def _score_intervals(scored: Scored) -> dict[str, Estimate]:
    """The intervals for independent rows that need no draws."""
    if scored.probabilities is None:
        return {}
    highest_brier = 1.0 if scored.classes == 2 else 2.0
    found = {
        "log_loss": mean_interval(scored.log_losses),
        "brier": mean_interval(scored.brier_terms, highest_brier),
    }
    if scored.classes == 2:
        found["roc_auc"] = roc_area(scored.labels == scored.positive, scored.probabilities[:, scored.positive])
    if scored.classes >= TOP_K_CLASSES:
        found["top5_accuracy"] = wilson(float(scored.top_k_hits.sum()), len(scored))
    return found


def _precision(hits: float, claimed: float) -> Estimate:
    return wilson(float(hits), float(claimed)) if claimed else NEVER_PREDICTED


def _recall(hits: float, true: float) -> Estimate:
    return wilson(float(hits), float(true)) if true else ABSENT

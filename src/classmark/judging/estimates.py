"""Every metric of labelled rows with its interval: the one place that says which interval a metric has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classmark.judging.calibration import calibrate
from classmark.judging.intervals import Estimate, Floats, mean_interval, percentile_interval, wilson
from classmark.judging.metrics import Scored, class_scores, confusion_metrics, row_terms, statistics
from classmark.judging.ranking import roc_area
from classmark.judging.resampling import bootstrap_method, confusion_draws, mean_draws, ranking_draws

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
ABSENT = Estimate(None, None, None, "undefined: no row has this class")
NO_ECE_INTERVAL = "none: the bootstrap of a plug-in calibration error covers badly"


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
class Drawn:
    """The confusion matrices of R bootstrap draws, as rows, predictions and hits of each class, shape (R, C)."""

    true: Floats
    claimed: Floats
    hits: Floats
    method: str

    def metrics(self, positive: int) -> dict[str, Floats]:
        """Metric → its draws, shape (R,)."""
        return confusion_metrics(self.true, self.claimed, self.hits, positive)

    def of_class(self, index: int) -> tuple[Floats, Floats, Floats]:
        """Draws of precision, recall and F1 of a class, shape (R,); NaN where a draw has no row of it."""
        true, claimed, hits = self.true[:, index], self.claimed[:, index], self.hits[:, index]
        precision, recall, f1 = class_scores(true, claimed, hits)
        return precision, np.where(true > 0, recall, np.nan), np.where(true > 0, f1, np.nan)


def estimate(
    scored: Scored, classes: tuple[str, ...], draws: int, seed: int, groups: NDArray[np.int64] | None = None
) -> Estimates:
    """Every metric with its interval.

    Args:
        scored: labelled rows.
        classes: C names.
        draws: bootstrap draws.
        seed: of the draws.
        groups: group number of each row; then every interval comes from resampling whole groups.
    """
    drawn = Drawn(*confusion_draws(scored, draws, seed, groups), bootstrap_method(draws, groups))
    values, sampled = statistics(scored), drawn.metrics(scored.positive)
    found: dict[str, Estimate] = {}
    if scored.probabilities is not None:
        found = _mean_estimates(scored, drawn.method, draws, seed, groups)
        found |= _area_estimates(scored, values, drawn.method, draws, seed, groups)
        found["ece"] = Estimate(calibrate(scored).ece, None, None, NO_ECE_INTERVAL)
    found |= {name: percentile_interval(values[name], sampled[name], drawn.method) for name in sampled}
    if groups is None:
        found |= share_estimates(scored.confusion, scored.positive)
    per_class = class_estimates(scored.confusion, classes, drawn, independent=groups is None)
    return Estimates({name: found[name] for name in ORDER if name in found}, per_class)


def share_estimates(confusion: NDArray[np.int64], positive: int) -> dict[str, Estimate]:
    """The metrics that are shares of a number of rows, with Wilson's interval."""
    hits = int(np.trace(confusion))
    found = {"accuracy": wilson(hits, int(confusion.sum()))}
    if len(confusion) == 2:
        found["precision"] = _precision(confusion, positive)
        if confusion[positive].sum():
            found["recall"] = wilson(int(confusion[positive, positive]), int(confusion[positive].sum()))
        else:
            found["recall"] = found["f1"] = ABSENT
    return found


def class_estimates(
    confusion: NDArray[np.int64], classes: tuple[str, ...], drawn: Drawn, *, independent: bool
) -> tuple[ClassEstimate, ...]:
    """Precision, recall and F1 of each class, from Wilson for `independent` rows and from draws otherwise."""
    found = []
    for index, name in enumerate(classes):
        rows, claimed, hits = (
            int(n) for n in (confusion[index].sum(), confusion[:, index].sum(), confusion[index, index])
        )
        precision, recall, f1 = _precision(confusion, index), ABSENT, ABSENT
        drawn_precision, drawn_recall, drawn_f1 = drawn.of_class(index)
        if rows:
            recall = wilson(hits, rows)
            f1 = percentile_interval(2 * hits / (rows + claimed), drawn_f1, drawn.method)
        if not independent:
            if claimed:
                precision = percentile_interval(precision.value, drawn_precision, drawn.method)
            if rows:
                recall = percentile_interval(recall.value, drawn_recall, drawn.method)
        found.append(ClassEstimate(name, rows, precision, recall, f1))
    return tuple(found)


def _mean_estimates(
    scored: Scored, method: str, draws: int, seed: int, groups: NDArray[np.int64] | None
) -> dict[str, Estimate]:
    """The metrics that are a mean of one term a row."""
    terms = row_terms(scored)
    if groups is not None:
        sampled = {name: mean_draws(term, draws, seed, groups) for name, term in terms.items()}
        return {name: percentile_interval(float(terms[name].mean()), sampled[name], method) for name in terms}
    found = {name: mean_interval(term) for name, term in terms.items()}
    if "top5_accuracy" in terms:
        found["top5_accuracy"] = wilson(float(terms["top5_accuracy"].sum()), len(scored))
    return found


def _area_estimates(
    scored: Scored, values: dict[str, float], method: str, draws: int, seed: int, groups: NDArray[np.int64] | None
) -> dict[str, Estimate]:
    """ROC area (DeLong for two classes and independent rows) and average precision."""
    sampled = ranking_draws(scored, draws, seed, groups)
    found = {name: percentile_interval(values[name], sampled[name], method) for name in sampled}
    if scored.classes == 2 and groups is None:
        assert scored.probabilities is not None
        found["roc_auc"] = roc_area(scored.labels == scored.positive, scored.probabilities[:, scored.positive])
    return found


def _precision(confusion: NDArray[np.int64], index: int) -> Estimate:
    claimed = int(confusion[:, index].sum())
    if claimed:
        return wilson(int(confusion[index, index]), claimed)
    return Estimate(0.0, None, None, "none: the class is never predicted, its precision is set to 0")

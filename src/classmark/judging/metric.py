"""The one table of metrics: what each is called, which way is better, and what kind of number it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scale = Literal["logit", "log", "Fisher's z"]
Source = Literal["classes", "rows", "ranking", "bins"]


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes:
        title: as a heading.
        spoken: inside a sentence.
        source: what it comes from: predicted classes (a confusion matrix), a mean of one term a row of probabilities,
            the order of the rows by a score, or bins of the confidence.
        lower_is_better: whether a smaller value is better.
        is_share: a share of rows, or a mean of such shares, which is shown in per cent.
        of_one_class: of two classes it speaks of the positive one.
        bounds: the least and the largest value; None for a bound that does not exist.
        scale: on which an interval from the spread of draws is symmetric.
    """

    title: str
    spoken: str
    source: Source
    lower_is_better: bool = False
    is_share: bool = False
    of_one_class: bool = False
    bounds: tuple[float, float | None] = (0.0, 1.0)
    scale: Scale = "logit"


METRICS = {
    "accuracy": Metric("Accuracy", "accuracy", "classes", is_share=True),
    "log_loss": Metric("Log loss", "log loss", "rows", lower_is_better=True, bounds=(0.0, None), scale="log"),
    "roc_auc": Metric("ROC area", "ROC area", "ranking"),
    "average_precision": Metric("Average precision", "average precision", "ranking", of_one_class=True),
    "brier": Metric("Brier score", "Brier score", "rows", lower_is_better=True, bounds=(0.0, 2.0), scale="log"),
    "ece": Metric("Calibration error", "calibration error", "bins", lower_is_better=True),
    "balanced_accuracy": Metric("Balanced accuracy", "balanced accuracy", "classes", is_share=True),
    "precision": Metric("Precision", "precision", "classes", is_share=True, of_one_class=True),
    "recall": Metric("Recall", "recall", "classes", is_share=True, of_one_class=True),
    "f1": Metric("F1", "F1", "classes", of_one_class=True),
    "precision_macro": Metric("Precision, macro", "macro precision", "classes", is_share=True),
    "recall_macro": Metric("Recall, macro", "macro recall", "classes", is_share=True),
    "f1_macro": Metric("F1, macro", "macro F1", "classes"),
    "mcc": Metric("Matthews correlation", "Matthews' correlation", "classes", bounds=(-1.0, 1.0), scale="Fisher's z"),
    "top5_accuracy": Metric("Top-5 accuracy", "top-5 accuracy", "rows", is_share=True),
}
LOWER_IS_BETTER = tuple(name for name, metric in METRICS.items() if metric.lower_is_better)
SHARES = tuple(name for name, metric in METRICS.items() if metric.is_share)
TITLES = {name: metric.title for name, metric in METRICS.items()}
SPOKEN = {name: metric.spoken for name, metric in METRICS.items()}

"""The metrics, each once: as a function of row weights, so that the value and its bootstrap share one definition.

A prediction is what the table names, else the largest probability, the first class at ties. Two classes: precision,
recall and F1 of the positive class. Macro averages run over the classes that have rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classmark.judging.statistics.intervals import Floats, divided
from classmark.judging.statistics.margins import Margins
from classmark.judging.statistics.ranking import Ranking, Weights, areas, rank

LOG_LOSS_CLIP = float(np.finfo(np.float64).eps)  # 2.2e-16, to the digit where scikit-learn clips
TOP_K, TOP_K_CLASSES = 5, 6


@dataclass(frozen=True)
class Scored:
    """Labelled rows with predictions.

    Attributes:
        labels: class index, shape (N,).
        predicted: class index, shape (N,): the decision.
        probabilities: shape (N, C) in float64, or None where only labels were predicted.
        classes: C.
        positive: of two classes, the one that precision, recall and F1 speak of.
        largest: class index of the largest probability, shape (N,), where the decisions are others; None where it is
            what is predicted.
        margins: of the logits, by which rows are ranked where there are any; else the probabilities rank them.
        weights: how much each row counts, shape (N,); None where all count alike.
    """

    labels: NDArray[np.int64]
    predicted: NDArray[np.int64]
    probabilities: Floats | None
    classes: int
    positive: int = 1
    largest: NDArray[np.int64] | None = None
    margins: Margins | None = None
    weights: Floats | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def surest(self) -> NDArray[np.int64]:
        """Class index of the largest probability, shape (N,); of calibration, not of accuracy."""
        return self.predicted if self.largest is None else self.largest

    def scores(self, index: int) -> Floats:
        """What rows are ranked by for a class, shape (N,): its log-odds by the logits, else its probability."""
        if self.margins is not None:
            return self.margins.of(index)
        assert self.probabilities is not None
        return self.probabilities[:, index]

    @cached_property
    def log_losses(self) -> Floats:
        """−log of each row's probability of its true class, clipped at 2.2e-16, shape (N,); by the logits if there are any."""
        if self.margins is not None:
            return np.clip(self.margins.losses(self.labels), -np.log1p(-LOG_LOSS_CLIP), -np.log(LOG_LOSS_CLIP))
        assert self.probabilities is not None
        true = self.probabilities[np.arange(len(self)), self.labels]
        losses: Floats = -np.log(np.clip(true, LOG_LOSS_CLIP, 1 - LOG_LOSS_CLIP))
        return losses

    @cached_property
    def brier_terms(self) -> Floats:
        """(p − y)² of each row: of the positive class for two, summed over classes otherwise; shape (N,).

        Source: Brier 1950 (more than two classes); for two, half of that, as is usual.
        """
        assert self.probabilities is not None
        if self.classes == 2:
            terms: Floats = (self.probabilities[:, self.positive] - (self.labels == self.positive)) ** 2
            return terms
        squares = (self.probabilities**2).sum(axis=1)
        true = self.probabilities[np.arange(len(self)), self.labels]
        summed: Floats = squares - 2 * true + 1
        return summed

    @property
    def log_loss_parts(self) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """What each row's log loss is if its largest probability is right, what being wrong adds, and whether it is wrong.

        Each of shape (N,). A right row would lose at least as much as if all other probability were its true class's.
        """
        assert self.probabilities is not None
        wrong = self.labels != self.surest
        lowest, highest = -np.log1p(-LOG_LOSS_CLIP), -np.log(LOG_LOSS_CLIP)
        if self.margins is not None:
            right = np.clip(self.margins.losses(self.surest), lowest, highest)
        else:
            largest = self.probabilities[np.arange(len(self)), self.surest]
            right = -np.log(np.clip(largest, LOG_LOSS_CLIP, 1 - LOG_LOSS_CLIP))
        if_wrong = np.where(wrong, self.log_losses, np.clip(-np.log(-np.expm1(-right)), lowest, highest))
        return np.where(wrong, right, self.log_losses), np.maximum(if_wrong - right, 0), wrong

    @property
    def brier_parts(self) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """The same of the Brier score: a right row would add at least 2p − 1, twice that for more than two classes."""
        assert self.probabilities is not None
        wrong = self.labels != self.surest
        rows, each = np.arange(len(self)), 1 if self.classes == 2 else 2
        largest, true = (self.probabilities[rows, which] for which in (self.surest, self.labels))
        lost = np.where(wrong, each * (largest - true), each * np.maximum(2 * largest - 1, 0))
        if self.classes == 2:
            lost = np.maximum(2 * largest - 1, 0)
        return self.brier_terms - wrong * lost, lost, wrong

    @cached_property
    def top_k_hits(self) -> Floats:
        """Whether the true class is among the five largest probabilities, ties to the first class, shape (N,)."""
        values = self.probabilities if self.margins is None else self.margins.logits
        assert values is not None
        true = values[np.arange(len(self)), self.labels][:, None]
        before = (values == true) & (np.arange(self.classes) < self.labels[:, None])
        hits: Floats = (((values > true) | before).sum(axis=1) < TOP_K).astype(np.float64)
        return hits

    @cached_property
    def confusion(self) -> NDArray[np.int64]:
        """Rows by true and predicted class, shape (C, C)."""
        cells = self.labels * self.classes + self.predicted
        return np.bincount(cells, minlength=self.classes**2).reshape(self.classes, self.classes)

    @cached_property
    def rankings(self) -> list[Ranking]:
        """One ranking for two classes (of the positive one), else one for each class, one against the rest."""
        which = [self.positive] if self.classes == 2 else range(self.classes)
        return [rank(self.labels == index, self.scores(index)) for index in which]


class ClassCounts(NamedTuple):
    """What R confusion matrices come down to, each of shape (R, C).

    Attributes:
        true: rows of each class.
        claimed: predictions of each class.
        hits: rows of each class that are predicted so.
    """

    true: Floats
    claimed: Floats
    hits: Floats


def class_counts(confusion: NDArray[np.int64]) -> ClassCounts:
    """The counts of one confusion matrix, R = 1."""
    counts = confusion.astype(np.float64)[None]
    return ClassCounts(counts.sum(axis=2), counts.sum(axis=1), np.diagonal(counts, axis1=1, axis2=2))


def class_scores(counts: ClassCounts) -> tuple[Floats, Floats, Floats]:
    """Precision, recall and F1 of each class, each of shape (R, C); 0 where they are 0/0."""
    true, claimed, hits = counts
    return divided(hits, claimed), divided(hits, true), divided(2 * hits, true + claimed)


def statistics(scored: Scored) -> dict[str, float]:
    """The value of every metric but `ece`; NaN where it is undefined on these rows."""
    found = confusion_metrics(class_counts(scored.confusion), scored.positive)
    if scored.probabilities is not None:
        found |= ranking_metrics(scored, np.ones((1, len(scored))))
        found |= {name: terms.mean(keepdims=True) for name, terms in row_terms(scored).items()}
    return {name: float(value[0]) for name, value in found.items()}


def row_terms(scored: Scored) -> dict[str, Floats]:
    """The metrics that are a mean of one term a row: name → terms of shape (N,)."""
    terms = {"log_loss": scored.log_losses, "brier": scored.brier_terms}
    return terms | ({"top5_accuracy": scored.top_k_hits} if scored.classes >= TOP_K_CLASSES else {})


def confusion_metrics(counts: ClassCounts, positive: int) -> dict[str, Floats]:
    """The metrics of R confusion matrices, each of shape (R,); `positive` is for two classes."""
    true, claimed, hits = counts
    precision, recall, f1 = class_scores(counts)
    classes, rows, present = true.shape[1], true.sum(axis=1), true > 0
    accuracy = hits.sum(axis=1) / rows
    there = present.sum(axis=1)
    found = {
        "accuracy": accuracy,
        "balanced_accuracy": np.where(present, recall, 0).sum(axis=1) / there,
        "precision_macro": np.where(present, precision, 0).sum(axis=1) / there,
        "recall_macro": np.where(present, recall, 0).sum(axis=1) / there,
        "f1_macro": np.where(present, f1, 0).sum(axis=1) / there,
    }
    if classes == 2:
        found |= {"precision": precision[:, positive], "recall": recall[:, positive], "f1": f1[:, positive]}
    # Matthews' correlation for C classes (Gorodkin 2004), zero where it is 0/0 as in scikit-learn.
    covariance = hits.sum(axis=1) * rows - (true * claimed).sum(axis=1)
    spread = (rows**2 - (true**2).sum(axis=1)) * (rows**2 - (claimed**2).sum(axis=1))
    found["mcc"] = divided(covariance, np.sqrt(np.maximum(spread, 0)))
    return found


def weighted_metrics(scored: Scored, weights: Weights) -> dict[str, Floats]:
    """The metrics that come from the rows' probabilities, and accuracy, each of shape (R,); weights (R, N)."""
    rows = weights.sum(axis=1).astype(np.float64)
    terms = {"accuracy": (scored.predicted == scored.labels).astype(np.float64)} | row_terms(scored)
    means = {name: (weights * term).sum(axis=1) / rows for name, term in terms.items()}
    return means | ranking_metrics(scored, weights)


def ranking_metrics(scored: Scored, weights: Weights) -> dict[str, Floats]:
    """`roc_auc` and `average_precision`, each of shape (R,), for row weights of shape (R, N).

    Two classes: of the positive one; more: the macro mean of one against the rest, over the classes that have rows.
    """
    found = [areas(ranking, weights) for ranking in scored.rankings]
    present = [ranking.positive.any() for ranking in scored.rankings]
    kept = [pair for pair, there in zip(found, present, strict=True) if there] or found
    roc, average = (np.array([pair[index] for pair in kept]) for index in (0, 1))
    return {"roc_auc": _mean_of_defined(roc), "average_precision": _mean_of_defined(average)}


def _mean_of_defined(values: Floats) -> Floats:
    """The mean over classes, shape (R,), of those defined in the draw; NaN where none is."""
    defined = np.isfinite(values)
    counts = defined.sum(axis=0)
    return np.where(counts > 0, np.where(defined, values, 0).sum(axis=0) / np.maximum(counts, 1), np.nan)

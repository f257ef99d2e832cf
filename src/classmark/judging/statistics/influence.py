"""What each row adds to the error of a metric: from it follow variances, how well these are known, and those of groups.

To first order a metric's error is a sum of independent parts, one a row, which add up to 0 on these rows.

Source: Hampel 1974 (influence curve) and Efron & Tibshirani 1993, section 21.3 (infinitesimal jackknife).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classmark.judging.scored import Scored, class_counts, class_scores, confusion_metrics, row_terms
from classmark.judging.statistics.intervals import Floats, divided
from classmark.judging.statistics.ranking import Ranking


class Ranked(NamedTuple):
    """One class against the rest.

    Attributes:
        area, precision: what each row adds to the error of the ROC area and of average precision, shape (N,).
        unseen: how far one more row of the rest above all others would lower average precision.
    """

    area: Floats
    precision: Floats
    unseen: float


def ranked_parts(ranking: Ranking) -> Ranked:
    """The parts of both areas of one score; of an area that needs a class without rows they are 0.

    A positive row adds its own precision, and raises that of all positives below it; a negative row lowers these.
    """
    ends = np.flatnonzero(ranking.closes)
    step = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=-1))
    hits, claimed = np.cumsum(ranking.positive)[ends].astype(np.float64), ends + 1.0
    gained, passed = np.diff(hits, prepend=0.0), np.diff(claimed - hits, prepend=0.0)
    positives, negatives = float(hits[-1]), float(claimed[-1] - hits[-1])
    area, average = np.zeros(len(ranking.order)), np.zeros(len(ranking.order))
    unseen = 0.0
    if positives and negatives:
        beaten = (negatives - np.cumsum(passed) + passed / 2) / negatives
        beating = (hits - gained / 2) / positives
        value = float((gained * beaten).sum()) / positives
        area[ranking.order] = np.where(
            ranking.positive, (beaten[step] - value) / positives, (beating[step] - value) / negatives
        )
    if positives:
        precision = hits / claimed
        value = float((gained * precision).sum()) / positives
        raised, lowered = (
            np.cumsum((gained * share / claimed)[::-1])[::-1] for share in (np.ones(len(ends)), precision)
        )
        own = np.where(ranking.positive, (precision - value + raised)[step], 0.0)
        average[ranking.order] = (own - lowered[step]) / positives
        unseen = float((gained * precision / (claimed + 1)).sum()) / positives
    return Ranked(area, average, unseen)


def mean_ranked(scored: Scored) -> Ranked:
    """The same of the positive class of two, else of the mean over the classes that have rows.

    The classes' unseen rows are different ones, so that their squares add up (Zou & Donner 2008).
    """
    area, precision, unseen, count = np.zeros(len(scored)), np.zeros(len(scored)), 0.0, 0
    for ranking in scored.rankings:
        if ranking.positive.any():
            one = ranked_parts(ranking)
            area += one.area
            precision += one.precision
            unseen, count = math.hypot(unseen, one.unseen), count + 1
    count = max(1, count)
    return Ranked(area / count, precision / count, unseen / count)


def metric_parts(scored: Scored) -> dict[str, Floats]:
    """What each row adds to the error of each metric but `ece`, by the metric's name, each of shape (N,)."""
    parts = decision_parts(scored)
    if scored.probabilities is not None:
        ranked = mean_ranked(scored)
        parts |= {"roc_auc": ranked.area, "average_precision": ranked.precision}
        parts |= {name: (terms - terms.mean()) / len(scored) for name, terms in row_terms(scored).items()}
    return parts


def decision_parts(scored: Scored) -> dict[str, Floats]:
    """The same of the metrics of a confusion matrix; which classes have rows is taken as given."""
    counts = class_counts(scored.confusion)
    true, claimed, hits = (part[0] for part in counts)
    precision, recall, f1 = (part[0] for part in class_scores(counts))
    labels, predicted, rows = scored.labels, scored.predicted, float(len(scored))
    right = (labels == predicted).astype(np.float64)
    present = true > 0
    weight = present / present.sum()
    recalls = (divided(weight, true)[labels]) * (right - recall[labels])
    halves = divided(weight, true + claimed)
    found = {
        "accuracy": (right - right.mean()) / rows,
        "balanced_accuracy": recalls,
        "recall_macro": recalls,
        "precision_macro": divided(weight, claimed)[predicted] * (right - precision[predicted]),
        "f1_macro": halves[labels] * (2 * right - f1[labels]) - (halves * f1)[predicted],
    }
    if scored.classes == 2:
        found |= dict(zip(("precision", "recall", "f1"), class_parts(labels, predicted, scored.positive), strict=True))
    found["mcc"] = np.zeros(len(scored))
    spreads = [rows**2 - float((part**2).sum()) for part in (true, claimed)]
    if min(spreads) > 0:
        value = float(confusion_metrics(counts, scored.positive)["mcc"][0])
        slopes = (rows * right + hits.sum() - claimed[labels] - true[predicted]) / math.sqrt(spreads[0] * spreads[1])
        found["mcc"] = slopes - value * ((rows - true[labels]) / spreads[0] + (rows - claimed[predicted]) / spreads[1])
    return found


def class_parts(labels: NDArray[np.int64], predicted: NDArray[np.int64], index: int) -> tuple[Floats, Floats, Floats]:
    """The same of precision, recall and F1 of one class, each of shape (N,); 0 where the measure is 0/0.

    Rows that neither have the class nor are predicted so have no part, and may be left out.
    """
    has, said = labels == index, predicted == index
    true, claimed, hits = (float(np.count_nonzero(part)) for part in (has, said, has & said))
    both = (has & said).astype(np.float64)
    f1 = 2 * hits / max(1.0, true + claimed)
    return (
        np.where(said, both - hits / max(1.0, claimed), 0.0) / max(1.0, claimed),
        np.where(has, both - hits / max(1.0, true), 0.0) / max(1.0, true),
        (2 * both - f1 * has - f1 * said) / max(1.0, true + claimed),
    )


def tail_degrees(parts: NDArray[np.float64]) -> float:
    """The degrees of freedom of the variance that follows from these parts, shape (N,); few if a few make it up.

    A variance whose own variance is 2/f times its square has f degrees of freedom; with kurtosis κ that is 2N / (κ − 1).

    Source: Satterthwaite 1946; O'Neill 2014 (the variance of a variance by the kurtosis).
    """
    squares = parts**2
    total = float(squares.sum())
    if total == 0:
        return 1.0
    spread = float((squares**2).sum()) / total**2 - 1 / len(parts)
    most = max(1, len(parts) - 1)
    return float(np.clip(2 / spread, 1, most)) if spread * most > 2 else float(most)

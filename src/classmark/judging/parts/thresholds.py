"""Every threshold on the score of two classes: what each gives, and which one a goal picks.

A row is called positive where its probability of the positive class reaches the threshold.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classmark.errors import InputError, Option, nearest
from classmark.judging.statistics.intervals import Floats, divided
from classmark.judging.statistics.ranking import counts_at_steps, rank

AIMS = ("f1", "mcc", "balanced_accuracy", "accuracy", "youden")
TRADED = {"precision": "recall", "recall": "precision", "specificity": "recall"}  # minimum → what is then maximised
FEWEST_ROWS, MOST_FEWEST = 30, 1_000  # that a minimum must be seen on: with 4 called rows it is luck in most cases
ABOVE_ALL = 1.01  # above every probability: no row is called positive
CURVE_POINTS = 101
CURVE_METRICS = ("precision", "recall", "f1", "accuracy")


@dataclass(frozen=True)
class Goal:
    """What a threshold is chosen for.

    Attributes:
        metric: what is maximised, or has the minimum; `cost` is minimised. `error` is the share of wrong rows among those
            that are answered.
        minimum: the least that will do; the metric's counterpart is then maximised.
        maximum: of `error`, the most that will do; the share of answered rows is then maximised.
    """

    metric: str
    minimum: float | None = None
    maximum: float | None = None

    def __str__(self) -> str:
        if self.maximum is not None:
            return f"{self.metric}<={self.maximum:g}"
        return self.metric if self.minimum is None else f"{self.metric}>={self.minimum:g}"

    @property
    def sought(self) -> str:
        """The metric that is maximised."""
        return self.metric if self.minimum is None else TRADED[self.metric]


def read_goal(text: str) -> Goal:
    """The goal that a user wrote: `f1`, `precision>=0.95`, or `error<=0.02`.

    Raises:
        InputError: it is neither a metric that can be maximised, nor a minimum, nor a highest error.
    """
    name, sign, number = re.fullmatch(r"\s*(.*?)\s*(?:(>=|<=)\s*(.*?)\s*)?", text, re.DOTALL).groups()  # type: ignore[union-attr]
    known, kinds = {
        ">=": (tuple(TRADED), f"a minimum may be on {', '.join(TRADED)}"),
        "<=": (("error",), "a maximum may be on error, the share of wrong rows among those that are answered"),
    }.get(sign, (AIMS, f"{', '.join(AIMS)} can be maximised"))
    if name not in known:
        raise InputError(
            f'"{text}": {kinds}.{nearest(name, known)}',
            ("Write for instance ", Option("at", "f1"), " or ", Option("at", "precision>=0.95")),
            argument="at",
        )
    if sign is None:
        return Goal(name)
    try:
        share = float(number)
    except ValueError:
        share = float("nan")
    if sign == "<=" and not 0 < share < 1:
        raise InputError(
            f'"{text}": the highest error is a share above 0 and below 1.',
            ("Write for instance ", Option("at", f"{name}<=0.02")),
            argument="at",
        )
    if not 0 < share <= 1:
        raise InputError(
            f'"{text}": the minimum is a share above 0 and up to 1.',
            ("Write for instance ", Option("at", f"{name}>=0.95")),
            argument="at",
        )
    return Goal(name, maximum=share) if sign == "<=" else Goal(name, share)


def fewest_behind(minimum: float) -> int:
    """The fewest validation rows that a minimum must be seen on: 30, and so many that one of them may be wrong."""
    one_wrong = MOST_FEWEST if minimum >= 1 else math.ceil(round(1 / (1 - minimum), 6))
    return min(MOST_FEWEST, max(FEWEST_ROWS, one_wrong))


class Counts(NamedTuple):
    """Confusion counts of two classes, for K thresholds or draws; each of shape (K,), or the same for all.

    Attributes:
        hits: positive rows called positive.
        alarms: negative rows called positive.
        positives, negatives: rows of each class.
    """

    hits: Floats
    alarms: Floats
    positives: Floats
    negatives: Floats

    def behind(self, name: str) -> Floats:
        """How many rows each value of a metric with a minimum is a share of, shape (K,)."""
        rows = {"precision": self.hits + self.alarms, "recall": self.positives, "specificity": self.negatives}[name]
        return np.broadcast_to(rows, self.hits.shape)

    def metric(self, name: str, costs: Floats | None = None) -> Floats:
        """A metric of each, shape (K,); 0 where it is 0/0.

        Args:
            name: `precision`, `recall`, `specificity`, `f1`, `accuracy`, `balanced_accuracy`, `youden`, `mcc`, `cost`.
            costs: for `cost`, the mean a row: rows true, columns called, negative class first; shape (2, 2).
        """
        hits, alarms, positives, negatives = self
        misses, spared = positives - hits, negatives - alarms
        match name:
            case "precision":
                return divided(hits, hits + alarms)
            case "recall":
                return divided(hits, positives)
            case "specificity":
                return divided(spared, negatives)
            case "f1":
                return divided(2 * hits, positives + hits + alarms)
            case "accuracy":
                return divided(hits + spared, positives + negatives)
            case "balanced_accuracy":
                return (self.metric("recall") + self.metric("specificity")) / 2
            case "youden":
                return self.metric("recall") + self.metric("specificity") - 1
            case "mcc":
                spread = (hits + alarms) * (misses + spared) * positives * negatives
                return divided(hits * spared - alarms * misses, np.sqrt(spread))
        assert name == "cost"
        assert costs is not None
        each = costs[0, 0] * spared + costs[0, 1] * alarms + costs[1, 0] * misses + costs[1, 1] * hits
        return divided(each, positives + negatives)


@dataclass(frozen=True)
class Sweep:
    """The counts at every threshold that tells rows apart, falling, from none called positive to all.

    Attributes:
        thresholds: shape (K,): 1.01, then the distinct scores.
        counts: at each.
    """

    thresholds: Floats
    counts: Counts


def sweep(positive: NDArray[np.bool_], scores: Floats) -> Sweep:
    """Every threshold at once, from one sorted order.

    Args:
        positive: shape (N,).
        scores: probability of the positive class, shape (N,).
    """
    ranking = rank(positive, scores)
    hits, alarms = counts_at_steps(ranking)
    distinct = scores[ranking.order][ranking.closes]
    none = np.zeros(1)
    totals = (np.array([float(count)]) for count in (positive.sum(), (~positive).sum()))
    return Sweep(np.append(ABOVE_ALL, distinct), Counts(np.append(none, hits), np.append(none, alarms), *totals))


def choose(found: Sweep, goal: Goal, costs: Floats | None = None, fewest: int = 0) -> float | None:
    """The threshold that a goal picks, the highest of equally good ones; None where no threshold reaches its minimum.

    Args:
        found: every threshold.
        goal: of two classes.
        costs: for `cost`, as `Counts.metric` takes them.
        fewest: rows that a minimum must be seen on.
    """
    if goal.minimum is None:
        values = found.counts.metric(goal.metric, costs)
        return _threshold(found, int(np.argmin(values) if goal.metric == "cost" else np.argmax(values)))
    reached, enough = found.counts.metric(goal.metric), found.counts.behind(goal.metric) >= fewest
    sought = np.where((reached >= goal.minimum) & enough, found.counts.metric(goal.sought), -1.0)
    if sought.max() < 0:
        return None
    best = np.flatnonzero(sought == sought.max())
    return _threshold(found, int(best[np.argmax(reached[best])]))


def _threshold(found: Sweep, place: int) -> float:
    """The threshold at a place of the sweep; 0 where it calls every row positive, as lower scores are to be too."""
    return 0.0 if place == len(found.thresholds) - 1 else float(found.thresholds[place])


@dataclass(frozen=True)
class ThresholdCurve:
    """Metrics against the threshold, for a picture.

    Attributes:
        threshold: rising.
        metrics: name → value at each; None where no row is called positive, for precision.
    """

    threshold: tuple[float, ...]
    metrics: dict[str, tuple[float | None, ...]]


def draw_threshold_curve(found: Sweep, costs: Floats | None = None) -> ThresholdCurve:
    """The metrics at evenly spaced thresholds, and at as many evenly spaced among the distinct scores."""
    rising = found.thresholds[:0:-1]
    among = rising[np.linspace(0, len(rising) - 1, min(CURVE_POINTS, len(rising))).round().astype(np.int64)]
    grid = np.unique(np.round(np.append(np.linspace(0, 1, CURVE_POINTS), among), 6))
    place = np.searchsorted(-found.thresholds, -grid, side="right") - 1
    hits, alarms, positives, negatives = found.counts
    counts = Counts(hits[place], alarms[place], positives, negatives)
    metrics: dict[str, tuple[float | None, ...]] = {
        name: tuple(counts.metric(name, costs).round(5).tolist())
        for name in (*CURVE_METRICS, *(("cost",) if costs is not None else ()))
    }
    called = (counts.hits + counts.alarms > 0).tolist()
    metrics["precision"] = tuple(
        value if any_ else None for value, any_ in zip(metrics["precision"], called, strict=True)
    )
    return ThresholdCurve(tuple(grid.tolist()), metrics)

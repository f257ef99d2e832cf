"""ROC and precision-recall curves: the positive class of two, else each class against the rest, macro and micro."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from classmark.judging.scored import Scored, ranking_metrics
from classmark.judging.statistics.curve_bands import Band, curve_band
from classmark.judging.statistics.intervals import Floats, divided
from classmark.judging.statistics.ranking import Ranking, areas, counts_at_steps, rank
from classmark.judging.statistics.resampling import Groups

MAX_POINTS = 400
MAX_POINTS_IN_ALL = 8_000
MIN_POINTS = 25
MOST_BANDS = 8  # classes whose curves have bands


@dataclass(frozen=True)
class Curve:
    """One curve.

    Attributes:
        name: the class, or `macro` or `micro`.
        x, y: false and true positive rate, or recall and precision; thinned.
        area: ROC area or average precision, from all points; None where undefined.
        prevalence: share of positive rows, which is the precision of guessing; None for ROC.
        low, high: the simultaneous band of y at each x; empty where there is none.
        band: how it was made.
    """

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    area: float | None
    prevalence: float | None = None
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    band: str = ""


@dataclass(frozen=True)
class Curves:
    """All curves of a judgement; both empty where there are no scores."""

    roc: tuple[Curve, ...] = ()
    precision_recall: tuple[Curve, ...] = ()


def draw_curves(
    scored: Scored, classes: tuple[str, ...], groups: Groups = None, draws: int = 400, seed: int = 0
) -> Curves:
    """The curves of labelled rows with probabilities; classes without rows, or without others, have none.

    Args:
        scored: the rows.
        classes: their names.
        groups: group number of each row.
        draws: of the bootstrap of groups, for the bands of the curves.
        seed: of that bootstrap.
    """
    assert scored.probabilities is not None
    names = [classes[scored.positive]] if len(classes) == 2 else list(classes)
    pairs = zip(names, scored.rankings, strict=True)
    ranked = {name: ranking for name, ranking in pairs if 0 < ranking.positive.sum() < len(scored)}
    points = max(MIN_POINTS, min(MAX_POINTS, MAX_POINTS_IN_ALL // max(1, len(ranked))))
    roc, recall = [], []
    for name, ranking in ranked.items():
        band = curve_band(ranking, groups, draws, seed) if len(ranked) <= MOST_BANDS else None
        curve, other = _roc(name, ranking, points), _precision_recall(name, ranking, points)
        roc.append(_banded(curve, band, band.roc(np.array(curve.x))) if band else curve)
        recall.append(_banded(other, band, band.precision(np.array(other.x))) if band else other)
    if len(classes) > 2 and ranked:
        truth = np.arange(len(classes)) == scored.labels[:, None]
        micro = rank(truth.ravel("F"), np.concatenate([scored.scores(index) for index in range(len(classes))]))
        means = ranking_metrics(scored, np.ones((1, len(scored))))
        roc += [_macro_roc(ranked, float(means["roc_auc"][0])), _roc("micro", micro, MAX_POINTS)]
        recall.append(_macro_precision_recall(ranked, float(means["average_precision"][0])))
        recall.append(_precision_recall("micro", micro, MAX_POINTS))
    return Curves(tuple(roc), tuple(recall))


def _rates(ranking: Ranking) -> tuple[Floats, Floats]:
    """False and true positive rate at every threshold, from (0, 0) to (1, 1)."""
    hits, misses = counts_at_steps(ranking)
    return np.append(0.0, misses / misses[-1]), np.append(0.0, hits / hits[-1])


def _precision_at_recall(ranking: Ranking) -> tuple[Floats, Floats]:
    """Recall and precision at every threshold, by rising recall, until all positives are found.

    It starts at recall 0 with the precision of the first step: a precision of one there would be invented.
    """
    hits, misses = counts_at_steps(ranking)
    last = int(np.argmax(hits == hits[-1])) + 1
    precision = divided(hits, hits + misses)[:last]
    return np.append(0.0, hits[:last] / hits[-1]), np.append(precision[0], precision)


def _roc(name: str, ranking: Ranking, points: int) -> Curve:
    x, y = _thinned(*_rates(ranking), points)
    area = areas(ranking, np.ones((1, len(ranking.order))))[0][0]
    return Curve(name, _rounded(x), _rounded(y), float(area))


def _precision_recall(name: str, ranking: Ranking, points: int) -> Curve:
    x, y = _thinned(*_precision_at_recall(ranking), points)
    area = areas(ranking, np.ones((1, len(ranking.order))))[1][0]
    return Curve(name, _rounded(x), _rounded(y), float(area), float(ranking.positive.mean()))


def _banded(curve: Curve, band: Band, ends: tuple[Floats, Floats]) -> Curve:
    """The curve with both ends of its band, in which it always lies itself."""
    y = np.array(curve.y)
    low, high = _rounded(np.minimum(ends[0], y)), _rounded(np.maximum(ends[1], y))
    return replace(curve, low=low, high=high, band=band.method)


def _macro_roc(ranked: dict[str, Ranking], area: float) -> Curve:
    """The classes' mean true positive rate at each false positive rate; its area is the mean of theirs."""
    grid = np.linspace(0.0, 1.0, MAX_POINTS)
    mean = np.mean([np.interp(grid, *_rates(ranking)) for ranking in ranked.values()], axis=0)
    return Curve("macro", (0.0, *_rounded(grid)), (0.0, *_rounded(mean)), area)


def _macro_precision_recall(ranked: dict[str, Ranking], area: float) -> Curve:
    """The classes' mean precision at the first threshold that reaches each recall, without interpolation."""
    grid = np.linspace(0.0, 1.0, MAX_POINTS)
    rows = []
    for ranking in ranked.values():
        recall, precision = _precision_at_recall(ranking)
        rows.append(precision[np.searchsorted(recall, grid - 1e-12)])
    prevalence = float(np.mean([ranking.positive.mean() for ranking in ranked.values()]))
    return Curve("macro", _rounded(grid), _rounded(np.mean(rows, axis=0)), area, prevalence)


def _thinned(x: Floats, y: Floats, points: int) -> tuple[Floats, Floats]:
    """At most `points` of the points, evenly spaced along the curve, both ends among them."""
    if len(x) <= points:
        return x, y
    along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    kept = np.unique(np.searchsorted(along, np.linspace(0.0, along[-1], points)).clip(max=len(x) - 1))
    return x[kept], y[kept]


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(np.round(values, 5).tolist())

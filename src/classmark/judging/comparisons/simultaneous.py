"""Intervals that hold for all of several models at once: for every pair, and for the best one chosen on these rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from classmark.judging.comparisons.paired import NO_SPREAD, Difference, Sampled, right_rows, share_difference
from classmark.judging.scored import Scored, row_terms
from classmark.judging.statistics.intervals import Floats, wilson
from classmark.judging.statistics.level import level, normal_quantile
from classmark.judging.statistics.resampling import Groups


@dataclass(frozen=True)
class Simultaneous:
    """An interval of a pair's difference that holds for all pairs of the metric at once, as often as the level says."""

    low: float
    high: float


@dataclass(frozen=True)
class Best:
    """The model with the highest accuracy on these rows, whose interval knows that it was chosen by them.

    Attributes:
        model: its letter.
        value, low, high: its accuracy; the interval holds for all of the models at once.
        method: how it is made.
    """

    model: str
    value: float
    low: float
    high: float
    method: str


def max_t(draws: Floats) -> float:
    """The quantile at the level of the largest |t| over columns that vary, but at least the one of a single interval.

    Args:
        draws: of each estimate, shape (R, K).

    Source: Westfall & Young 1993, single-step max-T; Romano & Wolf 2005.
    """
    finite = draws[np.isfinite(draws).all(axis=1)]
    if len(finite) < 2:
        return normal_quantile()
    spread = finite.std(axis=0, ddof=1)
    moving = spread > NO_SPREAD
    if not moving.any():
        return normal_quantile()
    largest = np.abs((finite[:, moving] - finite[:, moving].mean(axis=0)) / spread[moving]).max(axis=1)
    return max(normal_quantile(), float(np.quantile(largest, level())))


def simultaneous_pairs(
    sampled: Sequence[Sampled], metrics: Sequence[dict[str, Difference]]
) -> tuple[dict[str, Simultaneous], ...]:
    """Of every pair its intervals by metric: those of one pair, wider by what the largest |t| over all pairs asks for.

    None of rows with weights.

    Args:
        sampled: the models' rows.
        metrics: the differences of each pair, in the order of `itertools.combinations`.
    """
    places = list(combinations(range(len(sampled)), 2))
    found: tuple[dict[str, Simultaneous], ...] = tuple({} for _ in places)
    if sampled[0].scored.weights is not None:
        return found
    shared = [name for name in metrics[0] if all(name in one for one in metrics)]
    for name in shared:
        drawn = model_draws(sampled, name)
        z = max_t(np.stack([drawn[b] - drawn[a] for a, b in places], axis=1))
        for place, one in enumerate(metrics):
            at_once = _at_once([sampled[each] for each in places[place]], name, one[name], z)
            if at_once is not None:
                found[place][name] = at_once
    return found


def _at_once(pair: Sequence[Sampled], name: str, alone: Difference, z: float) -> Simultaneous | None:
    """The interval of a pair at another normal quantile than its own."""
    if pair[0].groups is None and name in ("accuracy", "top5_accuracy"):
        a, b = (right_rows(one.scored, name) for one in pair)
        alone, z = share_difference(a, b, None, z), normal_quantile()
    if alone.difference is None or alone.low is None or alone.high is None:
        return None
    low, high = (alone.difference + z / normal_quantile() * (end - alone.difference) for end in (alone.low, alone.high))
    return Simultaneous(low, high)


def best_accuracy(sampled: Sequence[Sampled], letters: Sequence[str]) -> Best | None:
    """The model with the highest accuracy, with an interval that allows for the choice; None for groups and weights."""
    if sampled[0].groups is not None or sampled[0].scored.weights is not None:
        return None
    z = max_t(np.stack(list(model_draws(sampled, "accuracy")), axis=1))
    hits = [int((one.scored.predicted == one.scored.labels).sum()) for one in sampled]
    place, rows = int(np.argmax(hits)), len(sampled[0].scored)
    method = f"Wilson at the max-t quantile over {len(sampled)} models ({z:.2f} for {normal_quantile():.2f}), independent rows"
    found = wilson(hits[place], rows, method, z)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    return Best(letters[place], found.value, found.low, found.high, method)


def model_draws(sampled: Sequence[Sampled], name: str) -> Floats:
    """The metric of every model in every draw, shape (K, R): the same draws for all.

    Of a mean of one term a row by normal multipliers, which come down to a normal draw with the covariance of the terms.

    Source: Chernozhukov, Chetverikov, Kato 2013 (multiplier bootstrap of maxima).
    """
    if name in ("roc_auc", "average_precision"):
        return np.stack([one.ranked[name] for one in sampled])
    terms = [_terms(one.scored, name) for one in sampled]
    if any(term is None for term in terms):
        return np.stack([one.counted[name] for one in sampled])
    sums = np.stack([_sums(term, sampled[0].groups) for term in terms if term is not None])
    values, vectors = np.linalg.eigh(np.cov(sums))
    drawn = np.random.default_rng(sampled[0].seed).standard_normal((len(sums), max(sampled[0].draws, 2_000)))
    found: Floats = (vectors * np.sqrt(np.maximum(values, 0.0))) @ drawn
    return found


def _terms(scored: Scored, name: str) -> Floats | None:
    if name == "accuracy":
        right: Floats = (scored.predicted == scored.labels).astype(np.float64)
        return right
    return None if scored.probabilities is None else row_terms(scored).get(name)


def _sums(terms: Floats, groups: Groups) -> Floats:
    return terms if groups is None else np.bincount(groups, weights=terms - terms.mean()).astype(np.float64)

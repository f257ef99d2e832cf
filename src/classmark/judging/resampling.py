"""The bootstrap, vectorised: R draws as weights of rows, cells or groups, never a loop over a metrics library.

Rows are drawn with replacement and the class counts are not held fixed. With groups, whole groups are drawn
(Field & Welsh 2007, cluster bootstrap).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from classmark.judging.intervals import Floats
from classmark.judging.metrics import Scored, ranking_metrics

CHUNK_BYTES = 32 << 20

Groups = NDArray[np.int64] | None


def bootstrap_method(draws: int, groups: Groups) -> str:
    """What an interval says of how it was made."""
    sampling = "independent rows" if groups is None else "whole groups resampled"
    return f"bootstrap, {draws:,} draws, percentile, {sampling}"


def row_weights(rows: int, draws: int, seed: int, groups: Groups) -> Iterator[Floats]:
    """Blocks of weights, shape (R', N): how often each row stands in each draw. Blocks keep memory bounded; the draws
    do not depend on their size.
    """
    generator = np.random.default_rng(seed)
    units = rows if groups is None else int(groups.max()) + 1
    block = max(1, CHUNK_BYTES // (8 * rows))
    for start in range(0, draws, block):
        count = min(block, draws - start)
        picked = np.stack([np.bincount(generator.integers(0, units, units), minlength=units) for _ in range(count)])
        yield (picked if groups is None else picked[:, groups]).astype(np.float64)


def resampled(
    statistic: Callable[[Floats], dict[str, Floats]], rows: int, draws: int, seed: int, groups: Groups
) -> dict[str, Floats]:
    """Name → the statistic of every draw, shape (R,); `statistic` takes row weights of shape (R', N)."""
    blocks = [statistic(weights) for weights in row_weights(rows, draws, seed, groups)]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def ranking_draws(scored: Scored, draws: int, seed: int, groups: Groups) -> dict[str, Floats]:
    """`roc_auc` and `average_precision` of every draw, each of shape (R,)."""
    return resampled(lambda weights: ranking_metrics(scored, weights), len(scored), draws, seed, groups)


def mean_draws(terms: Floats, draws: int, seed: int, groups: NDArray[np.int64]) -> Floats:
    """The mean of one term a row in every draw of whole groups, shape (R,)."""
    sums, sizes = np.bincount(groups, weights=terms), np.bincount(groups).astype(np.float64)
    means = [weights @ sums / (weights @ sizes) for weights in row_weights(len(sums), draws, seed, None)]
    return np.concatenate(means)


def confusion_draws(scored: Scored, draws: int, seed: int, groups: Groups) -> tuple[Floats, Floats, Floats]:
    """Rows, predictions and hits of each class in every draw, each of shape (R, C).

    With independent rows the draws of a confusion matrix are multinomial: its cells are drawn, not its rows.
    """
    classes = scored.classes
    if groups is None:
        cells = np.flatnonzero(scored.confusion)
        shares = scored.confusion.ravel()[cells] / len(scored)
        weights = np.random.default_rng(seed).multinomial(len(scored), shares, size=draws).astype(np.float64)
        true, claimed, units = cells // classes, cells % classes, np.arange(len(cells))
    else:
        weights = np.concatenate(list(row_weights(int(groups.max()) + 1, draws, seed, None)))
        true, claimed, units = scored.labels, scored.predicted, groups
    hit = true == claimed
    return (
        weights @ _sums(units, true, weights.shape[1], classes),
        weights @ _sums(units, claimed, weights.shape[1], classes),
        weights @ _sums(units[hit], true[hit], weights.shape[1], classes),
    )


def _sums(units: NDArray[np.int64], indices: NDArray[np.int64], count: int, classes: int) -> Floats:
    """How many rows of each class a unit has, shape (U, C)."""
    return np.bincount(units * classes + indices, minlength=count * classes).reshape(count, classes).astype(np.float64)

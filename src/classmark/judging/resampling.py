"""The bootstrap, vectorised: R draws as weights of rows or groups, never a loop over a metrics library.

Rows are drawn with replacement and the class counts are not held fixed (Efron & Tibshirani 1993, chapter 6). With
groups, whole groups are drawn (Field & Welsh 2007, cluster bootstrap). Blocks of draws keep memory bounded; the draws
do not depend on the size of the blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from classmark.judging.intervals import Floats
from classmark.judging.metrics import ClassCounts, Scored, ranking_metrics

BLOCK_BYTES = 8 << 20

Groups = NDArray[np.int64] | None


def bootstrap_method(draws: int, groups: Groups) -> str:
    """What an interval says of how it was made."""
    sampling = "independent rows" if groups is None else f"whole groups resampled ({int(groups.max()) + 1:,} groups)"
    return f"percentile bootstrap, {draws:,} draws, {sampling}"


def row_weights(rows: int, draws: int, seed: int, groups: Groups = None) -> Iterator[Floats]:
    """Blocks of weights, shape (R', N): how often each row stands in each draw."""
    generator = np.random.default_rng(seed)
    units = rows if groups is None else int(groups.max()) + 1
    for count in _blocks(draws, rows):
        picked = np.stack([np.bincount(generator.integers(0, units, units), minlength=units) for _ in range(count)])
        yield (picked if groups is None else picked[:, groups]).astype(np.float64)


def ranking_draws(scored: Scored, draws: int, seed: int, groups: Groups) -> dict[str, Floats]:
    """`roc_auc` and `average_precision` of every draw, each of shape (R,)."""
    blocks = [ranking_metrics(scored, weights) for weights in row_weights(len(scored), draws, seed, groups)]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def paired_draws(
    statistic: Callable[[Scored, Floats], Floats], a: Scored, b: Scored, draws: int, seed: int, groups: Groups
) -> Floats:
    """The statistic of B less that of A in every draw, both on the same drawn rows, shape (R,)."""
    blocks = row_weights(len(a), draws, seed, groups)
    return np.concatenate([statistic(b, weights) - statistic(a, weights) for weights in blocks])


def mean_draws(terms: Floats, draws: int, seed: int, groups: NDArray[np.int64]) -> Floats:
    """The mean of one term a row in every draw of whole groups, shape (R,)."""
    sums, sizes = np.bincount(groups, weights=terms), np.bincount(groups).astype(np.float64)
    return np.concatenate([weights @ sums / (weights @ sizes) for weights in row_weights(len(sums), draws, seed)])


def group_counts(scored: Scored, draws: int, seed: int, groups: NDArray[np.int64]) -> ClassCounts:
    """The class counts of every draw of whole groups."""
    blocks = row_weights(len(scored), draws, seed, groups)
    return _joined([_counted(weights, scored.labels, scored.predicted, scored.classes) for weights in blocks])


def _blocks(draws: int, width: int) -> list[int]:
    block = max(1, BLOCK_BYTES // (8 * width))
    return [min(block, draws - start) for start in range(0, draws, block)]


def _counted(weights: Floats, true: NDArray[np.int64], claimed: NDArray[np.int64], classes: int) -> ClassCounts:
    hit = true == claimed
    return ClassCounts(
        _summed(weights, true, classes),
        _summed(weights, claimed, classes),
        _summed(weights[:, hit], true[hit], classes),
    )


def _summed(weights: Floats, indices: NDArray[np.int64], classes: int) -> Floats:
    """The weight of each class, shape (R, C), from weights of shape (R, U) and U class indices."""
    order = np.argsort(indices, kind="stable")
    present, starts = np.unique(indices[order], return_index=True)
    sums = np.zeros((len(weights), classes))
    if len(present):
        sums[:, present] = np.add.reduceat(weights[:, order], starts, axis=1)
    return sums


def _joined(blocks: list[ClassCounts]) -> ClassCounts:
    return ClassCounts(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))

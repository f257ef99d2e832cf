"""The bootstrap, vectorised: R draws as counts of rows or groups, never a loop over a metrics library.

Rows are drawn with replacement and the class counts are not held fixed (Efron & Tibshirani 1993, chapter 6). With
groups, whole groups are drawn (Field & Welsh 2007, cluster bootstrap). Draws are made one behind the other and measured
in blocks by as many threads as there are cores; neither blocks nor threads change a draw or its metrics.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from classmark.errors import InputError
from classmark.judging.scored import ClassCounts, Scored, ranking_metrics, weighted_metrics
from classmark.judging.statistics.groups import effective_groups, group_words
from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.ranking import Weights
from classmark.system.machine import cores
from classmark.system.workers import Workers

BLOCK_ROWS = 1 << 17  # rows × draws of a block: what a core's cache holds

Groups = NDArray[np.int64] | None
Result = TypeVar("Result")


def whole_seed(seed: Any) -> int:
    """The seed as a number that the generator of random numbers takes; numpy's numbers are taken too.

    Raises:
        InputError: it is below 0, or not a whole number.
    """
    number = _whole(seed)
    if number is None or number < 0:
        raise InputError(f"{seed!r} is not a whole number from 0.", argument="seed")
    return number


def whole_draws(draws: Any) -> int:
    """The number of draws, unless these are so few that no interval can be made.

    Raises:
        InputError: there are fewer than two, or it is no whole number.
    """
    number = _whole(draws)
    if number is None or number < 2:
        raise InputError(f"draws: {draws} bootstrap draws give no interval. Give at least 100; 1000 is usual.")
    return number


def _whole(value: Any) -> int | None:
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None


def bootstrap_method(draws: int, groups: Groups) -> str:
    """What an interval says of how it was made."""
    if groups is None:
        return f"percentile bootstrap, {draws:,} draws, independent rows"
    words = group_words(int(groups.max()) + 1, effective_groups(groups))
    return f"percentile bootstrap, {draws:,} draws, whole groups resampled ({words})"


def row_weights(rows: int, draws: int, seed: int, groups: Groups = None) -> Iterator[NDArray[np.uint8]]:
    """Blocks of weights, shape (R', N): how often each row stands in each draw."""
    units = rows if groups is None else int(groups.max()) + 1
    return (_counts(picked, units, groups) for picked in _picks(rows, units, draws, seed))


def bootstrap(scored: Scored, draws: int, seed: int, groups: Groups = None) -> dict[str, Floats]:
    """Accuracy and every metric of probabilities (but `ece`) in every draw, each of shape (R,)."""
    return _together(per_draw(partial(weighted_metrics, scored), len(scored), draws, seed, groups))


def ranking_draws(scored: Scored, draws: int, seed: int, groups: Groups = None) -> dict[str, Floats]:
    """`roc_auc` and `average_precision` of the same draws, each of shape (R,)."""
    return _together(per_draw(partial(ranking_metrics, scored), len(scored), draws, seed, groups))


def group_counts(scored: Scored, draws: int, seed: int, groups: Groups) -> ClassCounts:
    """The class counts of every draw of rows, or of whole groups."""
    blocks = per_draw(partial(_class_counts, scored), len(scored), draws, seed, groups)
    return ClassCounts(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def per_draw(
    statistic: Callable[[NDArray[np.uint8]], Result], rows: int, draws: int, seed: int, groups: Groups
) -> list[Result]:
    """The statistic of each block of weights, in the order of the draws.

    The first block is measured alone, so that what is computed once for all draws is there for the threads. As many
    blocks wait as there are threads, which bounds memory.
    """
    units = rows if groups is None else int(groups.max()) + 1

    def measure(picked: NDArray[np.int64]) -> Result:
        return statistic(_counts(picked, units, groups))

    blocks = _picks(rows, units, draws, seed)
    found = [measure(next(blocks))]
    with Workers(cores()) as workers:
        found.extend(workers.map(measure, blocks))
    return found


def _picks(rows: int, units: int, draws: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Blocks of drawn units, shape (R', U), all from one stream of random numbers."""
    generator = np.random.default_rng(seed)
    block = max(1, BLOCK_ROWS // rows)
    for start in range(0, draws, block):
        yield generator.integers(0, units, (min(block, draws - start), units))


def _counts(picked: NDArray[np.int64], units: int, groups: Groups) -> NDArray[np.uint8]:
    """How often each row was drawn, shape (R', N): the chance that one is drawn more than 255 times is 1e-507."""
    counts = np.stack([np.bincount(each, minlength=units) for each in picked]).astype(np.uint8)
    return counts if groups is None else np.take(counts, groups, axis=1)


def _class_counts(scored: Scored, weights: NDArray[np.uint8]) -> ClassCounts:
    right = scored.labels == scored.predicted

    def summed(classes: NDArray[np.int64], counts: Weights) -> Floats:
        return np.stack([np.bincount(classes, weights=row, minlength=scored.classes) for row in counts])

    return ClassCounts(
        summed(scored.labels, weights),
        summed(scored.predicted, weights),
        summed(scored.labels[right], weights[:, right]),
    )


def _together(blocks: list[dict[str, Floats]]) -> dict[str, Floats]:
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}

"""How ill each class suits a row, by which prediction sets are made, and the score up to which classes are taken in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from classmark.judging.statistics.intervals import Floats
from classmark.predictions import Predictions

BLOCK_VALUES = 1 << 20  # scores that are worked on at once, which bounds memory
PENALTY, FREE_RANKS = 0.01, 5

Scores = Callable[[Floats, Floats], Floats]


def conformal_quantile(scores: Floats, level: float) -> float:
    """The ⌈(n + 1) · level⌉-th smallest of n scores; infinite where there is none.

    Source: Vovk, Gammerman, Shafer 2005; Romano et al. 2020, equation 9.
    """
    place = quantile_place(len(scores), level)
    return math.inf if place > len(scores) else float(np.partition(scores, place - 1)[place - 1])


def quantile_place(rows: int, level: float) -> int:
    """⌈(n + 1) · level⌉, from 1; more than n where n rows are too few for the level."""
    return math.ceil((rows + 1) * level - 1e-9)  # 0.9 × 10 is 9, however it is rounded


def lac_scores(probabilities: Floats, uniform: Floats) -> Floats:
    """1 − p of each class, shape (B, C): sets as small as can be on average."""
    return 1 - probabilities


def aps_scores(probabilities: Floats, uniform: Floats) -> Floats:
    """The probability of all likelier classes and a random part of the class's own, shape (B, C).

    Sets are larger where a row is harder, and coverage differs less between rows than with `lac_scores`.

    Args:
        probabilities: shape (B, C).
        uniform: shape (B,), from 0 to 1.

    Source: Romano, Sesia, Candès 2020, equations 5 and 7.
    """
    return _ranked_scores(probabilities, uniform, 0.0)


def raps_scores(probabilities: Floats, uniform: Floats) -> Floats:
    """As `aps_scores`, with 0.01 more for each class that is likelier beyond the first five, shape (B, C).

    So classes far down in a long tail of small probabilities stay out of the sets.

    Source: Angelopoulos et al. 2021, equation 4, with λ = 0.01 and k = 5. These are fixed, so that all validation rows
    serve the promise; the paper fits them on rows of their own.
    """
    return _ranked_scores(probabilities, uniform, PENALTY)


def _ranked_scores(probabilities: Floats, uniform: Floats, penalty: float) -> Floats:
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    beyond = penalty * np.maximum(0, np.arange(1, probabilities.shape[1] + 1) - FREE_RANKS)
    scores = np.empty_like(probabilities)
    np.put_along_axis(scores, order, before + uniform[:, None] * ranked + beyond, axis=1)
    return scores


METHODS: dict[str, Scores] = {"lac": lac_scores, "aps": aps_scores, "raps": raps_scores}


def methods(classes: int) -> dict[str, Scores]:
    """The ways of scoring for so many classes: up to five, RAPS is APS and left out."""
    return {name: scores for name, scores in METHODS.items() if name != "raps" or classes > FREE_RANKS}


def row_numbers(table: Predictions, seed: int) -> Floats:
    """A random number from 0 to 1 for each row, which follows the row's id wherever it stands."""
    numbers = np.empty(len(table))
    numbers[table.ids.arg_sort().to_numpy()] = np.random.default_rng(seed).uniform(size=len(table))
    return numbers


def true_scores(table: Predictions, scores: Scores, uniform: Floats) -> Floats:
    """The score of each row's true class, shape (N,)."""
    return np.concatenate(
        [
            scores(table.probabilities[block], uniform[block])[np.arange(len(labels)), labels]
            for block, labels in _blocks(table)
        ]
    )


def measure_sets(
    table: Predictions, scores: Scores, uniform: Floats, thresholds: Sequence[Floats]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """How many classes each row's set holds, and whether the true one, each of shape (thresholds, N).

    Args:
        table: labelled rows with probabilities.
        scores: of a method.
        uniform: shape (N,).
        thresholds: each for all rows and classes, shape (), for each class, (C,), or for each row, (N, 1).
    """
    sizes = np.empty((len(thresholds), len(table)), np.int64)
    held = np.empty((len(thresholds), len(table)), np.bool_)
    for block, labels in _blocks(table):
        found = scores(table.probabilities[block], uniform[block])
        for place, threshold in enumerate(thresholds):
            inside = found <= (threshold[block] if threshold.ndim == 2 else threshold)
            sizes[place, block] = inside.sum(axis=1)
            held[place, block] = inside[np.arange(len(labels)), labels]
    return sizes, held


def _blocks(table: Predictions) -> Iterator[tuple[slice, NDArray[np.int64]]]:
    """Slices of rows with their labels."""
    step = max(1, BLOCK_VALUES // len(table.classes))
    for start in range(0, len(table), step):
        yield slice(start, start + step), table.labels[start : start + step]

"""How ill each class suits a row, by which prediction sets are made, and the score up to which classes are taken in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classmark.judging.statistics.intervals import Floats
from classmark.predictions import Predictions

BLOCK_VALUES = 1 << 20  # scores that are worked on at once, which bounds memory
PENALTY, FREE_RANKS = 0.01, 5


@dataclass(frozen=True)
class SetSizes:
    """How many classes each row's set holds, and whether the true one is among them, each of shape (N,)."""

    sizes: NDArray[np.int64]
    held: NDArray[np.bool_]

    @classmethod
    def empty(cls, rows: int) -> SetSizes:
        """Room for so many rows."""
        return cls(np.empty(rows, np.int64), np.empty(rows, np.bool_))


def conformal_quantile(scores: Floats, level: float) -> float:
    """The ⌈(n + 1) · level⌉-th smallest of n scores; infinite where there is none.

    Source: Vovk, Gammerman, Shafer 2005; Romano et al. 2020, equation 9.
    """
    place = quantile_place(len(scores), level)
    return math.inf if place > len(scores) else float(np.partition(scores, place - 1)[place - 1])


def quantile_place(rows: int, level: float) -> int:
    """⌈(n + 1) · level⌉, from 1; more than n where n rows are too few for the level."""
    return math.ceil((rows + 1) * level - 1e-9)  # 0.9 × 10 is 9, however it is rounded


def set_scores(probabilities: Floats, uniform: Floats, methods: Sequence[str]) -> dict[str, Floats]:
    """The scores of each class by each method, name → shape (B, C).

    `lac` is 1 − p: sets are as small as can be on average. `aps` is the probability of all likelier classes and a random
    part of the class's own: sets are larger where a row is harder, and coverage differs less between rows. `raps` is that
    and 0.01 more for each rank beyond the fifth, so that classes far down a long tail stay out.

    Args:
        probabilities: shape (B, C).
        uniform: shape (B,), from 0 to 1.
        methods: names.

    Source: Sadinle, Lei, Wasserman 2019 (LAC); Romano, Sesia, Candès 2020, equations 5 and 7 (APS); Angelopoulos et al.
    2021, equation 4, with λ = 0.01 and k = 5 (RAPS). These two are fixed, so that all validation rows serve the promise;
    the paper fits them on rows of their own.
    """
    found = {"lac": 1 - probabilities} if "lac" in methods else {}
    if "aps" not in methods and "raps" not in methods:
        return found
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    adaptive = np.cumsum(ranked, axis=1) - ranked + uniform[:, None] * ranked
    beyond = PENALTY * np.maximum(0, np.arange(1, probabilities.shape[1] + 1) - FREE_RANKS)
    for name, values in (("aps", adaptive), ("raps", adaptive + beyond)):
        if name in methods:
            found[name] = np.empty_like(probabilities)
            np.put_along_axis(found[name], order, values, axis=1)
    return found


def set_methods(classes: int) -> tuple[str, ...]:
    """The ways of scoring for so many classes: up to five, RAPS is APS and left out."""
    return ("lac", "aps", "raps") if classes > FREE_RANKS else ("lac", "aps")


def row_numbers(table: Predictions, seed: int) -> Floats:
    """A random number from 0 to 1 for each row, which follows the row's id wherever it stands."""
    numbers = np.empty(len(table))
    numbers[table.ids.arg_sort().to_numpy()] = np.random.default_rng(seed).uniform(size=len(table))
    return numbers


def true_scores(table: Predictions, uniform: Floats, methods: Sequence[str]) -> dict[str, Floats]:
    """The score of each row's true class by each method, name → shape (N,)."""
    found = {name: np.empty(len(table)) for name in methods}
    for block, labels in _blocks(table):
        for name, scores in set_scores(table.probabilities[block], uniform[block], methods).items():
            found[name][block] = scores[np.arange(len(labels)), labels]
    return found


def measure_sets(
    table: Predictions, uniform: Floats, thresholds: Mapping[str, Sequence[Floats]]
) -> dict[str, list[SetSizes]]:
    """How large the sets of each method are at each of its thresholds, and which hold the true class.

    Args:
        table: labelled rows with probabilities.
        uniform: shape (N,).
        thresholds: method → thresholds, each for all rows and classes, shape (), for each class, (C,), or for each row,
            (N, 1).
    """
    found = {name: [SetSizes.empty(len(table)) for _ in own] for name, own in thresholds.items()}
    for block, labels in _blocks(table):
        for name, scores in set_scores(table.probabilities[block], uniform[block], list(thresholds)).items():
            for threshold, sets in zip(thresholds[name], found[name], strict=True):
                inside = scores <= (threshold[block] if threshold.ndim == 2 else threshold)
                sets.sizes[block] = inside.sum(axis=1)
                sets.held[block] = inside[np.arange(len(labels)), labels]
    return found


def _blocks(table: Predictions) -> Iterator[tuple[slice, NDArray[np.int64]]]:
    """Slices of rows with their labels."""
    step = max(1, BLOCK_VALUES // len(table.classes))
    for start in range(0, len(table), step):
        yield slice(start, start + step), table.labels[start : start + step]

"""Prediction sets that hold the true class in a promised share of rows: split conformal prediction.

The promise is for validation and test rows of one kind (exchangeable). It holds over all rows together and over the
luck of which rows were drawn for validation, not for each class.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classmark.judging.statistics.intervals import Estimate, Floats, share_interval
from classmark.judging.statistics.resampling import Groups
from classmark.predictions import Predictions

LEVELS = (0.9, 0.95)
BLOCK_VALUES = 1 << 20  # scores that are worked on at once, which bounds memory

Scores = Callable[[Floats, Floats], Floats]


@dataclass(frozen=True)
class ClassCoverage:
    """The share of a class's rows whose set holds it."""

    name: str
    rows: int
    coverage: Estimate


@dataclass(frozen=True)
class Sets:
    """Prediction sets of the test rows by one method at one level.

    Attributes:
        method: `lac` or `aps`.
        level: the promised coverage.
        threshold: the largest score of a class that a set holds; None where there are too few validation rows for the
            level, so that a set holds every class.
        coverage: share of rows whose set holds the true class.
        mean_size: classes in a set.
        singletons, empty: share of rows whose set holds one class, none.
        worst_class: the class with the lowest coverage on test.
    """

    method: str
    level: float
    threshold: float | None
    coverage: Estimate
    mean_size: float
    singletons: float
    empty: float
    worst_class: ClassCoverage


@dataclass(frozen=True)
class Conformal:
    """Prediction sets whose thresholds come from `rows` validation rows."""

    rows: int
    sets: tuple[Sets, ...]


def conform(test: Predictions, validation: Predictions, seed: int, groups: Groups = None) -> Conformal:
    """Prediction sets for the test rows by each method and level.

    Args:
        test: labelled rows with probabilities.
        validation: labelled rows of the same model, classes in the same order.
        seed: of the random numbers of `aps_scores`, drawn for rows in the order of their ids.
        groups: group number of each test row.

    Source: Papadopoulos et al. 2002 (split conformal); Sadinle, Lei, Wasserman 2019 (least ambiguous classifiers, LAC);
    Romano, Sesia, Candès 2020 (adaptive prediction sets, APS).
    """
    uniform = _uniform(test, seed), _uniform(validation, seed + 1)
    found = []
    for method, scores in METHODS.items():
        seen = np.concatenate(
            [
                scores(validation.probabilities[block], uniform[1][block])[np.arange(len(labels)), labels]
                for block, labels in _blocks(validation)
            ]
        )
        thresholds = np.array([conformal_quantile(seen, level) for level in LEVELS])
        sizes, held = _measure(test, scores, uniform[0], thresholds)
        found += [
            _sets(method, level, thresholds[place], test, sizes[place], held[place], groups)
            for place, level in enumerate(LEVELS)
        ]
    return Conformal(len(validation), tuple(found))


def conformal_quantile(scores: Floats, level: float) -> float:
    """The ⌈(n + 1) · level⌉-th smallest of n scores; infinite where there is none.

    Source: Vovk, Gammerman, Shafer 2005; Romano et al. 2020, equation 9.
    """
    place = math.ceil((len(scores) + 1) * level - 1e-9)  # 0.9 × 10 is 9, however it is rounded
    return math.inf if place > len(scores) else float(np.partition(scores, place - 1)[place - 1])


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
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    scores = np.empty_like(probabilities)
    np.put_along_axis(scores, order, before + uniform[:, None] * ranked, axis=1)
    return scores


METHODS: dict[str, Scores] = {"lac": lac_scores, "aps": aps_scores}


def _uniform(table: Predictions, seed: int) -> Floats:
    """A random number from 0 to 1 for each row, which follows the row's id wherever it stands."""
    numbers = np.empty(len(table))
    numbers[table.ids.arg_sort().to_numpy()] = np.random.default_rng(seed).uniform(size=len(table))
    return numbers


def _blocks(table: Predictions) -> Iterator[tuple[slice, NDArray[np.int64]]]:
    """Slices of rows with their labels."""
    step = max(1, BLOCK_VALUES // len(table.classes))
    for start in range(0, len(table), step):
        yield slice(start, start + step), table.labels[start : start + step]


def _measure(
    test: Predictions, scores: Scores, uniform: Floats, thresholds: Floats
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """How many classes each row's set holds, and whether the true one, each of shape (thresholds, N)."""
    sizes = np.empty((len(thresholds), len(test)), np.int64)
    held = np.empty((len(thresholds), len(test)), np.bool_)
    for block, labels in _blocks(test):
        found = scores(test.probabilities[block], uniform[block])
        true = found[np.arange(len(labels)), labels]
        for place, threshold in enumerate(thresholds):
            sizes[place, block] = (found <= threshold).sum(axis=1)
            held[place, block] = true <= threshold
    return sizes, held


def _sets(
    method: str,
    level: float,
    threshold: float,
    test: Predictions,
    sizes: NDArray[np.int64],
    held: NDArray[np.bool_],
    groups: Groups,
) -> Sets:
    rows = np.bincount(test.labels, minlength=len(test.classes))
    hits = np.bincount(test.labels, weights=held, minlength=len(test.classes))
    worst = int(np.argmin(np.where(rows > 0, hits / np.maximum(rows, 1), np.inf)))
    of_worst = test.labels == worst
    return Sets(
        method=method,
        level=level,
        threshold=float(threshold) if math.isfinite(threshold) else None,
        coverage=share_interval(held, groups),
        mean_size=float(sizes.mean()),
        singletons=float((sizes == 1).mean()),
        empty=float((sizes == 0).mean()),
        worst_class=ClassCoverage(
            test.classes[worst],
            int(rows[worst]),
            share_interval(held[of_worst], None if groups is None else groups[of_worst]),
        ),
    )

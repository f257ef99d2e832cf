"""Prediction sets that hold the true class in a promised share of rows: split conformal prediction.

The promise is for validation and test rows of one kind (exchangeable). It holds over all rows together and over the
luck of which rows were drawn for validation, not for each class; `conditional` has sets that promise it for each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from classmark.judging.parts.conditional import ConditionalSets, conditional_sets
from classmark.judging.parts.conformal_scores import (
    SetSizes,
    conformal_quantile,
    measure_sets,
    quantile_place,
    row_numbers,
    set_methods,
    true_scores,
)
from classmark.judging.rows import row_groups
from classmark.judging.statistics.intervals import Estimate, share_interval
from classmark.judging.statistics.resampling import Groups
from classmark.judging.statistics.set_coverage import Lowest, Luck, coverage_luck, lowest_share
from classmark.predictions import Predictions

LEVELS = (0.9, 0.95)


@dataclass(frozen=True)
class ClassCoverage:
    """The share of a class's rows whose set holds it.

    Attributes:
        name, rows: the class, and its test rows.
        coverage: with the interval of this class alone.
        lowest: what luck does to the lowest of so many classes; None with groups.
    """

    name: str
    rows: int
    coverage: Estimate
    lowest: Lowest | None = None


@dataclass(frozen=True)
class Sets:
    """Prediction sets of the test rows by one method at one level.

    Attributes:
        method: `lac`, `aps` or `raps`.
        level: the promised coverage.
        threshold: the largest score of a class that a set holds; None where there are too few validation rows for the
            level, so that a set holds every class.
        coverage: share of rows whose set holds the true class.
        mean_size: classes in a set.
        singletons, empty: share of rows whose set holds one class, none.
        worst_class: the class with the lowest coverage on test.
        luck: what the draw of validation and test rows does to the coverage; None with groups, or without a threshold.
    """

    method: str
    level: float
    threshold: float | None
    coverage: Estimate
    mean_size: float
    singletons: float
    empty: float
    worst_class: ClassCoverage
    luck: Luck | None = None


@dataclass(frozen=True)
class Conformal:
    """Prediction sets whose thresholds come from `rows` validation rows.

    Attributes:
        rows: of validation.
        sets: by each method at each level, over all rows together.
        conditional: sets that keep the promise for each class, each cluster of classes, or each value of a column.
    """

    rows: int
    sets: tuple[Sets, ...]
    conditional: tuple[ConditionalSets, ...] = ()


def conform(
    test: Predictions,
    validation: Predictions,
    seed: int,
    groups: Groups = None,
    columns: Sequence[str] | None = None,
) -> Conformal:
    """Prediction sets for the test rows by each method and level.

    Args:
        test: labelled rows with probabilities.
        validation: labelled rows of the same model, classes in the same order.
        seed: of the random numbers of APS, drawn for rows in the order of their ids.
        groups: group number of each test row.
        columns: of both tables, for whose values the promise is to hold by itself; without them, up to three that suit.

    Source: Papadopoulos et al. 2002 (split conformal); Sadinle, Lei, Wasserman 2019 (least ambiguous classifiers, LAC);
    Romano, Sesia, Candès 2020 (adaptive prediction sets, APS); Angelopoulos et al. 2021 (RAPS).
    """
    uniform = row_numbers(test, seed), row_numbers(validation, seed + 1)
    independent = groups is None and row_groups(validation) is None
    seen = true_scores(validation, uniform[1], set_methods(len(test.classes)))
    thresholds = {name: [np.array(conformal_quantile(own, level)) for level in LEVELS] for name, own in seen.items()}
    found = []
    for method, measured in measure_sets(test, uniform[0], thresholds).items():
        for level, threshold, sets in zip(LEVELS, thresholds[method], measured, strict=True):
            one = _sets(method, level, float(threshold), test, sets, groups)
            rank = quantile_place(len(validation), level)
            if independent and rank <= len(validation):
                one = replace(one, luck=coverage_luck(len(validation), rank, len(test), int(sets.held.sum())))
            found.append(one)
    return Conformal(len(validation), tuple(found), conditional_sets(test, validation, LEVELS, seed, groups, columns))


def _sets(
    method: str,
    level: float,
    threshold: float,
    test: Predictions,
    measured: SetSizes,
    groups: Groups,
) -> Sets:
    sizes, held = measured.sizes, measured.held
    rows = np.bincount(test.labels, minlength=len(test.classes))
    hits = np.bincount(test.labels[held], minlength=len(test.classes))
    worst = int(np.argmin(np.where(rows > 0, hits / np.maximum(rows, 1), np.inf)))
    of_worst = test.labels == worst
    return Sets(
        method=method,
        level=level,
        threshold=threshold if math.isfinite(threshold) else None,
        coverage=share_interval(held, groups),
        mean_size=float(sizes.mean()),
        singletons=float((sizes == 1).mean()),
        empty=float((sizes == 0).mean()),
        worst_class=ClassCoverage(
            test.classes[worst],
            int(rows[worst]),
            share_interval(held[of_worst], None if groups is None else groups[of_worst]),
            lowest_share(hits, rows, worst) if groups is None else None,
        ),
    )

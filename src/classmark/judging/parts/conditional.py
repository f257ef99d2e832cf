"""Prediction sets that keep their promise for each class, each cluster of classes, or each value of a column."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import shortened
from classmark.judging.parts.class_clusters import FEWEST_CLUSTERED, cluster_classes
from classmark.judging.parts.conformal_scores import conformal_quantile, measure_sets, row_numbers
from classmark.judging.parts.derived import derived
from classmark.judging.rows import scored_rows
from classmark.judging.statistics.intervals import Estimate, Floats, share_interval
from classmark.judging.statistics.resampling import Groups
from classmark.predictions import Predictions

MOST_VALUES = 20
MOST_COLUMNS = 3
OWN_COLUMNS = ("id", "label", "probabilities", "predicted", "logits", "weight", "text", "path", "thumbnail", "leaked")
BY_CLASS, BY_CLUSTER = "class", "class clusters"


@dataclass(frozen=True)
class Category:
    """A part of the rows, with a threshold of its own.

    Attributes:
        name: the class, the number of the cluster with its classes, or the column's value.
        validation_rows, rows: of this part, of validation and of test.
        threshold: the largest score of a class that a set holds; None where every class is taken in.
        coverage: share of these test rows whose set holds the true class.
        method: how the threshold was made, or why there is none.
    """

    name: str
    validation_rows: int
    rows: int
    threshold: float | None
    coverage: Estimate
    method: str


@dataclass(frozen=True)
class ConditionalSets:
    """Prediction sets by LAC at one level, with a threshold for each category.

    Attributes:
        by: `class`, `class clusters`, or the column.
        level: the promised coverage of each category.
        categories: by class in their order, clusters by number, values sorted.
        coverage, mean_size, singletons, empty: over all test rows.
        short: categories whose validation rows are too few for the level, so that sets hold every class there.
    """

    by: str
    level: float
    categories: tuple[Category, ...]
    coverage: Estimate
    mean_size: float
    singletons: float
    empty: float
    short: int


@dataclass(frozen=True)
class Parting:
    """Which category each row, or for sets by class each class, belongs to.

    Attributes:
        by: as in `ConditionalSets`.
        names: of K categories.
        validation, test: category of each row by its true class or its value; -1 for values that validation lacks.
        of_class: category of each class, shape (C,), by which thresholds are chosen; None where rows choose them.
        kept: the validation rows that thresholds may come from, shape (n,).
        pooled: a category whose threshold is that of all kept rows, as its classes are too rare; -1 for none.
    """

    by: str
    names: tuple[str, ...]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    of_class: NDArray[np.int64] | None
    kept: NDArray[np.bool_]
    pooled: int = -1


def conditional_sets(
    test: Predictions,
    validation: Predictions,
    levels: Sequence[float],
    seed: int,
    groups: Groups = None,
    columns: Sequence[str] | None = None,
) -> tuple[ConditionalSets, ...]:
    """The sets by class, by clusters of many classes, and by the values of columns, at each level.

    Each category has the conformal quantile of its own validation rows, so the promise holds within it.

    Args:
        test: labelled rows with probabilities.
        validation: the same of other rows.
        levels: of coverage.
        seed: of the rows that are clustered.
        groups: group number of each test row.
        columns: of both tables; without them, up to three whose values are few.

    Source: Vovk 2012 (Mondrian and label-conditional predictors); Ding et al. 2023 (clusters of classes).
    """
    seen = 1 - validation.probabilities[np.arange(len(validation)), validation.labels]
    return tuple(
        _sets(test, seen, parting, level, groups)
        for level in levels
        for parting in _partings(test, validation, level, seed, columns, seen)
    )


def _partings(
    test: Predictions, validation: Predictions, level: float, seed: int, columns: Sequence[str] | None, seen: Floats
) -> Iterator[Parting]:
    every, classes = np.ones(len(validation), np.bool_), len(test.classes)
    yield Parting(BY_CLASS, test.classes, validation.labels, test.labels, np.arange(classes), every)
    if classes >= FEWEST_CLUSTERED:
        clusters = cluster_classes(seen, validation.labels, classes, level, row_numbers(validation, seed))
        if clusters is not None:
            members = [np.flatnonzero(clusters.of_class == one) for one in range(clusters.count)]
            names = [shortened([test.classes[member] for member in own]) for own in members]
            of_class = clusters.of_class
            yield Parting(
                BY_CLUSTER,
                tuple(names),
                of_class[validation.labels],
                of_class[test.labels],
                of_class,
                ~clusters.used,
                clusters.pooled,
            )
    yield from _by_column(test, validation, every, columns)


def _by_column(
    test: Predictions, validation: Predictions, every: NDArray[np.bool_], columns: Sequence[str] | None
) -> Iterator[Parting]:
    shared = [name for name in test.frame.columns if name in validation.frame.columns and name not in OWN_COLUMNS]
    taken = 0
    for name in shared if columns is None else [one for one in columns if one in shared]:
        codes = _codes(test.frame[name], validation.frame[name])
        if codes is None or any(derived(side.frame[name], scored_rows(side, 1)) for side in (test, validation)):
            continue
        names, of_test, of_validation = codes
        taken += 1
        if columns is None and taken > MOST_COLUMNS:
            return
        yield Parting(name, names, of_validation, of_test, None, every)


def _codes(
    test: pl.Series, validation: pl.Series
) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.int64]] | None:
    """The names of at most twenty values, and each row's number among them, -1 where validation lacks it."""
    sides = [_plain(test), _plain(validation)]
    if any(side is None for side in sides) or test.dtype != validation.dtype:
        return None
    tested, seen = (side for side in sides if side is not None)
    names = sorted(seen.unique().to_list())
    if not 2 <= len(names) <= MOST_VALUES:
        return None
    places = {name: place for place, name in enumerate(names)}
    numbers = [side.replace_strict(places, default=-1, return_dtype=pl.Int64).to_numpy() for side in (tested, seen)]
    return tuple(names), numbers[0], numbers[1]


def _plain(column: pl.Series) -> pl.Series | None:
    """Values as words, none as `no value`; None for columns of other things than text, whole numbers, or yes and no."""
    if not (column.dtype in (pl.Boolean, pl.String) or column.dtype.is_integer()):
        return None
    return column.cast(pl.String).fill_null("no value")


def _sets(test: Predictions, seen: Floats, parting: Parting, level: float, groups: Groups) -> ConditionalSets:
    counts = np.bincount(parting.validation[parting.kept], minlength=len(parting.names))
    own = [
        conformal_quantile(seen[parting.kept & (parting.validation == place)], level)
        for place in range(len(parting.names))
    ]
    if parting.pooled >= 0:
        own[parting.pooled] = conformal_quantile(seen[parting.kept], level)
        counts[parting.pooled] = int(parting.kept.sum())
    thresholds = np.array([*own, math.inf])  # the last is of values that validation lacks
    by_rows = thresholds[parting.test][:, None]
    chosen = by_rows if parting.of_class is None else thresholds[parting.of_class]
    measured = measure_sets(test, np.zeros(len(test)), {"lac": [chosen]})["lac"][0]
    sizes, held = measured.sizes, measured.held
    needed = math.ceil(level / (1 - level) - 1e-9)
    categories = []
    for place, name in enumerate(parting.names):
        here = parting.test == place
        has_one = math.isfinite(own[place])
        few = f"none: {counts[place]:,} validation rows, {needed:,} are needed, so sets hold every class here"
        if parting.of_class is not None:
            few = f"none: {counts[place]:,} validation rows, {needed:,} are needed, so every set holds this class"
        pooled = "quantile of all validation rows that were not clustered, as its classes have too few"
        plain = "quantile of its own validation rows" if place != parting.pooled else pooled
        coverage = share_interval(held[here], None if groups is None else groups[here])
        threshold = float(own[place]) if has_one else None
        categories.append(
            Category(name, int(counts[place]), int(here.sum()), threshold, coverage, plain if has_one else few)
        )
    return ConditionalSets(
        by=parting.by,
        level=level,
        categories=tuple(categories),
        coverage=share_interval(held, groups),
        mean_size=float(sizes.mean()),
        singletons=float((sizes == 1).mean()),
        empty=float((sizes == 0).mean()),
        short=sum(one.threshold is None for one in categories),
    )

"""Anyone's estimator, tested on rows that it did not learn from, as a side that can be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import EstimatorError
from classmark.estimators.folds import Fold, Resampling
from classmark.estimators.rows import Labels, read_labels
from classmark.estimators.tables import (
    MAJORITY,
    Rows,
    Scores,
    fit_and_predict,
    joined,
    majority,
    scores_of,
    with_caveat,
)
from classmark.judging.studies.cross_validation import mean_over_folds
from classmark.judging.studies.resampled import Folds
from classmark.predictions import Predictions
from classmark.reading.side import Side
from classmark.studies.out_of_fold import sampling_words

PREFIT = "prefit"


@dataclass(frozen=True)
class Apart:
    """Rows apart from those that are judged, each (inputs, labels) or None.

    Attributes:
        training: that the estimator is fitted on; without them, the judged rows are put into folds.
        validation: that temperature, thresholds and prediction sets come from.
    """

    training: tuple[Any, Any] | None = None
    validation: tuple[Any, Any] | None = None


def read_rows(inputs: Any, y: Any, ids: Any = None, groups: Any = None, columns: Any = None) -> Rows:
    """Rows and their labels, checked.

    Raises:
        ValueError: they are of unequal number, or labels are missing.
    """
    from sklearn.utils import indexable

    labels = read_labels(y)
    inputs, _, groups, names = indexable(inputs, labels.codes, groups, ids)
    named = (
        [str(name) for name in names]
        if names is not None
        else [f"row {place + 1}" for place in range(len(labels.codes))]
    )
    further = {str(name): list(columns[name]) for name in columns} if columns is not None else None
    return Rows(inputs, labels, named, None if groups is None else [str(one) for one in groups], further)


def estimator_side(
    estimator: Any, rows: Rows, apart: Apart, how: Resampling, baselines: Mapping[str, Any] | None = None
) -> Side:
    """The predictions of rows that the estimator did not learn from.

    Args:
        estimator: fitted with `cv="prefit"`; else its copies are fitted.
        rows: that are judged.
        apart: training and validation rows.
        how: the folds.
        baselines: further estimators that are fitted on the same rows, by name.

    Raises:
        EstimatorError: the arguments do not go together.
    """
    _check_pairs(apart)
    prefit = isinstance(how.cv, str) and how.cv == PREFIT
    if prefit and (apart.training is not None or baselines):
        name = "training" if apart.training is not None else "baselines"
        raise EstimatorError("nothing is fitted with cv=prefit.", "Leave one of them out.", argument=name)
    if prefit:
        scores = scores_of(estimator, rows.inputs, rows.labels.classes)
        side = Side(type(estimator).__name__, rows.table(np.arange(len(rows.ids)), scores))
        return side if apart.validation is None else replace(side, validation=_validation(estimator, rows, apart))
    others = dict(baselines or {})
    if apart.training is not None:
        return _on_training_rows(estimator, rows, apart, how, others)
    if apart.validation is not None:
        raise EstimatorError(
            "in a cross-validation there are several models, and none of them predicts these rows.",
            "Give training rows too, or a fitted estimator with cv=prefit.",
            argument="validation",
        )
    return _over_folds(estimator, rows, how, others)


def _check_pairs(apart: Apart) -> None:
    for name, given in (("training", apart.training), ("validation", apart.validation)):
        if given is None:
            continue
        if not isinstance(given, tuple | list) or len(given) != 2:
            raise EstimatorError(f"{type(given).__name__}: a pair is expected.", "Write (X, y).", argument=name)


def _over_folds(estimator: Any, rows: Rows, how: Resampling, others: Mapping[str, Any]) -> Side:
    """The out-of-fold predictions of the first repetition, with the accuracy over all folds beside them."""
    folds = how.folds(rows.inputs, rows.labels.classes[rows.labels.codes], rows.groups)
    found = fitted_folds(estimator, rows, folds, how.jobs)
    first = [fold for fold in folds if fold.repetition == 1]
    places = np.concatenate([fold.test for fold in first])
    order = np.argsort(places)
    sampling = _sampling(rows, folds, found)
    numbers = np.concatenate([np.full(len(fold.test), fold.number) for fold in first])

    def table(parts: list[Scores]) -> Predictions:
        scores = joined(parts)
        values = None if scores.probabilities is None else scores.probabilities[order]
        made = rows.table(places[order], Scores(values, scores.decisions[order]))
        if len(first) == 1:
            return made
        fold = pl.Series("fold", [str(number) for number in numbers[order]], dtype=pl.String)
        return with_caveat(replace(made, frame=made.frame.with_columns(fold)), sampling)

    tables = {MAJORITY: table([majority(rows.labels, fold.train, len(fold.test)) for fold in first])}
    tables |= {name: table(fitted_folds(one, rows, first, how.jobs)) for name, one in others.items()}
    return Side(type(estimator).__name__, table(found[: len(first)]), baselines=tables)


def fitted_folds(estimator: Any, rows: Rows, folds: list[Fold], jobs: int | None) -> list[Scores]:
    """What copies of an estimator say of the test rows of each fold."""
    from sklearn.utils.parallel import Parallel, delayed

    found: list[Scores] = Parallel(n_jobs=jobs)(
        delayed(fit_and_predict)(estimator, rows.inputs, rows.labels, fold) for fold in folds
    )
    return found


def _sampling(rows: Rows, folds: list[Fold], found: list[Scores]) -> str:
    accuracies = [
        float((scores.decisions == rows.labels.codes[fold.test]).mean())
        for scores, fold in zip(found, folds, strict=True)
    ]
    how = resampled(folds)
    return sampling_words(how, mean_over_folds(np.array(accuracies), how, "accuracy"))


def resampled(folds: list[Fold]) -> Folds:
    """How the rows were put into folds, as the corrected t test needs it."""
    repetitions = max(fold.repetition for fold in folds)
    sizes = [(len(fold.test), len(fold.train)) for fold in folds]
    test, train = (float(np.mean(part)) for part in zip(*sizes, strict=True))
    return Folds(len(folds) // repetitions, repetitions, test, train)


def _on_training_rows(estimator: Any, rows: Rows, apart: Apart, how: Resampling, others: Mapping[str, Any]) -> Side:
    """Copies fitted on the training rows; without validation rows, out-of-fold predictions of them stand for these."""
    from sklearn.base import clone

    assert apart.training is not None
    training = _with_classes(read_rows(*apart.training), rows.labels, "training")
    if apart.training[0] is rows.inputs:
        raise EstimatorError("these are the rows to judge.", "Give other rows, or leave it out.", argument="training")
    values = training.labels.classes[training.labels.codes]
    everywhere = np.arange(len(rows.ids))
    fitted = clone(estimator).fit(training.inputs, values)
    table = rows.table(everywhere, scores_of(fitted, rows.inputs, rows.labels.classes))
    all_training = np.arange(len(values))
    tables = {MAJORITY: rows.table(everywhere, majority(training.labels, all_training, len(rows.ids)))}
    for name, one in others.items():
        scores = scores_of(clone(one).fit(training.inputs, values), rows.inputs, rows.labels.classes)
        tables[name] = rows.table(everywhere, scores)
    if apart.validation is not None:
        return Side(type(estimator).__name__, table, baselines=tables, validation=_validation(fitted, rows, apart))
    folds = [fold for fold in how.folds(training.inputs, values) if fold.repetition == 1]
    places = np.concatenate([fold.test for fold in folds])
    out_of_fold = training.table(places, joined(fitted_folds(estimator, training, folds, how.jobs)))
    sentence = (
        f"What is fitted or chosen on validation rows (temperature, thresholds, prediction sets) comes from out-of-fold "
        f"predictions of {len(places):,} training rows, by {len(folds)} models that each learned from fewer of them than the "
        "judged one."
    )
    return Side(type(estimator).__name__, with_caveat(table, sentence), baselines=tables, validation=out_of_fold)


def _validation(fitted: Any, rows: Rows, apart: Apart) -> Predictions:
    assert apart.validation is not None
    held_out = _with_classes(read_rows(*apart.validation), rows.labels, "validation")
    return held_out.table(np.arange(len(held_out.ids)), scores_of(fitted, held_out.inputs, rows.labels.classes))


def _with_classes(other: Rows, labels: Labels, split: str) -> Rows:
    """The rows of a split, with labels numbered as those of the judged rows and ids that name the split.

    Raises:
        EstimatorError: one of their classes is none of these.
    """
    numbers = {label: place for place, label in enumerate(labels.classes.tolist())}
    if unknown := [label for label in other.labels.classes.tolist() if label not in numbers]:
        raise EstimatorError(f'no judged row has the class "{unknown[0]}".', "Give rows of every class.", argument="y")
    codes: NDArray[np.int64] = np.array([numbers[label] for label in other.labels.classes.tolist()])[other.labels.codes]
    names = [f"{split} {name}" for name in other.ids]
    return Rows(other.inputs, Labels(labels.classes, labels.names, codes), names)

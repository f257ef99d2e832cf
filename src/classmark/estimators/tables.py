"""What anyone's estimator says of rows, as predictions tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.errors import EstimatorError
from classmark.estimators.folds import Fold
from classmark.estimators.rows import Labels
from classmark.predictions import Predictions
from classmark.reading.options import read_options
from classmark.reading.values import Values, read_values

MAJORITY = "majority"


@dataclass(frozen=True)
class Scores:
    """What an estimator says of N rows.

    Attributes:
        probabilities: shape (N, C); None where it has none.
        decisions: class indices, shape (N,).
    """

    probabilities: NDArray[np.float64] | None
    decisions: NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """Rows with their labels and what else is known about them.

    Attributes:
        inputs: N rows in a form that scikit-learn can index.
        labels: theirs.
        ids: N unique texts.
        groups: N values, or None.
        columns: further columns by name.
    """

    inputs: Any
    labels: Labels
    ids: Sequence[str]
    groups: Sequence[str] | None = None
    columns: Mapping[str, Sequence[Any]] | None = None

    def table(self, places: NDArray[np.int64], scores: Scores) -> Predictions:
        """The predictions of the rows at these places."""
        further = {name: [values[place] for place in places] for name, values in (self.columns or {}).items()}
        names = np.array(self.labels.names, dtype=object)
        given: dict[str, Any] = {"probabilities": scores.probabilities}
        if scores.probabilities is None:
            given = {"predicted": names[scores.decisions].tolist()}
        values = Values(
            names[self.labels.codes[places]].tolist(),
            ids=[self.ids[place] for place in places],
            groups=None if self.groups is None else [self.groups[place] for place in places],
            columns=further or None,
            **given,
        )
        return read_values(values, read_options({"classes": self.labels.names}), "the estimator's predictions")


def fit_and_predict(estimator: Any, inputs: Any, labels: Labels, fold: Fold) -> Scores:
    """What a copy of the estimator, fitted on the training rows of a fold, says of its test rows."""
    from sklearn.base import clone
    from sklearn.utils import _safe_indexing

    values = labels.classes[labels.codes]
    fitted = clone(estimator).fit(_safe_indexing(inputs, fold.train), values[fold.train])
    return scores_of(fitted, _safe_indexing(inputs, fold.test), labels.classes)


def scores_of(estimator: Any, inputs: Any, classes: NDArray[Any]) -> Scores:
    """What a fitted estimator says of rows, in the order of these classes; a class that it does not know gets 0.

    Raises:
        EstimatorError: it is no classifier, is not fitted, or knows a class that is not among these.
    """
    known = getattr(estimator, "classes_", None)
    if known is None:
        raise EstimatorError(
            f"{type(estimator).__name__} has no classes_: it is no classifier, or is not fitted.", argument="estimator"
        )
    places = {label: place for place, label in enumerate(classes.tolist())}
    if other := [label for label in np.asarray(known).tolist() if label not in places]:
        raise EstimatorError(
            f'it knows the class "{other[0]}", which no label of y is.',
            "Give labels of the type that it was fitted on, with every class among them.",
            argument="estimator",
        )
    columns = [places[label] for label in np.asarray(known).tolist()]
    if not hasattr(estimator, "predict_proba"):
        return Scores(None, np.array([places[label] for label in np.asarray(estimator.predict(inputs)).tolist()]))
    found = np.asarray(estimator.predict_proba(inputs), dtype=np.float64)
    probabilities = np.zeros((len(found), len(classes)))
    probabilities[:, columns] = found
    return Scores(probabilities, probabilities.argmax(axis=1))


def joined(parts: Sequence[Scores]) -> Scores:
    """The scores of several folds, one behind the other."""
    tables = [part.probabilities for part in parts if part.probabilities is not None]
    decisions = np.concatenate([part.decisions for part in parts])
    return Scores(np.concatenate(tables) if len(tables) == len(parts) else None, decisions)


def majority(labels: Labels, train: NDArray[np.int64], rows: int) -> Scores:
    """The shares of the classes among training rows, for every row."""
    shares = np.bincount(labels.codes[train], minlength=len(labels.classes)) / len(train)
    return Scores(np.tile(shares, (rows, 1)), np.full(rows, shares.argmax()))


def with_caveat(table: Predictions, sentence: str) -> Predictions:
    """The table with what a reader of a cross-validation must know."""
    caveats = {**table.caveats, "cross_validation": sentence}
    return replace(table, metadata={**table.metadata, "caveats": caveats})

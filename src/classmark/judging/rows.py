"""From a predictions table to the arrays that metrics take: labelled rows only, the positive class named."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classmark.errors import InputError, PredictionsError, nearest
from classmark.judging.metrics import Scored
from classmark.predictions import Predictions


def labelled(predictions: Predictions, source: str | None = None) -> Predictions:
    """The rows that have a label.

    Raises:
        PredictionsError: none has.
    """
    known = predictions.labels >= 0
    if not known.any():
        raise PredictionsError(
            f"{source or predictions.source}: no row has a label, so there is nothing to judge against. "
            "Give the table a column with the true classes."
        )
    return predictions if known.all() else predictions.filter(known)


def positive_index(predictions: Predictions, positive: str | None) -> int:
    """The index of the positive class of two: the named one, else the second.

    Raises:
        InputError: the name is none of the classes, or there are more than two.
    """
    classes = predictions.classes
    if positive is None:
        return 1
    if positive not in classes:
        raise InputError(
            f'{predictions.source}: the positive class "{positive}" is none of the classes '
            f"{', '.join(classes[:6])}{', …' if len(classes) > 6 else ''}.{nearest(positive, classes)}"
        )
    if len(classes) > 2:
        raise InputError(
            f"{predictions.source}: a positive class is for two classes; this table has {len(classes)}. Leave it out."
        )
    return classes.index(positive)


def scored_rows(predictions: Predictions, positive: int) -> Scored:
    """The arrays of labelled rows."""
    probabilities = predictions.probabilities if predictions.has_probabilities else None
    return Scored(predictions.labels, predictions.predicted, probabilities, len(predictions.classes), positive)


def row_groups(predictions: Predictions) -> NDArray[np.int64] | None:
    """The group number of each row, None where each row is a group of its own, and so independent after all."""
    groups = predictions.groups
    return None if groups is None or int(groups.max()) + 1 == len(predictions) else groups

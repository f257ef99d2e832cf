"""From predictions tables to the arrays that metrics take: labelled rows only, the positive class named."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import InputError, PredictionsError, nearest
from classmark.judging.scored import Scored
from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.margins import Margins, belong_together
from classmark.predictions import Predictions

AROUND_IDS = (
    " \t\r\n\v\f\u00a0\u2007\u202f\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"  # blanks, and what is not seen
)


def labelled(predictions: Predictions, source: str | None = None) -> Predictions:
    """The rows that have a label.

    Raises:
        PredictionsError: none has, or only rows of weight 0.
    """
    known = predictions.labels >= 0
    if not known.any():
        raise PredictionsError(
            f"{source or predictions.source}: no row has a label, so there is nothing to judge against. "
            "Give the table a column with the true classes."
        )
    rows = predictions if known.all() else predictions.filter(known)
    if rows.weights is not None and not rows.weights.any():
        raise PredictionsError(
            f"{source or predictions.source}: every row with a label has the weight 0. Give at least one a weight above 0."
        )
    return rows


def positive_index(predictions: Predictions, positive: str | None) -> int:
    """The index of the positive class of two: the named one, else that which the table names, else the second.

    Raises:
        InputError: the name is none of the classes, or there are more than two.
    """
    classes = predictions.classes
    if positive is None:
        own = predictions.positive
        return classes.index(own) if own in classes and len(classes) == 2 and own is not None else 1
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
    """The arrays of labelled rows; logits that are not those of the probabilities are passed over."""
    scored = Scored(
        predictions.labels,
        predictions.predicted,
        None,
        len(predictions.classes),
        positive,
        weights=row_weights(predictions),
    )
    if not predictions.has_probabilities:
        return scored
    logits, probabilities = predictions.logits, predictions.probabilities
    known = logits is not None and belong_together(logits, probabilities)
    return replace(
        scored,
        probabilities=probabilities,
        largest=predictions.largest if predictions.has_own_decisions else None,
        margins=Margins(logits) if known and logits is not None else None,
    )


def row_weights(predictions: Predictions) -> Floats | None:
    """The weight of each row, None where all count alike after all."""
    weights = predictions.weights
    return None if weights is None or bool(np.ptp(weights) == 0) else weights


def row_groups(predictions: Predictions) -> NDArray[np.int64] | None:
    """The group number of each row, None where each row is a group of its own, and so independent after all."""
    groups = predictions.groups
    return None if groups is None or int(groups.max()) + 1 == len(predictions) else groups


def row_keys(table: Predictions) -> pl.Series:
    """The ids without blanks and invisible characters around them; as they are where these alone tell rows apart."""
    keys = table.ids.str.strip_chars(AROUND_IDS)
    return table.ids if keys.n_unique() < len(keys) else keys


def held_out(test: Predictions, validation: Predictions) -> Predictions:
    """The labelled validation rows with the classes in the test table's order: what may be fitted on.

    Rows of a table without ids are numbered, so such tables are told apart by what stands in them.

    Raises:
        PredictionsError: the classes differ, a row stands in both, no row has a label, or only one has probabilities.
    """
    if set(test.classes) != set(validation.classes):
        only = sorted(set(test.classes) ^ set(validation.classes))
        raise PredictionsError(
            f"{validation.source}: the validation rows have other classes than {test.source}: {some(only)} "
            f"{is_or_are(only)} in one of them only. Give validation predictions of the same model."
        )
    if test.has_probabilities and not validation.has_probabilities:
        raise PredictionsError(
            f"{validation.source}: predicted labels only, but {test.source} has probabilities. "
            "Give validation predictions of the same model."
        )
    if test.numbered or validation.numbered:
        shared = [] if not _same_rows(test, validation) else test.ids.to_list()
    else:
        shared = validation.ids.filter(row_keys(validation).is_in(row_keys(test).implode())).to_list()
    if shared:
        raise PredictionsError(
            f"{validation.source}: {len(shared):,} rows stand in {test.source} too{example(shared)}. "
            "Nothing is fitted on test rows: give validation rows that the test set does not have."
        )
    return labelled(in_class_order(validation, test.classes))


def _same_rows(a: Predictions, b: Predictions) -> bool:
    columns = [name for name in ("label", "probabilities", "predicted", "logits") if name in a.frame.columns]
    if len(a) != len(b) or any(name not in b.frame.columns for name in columns):
        return False
    return all(a.frame[name].equals(b.frame[name], null_equal=True) for name in columns)


def in_class_order(table: Predictions, classes: tuple[str, ...]) -> Predictions:
    """The table with its classes in this order."""
    if table.classes == classes:
        return table
    frame = table.frame
    order = [table.classes.index(name) for name in classes]
    for name, values in (
        (("probabilities", table.probabilities), ("logits", table.logits)) if table.has_probabilities else ()
    ):
        if values is not None:
            moved = np.ascontiguousarray(values[:, order])
            frame = frame.with_columns(pl.Series(name, moved, dtype=pl.Array(pl.Float64, len(classes))))
    return replace(table, frame=frame, metadata={**table.metadata, "classes": list(classes)})


def example(ids: list[str]) -> str:
    """Some ids in brackets; empty without any."""
    return f" (for instance {some(ids)})" if ids else ""


def some(names: list[str]) -> str:
    """The first three names in quotes."""
    return ", ".join(f'"{name}"' for name in names[:3]) + (", …" if len(names) > 3 else "")


def is_or_are(names: list[str]) -> str:
    """The verb for so many names."""
    return "is" if len(names) == 1 else "are"

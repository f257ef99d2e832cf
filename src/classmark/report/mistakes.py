"""Rows that a model gets wrong, with what a page shows of them: the beginning of a text, or the thumbnail of an image."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from classmark.predictions import Predictions
from classmark.report.confusions import Pair
from classmark.report.excerpts import folded_text, thumbnail_address

MOST_ERRORS = 12
MOST_EXAMPLES = 3


@dataclass(frozen=True)
class Mistake:
    """A wrong prediction.

    Attributes:
        id: of the row.
        true, predicted: class names.
        confidence: the probability of the predicted class; None where the table has predicted labels only.
        start: the beginning of its text; empty without one.
        rest: what the text has beyond that.
        thumbnail: its image as a `data:` address; empty without one.
    """

    id: str
    true: str
    predicted: str
    confidence: float | None
    start: str
    rest: str
    thumbnail: str


def confident_errors(predictions: Predictions) -> list[Mistake]:
    """The wrong predictions with the highest confidence; none where there are no probabilities."""
    if not predictions.has_probabilities:
        return []
    wrong = np.flatnonzero((predictions.labels >= 0) & (predictions.labels != predictions.predicted))
    return _mistakes(predictions, wrong, MOST_ERRORS)


def pair_mistakes(predictions: Predictions, pair: Pair) -> list[Mistake]:
    """A few rows of either class that were taken for the other, the most confident first."""
    wrong = np.zeros(len(predictions), dtype=bool)
    for way in (pair.there, pair.back):
        wrong |= (predictions.labels == way.true) & (predictions.predicted == way.predicted)
    return _mistakes(predictions, np.flatnonzero(wrong), MOST_EXAMPLES)


def _mistakes(predictions: Predictions, rows: Iterable[int], most: int) -> list[Mistake]:
    found = np.asarray(rows)
    confidences = None
    if predictions.has_probabilities:
        confidences = predictions.probabilities[found, predictions.predicted[found]]
        order = np.argsort(-confidences, kind="stable")[:most]
        found, confidences = found[order], confidences[order]
    return [
        Mistake(
            predictions.ids[row],
            predictions.classes[predictions.labels[row]],
            predictions.classes[predictions.predicted[row]],
            None if confidences is None else float(confidences[place]),
            *folded_text([predictions], row),
            thumbnail_address([predictions], row),
        )
        for place, row in enumerate(found[:most].tolist())
    ]

"""Rows that a model gets wrong, with what a page shows of them: the beginning of a text, or the thumbnail of an image."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from classmark.predictions import Predictions
from classmark.report.confusions import Pair

MOST_ERRORS = 12
MOST_EXAMPLES = 3
SHORT_TEXT_CHARACTERS = 320
# Classmark's own thumbnails have about 2,000 bytes; those of other tables must not swell the page.
MOST_THUMBNAIL_BYTES = 16_384
JPEG_START = b"\xff\xd8\xff"


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
            *_folded(_content(predictions, "text", pl.String, row)),
            _address(_content(predictions, "thumbnail", pl.Binary, row)),
        )
        for place, row in enumerate(found[:most].tolist())
    ]


def _content(predictions: Predictions, column: str, kind: type[pl.DataType], row: int) -> str | bytes | None:
    """What the row has in this column, if it is there and of this type: any table may use the name for something else."""
    if predictions.frame.schema.get(column) != kind:
        return None
    content: str | bytes | None = predictions.frame[column][row]
    return content


def _folded(text: str | bytes | None) -> tuple[str, str]:
    """The beginning of a text and, where it is long, the rest."""
    plain = re.sub(r"<br\s*/?>", " ", text) if isinstance(text, str) else ""
    if len(plain) <= SHORT_TEXT_CHARACTERS:
        return plain, ""
    cut = plain.rfind(" ", 0, SHORT_TEXT_CHARACTERS)
    cut = cut if cut > 0 else SHORT_TEXT_CHARACTERS
    return plain[:cut], plain[cut:]


def _address(picture: str | bytes | None) -> str:
    """A small JPEG file as a `data:` address; empty for anything else."""
    if not isinstance(picture, bytes) or len(picture) > MOST_THUMBNAIL_BYTES or not picture.startswith(JPEG_START):
        return ""
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode('ascii')}"

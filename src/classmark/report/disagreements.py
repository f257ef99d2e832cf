"""The rows on which the models do not agree, as the page shows them: the most confident ones first."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.judging.comparisons.disagreements import right_rows
from classmark.report.excerpts import content, folded_text, thumbnail_address
from classmark.report.sides import Side, Sides

MOST_ROWS = 8


def confident_disagreements(sides: Sides, right: str, most: int = MOST_ROWS) -> list[dict[str, Any]]:
    """Rows that one model alone gets right, by falling mean confidence of those that are wrong.

    Args:
        sides: all.
        right: its letter. Without probabilities of the others, the confidence of this one orders the rows, else the table.
        most: rows that are shown.
    """
    winner = next(side for side in sides if side.letter == right)
    losers = tuple(side for side in sides if side.letter != right)
    rows = np.flatnonzero(
        right_rows(winner.predictions) & ~np.any([right_rows(side.predictions) for side in losers], axis=0)
    )
    return _surest(sides, rows, (losers, (winner,)), most)


def lone_mistakes(sides: Sides, wrong: str, most: int = MOST_ROWS) -> list[dict[str, Any]]:
    """Rows that one of three or more models alone gets wrong, by its falling confidence.

    Args:
        sides: all.
        wrong: its letter. Without its probabilities, the mean confidence of the others orders the rows, else the table.
        most: rows that are shown.
    """
    loser = next(side for side in sides if side.letter == wrong)
    winners = tuple(side for side in sides if side.letter != wrong)
    rows = np.flatnonzero(
        ~right_rows(loser.predictions) & np.all([right_rows(side.predictions) for side in winners], axis=0)
    )
    return _surest(sides, rows, ((loser,), winners), most)


def _surest(sides: Sides, rows: NDArray[np.int64], order: tuple[Sides, Sides], most: int) -> list[dict[str, Any]]:
    """These rows by the mean confidence of the first models of which any has probabilities."""
    scored = ([side for side in some if side.predictions.has_probabilities] for some in order)
    surer = next((some for some in scored if some), None)
    if surer is not None:
        confidence = np.mean([_confidences(side, rows) for side in surer], axis=0)
        rows = rows[np.argsort(-confidence, kind="stable")]
    return [_shown_row(sides, int(row)) for row in rows[:most]]


def _confidences(side: Side, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probability of the predicted class, shape of `rows`."""
    return side.predictions.probabilities[rows, side.predictions.predicted[rows]]


def _shown_row(sides: Sides, row: int) -> dict[str, Any]:
    table = sides[0].predictions
    said = [
        {
            "letter": side.letter,
            "name": side.predictions.classes[side.predictions.predicted[row]],
            "right": bool(right_rows(side.predictions)[row]),
            "confidence": float(_confidences(side, np.array([row]))[0]) if side.predictions.has_probabilities else None,
        }
        for side in sides
    ]
    tables = [side.predictions for side in sides]
    identifier, path = table.ids[row], PurePath(content(tables, "path", pl.String, row) or "")
    start, rest = folded_text(tables, row)
    return {
        "id": identifier,
        "path": path.name if identifier not in (path.name, path.stem) else "",
        "true": table.classes[table.labels[row]],
        "said": said,
        "thumbnail": thumbnail_address(tables, row),
        "start": start,
        "rest": rest,
    }

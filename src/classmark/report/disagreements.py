"""The rows on which the models do not agree: how many, the most confident ones, and the classes they fall in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.judging.statistics.p_values import holm, mcnemar
from classmark.report.excerpts import content, folded_text, thumbnail_address
from classmark.report.sides import Side, Sides

MOST_ROWS, MOST_CLASSES = 8, 10


@dataclass(frozen=True)
class Agreement:
    """How many rows both, one or none gets right; `same_mistake` are those of none with one wrong class from both."""

    both: int
    only_a: int
    only_b: int
    neither: int
    same_mistake: int

    @property
    def rows(self) -> int:
        return self.both + self.only_a + self.only_b + self.neither


@dataclass(frozen=True)
class ClassDifference:
    """A class's recall in A and in B, with McNemar's exact p over its rows, after Holm over all classes."""

    name: str
    rows: int
    a: float
    b: float
    only_a: int
    only_b: int
    p: float

    @property
    def difference(self) -> float:
        return (self.only_b - self.only_a) / self.rows


def right_rows(side: Side) -> NDArray[np.bool_]:
    """Whether each row is predicted right, shape (N,)."""
    return np.equal(side.predictions.predicted, side.predictions.labels)


def agreement(sides: Sides) -> Agreement:
    """The counts of rows by which of two is right."""
    a, b = (right_rows(side) for side in sides)
    same = sides[0].predictions.predicted == sides[1].predictions.predicted
    counts = (a & b, a & ~b, b & ~a, ~a & ~b, ~a & ~b & same)
    return Agreement(*(int(rows.sum()) for rows in counts))


@dataclass(frozen=True)
class Split:
    """How many rows all of several models get right, how many none does, and how many one alone gets right or wrong.

    Attributes:
        every, none: counts of rows.
        same_mistake: of those that none gets right, how many have one wrong class from all.
        only_right, only_wrong: letter → count of rows that this model alone gets right, or wrong.
        other: the rows that several get right and several wrong.
    """

    every: int
    none: int
    same_mistake: int
    only_right: dict[str, int]
    only_wrong: dict[str, int]
    other: int


def split_rows(sides: Sides) -> Split:
    """The counts of rows by how many of three or more are right."""
    right = np.stack([right_rows(side) for side in sides])
    said = np.stack([side.predictions.predicted for side in sides])
    count = right.sum(axis=0)
    letters = [side.letter for side in sides]
    only_right, only_wrong = (count == 1), (count == len(sides) - 1)
    every, none = count == len(sides), count == 0
    return Split(
        every=int(every.sum()),
        none=int(none.sum()),
        same_mistake=int((none & (said == said[0]).all(axis=0)).sum()),
        only_right={letter: int((only_right & own).sum()) for letter, own in zip(letters, right, strict=True)},
        only_wrong={letter: int((only_wrong & ~own).sum()) for letter, own in zip(letters, right, strict=True)},
        other=int((~(only_right | only_wrong | every | none)).sum()),
    )


def confident_disagreements(sides: Sides, right: str, most: int = MOST_ROWS) -> list[dict[str, Any]]:
    """Rows that one model alone gets right, by falling mean confidence of those that are wrong.

    Args:
        sides: all.
        right: its letter. Without probabilities of the others, the confidence of this one orders the rows, else the table.
        most: rows that are shown.
    """
    winner = next(side for side in sides if side.letter == right)
    losers = tuple(side for side in sides if side.letter != right)
    rows = np.flatnonzero(right_rows(winner) & ~np.any([right_rows(side) for side in losers], axis=0))
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
    rows = np.flatnonzero(~right_rows(loser) & np.all([right_rows(side) for side in winners], axis=0))
    return _surest(sides, rows, ((loser,), winners), most)


def _surest(sides: Sides, rows: NDArray[np.int64], order: tuple[Sides, Sides], most: int) -> list[dict[str, Any]]:
    """These rows by the mean confidence of the first models of which any has probabilities."""
    scored = ([side for side in some if side.predictions.has_probabilities] for some in order)
    surer = next((some for some in scored if some), None)
    if surer is not None:
        confidence = np.mean([_confidences(side, rows) for side in surer], axis=0)
        rows = rows[np.argsort(-confidence, kind="stable")]
    return [_shown_row(sides, int(row)) for row in rows[:most]]


def class_differences(sides: Sides) -> list[ClassDifference]:
    """Every class that has rows, in the order of the classes; of two models."""
    labels, classes = sides[0].predictions.labels, sides[0].predictions.classes
    a, b = (right_rows(side) for side in sides)

    def counts(rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.bincount(labels[rows], minlength=len(classes))

    totals, right_a, right_b, only_a, only_b = map(counts, (labels >= 0, a, b, a & ~b, b & ~a))
    there = np.flatnonzero(totals).tolist()
    adjusted = holm([mcnemar(int(only_a[place]), int(only_b[place])).p_exact for place in there])
    return [
        ClassDifference(
            name=classes[place],
            rows=int(totals[place]),
            a=float(right_a[place] / totals[place]),
            b=float(right_b[place] / totals[place]),
            only_a=int(only_a[place]),
            only_b=int(only_b[place]),
            p=p,
        )
        for place, p in zip(there, adjusted, strict=True)
    ]


def largest_differences(found: list[ClassDifference], better: str) -> list[ClassDifference]:
    """The classes in which A, or else the other one, has the higher recall, the largest difference first, ten at most."""
    sign = -1 if better == "A" else 1
    ahead = [one for one in found if sign * one.difference > 0]
    return sorted(ahead, key=lambda one: (-sign * one.difference, one.p, one.name))[:MOST_CLASSES]


def _confidences(side: Side, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The probability of the predicted class, shape of `rows`."""
    return side.predictions.probabilities[rows, side.predictions.predicted[rows]]


def _shown_row(sides: Sides, row: int) -> dict[str, Any]:
    table = sides[0].predictions
    said = [
        {
            "letter": side.letter,
            "name": side.predictions.classes[side.predictions.predicted[row]],
            "right": bool(right_rows(side)[row]),
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

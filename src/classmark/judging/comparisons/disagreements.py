"""The rows and the classes on which models of the same rows do not agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classmark.judging.statistics.p_values import holm, mcnemar
from classmark.predictions import Predictions

MOST_CLASSES = 10


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


def right_rows(table: Predictions) -> NDArray[np.bool_]:
    """Whether each row is predicted right, shape (N,)."""
    return np.equal(table.predicted, table.labels)


def agreement(tables: Sequence[Predictions]) -> Agreement:
    """The counts of rows by which of two is right."""
    a, b = (right_rows(table) for table in tables)
    same = tables[0].predicted == tables[1].predicted
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


def split_rows(tables: Mapping[str, Predictions]) -> Split:
    """The counts of rows by how many of three or more are right.

    Args:
        tables: letter → predictions, rows matched.
    """
    right = np.stack([right_rows(table) for table in tables.values()])
    said = np.stack([table.predicted for table in tables.values()])
    count = right.sum(axis=0)
    letters = list(tables)
    only_right, only_wrong = (count == 1), (count == len(tables) - 1)
    every, none = count == len(tables), count == 0
    return Split(
        every=int(every.sum()),
        none=int(none.sum()),
        same_mistake=int((none & (said == said[0]).all(axis=0)).sum()),
        only_right={letter: int((only_right & own).sum()) for letter, own in zip(letters, right, strict=True)},
        only_wrong={letter: int((only_wrong & ~own).sum()) for letter, own in zip(letters, right, strict=True)},
        other=int((~(only_right | only_wrong | every | none)).sum()),
    )


def class_differences(tables: Sequence[Predictions]) -> list[ClassDifference]:
    """Every class that has rows, in the order of the classes; of two models."""
    labels, classes = tables[0].labels, tables[0].classes
    a, b = (right_rows(table) for table in tables)

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

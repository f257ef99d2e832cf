"""Columns of a table that say nothing about the model: ids, groups, features, notes, and what another model said."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator

from . import names as n
from .columns import Column
from .problem import Problem

Cells = Callable[[Generator, Problem], list[Any]]

HARMLESS = ("age", "weight_kg", "text", "length", "source", "date", *n.GROUPS)
WORDS = ("the", "plot", "thin", "but", "acting", "fine", "a, b", 'so "good"', "naïve", "end;")


def _floats(low: float, high: float, digits: int = 3) -> Cells:
    return lambda rng, problem: np.round(rng.uniform(low, high, len(problem)), digits).tolist()


def _whole(low: int, high: int) -> Cells:
    return lambda rng, problem: rng.integers(low, high, len(problem)).tolist()


def _words(*words: str) -> Cells:
    return lambda rng, problem: [words[index] for index in rng.integers(len(words), size=len(problem))]


def _texts(rng: Generator, problem: Problem) -> list[Any]:
    return [" ".join(WORDS[index] for index in rng.integers(len(WORDS), size=5)) for _ in range(len(problem))]


def _dates(rng: Generator, problem: Problem) -> list[Any]:
    first = datetime.date(2024, 1, 1)
    return [first + datetime.timedelta(days=int(day)) for day in rng.integers(0, 400, len(problem))]


def _other_decisions(rng: Generator, problem: Problem) -> list[Any]:
    names = problem.classes.names
    said = np.where(rng.random(len(problem)) < 0.6, problem.labels, rng.integers(len(names), size=len(problem)))
    return [names[index] for index in said.tolist()]


def _hits(rng: Generator, problem: Problem) -> list[Any]:
    return (problem.logits.argmax(axis=1) == problem.labels).tolist()


def _entropy(rng: Generator, problem: Problem) -> list[Any]:
    values = np.clip(problem.probabilities, 1e-12, 1)
    return np.round(-(values * np.log(values)).sum(axis=1), 6).tolist()


EXTRAS: dict[str, Cells] = {
    "age": _whole(18, 90),
    "weight_kg": _floats(40, 120, 1),
    "text": _texts,
    "length": _whole(1, 500),
    "source": _words("web", "phone", "post"),
    "date": _dates,
    "score_2019": _floats(0, 1),
    "p_value": _floats(0, 1, 4),
    "fold": _whole(0, 5),
    "split": lambda rng, problem: ["test"] * len(problem),
    "score": _whole(1, 6),
    "pred_baseline": _other_decisions,
    "y_pred_old": _other_decisions,
    "prob_rain": _floats(0, 1, 2),
    "p_income": _floats(20, 90, 1),
    "p_age": _whole(18, 90),
    "threshold": lambda rng, problem: [0.5] * len(problem),
    "correct": _hits,
    "entropy": _entropy,
    "model": lambda rng, problem: ["resnet"] * len(problem),
    "class": _words("First", "Second", "Third"),
    "other_prob": _floats(0, 1),
    "severity": _whole(0, 2),
}


def draw_extras(rng: Generator, problem: Problem, taken: set[str], harmless: bool = False) -> list[Column]:
    """Up to three further columns, and now and then a group; names that are taken are left out."""
    count = int(rng.choice([0, 0, 1, 2, 3]))
    names = [name for name in rng.permutation(list(EXTRAS)).tolist() if name.lower() not in taken][:count]
    if harmless or rng.random() < 0.4:
        names = [name for name in names if name in HARMLESS]
    columns = [Column(name, EXTRAS[name](rng, problem)) for name in names]
    group = n.GROUPS[rng.integers(len(n.GROUPS))]
    if rng.random() < 0.08 and group not in taken:
        columns.append(Column(group, [f"g{number}" for number in rng.integers(0, 12, len(problem)).tolist()]))
    return columns


def draw_ids(rng: Generator, rows: int, taken: set[str]) -> list[Column]:
    """A column of ids, or none."""
    name = n.IDS[rng.integers(len(n.IDS))]
    if rng.random() < 0.3 or name in taken or (name == "" and rng.random() < 0.6):
        return []
    order = rng.permutation(rows)
    cells: list[Any] = [f"r{number}" for number in order.tolist()]
    if name in ("index", "row_id", "") or rng.random() < 0.2:
        cells = list(range(rows))
    elif name == "uuid":
        cells = [str(uuid.UUID(bytes=rng.bytes(16))) for _ in range(rows)]
    return [Column(name, cells)]

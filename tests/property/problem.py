"""A classifier and the rows it saw: the truth, and what the model says, before anything is written down."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from .names import Classes, draw_classes

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Problem:
    """Rows with what is true of them and what a model says.

    Attributes:
        classes: of C names.
        labels: true class index, shape (N,).
        unlabelled: rows whose label the file lacks, shape (N,).
        logits: of the model, shape (N, C).
        judged: the first so many rows are the table; the others are its validation table.
        signal: how much the model knows; below 0, it is wrong more often than chance.
    """

    classes: Classes
    labels: Indices
    unlabelled: NDArray[np.bool_]
    logits: Floats
    judged: int
    signal: float

    @property
    def probabilities(self) -> Floats:
        """Shape (N, C)."""
        return softmax(self.logits)

    def __len__(self) -> int:
        return len(self.labels)


def softmax(logits: Floats) -> Floats:
    """Probabilities of shape (N, C)."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = raised / raised.sum(axis=1, keepdims=True)
    return shares


def draw_problem(rng: Generator, usual: bool = False) -> Problem:
    """A problem of 20 to 400 judged rows and 20 to 80 for validation, with usual class names where that is asked."""
    classes = draw_classes(rng, 2 if rng.random() < 0.6 else int(rng.integers(3, 13)), usual)
    count = len(classes.names)
    judged = round(float(np.exp(rng.uniform(np.log(20), np.log(400)))))
    rows = judged + int(rng.integers(20, 81))
    shares = np.full(count, 1 / count) if rng.random() < 0.5 else rng.dirichlet(np.full(count, 1.5))
    if count > 2 and rng.random() < 0.1:
        shares[rng.integers(count)] = 0  # a class without rows
    labels = rng.choice(count, size=rows, p=shares / shares.sum()).astype(np.int64)
    signal = float(rng.choice([0.0, 0.7, 1.5, 3.0, 5.0]) * (-1 if rng.random() < 0.12 else 1))
    logits = rng.normal(size=(rows, count)) * rng.uniform(0.5, 1.5)
    logits[np.arange(rows), labels] += signal
    logits = logits * rng.choice([0.5, 1.0, 2.0]) + rng.normal(size=count) * 0.5
    missing = float(rng.choice([0.05, 0.3])) if rng.random() < 0.12 else 0.0
    return Problem(classes, labels, rng.random(rows) < missing, logits, judged, signal)

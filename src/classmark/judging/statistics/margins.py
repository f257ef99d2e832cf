"""What logits say of each class against all others, without the saturation of probabilities: log p / (1 − p).

A probability above 1 − 1e-16 is 1, so that rows which a model ranks by their logits are tied by their probabilities.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from classmark.judging.statistics.intervals import Floats

BLOCK_VALUES = 1 << 20  # logits that are worked on at once, which bounds memory
AGREEMENT = 1e-3  # how far stored probabilities may be from the softmax of stored logits


class RowSums(NamedTuple):
    """Of each row of logits, each of shape (N,).

    Attributes:
        top: the class of the largest logit.
        highest: that logit.
        total: the sum of exp(logit − highest).
        rest: the log of the sum of exp(logit) over all classes but the top one.
    """

    top: NDArray[np.int64]
    highest: Floats
    total: Floats
    rest: Floats


@dataclass(frozen=True)
class Margins:
    """Log-odds of each class against the rest.

    Attributes:
        logits: shape (N, C), finite.
    """

    logits: Floats

    @cached_property
    def sums(self) -> RowSums:
        """What every class's log-odds need."""
        rows = len(self.logits)
        found = RowSums(np.empty(rows, np.int64), *(np.empty(rows) for _ in range(3)))
        for block in _blocks(self.logits):
            part = self.logits[block].copy()
            top, places = part.argmax(axis=1), np.arange(len(part))
            highest = part[places, top]
            found.top[block], found.highest[block] = top, highest
            found.total[block] = np.exp(part - highest[:, None]).sum(axis=1)
            part[places, top] = -np.inf
            second = part.max(axis=1)
            found.rest[block] = second + np.log(np.exp(part - second[:, None]).sum(axis=1))
        return found

    def of(self, index: int) -> Floats:
        """The log-odds of a class, shape (N,): z₁ − z₀ for two classes, z_k − logsumexp(the others) for more."""
        own = self.logits[:, index]
        if self.logits.shape[1] == 2:
            return np.subtract(own, self.logits[:, 1 - index])
        top, highest, total, rest = self.sums
        is_top = top == index
        others = np.where(is_top, 1.0, total - np.exp(own - highest))  # at least 1, that of the top class
        return np.subtract(own, np.where(is_top, rest, highest + np.log(others)))

    def losses(self, labels: NDArray[np.int64]) -> Floats:
        """−log softmax of each row's true class, shape (N,)."""
        own = self.logits[np.arange(len(labels)), labels]
        if self.logits.shape[1] == 2:
            return np.logaddexp(0.0, self.logits[np.arange(len(labels)), 1 - labels] - own)
        return np.add(self.sums.highest - own, np.log(self.sums.total))


def belong_together(logits: Floats, probabilities: Floats) -> bool:
    """Whether the probabilities are the softmax of the logits; those of a temperature of its own are not."""
    for block in _blocks(logits):
        part = np.exp(logits[block] - logits[block].max(axis=1, keepdims=True))
        part /= part.sum(axis=1, keepdims=True)
        if not np.abs(part - probabilities[block]).max() <= AGREEMENT:
            return False
    return True


def _blocks(logits: Floats) -> Iterator[slice]:
    step = max(1, BLOCK_VALUES // logits.shape[1])
    return (slice(start, start + step) for start in range(0, len(logits), step))

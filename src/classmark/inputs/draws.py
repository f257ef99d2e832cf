"""Random numbers by counter: those of an image follow from (seed, epoch, row) alone, whatever stands beside it."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_STEP = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Stream(IntEnum):
    """What is drawn; each is independent of the others. The numbers are part of a run's bits: never reuse one."""

    FLIP = 1
    SHIFT = 2
    CROP = 3
    ERASE = 4
    ERASED = 5
    NOISE = 6
    MIX = 7
    RANDAUGMENT = 1_000
    """And those behind it: one a round."""


class Draws(NamedTuple):
    """The source of every draw about the images of a batch.

    Attributes:
        seed: the recipe's seed.
        epoch: counted from 1.
        rows: which images, shape (B,).
    """

    seed: int
    epoch: int
    rows: NDArray[np.int64]

    def uniforms(self, stream: int, count: int) -> NDArray[np.float64]:
        """Numbers from 0 up to, but not including, 1, uniformly distributed, shape (B, count)."""
        return (self.bits(stream, count) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def bits(self, stream: int, count: int) -> NDArray[np.uint64]:
        """Random bits, shape (B, count): `count` outputs of SplitMix64 for each row.

        Its state is seeded with the hash of (seed, epoch, stream, row), the generator's own finaliser applied in turn.

        Source: Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators"; the constants are those of
        Vigna's splitmix64.c.
        """
        key = np.zeros(1, dtype=np.uint64)
        for part in (self.seed, self.epoch, stream):
            key = _output(key ^ np.uint64(part % 2**64))
        states = _output(key ^ self.rows.astype(np.uint64))
        return _output(states[:, None] + np.arange(count, dtype=np.uint64) * _STEP)


def _output(states: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """What SplitMix64 gives out next in these states."""
    z = states + _STEP
    z = (z ^ (z >> np.uint64(30))) * _FIRST
    z = (z ^ (z >> np.uint64(27))) * _SECOND
    return z ^ (z >> np.uint64(31))

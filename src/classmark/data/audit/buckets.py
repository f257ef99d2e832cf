"""Pairs of rows that share a key: the candidates of a search for near duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
FIRST = 4


@dataclass(frozen=True)
class NearPairs:
    """Pairs of rows that are nearly equal.

    Attributes:
        a, b: the rows of each of P pairs, a below b, sorted.
        similarity: of each pair, from 0 to 1.
    """

    a: Integers
    b: Integers
    similarity: NDArray[np.float64]


def bucket_pairs(keys: NDArray[np.uint64], window: int) -> Iterator[tuple[Integers, Integers]]:
    """All pairs of rows with equal keys, some at a time, as two arrays with the lower row first.

    Of a bucket of more than `window` rows, each row is paired with the `window` rows behind it and with the bucket's
    first four, so that the work grows with the rows and not with their square.

    Args:
        keys: of N rows.
        window: the most rows behind a row that it is paired with.
    """
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    places = np.arange(len(keys))
    for distance in range(1, window + 1):
        places = places[places + distance < len(keys)]
        places = places[ranked[places + distance] == ranked[places]]
        if not len(places):
            return
        yield order[places], order[places + distance]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))
    start = np.repeat(starts, np.diff(np.append(starts, len(keys))))
    for offset in range(FIRST):
        far = np.flatnonzero(np.arange(len(keys)) - start - offset > window)
        if len(far):
            yield order[start[far] + offset], order[far]

"""Which classes are taken for each other: an order that puts them side by side, and the pairs with the most rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Confusion:
    """Rows of one class that were taken for another.

    Attributes:
        true, predicted: class indices.
        count: how many rows.
        share: of the rows of the true class; 0 where it has none.
    """

    true: int
    predicted: int
    count: int
    share: float


@dataclass(frozen=True)
class Pair:
    """Two classes that are taken for each other, the way with more rows first."""

    there: Confusion
    back: Confusion

    @property
    def rows(self) -> int:
        return self.there.count + self.back.count


def class_order(confusion: ArrayLike) -> list[int]:
    """The class indices in an order in which classes that are taken for each other stand together.

    The nearer two classes, the larger the shares of their rows that are taken for the other, the mean of both ways.
    Without any confusion the order stays as it is.

    Source: average linkage with the leaf order of Bar-Joseph, Gifford, Jaakkola 2001, as in scipy.

    Args:
        confusion: C × C counts, rows true, columns predicted.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    shares = confusion_shares(confusion)
    np.fill_diagonal(shares, 0.0)
    if not shares.any():
        return list(range(len(shares)))
    distances = 1.0 - (shares + shares.T) / 2
    np.fill_diagonal(distances, 0.0)
    tree = linkage(squareform(distances), "average", optimal_ordering=True)
    order: list[int] = leaves_list(tree).tolist()
    return order


def confused_pairs(confusion: ArrayLike, most: int) -> list[Pair]:
    """At most so many pairs of classes, those with the most rows confused either way first."""
    counts = np.asarray(confusion)
    shares = confusion_shares(counts)
    first, second = np.triu_indices(len(counts), k=1)
    both = counts[first, second] + counts[second, first]
    ranked = np.argsort(-both, kind="stable")[:most]
    pairs = []
    for place in ranked[both[ranked] > 0]:
        a, b = int(first[place]), int(second[place])
        ways = [Confusion(i, j, int(counts[i, j]), float(shares[i, j])) for i, j in ((a, b), (b, a))]
        pairs.append(Pair(*sorted(ways, key=lambda way: -way.count)))
    return pairs


def confusion_shares(confusion: ArrayLike) -> NDArray[np.float64]:
    """The counts as shares of their rows, shape (C, C); 0 where a class has no rows."""
    counts = np.asarray(confusion, dtype=np.float64)
    shares: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares

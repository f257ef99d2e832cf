"""Clusters of classes whose scores are distributed alike, so that classes with few rows share a threshold."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classmark.judging.statistics.intervals import Floats

FEWEST_CLUSTERED = 10  # classes
QUANTILES = (0.5, 0.6, 0.7, 0.8, 0.9)
STARTS, STEPS = 10, 100
BALANCE = 75  # of the rows for clustering and those for thresholds


@dataclass(frozen=True)
class Clusters:
    """Which cluster each class is in.

    Attributes:
        of_class: shape (C,), from 0.
        count: of clusters, with the one of rare classes.
        pooled: the cluster of classes with too few rows, -1 where there is none.
        used: the validation rows that were clustered, from which no threshold may come, shape (n,).
    """

    of_class: NDArray[np.int64]
    count: int
    pooled: int
    used: NDArray[np.bool_]


def cluster_classes(
    scores: Floats, labels: NDArray[np.int64], classes: int, level: float, numbers: Floats
) -> Clusters | None:
    """Clusters from a part of the validation rows; None where these are too few for two clusters.

    Args:
        scores: of each validation row's true class, shape (n,).
        labels: shape (n,).
        classes: C.
        level: of coverage.
        numbers: random ones from 0 to 1, shape (n,), by which each class's rows are split.

    Source: Ding, Angelopoulos, Bates, Jordan, Tibshirani 2023, sections 2.2 and 2.3, with the share of rows and the
    number of clusters of their appendix B.
    """
    counts = np.bincount(labels, minlength=classes)
    needed = math.ceil(1 / min(1 - level, 0.1) - 1 - 1e-9)
    frequent = np.flatnonzero(counts >= needed)
    if len(frequent) < 2:
        return None
    fewest = int(counts[frequent].min())
    share = len(frequent) / (BALANCE + len(frequent))
    clusters = int(share * fewest) // 2
    if clusters < 2 or clusters >= len(frequent):
        return None
    used = np.zeros(len(labels), np.bool_)
    for one in range(classes):
        rows = np.flatnonzero(labels == one)
        used[rows[np.argsort(numbers[rows])[: int(share * len(rows))]]] = True
    points = np.array(
        [np.quantile(scores[used & (labels == one)], [*QUANTILES, level], method="inverted_cdf") for one in frequent]
    )
    nearest = weighted_means(points, np.sqrt(counts[frequent]), clusters)
    _, nearest = np.unique(nearest, return_inverse=True)  # without clusters that came out empty
    count = int(nearest.max()) + 1
    of_class = np.full(classes, count)
    of_class[frequent] = nearest
    rare = len(frequent) < classes
    return Clusters(of_class, count + rare, count if rare else -1, used)


def weighted_means(points: Floats, weights: Floats, clusters: int) -> NDArray[np.int64]:
    """The cluster of each point by weighted k-means, the best of ten starts.

    Source: Lloyd 1982; starts by Arthur & Vassilvitskii 2007.
    """
    rng = np.random.default_rng(0)
    best, lowest = np.zeros(len(points), np.int64), math.inf
    for _ in range(STARTS):
        centres = points[[rng.choice(len(points), p=weights / weights.sum())]]
        while len(centres) < clusters:
            far = weights * _distances(points, centres).min(axis=1)
            if far.sum() == 0:
                break
            centres = np.vstack([centres, points[rng.choice(len(points), p=far / far.sum())]])
        for _ in range(STEPS):
            nearest = _distances(points, centres).argmin(axis=1)
            moved = centres.copy()
            for one in np.unique(nearest):
                moved[one] = np.average(points[nearest == one], axis=0, weights=weights[nearest == one])
            if np.array_equal(moved, centres):
                break
            centres = moved
        distances = _distances(points, centres)
        cost = float((weights * distances.min(axis=1)).sum())
        if cost < lowest:
            best, lowest = distances.argmin(axis=1), cost
    return best


def _distances(points: Floats, centres: Floats) -> Floats:
    """Squared, shape (points, centres)."""
    found: Floats = ((points[:, None] - centres) ** 2).sum(axis=2)
    return found

"""How often the t tests of a cross-validation tell two equally good classifiers apart.

    python benchmarks/cross_validation.py [--sets 2000]

Both classifiers take the nearest mean, or the nearest row, each on three Gaussian features of its own, so that they are
equally good on average. Many data sets are drawn and computed at once. The table stands in docs/studies.md.
"""

from __future__ import annotations

import argparse

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from classmark.judging.studies.resampled import Folds, resampled_mean

Floats = NDArray[np.float64]
SETTINGS = [  # rows, folds, repetitions, learner
    (60, 5, 1, "mean"), (60, 10, 10, "mean"), (60, 10, 10, "row"), (200, 5, 1, "mean"), (200, 10, 1, "mean"),
    (200, 10, 10, "mean"), (200, 5, 2, "row"), (600, 5, 2, "mean"), (600, 2, 5, "mean"),
]  # fmt: skip
FEATURES, DISTANCE, BLOCK = 3, 0.6, 200


def predicted(features: Floats, labels: NDArray[np.int64], training: NDArray[np.bool_], learner: str) -> Floats:
    """What a classifier that learned from the training rows says of every row, shape (sets, rows)."""
    if learner == "row":
        squares = (features**2).sum(-1)
        distances = squares[:, :, None] + squares[:, None] - 2 * features @ features.transpose(0, 2, 1)
        nearest = np.where(training[:, None], distances, np.inf).argmin(-1)
        return np.take_along_axis(labels, nearest, axis=1)
    means = []
    for label in (0, 1):
        here = (training & (labels == label)).astype(float)
        means.append(np.einsum("sn,snf->sf", here, features) / here.sum(1)[:, None])
    middle = ((means[1] ** 2).sum(-1) - (means[0] ** 2).sum(-1)) / 2
    return np.asarray(np.einsum("snf,sf->sn", features, means[1] - means[0]) > middle[:, None], dtype=float)


def differences(generator: np.random.Generator, sets: int, rows: int, plan: tuple[int, int], learner: str) -> Floats:
    """B − A in accuracy on each fold, shape (sets, J); `plan` is folds and repetitions."""
    folds, repetitions = plan
    labels = np.tile(np.arange(rows) % 2, (sets, 1))
    sides = generator.normal(size=(2, sets, rows, FEATURES)) + DISTANCE / 2 * (2 * labels - 1)[None, :, :, None]
    found = []
    for _ in range(repetitions):
        order, fold = np.argsort(generator.random((sets, rows)), axis=1), np.empty((sets, rows), dtype=int)
        np.put_along_axis(fold, order, np.tile(np.arange(rows) % folds, (sets, 1)), 1)
        for number in range(folds):
            here = fold == number
            a, b = ((predicted(side, labels, ~here, learner) == labels) & here for side in sides)
            found.append((b.sum(1) - a.sum(1, dtype=int)) / here.sum(1))
    return np.array(found).T


def rates(rows: int, plan: tuple[int, int], learner: str, sets: int) -> tuple[float, float]:
    """The share of data sets in which the corrected and the plain t test say at 5 % that one is better."""
    folds, repetitions = plan
    drawn = [
        differences(np.random.default_rng((rows, *plan, start)), BLOCK, rows, plan, learner)
        for start in range(0, sets, BLOCK)
    ]
    every, shape = np.concatenate(drawn), Folds(folds, repetitions, rows / folds, rows - rows / folds)
    found = [resampled_mean(one, shape) for one in every]
    with np.errstate(invalid="ignore"):
        plain = scipy.stats.ttest_1samp(every, 0, axis=1).pvalue
    return float(np.mean([one.p is not None and one.p < 0.05 for one in found])), float((plain < 0.05).mean())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=2_000)
    sets = parser.parse_args().sets
    print("| rows | classifier | folds | repetitions | corrected | plain t test |\n|---|---|---|---|---|---|")
    for rows, folds, repetitions, learner in SETTINGS:
        corrected, plain = rates(rows, (folds, repetitions), learner, sets)
        print(f"| {rows} | nearest {learner} | {folds} | {repetitions} | {corrected:.1%} | {plain:.1%} |", flush=True)


if __name__ == "__main__":
    main()

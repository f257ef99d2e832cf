"""A calibration error without bins: unbiased, of all classes' probabilities at once, with a test of calibration."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.judging.scored import Scored
from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.resampling import Groups

BUDGET, LARGEST_BLOCK = 10_000_000, 2_000  # pairs × classes that are looked at where labels are resampled, and rows
NORMAL_BUDGET, FEWEST_BLOCKS = 8_000_000, 100  # and where the normal limit is taken
CHUNK = 1 << 21  # numbers that are held at once
RESAMPLES = 199
TIED = 1e-5  # relative: a draw that shows this much less counts as one that shows as much
MOST_RESAMPLED = 50_000  # rows × classes
MOST_VALUES = 4_000_000  # rows × classes that are read; of more, a part of the rows
FEWEST_ROWS = 10
MEDIAN_ROWS = 500


@dataclass(frozen=True)
class KernelError:
    """The squared kernel calibration error and the test of whether the model is calibrated.

    Attributes:
        value: unbiased, so that it is 0 on average for a calibrated model and below 0 in half of the cases; None where
            it cannot be known.
        p: the chance that a calibrated model with these probabilities shows as much or more.
        block: rows that are paired with each other: all, or as many as the time allows.
        bandwidth: of the kernel, in total variation.
        method: how both were made, or why there are none.
    """

    value: float | None
    p: float | None
    block: int
    bandwidth: float | None
    method: str


@dataclass(frozen=True)
class Blocks:
    """Rows in blocks, in an order that does not depend on that of the table.

    Attributes:
        probabilities: shape (M, B, D): of every class, or of two classes of the positive one, D = 1.
        labels: shape (M, B): class index, or of two classes 0 for the positive one and 1 for the other.
    """

    probabilities: Floats
    labels: NDArray[np.int64]

    @property
    def factor(self) -> int:
        """Of two classes both residuals are the same but for the sign, so that one stands for two."""
        return 2 if self.probabilities.shape[2] == 1 else 1


def kernel_error(scored: Scored, groups: Groups = None) -> KernelError:
    """The squared kernel calibration error of rows with probabilities.

    A row's residual is its label as a vector of zeros and a one, less its probabilities. Of a calibrated model residuals
    of different rows are not related; the error is the mean product of two rows' residuals, weighted by how near
    the rows' probabilities are: exp(−total variation / bandwidth), with the median distance as bandwidth.

    The p value comes from labels that are drawn from the model's own probabilities (exact for independent rows, whatever
    their number), or beyond 50,000 probabilities from the normal limit over blocks.

    Args:
        scored: independent rows.
        groups: of rows, with which there is no error.

    Source: Widmann, Lindsten, Zachariah 2019, definition 2 and lemma 2 (unbiased quadratic and, with blocks of two rows,
    linear estimator); 2021 for blocks of other sizes. Bröcker & Smith 2007 (consistency resampling).
    """
    if groups is not None:
        return KernelError(None, None, 0, None, "none: rows of a group are related however good the model is")
    if len(scored) < FEWEST_ROWS:
        return KernelError(None, None, 0, None, f"none: fewer than {FEWEST_ROWS} rows")
    blocks = _blocks(scored)
    bandwidth = _bandwidth(blocks.probabilities[0, :MEDIAN_ROWS])
    count, size, width = blocks.probabilities.shape
    rng = np.random.default_rng(0)
    resampled = len(scored) * width <= MOST_RESAMPLED
    draws = RESAMPLES if resampled else 0
    total, totals, variance = 0.0, np.zeros(draws), 0.0
    for probabilities, labels in _chunks(blocks, 1 + draws):
        kernel = _kernel(probabilities, bandwidth)
        total += blocks.factor * float(_products(kernel, probabilities, labels[..., None])[0])
        if resampled:  # half of the digits do to count how many draws show more
            halved = kernel.astype(np.float32), probabilities.astype(np.float32)
            totals += blocks.factor * _products(*halved, _drawn(probabilities, draws, rng))
        else:
            variance += blocks.factor**2 * _null_variance(kernel, probabilities)
    if resampled:
        p = (1 + int((totals >= total - TIED * abs(total)).sum())) / (1 + draws)
        how = f"p from {draws} draws of labels from the probabilities"
    else:
        p = NormalDist().cdf(-total / math.sqrt(variance)) if variance > 0 else 1.0
        how = f"p from the normal limit over {count:,} blocks"
    estimator = "quadratic estimator" if count == 1 else f"estimator over blocks of {size:,} rows"
    if count * (size + 1) < len(scored):
        estimator += f" ({count * size:,} rows drawn)"
    value = total / (count * size * (size - 1))
    return KernelError(value, p, size, bandwidth, f"unbiased {estimator}, {how}, independent rows")


def _blocks(scored: Scored) -> Blocks:
    """The rows, or as many as may be read, in blocks of a size that the budget allows; less than one is left out."""
    assert scored.probabilities is not None
    probabilities, labels = scored.probabilities, scored.labels
    if scored.classes == 2:
        probabilities = probabilities[:, [scored.positive]]
        labels = (labels != scored.positive).astype(np.int64)
    rows, width = probabilities.shape
    order = np.lexsort((labels, scored.surest, probabilities.max(axis=1)))
    if rows * width > MOST_VALUES:
        rows = MOST_VALUES // width
        order = np.random.default_rng(1).choice(order, rows, replace=False)
    if rows * width <= MOST_RESAMPLED:
        size = min(rows, LARGEST_BLOCK, max(2, BUDGET // (rows * width)))
    else:
        size = max(2, min(rows // FEWEST_BLOCKS, NORMAL_BUDGET // (rows * width)))
    if size < rows:
        order = order[np.random.default_rng(0).permutation(rows)]
    size = rows // math.ceil(rows / size)
    count = rows // size
    order = order[: count * size].reshape(count, size)
    return Blocks(probabilities[order], labels[order])


def _bandwidth(probabilities: Floats) -> float:
    """The median total variation between rows, shape (n, D); 1 where most are alike."""
    distances = _distances(probabilities[None])[0]
    found = float(np.median(distances[np.triu_indices(len(probabilities), 1)]))
    return found if found > 0 else 1.0


def _chunks(blocks: Blocks, draws: int) -> Iterator[tuple[Floats, NDArray[np.int64]]]:
    count, size, width = blocks.probabilities.shape
    step = max(1, CHUNK // (size * (size * min(width, 8) + draws)))
    for start in range(0, count, step):
        yield blocks.probabilities[start : start + step], blocks.labels[start : start + step]


def _distances(probabilities: Floats) -> Floats:
    """Total variation between the rows of each block, shape (M, B, B)."""
    size, width = probabilities.shape[1:]
    found, gap = np.zeros((2, len(probabilities), size, size))
    for index in range(width):
        column = probabilities[:, :, index]
        np.subtract(column[:, :, None], column[:, None, :], out=gap)
        found += np.abs(gap, out=gap)
    return found if width == 1 else found / 2


def _kernel(probabilities: Floats, bandwidth: float) -> Floats:
    """The weight of each pair of different rows of a block, shape (M, B, B)."""
    found = np.exp(-_distances(probabilities) / bandwidth)
    diagonal = np.arange(found.shape[1])
    found[:, diagonal, diagonal] = 0
    return found


def _drawn(probabilities: Floats, draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Labels as a calibrated model's would be, shape (M, B, draws)."""
    count, size, width = probabilities.shape
    uniform = rng.uniform(size=(count, size, draws))
    labels = np.zeros((count, size, draws), np.int64)
    reached = np.zeros((count, size, 1))
    for index in range(max(1, width - 1)):
        reached = reached + probabilities[:, :, index, None]
        labels += uniform >= reached
    return labels


def _products(kernel: NDArray[Any], probabilities: NDArray[Any], labels: NDArray[np.int64]) -> Floats:
    """The sum over all pairs of weight times the product of residuals, for each column of labels, shape (R,)."""
    found = np.zeros(labels.shape[2])
    for index in range(probabilities.shape[2]):
        residuals = (labels == index).astype(kernel.dtype) - probabilities[:, :, index, None]
        found += ((kernel @ residuals) * residuals).sum(axis=(0, 1), dtype=np.float64)
    return found


def _null_variance(kernel: Floats, probabilities: Floats) -> float:
    """The variance of that sum if labels follow the probabilities."""
    if probabilities.shape[2] == 1:
        spread = (probabilities * (1 - probabilities))[:, :, 0]
        return float(2 * np.einsum("mij,mi,mj->", kernel**2, spread, spread))
    other, squares = probabilities.transpose(0, 2, 1), probabilities**2
    product = probabilities @ other
    trace = product - squares @ other - probabilities @ squares.transpose(0, 2, 1) + product**2
    return float(2 * (kernel**2 * trace).sum())

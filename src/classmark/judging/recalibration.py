"""Temperature: one number, fitted on validation rows, by which a model's logits are divided."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from classmark.judging.intervals import Floats
from classmark.judging.metrics import LOG_LOSS_CLIP
from classmark.predictions import Predictions

HIGHEST_TEMPERATURE = 100.0
LOWEST_TEMPERATURE = 1 / HIGHEST_TEMPERATURE
BLOCK_VALUES = 1 << 20  # logits that are worked on at once, which bounds memory
MOST_STEPS = 100


def table_logits(table: Predictions) -> Floats:
    """The table's logits, shape (N, C), or the logarithms of its probabilities, clipped at 2.2e-16."""
    if table.logits is not None:
        return table.logits
    logarithms: Floats = np.log(np.maximum(table.probabilities, LOG_LOSS_CLIP))
    return logarithms


def fit_temperature(logits: Floats, labels: NDArray[np.int64]) -> float:
    """The temperature T with the smallest mean log loss of softmax(logits / T), from 0.01 to 100.

    That loss is convex in 1/T. Its minimum is found by Newton's method, kept inside a bracket by bisection; where no
    finite T is best (every row right, or the logits no better than none), the end of the range comes back.

    Args:
        logits: shape (N, C), of a table's labelled rows as `table_logits` gives them.
        labels: class index, shape (N,).

    Source: Guo, Pleiss, Sun, Weinberger 2017, section 4.2.
    """
    low, high = 1 / HIGHEST_TEMPERATURE, 1 / LOWEST_TEMPERATURE
    if _slope(logits, labels, low)[0] >= 0:
        return HIGHEST_TEMPERATURE
    if _slope(logits, labels, high)[0] <= 0:
        return LOWEST_TEMPERATURE
    inverse = 1.0
    for _ in range(MOST_STEPS):
        slope, curvature = _slope(logits, labels, inverse)
        low, high = (inverse, high) if slope < 0 else (low, inverse)
        step = inverse - slope / curvature if curvature > 0 else low
        following = step if low < step < high else (low + high) / 2
        if abs(following - inverse) <= 1e-12 * inverse:
            break
        inverse = following
    return float(1 / inverse)


def tempered(logits: Floats, temperature: float) -> Floats:
    """The probabilities softmax(logits / temperature), shape (N, C)."""
    scaled: Floats = (logits - logits.max(axis=1, keepdims=True)) / temperature
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(axis=1, keepdims=True)
    return scaled


def _slope(logits: Floats, labels: NDArray[np.int64], inverse: float) -> tuple[float, float]:
    """The first and second derivative of the mean log loss by 1/T: the mean of E[z] − z_y and of Var[z]."""
    slope = curvature = 0.0
    for block in _blocks(logits):
        part = logits[block] - logits[block].max(axis=1, keepdims=True)
        probabilities = tempered(part, 1 / inverse)
        mean = (probabilities * part).sum(axis=1)
        slope += float((mean - part[np.arange(len(part)), labels[block]]).sum())
        curvature += float((probabilities * (part - mean[:, None]) ** 2).sum())
    return slope / len(labels), curvature / len(labels)


def _blocks(logits: Floats) -> Iterator[slice]:
    rows = max(1, BLOCK_VALUES // logits.shape[1])
    return (slice(start, start + rows) for start in range(0, len(logits), rows))

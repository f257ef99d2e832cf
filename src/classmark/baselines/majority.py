"""The lowest baseline: no look at the texts or images, only how frequent each class is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def class_shares(labels: NDArray[np.int64], classes: Sequence[str]) -> NDArray[np.float64]:
    """The share of each class among the training labels, shape (C,): the same prediction for every row."""
    counts = np.bincount(labels, minlength=len(classes))
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares

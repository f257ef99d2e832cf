"""A fitted linear baseline of texts as numbers: weights, intercepts and what counts are weighted by; no scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from classmark.baselines.logistic import TINY


@dataclass(frozen=True)
class Lines:
    """One line for two classes, of the second; else one per class against the rest.

    Attributes:
        method: `naive-bayes`: weights are of a feature's presence; `tf-idf`: of TF-IDF values.
        weights: shape (features, lines).
        intercepts: shape (lines,).
        idf: `tf-idf`: inverse document frequency of each feature, shape (features,).
    """

    method: Literal["naive-bayes", "tf-idf"]
    weights: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    idf: NDArray[np.float64] | None = None

    def __call__(self, counts: Any) -> NDArray[np.float64]:
        """Probabilities of shape (N, C) from counts, a sparse matrix of shape (N, features)."""
        features = presence(counts) if self.idf is None else tfidf(counts, self.idf)
        return shares(features @ self.weights + self.intercepts)


def presence(counts: Any) -> Any:
    """The sparse matrix with 1 for each count."""
    found = counts.copy()
    found.data = np.ones_like(found.data)
    return found


def tfidf(counts: Any, idf: NDArray[np.float64]) -> Any:
    """1 + log of each count, times the inverse document frequency, rows of length one; sparse as the counts are."""
    found = counts.copy()
    found.data = (np.log(found.data) + 1.0) * idf[found.indices]
    rows = np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))
    lengths = np.sqrt(np.bincount(rows, weights=found.data**2, minlength=found.shape[0]))
    found.data = found.data / lengths[rows]
    return found


def shares(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities, shape (N, C), from one logit a class, or from that of the second class alone."""
    found: NDArray[np.float64] = 0.5 + 0.5 * np.tanh(0.5 * logits)  # the logistic function, which cannot overflow so
    if found.shape[1] == 1:
        return np.hstack([1.0 - found, found])
    found = np.maximum(found, TINY)
    found /= found.sum(axis=1, keepdims=True)
    return found

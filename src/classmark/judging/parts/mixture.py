"""A mixture of classifiers: the weighted sum of their log-probabilities and a bias per class, fitted on validation rows.

A linear model and a network make different errors, and the sum of their log-odds is often better than either. Row i has
the logits z_ic = Σ_k w_k log p_kic + b_c with weights w_k ≥ 0; probabilities are their softmax. Source: Genest & Zidek 1986
(logarithmic opinion pools); Mesnil et al. 2014 for texts, a linear model with a network.

**What keeps the fit from following few rows.** K weights are well determined by any validation split, but C biases are
not: with 10 rows of each of 100 classes they are 99 free numbers. So what is minimised is the sum of the rows' log losses
plus a penalty that counts as little as a few rows do:

    Σ_i −log softmax(z_i)[y_i] + ½ WEIGHT_PENALTY Σ_k (w_k − 1/K)² + ½ BIAS_PENALTY Σ_c b_c²

The biases then sum to zero, equal models get equal weights, the answer is unique, and where rows say nothing (all right,
or no row of a class) it stays near the plain mean of the log-probabilities.

`benchmarks/mixture_penalty.py` chose the penalties: two models with shared and own errors, one over- and one
under-confident, true biases of deviation 0, 0.1, 0.3 or 0.6, and 2, 10 or 100 classes with 2 to 100 validation rows each;
the log loss of 4,000 new rows, mean of 10 to 40 draws. Against a fit without biases, a bias penalty of 3 costs at most
0.005 where no bias is needed, and gains 0.01 to 0.10 where their deviation is 0.6. One of 0.001 costs up to 0.34 (10 classes
with 2 rows each; ten points of accuracy), one of 1 up to 0.012; one of 10 costs 0.0015, but gives up half of the gain where
rows are few. Without the penalty on weights, 2 classes with 5 rows each, which are often separated, lose 0.8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.judging.scored import LOG_LOSS_CLIP
from classmark.judging.statistics.intervals import Floats

WEIGHT_PENALTY = 1.0
BIAS_PENALTY = 3.0
MOST_CLASSES_WITH_BIASES = 1_000  # beyond, the second derivatives by the biases no longer fit into memory
BLOCK_VALUES = 1 << 20  # of one model's rows that are worked on at once, which bounds memory
MOST_STEPS = 200
SMALLEST_STEP = 1e-13
HALVINGS = 40


@dataclass(frozen=True)
class Mixture:
    """What was fitted.

    Attributes:
        parts: the names of the K models.
        classes: C names.
        weights: of each model, ≥ 0.
        biases: of each class; they sum to zero.
        rows: validation rows it was fitted on.
    """

    parts: tuple[str, ...]
    classes: tuple[str, ...]
    weights: tuple[float, ...]
    biases: tuple[float, ...]
    rows: int

    def logits(self, probabilities: Sequence[NDArray[Any]]) -> NDArray[np.float32]:
        """Logits of shape (N, C).

        Args:
            probabilities: of each model, shape (N, C), with the classes in this order.
        """
        summed = np.broadcast_to(np.array(self.biases), probabilities[0].shape)
        for weight, values in zip(self.weights, probabilities, strict=True):
            summed = summed + weight * log_probabilities(values)
        return summed.astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """Weights by model and biases by class."""
        return {
            "weights": dict(zip(self.parts, self.weights, strict=True)),
            "biases": dict(zip(self.classes, self.biases, strict=True)),
            "fitted_on": {"split": "validation", "rows": self.rows},
        }


def mixture_from_json(content: Mapping[str, Any]) -> Mixture:
    """The mixture that `to_json` wrote.

    Raises:
        ValueError: the content is no mixture. Also KeyError and TypeError, where entries lack or have other types.
    """
    weights, biases = content["weights"], content["biases"]
    numbers = np.array([*weights.values(), *biases.values()], dtype=np.float64)
    if len(weights) < 2 or len(biases) < 2 or not np.isfinite(numbers).all() or min(weights.values()) < 0:
        raise ValueError("weights or biases are missing or not finite")
    rows = content["fitted_on"]["rows"]
    return Mixture(tuple(weights), tuple(biases), tuple(weights.values()), tuple(biases.values()), int(rows))


def log_probabilities(probabilities: NDArray[Any]) -> Floats:
    """Logarithms in float64, clipped at log 2.2e-16 as the log loss is, of the same shape."""
    logarithms: Floats = np.log(np.maximum(probabilities.astype(np.float64), LOG_LOSS_CLIP))
    return logarithms


def fit_mixture(
    logarithms: Sequence[Floats], labels: NDArray[np.int64], row_weights: Floats | None = None
) -> tuple[Floats, Floats]:
    """The weights, shape (K,), and biases, shape (C,), with the smallest penalised log loss.

    The problem is convex, with one bound per weight. It is solved by Newton's method on what is not at its bound, with
    steps halved until the loss falls, so that the answer is exact to some 1e-12 whatever the order of rows and models. A
    quasi-Newton method stops at 1e-6.

    Args:
        logarithms: of the K models' probabilities, each of shape (N, C).
        labels: class index, shape (N,).
        row_weights: how much each row counts, shape (N,); they are scaled to their effective number. None where all count
            alike.

    Source: Bertsekas 1982, projected Newton methods.
    """
    problem = Problem(tuple(logarithms), labels, _counts(len(labels), row_weights))
    point = problem.start()
    value, slope, curvature = problem.derivatives(point)
    bounded = np.arange(len(point)) < problem.models
    for _ in range(MOST_STEPS):
        free = ~(bounded & (point <= 0) & (slope > 0))
        step = np.zeros_like(point)
        step[free] = -np.linalg.solve(curvature[np.ix_(free, free)], slope[free])
        following, found = _descended(problem, point, value, slope, step, bounded)
        moved = float(np.abs(following - point).max())
        if found is None or moved <= SMALLEST_STEP:
            break
        point, (value, slope, curvature) = following, problem.derivatives(following)
    biases = point[problem.models :]
    return point[: problem.models], biases if len(biases) else np.zeros(problem.classes)


def _descended(
    problem: Problem, point: Floats, value: float, slope: Floats, step: Floats, bounded: NDArray[np.bool_]
) -> tuple[Floats, float | None]:
    """The point after a step, halved until the loss falls, and its loss; the same point and None where none falls."""
    rounding = 1e-14 * abs(value)
    for halving in range(HALVINGS):
        following = point + step / 2**halving
        following[bounded] = np.maximum(following[bounded], 0.0)
        found = problem.value(following)
        if found <= value + 1e-4 * float(slope @ (following - point)) + rounding:
            return following, found
    return point, None


def _counts(rows: int, row_weights: Floats | None) -> Floats:
    if row_weights is None:
        return np.ones(rows)
    scaled: Floats = row_weights * (row_weights.sum() / (row_weights**2).sum())
    return scaled


@dataclass(frozen=True)
class Problem:
    """The penalised loss as a function of a point: the K weights, then the C biases (none for very many classes).

    Attributes:
        logarithms: of the K models, each of shape (N, C).
        labels: class index, shape (N,).
        counts: how many rows each row stands for, shape (N,).
    """

    logarithms: tuple[Floats, ...]
    labels: NDArray[np.int64]
    counts: Floats

    @property
    def models(self) -> int:
        return len(self.logarithms)

    @property
    def classes(self) -> int:
        return int(self.logarithms[0].shape[1])

    def start(self) -> Floats:
        """The plain mean of the log-probabilities."""
        biases = self.classes if self.classes <= MOST_CLASSES_WITH_BIASES else 0
        return np.concatenate([np.full(self.models, 1 / self.models), np.zeros(biases)])

    def value(self, point: Floats) -> float:
        """The loss at a point."""
        loss = sum(float(counts @ losses) for _, counts, losses, _ in self._blocks(point))
        return loss + 0.5 * float(self._penalties(point) @ (point - self.start()) ** 2)

    def derivatives(self, point: Floats) -> tuple[float, Floats, Floats]:
        """The loss at a point with its gradient, shape (P,), and its second derivatives, shape (P, P)."""
        penalties, away, models = self._penalties(point), point - self.start(), self.models
        loss = 0.5 * float(penalties @ away**2)
        slope, curvature = penalties * away, np.diag(penalties)
        for rows, counts, losses, shares in self._blocks(point):
            loss += float(counts @ losses)
            weighted = shares * counts[:, None]
            parts = [part[rows] for part in self.logarithms]
            means = [(shares * part).sum(axis=1) for part in parts]
            labels = self.labels[rows]
            for k, part in enumerate(parts):
                slope[k] += float(counts @ (means[k] - part[np.arange(len(part)), labels]))
                for other in range(k + 1):
                    both = float((weighted * part * parts[other]).sum() - counts @ (means[k] * means[other]))
                    curvature[k, other] += both
                    curvature[other, k] += both if other != k else 0.0
            if len(point) > models:
                slope[models:] += weighted.sum(axis=0) - np.bincount(labels, weights=counts, minlength=self.classes)
                for k, part in enumerate(parts):
                    mixed = (weighted * (part - means[k][:, None])).sum(axis=0)
                    curvature[k, models:] += mixed
                    curvature[models:, k] += mixed
                curvature[models:, models:] += np.diag(weighted.sum(axis=0)) - shares.T @ weighted
        return loss, slope, curvature

    def _penalties(self, point: Floats) -> Floats:
        found: Floats = np.where(np.arange(len(point)) < self.models, WEIGHT_PENALTY, BIAS_PENALTY)
        return found

    def _blocks(self, point: Floats) -> Iterator[tuple[slice, Floats, Floats, Floats]]:
        """Rows with their counts, shape (n,), their log losses, shape (n,), and their probabilities, shape (n, C)."""
        step = max(1, BLOCK_VALUES // self.classes)
        biases = point[self.models :] if len(point) > self.models else 0.0
        for start in range(0, len(self.labels), step):
            rows = slice(start, start + step)
            logits = np.zeros((len(self.labels[rows]), self.classes)) + biases
            for weight, part in zip(point[: self.models], self.logarithms, strict=True):
                logits += weight * part[rows]
            logits -= logits.max(axis=1, keepdims=True)
            shares = np.exp(logits)
            totals = shares.sum(axis=1)
            true = logits[np.arange(len(logits)), self.labels[rows]]
            yield rows, self.counts[rows], np.log(totals) - true, shares / totals[:, None]

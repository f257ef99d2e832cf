"""How often a threshold with a promise breaks it on new rows.

    python benchmarks/coverage_thresholds.py [--repetitions 1000] [--out docs/coverage-thresholds.md]

Validation rows are drawn from a population whose shares are known at every threshold; a threshold is chosen on them with
a confidence of 0.9, and its true share is compared with the minimum. Beside it the threshold without a promise.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr

from classmark.judging.parts.guarantees import guaranteed_class, guaranteed_share
from classmark.judging.parts.thresholds import Goal, choose, fewest_behind, sweep
from classmark.judging.statistics.intervals import Floats

CONFIDENCE = 0.9
MINIMUM = 0.95
PREVALENCES = (0.01, 0.1, 0.5)
SIZES = (100, 1_000, 5_000)
GOALS = ("precision", "1 − error", "recall", "specificity")
REPETITIONS = 1_000
EACH = 5  # every fifth sample shows the threshold without a promise
STEP = 0.02  # of rounded probabilities


@dataclass(frozen=True)
class Model:
    """Normal scores of each class; their probabilities are those of equal deviations.

    Attributes:
        title: what it is like.
        apart: how far the means of the classes lie apart.
        outliers: share of the negative rows that score higher than any positive row.
        rounded: whether probabilities are rounded to steps of 0.02, so that many are equal.
    """

    title: str
    apart: float
    outliers: float = 0.0
    rounded: bool = False

    def draw(self, rows: int, prevalence: float, rng: np.random.Generator) -> tuple[NDArray[np.bool_], Floats]:
        """Labels and probabilities of the positive class, both of shape (N,)."""
        positive = rng.random(rows) < prevalence
        centre = np.where(positive, self.apart, np.where(rng.random(rows) < self.outliers, self.apart + 3, 0.0))
        found: Floats = expit(self._line(prevalence, rng.normal(centre, 1.0)))
        return positive, (found / STEP).round() * STEP if self.rounded else found

    def above(self, threshold: float, prevalence: float) -> tuple[float, float]:
        """The shares of all rows that are positive, and negative, with a probability of at least the threshold."""
        if self.rounded:
            step = round(threshold / STEP)
            threshold = (step + (step * STEP < threshold) - 0.5) * STEP
        if not 0 < threshold < 1:
            return (prevalence, 1 - prevalence) if threshold <= 0 else (0.0, 0.0)
        slope, offset = max(self.apart, 0.5), self._line(prevalence, np.zeros(1))[0]
        point = (float(logit(threshold)) - offset) / slope
        negative = (1 - self.outliers) * ndtr(-point) + self.outliers * ndtr(self.apart + 3 - point)
        return prevalence * float(ndtr(self.apart - point)), (1 - prevalence) * float(negative)

    def _line(self, prevalence: float, scores: Floats) -> Floats:
        slope = max(self.apart, 0.5)
        found: Floats = slope * scores - slope * self.apart / 2 + logit(prevalence)
        return found


MODELS = (
    Model("good", 3.0),
    Model("fair", 1.5),
    Model("useless", 0.0),
    Model("good, 1 % of negatives score highest", 3.0, 0.01),
    Model("good, probabilities in steps of 0.02", 3.0, rounded=True),
)


def promised(goal: str, positive: NDArray[np.bool_], scores: Floats) -> float | None:
    """The threshold that is promised, of the confidence for the selective error; None without one."""
    match goal:
        case "precision":
            return guaranteed_share(scores, positive, MINIMUM, CONFIDENCE).threshold
        case "1 − error":
            surest = np.maximum(scores, 1 - scores)
            return guaranteed_share(surest, positive == (scores > 0.5), MINIMUM, CONFIDENCE).threshold
        case "recall":
            return guaranteed_class(scores[positive], MINIMUM, CONFIDENCE).threshold
    negated = guaranteed_class(-scores[~positive], MINIMUM, CONFIDENCE).threshold
    return None if negated is None else float(np.nextafter(-negated, np.inf))


def plain(goal: str, positive: NDArray[np.bool_], scores: Floats) -> float | None:
    """The threshold that merely keeps the minimum on the validation rows, on enough of them."""
    found = sweep(positive, scores)
    return choose(found, Goal(goal, MINIMUM), fewest=fewest_behind(MINIMUM))


def true_share(goal: str, model: Model, prevalence: float, threshold: float) -> float:
    """What the threshold gives on all rows of the population."""
    positive, negative = model.above(threshold, prevalence)
    match goal:
        case "precision":
            return positive / max(1e-300, positive + negative)
        case "recall":
            return positive / prevalence
        case "specificity":
            return 1 - negative / (1 - prevalence)
    if threshold <= 0.5:
        positive, negative = model.above(np.nextafter(0.5, 1), prevalence)
        return 1 - (negative + prevalence - positive)
    below, beneath = model.above(float(np.nextafter(1 - threshold, 1)), prevalence)
    sure_negative, wrong = 1 - prevalence - beneath, prevalence - below
    return (positive + sure_negative) / max(1e-300, positive + negative + sure_negative + wrong)


def cells(model: Model, prevalence: float, rows: int, repetitions: int) -> list[str]:
    """Per goal, per cent of samples that choose a threshold, and that choose one that breaks the minimum, with and without."""
    rng = np.random.default_rng([rows, round(1_000 * prevalence)])
    counts = np.zeros((len(GOALS), 2, 2))  # with or without a promise; chosen, broken
    for repetition in range(repetitions):
        positive, scores = model.draw(rows, prevalence, rng)
        for place, goal in enumerate(GOALS):
            ways = [promised, plain] if repetition % EACH == 0 and goal != "1 − error" else [promised]
            for side, way in enumerate(ways):
                if (threshold := way(goal, positive, scores)) is not None:
                    broken = true_share(goal, model, prevalence, threshold) < MINIMUM
                    counts[place, side] += 1, broken
    shares = 100 * counts / np.array([repetitions, repetitions / EACH])[None, :, None]
    luck = 300 * ((1 - CONFIDENCE) * CONFIDENCE / repetitions) ** 0.5
    found = []
    for goal, (kept, unpromised) in zip(GOALS, shares, strict=True):
        bold = "**" if kept[1] > 100 * (1 - CONFIDENCE) + luck else ""
        beside = "" if goal == "1 − error" else f" ({unpromised[1]:.0f})"
        found.append(f"{kept[0]:.0f} / {bold}{kept[1]:.1f}{bold}{beside}")
    return found


def table(repetitions: int) -> list[str]:
    """The page, as lines."""
    head = " | ".join(f"{goal} ≥ {MINIMUM}" if goal != "1 − error" else f"error ≤ {1 - MINIMUM:.2g}" for goal in GOALS)
    lines = [
        "# How often a promised threshold breaks its promise", "",
        "`python benchmarks/coverage_thresholds.py --out docs/coverage-thresholds.md`", "",
        f"Each cell is from {repetitions:,} samples of validation rows. First the per cent of samples in which a threshold is",
        f"chosen with a confidence of {CONFIDENCE}; then the per cent in which that threshold breaks the minimum on the whole",
        f"population, which may be at most {100 * (1 - CONFIDENCE):.0f} (bold if it is more by three standard errors).",
        "In brackets, from every fifth sample, the per cent in which the threshold without a promise breaks it, though it",
        f"must be seen on {fewest_behind(MINIMUM)} rows.", "",
        f"| model | positive | rows | {head} |", f"|---|---|---|{'---|' * len(GOALS)}",
    ]  # fmt: skip
    for model in MODELS:
        for prevalence in PREVALENCES:
            for rows in SIZES:
                found = " | ".join(cells(model, prevalence, rows, repetitions))
                lines.append(f"| {model.title} | {100 * prevalence:.0f} % | {rows:,} | {found} |")
                print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    lines = table(options.repetitions)
    if options.out is not None:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

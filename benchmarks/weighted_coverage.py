"""How often the 95 % intervals of weighted rows hold the true value.

    python benchmarks/weighted_coverage.py [--repetitions 1000] [--out docs/weighted-coverage.md]

Rows are drawn from a population with unequal chances, and weigh the inverse of their chance.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classmark.judging.metric import TITLES
from classmark.judging.scored import Scored
from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.weighted import linear_metrics, weighted_differences, weighted_estimates

SIZES = (60, 150, 500, 2_000)
TRUTH_ROWS = 4_000_000
SHIFT = 0.5  # of the other model's logits
METRICS = ("accuracy", "log_loss", "roc_auc", "brier")


@dataclass(frozen=True)
class Population:
    """Rows with their weights, labels and how far apart the classes' logits are."""

    weights: Floats
    labels: np.ndarray
    distance: Floats


def equal(rows: int, rng: np.random.Generator) -> Population:
    return Population(np.ones(rows), (rng.random(rows) < 0.3).astype(np.int64), np.full(rows, 1.35))


def strata(rows: int, rng: np.random.Generator) -> Population:
    hard = rng.random(rows) < 0.5
    labels = (rng.random(rows) < 0.3).astype(np.int64)
    return Population(np.where(hard, 1.0, 6.0), labels, np.where(hard, 0.54, 1.62))


def lognormal(rows: int, rng: np.random.Generator) -> Population:
    chance = rng.normal(size=rows)
    labels = (rng.random(rows) < 0.3).astype(np.int64)
    return Population(np.exp(0.8 * chance), labels, 1.08 + 0.45 * chance)


def rare_class(rows: int, rng: np.random.Generator) -> Population:
    labels = (rng.random(rows) < 0.5).astype(np.int64)
    return Population(
        np.where(labels == 1, 1.0, 9.0) * np.exp(0.3 * rng.normal(size=rows)), labels, np.full(rows, 1.35)
    )


POPULATIONS: dict[str, tuple[str, Callable[[int, np.random.Generator], Population]]] = {
    "equal": ("all weights are 1", equal),
    "strata": ("hard rows drawn six times as often as easy ones", strata),
    "lognormal": ("lognormal weights (σ = 0.8); rows of large weight are easier", lognormal),
    "rare class": ("the rare class (10 %) drawn nine times as often", rare_class),
}


def models(drawn: Population, rng: np.random.Generator) -> tuple[Scored, Scored]:
    noise = 1.2 * rng.normal(size=len(drawn.labels))
    found = []
    for shift in (0.0, SHIFT):
        own = 0.6 * rng.normal(size=len(noise))
        second = 1 / (1 + np.exp(-(noise + own + drawn.distance * (2 * drawn.labels - 1) + shift)))
        probabilities = np.column_stack([1 - second, second])
        found.append(Scored(drawn.labels, probabilities.argmax(axis=1), probabilities, 2, weights=drawn.weights))
    return found[0], found[1]


def coverage(
    make: Callable[[int, np.random.Generator], Population], rows: int, repetitions: int, truth: dict[str, Floats]
) -> Floats:
    """Per cent of the intervals of values and of differences that hold the truth, shape (2, metrics)."""
    rng = np.random.default_rng(rows)
    held = np.zeros((2, len(METRICS)))
    for _ in range(repetitions):
        a, b = models(make(rows, rng), rng)
        found = (weighted_estimates(a), weighted_differences(a, b))
        for side, estimates in enumerate(found):
            for place, name in enumerate(METRICS):
                one = estimates[name]
                held[side, place] += (
                    one.low is not None and one.high is not None and one.low <= truth[name][side] <= one.high
                )
    return 100 * held / repetitions


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=1_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    titles = " | ".join(TITLES[name] for name in METRICS)
    lines = [
        "# Coverage of the intervals of weighted rows", "",
        "`python benchmarks/weighted_coverage.py --out docs/weighted-coverage.md`", "",
        f"Per cent of 95 % intervals that hold the true value, of {options.repetitions:,} repetitions each.",
        f"Chance moves a figure by {100 * (0.95 * 0.05 / options.repetitions) ** 0.5:.1f} points as one standard error.",
        "An interval that is withheld counts as one that misses. Rows weigh the inverse of the chance that they are drawn.",
        "The second line of each size is the difference to another model on the same rows.",
        f"True values come from {TRUTH_ROWS:,} rows.", "",
        f"| population | rows | | {titles} |", f"|---|---|---|{'---|' * len(METRICS)}",
    ]  # fmt: skip
    for label, make in POPULATIONS.values():
        rng = np.random.default_rng(1)
        a, b = (linear_metrics(side, None) for side in models(make(TRUTH_ROWS, rng), rng))
        truth = {name: np.array([a[name].value, b[name].value - a[name].value]) for name in METRICS}  # type: ignore[union-attr]
        for rows in SIZES:
            for what, figures in zip(
                ("value", "difference"), coverage(make, rows, options.repetitions, truth), strict=True
            ):
                lines.append(f"| {label} | {rows:,} | {what} | {' | '.join(f'{one:.1f}' for one in figures)} |")
                print(lines[-1], flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

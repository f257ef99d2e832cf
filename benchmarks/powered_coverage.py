"""How often prediction-powered intervals hold the true value.

    python benchmarks/powered_coverage.py [--repetitions 1000] [--out docs/powered-coverage.md]

Rows have a true probability of the class yes, drawn from a beta distribution; the model gives a distorted one.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.prediction_powered import Units, powered_share

SIZES = (50, 100, 200, 500)
UNLABELLED = 3_000
GROUP_SIZE = 5
TRUTH_ROWS = 4_000_000
POPULATIONS = {
    "balanced, sure": (0.4, 0.4),
    "balanced, unsure": (2.0, 2.0),
    "90 % yes": (8.0, 0.8),
    "97 % yes": (8.0, 0.2),
}
MODELS: dict[str, Callable[[Floats], Floats]] = {
    "calibrated": lambda chance: chance,
    "overconfident": lambda chance: chance**2 / (chance**2 + (1 - chance) ** 2),
    "says nothing": lambda chance: 0.5 + 0.0 * chance,
}


def figures(
    shape: tuple[float, float], model: Callable[[Floats], Floats], rows: int, rng: np.random.Generator, group: int = 1
) -> tuple[Floats, Floats, Floats, Floats]:
    """Of drawn rows: is the class yes, its probability by the model, is the model right, its confidence."""
    chance = rng.beta(*shape, rows // group).repeat(group)
    yes = (rng.random(len(chance)) < chance).astype(float)
    said = np.clip(model(chance), 0, 1)
    return yes, said, ((said > 0.5) == (yes > 0.5)).astype(float), np.maximum(said, 1 - said)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=1_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    error = 100 * math.sqrt(0.95 * 0.05 / options.repetitions)
    lines = [
        "# Coverage of prediction-powered intervals", "",
        "`python benchmarks/powered_coverage.py --out docs/powered-coverage.md`; [the guide](guides/unlabelled.md).", "",
        "Per cent of 95 % intervals that hold the true value, of those that are shown, in",
        f"{options.repetitions:,} draws of labelled rows and {UNLABELLED:,} unlabelled ones; beside it how wide they are against",
        "Wilson's interval of the labelled rows.",
        f"Chance moves a figure by {error:.1f} points as one standard error. In brackets: value ± 1.96 deviations.", "",
        "| share of yes | model | labelled | accuracy: shown | covers | share of yes: covers | width against Wilson's |",
        "|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for population, shape in POPULATIONS.items():
        for name, model in MODELS.items():
            for rows in SIZES:
                lines.append(f"| {population} | {name} | {rows} | {cell(shape, model, rows, options.repetitions)} |")
                print(lines[-1], flush=True)
    lines += ["", f"With groups of {GROUP_SIZE} rows of the same chance, by group sums:", "",
              "| share of yes | model | groups | accuracy: shown | covers | share of yes: covers | width against Wilson's |",
              "|---|---|---|---|---|---|---|"]  # fmt: skip
    for population in ("balanced, unsure", "90 % yes"):
        for groups in (20, 50):
            found = cell(
                POPULATIONS[population], MODELS["overconfident"], groups * GROUP_SIZE, options.repetitions, GROUP_SIZE
            )
            lines.append(f"| {population} | overconfident | {groups} | {found} |")
            print(lines[-1], flush=True)
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


def cell(
    shape: tuple[float, float], model: Callable[[Floats], Floats], rows: int, repetitions: int, group: int = 1
) -> str:
    rng = np.random.default_rng(rows)
    yes, _, right, _ = figures(shape, model, TRUTH_ROWS, rng)
    truth = (right.mean(), yes.mean())
    held, plain, shown, wide = np.zeros(2), np.zeros(2), np.zeros(2), []
    units = Units() if group == 1 else Units(np.arange(rows) // group, np.arange(UNLABELLED) // group)
    for _ in range(repetitions):
        few, many = figures(shape, model, rows, rng, group), figures(shape, model, UNLABELLED, rng, group)
        for place, (outcome, proxy) in enumerate(((2, 3), (0, 1))):
            found = powered_share(few[outcome], few[proxy], many[proxy], units)
            if found.low is None:
                continue
            shown[place] += 1
            held[place] += found.low <= truth[place] <= found.high
            plain[place] += found.plain_low <= truth[place] <= found.plain_high
            if place:
                share = few[outcome].mean()
                wide.append((found.high - found.low) / (2 * 1.96 * math.sqrt(share * (1 - share) / rows)))
    covers = [f"{100 * one:.1f} ({100 * other:.1f})" for one, other in zip(held / shown, plain / shown, strict=True)]
    return f"{100 * shown[0] / repetitions:.0f} % | {covers[0]} | {covers[1]} | {np.median(wide):.2f}"


if __name__ == "__main__":
    main()

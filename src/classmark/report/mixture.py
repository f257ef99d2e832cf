"""What pages and terminals show of a mixture: its parts with their weights, and how far it is ahead of each."""

from __future__ import annotations

from dataclasses import dataclass

from classmark.judging.comparisons.paired import Difference
from classmark.judging.findings.mixture import part_title
from classmark.judging.judgement import Judgement, Metrics
from classmark.judging.parts.judged_mixture import JudgedMixture

MOST_BIASES = 10
SHOWN = ("accuracy", "log_loss")


@dataclass(frozen=True)
class PartRow:
    """A part of a mixture.

    Attributes:
        name: what it is called.
        weight: of its log-probabilities.
        differences: metric → A the part, B the mixture.
    """

    name: str
    weight: float
    differences: dict[str, Difference]


def part_rows(mixed: JudgedMixture) -> list[PartRow]:
    """The parts of a mixture, accuracy and log loss first."""
    found = []
    for name, weight in zip(mixed.fit.parts, mixed.fit.weights, strict=True):
        metrics = mixed.comparisons[name].metrics
        order = [*(one for one in SHOWN if one in metrics), *(one for one in metrics if one not in SHOWN)]
        found.append(PartRow(part_title(name), weight, {one: metrics[one] for one in order}))
    return found


def weights_sentence(mixed: JudgedMixture) -> str:
    """Such as `The mixture weighs the model by 0.84 and the linear baseline by 1.07, fitted on 120 validation rows.`"""
    fit = mixed.fit
    parts = [f"{part_title(name)} by {weight:.2f}" for name, weight in zip(fit.parts, fit.weights, strict=True)]
    return f"The mixture weighs {', '.join(parts[:-1])} and {parts[-1]}, fitted on {fit.rows:,} validation rows."


def biases_sentence(mixed: JudgedMixture) -> str:
    """The bias of each class, of many classes the largest ones."""
    biases = dict(zip(mixed.fit.classes, mixed.fit.biases, strict=True))
    shown = sorted(biases, key=lambda name: -abs(biases[name]))[:MOST_BIASES]
    listed = ", ".join(f"{name} {biases[name]:+.2f}" for name in biases if name in shown)
    return f"Biases: {listed}." if len(biases) <= MOST_BIASES else f"The largest biases: {listed}."


def beside(judgement: Judgement) -> dict[str, Metrics]:
    """The title of each model beside the judged one → its metrics on the same rows: baselines, then those of a mixture."""
    found = {f"{name} baseline": metrics for name, metrics in judgement.baselines.items()}
    return found | (judgement.mixture.others if judgement.mixture else {})

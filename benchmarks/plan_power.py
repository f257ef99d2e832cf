"""How often the number that `classmark plan` names gives the decision that it promises.

    python benchmarks/plan_power.py [--repetitions 20000] [--out docs/planning.md]

Test sets of the planned size are drawn, and decided as `judge`, `compare` and `study` decide: Wilson's interval, McNemar's
mid-p, Tango's score test, the t interval by group sums or over seeds.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

import classmark
from classmark.judging.planning.plan import Plan
from classmark.judging.planning.seeds import power_over_seeds, upper_deviation
from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.level import normal_quantile
from classmark.judging.statistics.ranking import roc_area, roc_area_difference

Z = normal_quantile()
GROUP_VALUES = 20_000_000  # rows that grouped draws hold at most
AREA_ROWS = 4_000_000  # rows that are drawn for ROC areas at most
Z_90 = float(special.ndtri(0.95))
Rng = np.random.Generator


@dataclass(frozen=True)
class Setting:
    """What is planned, and the share of drawn test sets in which it comes true."""

    words: dict[str, Any]
    decided: Callable[[Plan, int, Rng], float]


def above_minimum(plan: Plan, repetitions: int, rng: Rng) -> float:
    """Wilson's lower end above the minimum."""
    asked = plan.question
    rows = np.maximum(1, rng.binomial(plan.needed, asked.prevalence or 1.0, repetitions))
    share = rng.binomial(rows, asked.value) / rows
    middle = (share + Z**2 / (2 * rows)) / (1 + Z**2 / rows)
    half = Z / (1 + Z**2 / rows) * np.sqrt(share * (1 - share) / rows + Z**2 / (4 * rows**2))
    return float((middle - half > asked.minimum).mean())


def pairs(plan: Plan, repetitions: int, rng: Rng) -> tuple[Floats, Floats]:
    """On how many rows B alone is right, and A alone."""
    asked, difference = plan.question, plan.question.difference or 0.0
    up, down = (asked.disagreement + difference) / 2, (asked.disagreement - difference) / 2
    found = rng.multinomial(plan.needed, [up, down, 1 - up - down], repetitions)
    return found[:, 0].astype(float), found[:, 1].astype(float)


def better(plan: Plan, repetitions: int, rng: Rng) -> float:
    """McNemar's mid-p below 5 %, with B better."""
    up, down = pairs(plan, repetitions, rng)
    both = (up + down).astype(np.int64)
    before = np.where(down > 0, special.bdtr(np.maximum(down - 1, 0), both, 0.5), 0.0)
    midp = special.bdtr(down, both, 0.5) + before
    return float(((midp < 0.05) & (up > down)).mean())


def above_bound(plan: Plan, repetitions: int, rng: Rng) -> float:
    """Tango's lower end above the bound: its score statistic at the bound above 1.96."""
    return float((tango_statistic(*pairs(plan, repetitions, rng), plan.needed, plan.question.bound) > Z).mean())


def within_margin(plan: Plan, repetitions: int, rng: Rng) -> float:
    """Both ends of Tango's 90 % interval within the margin: its score statistic at either margin beyond 1.645."""
    up, down = pairs(plan, repetitions, rng)
    beyond = [
        tango_statistic(one, other, plan.needed, -plan.question.equivalent) for one, other in ((up, down), (down, up))
    ]
    return float(((beyond[0] > Z_90) & (beyond[1] > Z_90)).mean())


def tango_statistic(up: Floats, down: Floats, rows: int, bound: float) -> Floats:
    """How many deviations the difference lies above the bound."""
    middle = -up - down + (2 * rows - up + down) * bound
    root = (np.sqrt(middle**2 + 8 * rows * down * bound * (1 - bound)) - middle) / (4 * rows)
    deviation = np.sqrt(rows * np.maximum(2 * root + bound * (1 - bound), 1e-300))
    found: Floats = (up - down - rows * bound) / deviation
    return found


def areas_apart(plan: Plan, repetitions: int, rng: Rng) -> float:
    """The paired DeLong interval beyond the bound, or at 90 % within the margin; scores are jointly normal in each class."""
    asked, count = plan.question, min(repetitions, AREA_ROWS // plan.needed)
    shifts = math.sqrt(2) * special.ndtri([asked.value, asked.value + (asked.difference or 0.0)])
    rest, decided = math.sqrt(1 - asked.correlation**2), 0
    for _ in range(count):
        positive = rng.random(plan.needed) < asked.prevalence
        one, other = rng.normal(size=(2, plan.needed))
        other = asked.correlation * one + rest * other
        found = roc_area_difference(positive, one + shifts[0] * positive, other + shifts[1] * positive)
        level = 0.975 if asked.equivalent is None else 0.95
        half = special.stdtrit(found.degrees, level) * found.deviation
        low, high = found.value - half, found.value + half
        alike = asked.equivalent is not None and -asked.equivalent < low and high < asked.equivalent
        decided += alike if asked.equivalent is not None else low > asked.bound
    return decided / count


def by_groups(plan: Plan, repetitions: int, rng: Rng) -> float:
    """The t interval by group sums above the bound, or at 90 % within the margin; each group draws its chances (Dirichlet)."""
    asked, size = plan.question, int(plan.question.group_size)
    groups = plan.needed // size
    repetitions = min(repetitions, GROUP_VALUES // (3 * groups))
    if plan.kind == "minimum":
        chances, scores, bound = [asked.value, 1 - asked.value], np.array([1.0, 0.0]), asked.minimum
    else:
        difference = asked.difference or 0.0
        up, down = (asked.disagreement + difference) / 2, (asked.disagreement - difference) / 2
        chances, scores, bound = [up, down, 1 - up - down], np.array([1.0, -1.0, 0.0]), asked.bound
    drawn = rng.dirichlet(np.array(chances) * (1 / asked.icc - 1), (repetitions, groups))
    sums = rng.multinomial(size, drawn / drawn.sum(axis=2, keepdims=True)) @ scores
    means, deviation = sums.mean(axis=1) / size, sums.std(axis=1, ddof=1) / math.sqrt(groups) / size
    if asked.equivalent is not None:
        return float((np.abs(means) + special.stdtrit(groups - 1, 0.95) * deviation < asked.equivalent).mean())
    return float((means - special.stdtrit(groups - 1, 0.975) * deviation > bound).mean())


def over_seeds(plan: Plan, repetitions: int, rng: Rng) -> float:
    """The paired t interval over seeds above the bound, or at 90 % within the margin."""
    asked, pairs_of_runs = plan.question, plan.needed
    drawn = rng.normal(asked.difference or 0.0, asked.deviation, (repetitions, pairs_of_runs))
    deviation = drawn.std(axis=1, ddof=1) / math.sqrt(pairs_of_runs)
    if asked.equivalent is not None:
        half = special.stdtrit(pairs_of_runs - 1, 0.95) * deviation
        return float((np.abs(drawn.mean(axis=1)) + half < asked.equivalent).mean())
    return float((drawn.mean(axis=1) - special.stdtrit(pairs_of_runs - 1, 0.975) * deviation > asked.bound).mean())


SETTINGS = (
    Setting({"accuracy": 0.92, "minimum": 0.9}, above_minimum),
    Setting({"accuracy": 0.97, "minimum": 0.95}, above_minimum),
    Setting({"recall": 0.7, "prevalence": 0.05, "minimum": 0.6, "power": 0.9}, above_minimum),
    Setting({"difference": 0.01, "disagreement": 0.08}, better),
    Setting({"difference": 0.05, "disagreement": 0.2, "power": 0.9}, better),
    Setting({"difference": 0.04, "disagreement": 0.05}, better),
    Setting({"difference": 0.002, "disagreement": 0.03, "power": 0.7}, better),
    Setting({"not_worse_than": 0.01, "disagreement": 0.08}, above_bound),
    Setting({"not_worse_than": 0.03, "difference": 0.01, "disagreement": 0.1, "power": 0.9}, above_bound),
    Setting({"difference": 0.03, "margin": 0.01, "disagreement": 0.1}, above_bound),
    Setting({"accuracy": 0.85, "minimum": 0.8, "group_size": 5, "icc": 0.2}, by_groups),
    Setting({"difference": 0.04, "disagreement": 0.15, "group_size": 10, "icc": 0.05}, by_groups),
    Setting({"difference": 0.01, "deviation": 0.008}, over_seeds),
    Setting({"difference": 0.02, "margin": 0.01, "deviation": 0.012, "power": 0.9}, over_seeds),
    Setting({"equivalent": 0.02, "disagreement": 0.08}, within_margin),
    Setting({"equivalent": 0.04, "difference": 0.01, "disagreement": 0.15, "power": 0.9}, within_margin),
    Setting({"equivalent": 0.1, "disagreement": 0.2}, within_margin),
    Setting({"equivalent": 0.05, "difference": 0.01, "disagreement": 0.15, "group_size": 10, "icc": 0.05}, by_groups),
    Setting({"equivalent": 0.01, "deviation": 0.008}, over_seeds),
    Setting({"equivalent": 0.02, "difference": 0.005, "deviation": 0.012, "power": 0.9}, over_seeds),
    Setting({"roc_auc": 0.85, "prevalence": 0.3, "difference": 0.03, "correlation": 0.6}, areas_apart),
    Setting({"roc_auc": 0.7, "prevalence": 0.1, "difference": 0.1, "correlation": 0.3, "power": 0.9}, areas_apart),
    Setting({"roc_auc": 0.9, "prevalence": 0.5, "not_worse_than": 0.03, "correlation": 0.8}, areas_apart),
    Setting({"roc_auc": 0.8, "prevalence": 0.2, "equivalent": 0.05, "correlation": 0.7}, areas_apart),
)


def spelt(words: dict[str, Any]) -> str:
    return " ".join(f"--{name.replace('_', '-')} {value:g}" for name, value in words.items())


def power_lines(repetitions: int) -> list[str]:
    lines = ["| plan | rows or seeds | asked for | at that number | measured |", "|---|---|---|---|---|"]
    for place, setting in enumerate(SETTINGS):
        plan = classmark.plan(**setting.words)
        found = setting.decided(plan, repetitions, np.random.default_rng(place))
        promised = f"{100 * plan.question.power:g} | {100 * plan.reached:.1f}"
        lines.append(f"| `{spelt(setting.words)}` | {plan.needed:,} | {promised} | {100 * found:.1f} |")
        print(lines[-1], flush=True)
    return lines


def width_lines() -> list[str]:
    """The mean width of the intervals of drawn test sets of the planned size, beside the width that was asked for."""
    lines = ["| plan | rows | width asked for | mean width |", "|---|---|---|---|"]
    for words in (
        {"accuracy": 0.9, "width": 0.02},
        {"recall": 0.8, "prevalence": 0.05, "width": 0.1},
        {"roc_auc": 0.9, "prevalence": 0.2, "width": 0.05},
        {"roc_auc": 0.75, "prevalence": 0.5, "width": 0.1},
    ):
        plan, rng = classmark.plan(**words), np.random.default_rng(1)
        found = area_widths(plan, rng) if "roc_auc" in words else share_widths(plan, rng)
        lines.append(f"| `{spelt(words)}` | {plan.needed:,} | {words['width']:g} | {found:.4f} |")
        print(lines[-1], flush=True)
    return lines


def share_widths(plan: Plan, rng: Rng) -> float:
    asked = plan.question
    rows = rng.binomial(plan.needed, asked.prevalence or 1.0, 20_000)
    share = rng.binomial(rows, asked.value) / rows
    return float((2 * Z / (1 + Z**2 / rows) * np.sqrt(share * (1 - share) / rows + Z**2 / (4 * rows**2))).mean())


def area_widths(plan: Plan, rng: Rng) -> float:
    asked, widths = plan.question, []
    shift = math.sqrt(2) * special.ndtri(asked.value)
    for _ in range(500):
        positive = rng.random(plan.needed) < asked.prevalence
        found = roc_area(positive, rng.normal(size=plan.needed) + shift * positive)
        widths.append(found.high - found.low)
    return float(np.mean(widths))


def pilot_lines(repetitions: int) -> list[str]:
    """How often a study planned from a pilot of few seeds has the power that was wanted, by the limit and at face value."""
    lines = ["| pilot | planned with | studies with the power, or more | median power |", "|---|---|---|---|"]
    for runs in (3, 5, 10):
        drawn = np.random.default_rng(runs).normal(0, 0.01, (repetitions, runs)).std(axis=1, ddof=1)
        for name, deviations in (
            ("the deviation itself", drawn),
            ("its upper limit", drawn * upper_deviation(1.0, runs)),
        ):
            powers = []
            base = classmark.plan(difference=0.01, deviation=0.01).question
            for deviation in deviations[:300]:
                needed = classmark.plan(
                    **{"difference": 0.01, "deviation": float(deviation), "power": base.power}
                ).needed
                powers.append(power_over_seeds(needed, 0.01, 0.01))
            share = 100 * float((np.array(powers) >= base.power).mean())
            lines.append(f"| {runs} seeds | {name} | {share:.0f} % | {100 * float(np.median(powers)):.0f} % |")
            print(lines[-1], flush=True)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repetitions", type=int, default=20_000)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    error = 100 * math.sqrt(0.8 * 0.2 / options.repetitions)
    lines = [
        "# Does a plan keep its promise?", "",
        "`python benchmarks/plan_power.py --out docs/planning.md`; [the guide](guides/plan.md) says how to plan.", "",
        f"`classmark plan` names a number; {options.repetitions:,} test sets of that size (fewer with groups) are drawn with",
        "the figures of the plan, and decided as `judge`, `compare` and `study` decide. Shown is in how many of 100 the answer",
        "is the one that was planned for, beside the power that the plan computes at that number.",
        f"Chance moves a figure by {error:.1f} points as one standard error.", "",
        *power_lines(options.repetitions), "",
        "Intervals are as wide as planned, on average:", "",
        *width_lines(), "",
        "A deviation from a few seeds is too small in more than half of all pilots. Planned with its upper 80 % limit",
        "(Browne 1995), as `--pilot-seeds` does, a study has the wanted power of 80 % in about 80 of 100 cases:", "",
        *pilot_lines(options.repetitions),
    ]  # fmt: skip
    if options.out:
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

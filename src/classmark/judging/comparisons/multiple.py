"""Two or more models on the same rows: each against the first, every pair, and what many comparisons are worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Any

from classmark.errors import InputError
from classmark.judging.checks import Check
from classmark.judging.comparisons.compare import (
    Comparison,
    compare_matched,
    detectable_sentence,
    find_numbered,
    find_of_sides,
    points_text,
    positive_of,
)
from classmark.judging.comparisons.dominated import CostBesideQuality, weigh_costs
from classmark.judging.comparisons.matching import match
from classmark.judging.comparisons.not_worse import Asked, check_pairs
from classmark.judging.comparisons.paired import Difference, Sampled, better_side
from classmark.judging.comparisons.simultaneous import Best, Simultaneous, best_accuracy, simultaneous_pairs
from classmark.judging.findings.judgement import COMPARED_SCORES, Finding
from classmark.judging.rows import row_groups, scored_rows
from classmark.judging.scored import TOP_K_CLASSES
from classmark.judging.statistics.level import at_level_of, risk
from classmark.judging.statistics.p_values import holm
from classmark.judging.statistics.resampling import whole_draws, whole_seed
from classmark.predictions import Predictions
from classmark.runs.prediction_cost import PredictionCost

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
P_VALUES = (
    "two-sided; of accuracy McNemar's mid-p (with groups that of the t interval by group sums), of ROC areas of two classes "
    "DeLong's, of other means the paired t test's, else that of the bootstrap's deviation"
)


@dataclass(frozen=True)
class Comparisons:
    """Every pair of two or more models on the same rows; A, the first, is the baseline.

    Attributes:
        names: what the models are called, A first.
        rows, classes, positive, groups, draws, seed: as of one comparison.
        pairs: A with B, A with C, …, B with C, …; differences are the later letter less the earlier one.
        findings: what a reader must know.
        plans: letter → which column of its file became what; None for a table of classmark's own.
        checks: what was asked of the models beside A, with the results.
        simultaneous: of three models or more, for each pair the intervals by metric that hold for all pairs of a metric at once.
        best: of three models or more, the one with the highest accuracy; None with groups or weights.
        cost: what predictions cost, and which models are dominated; None where that is known of fewer than two.
    """

    names: tuple[str, ...]
    rows: int
    classes: tuple[str, ...]
    positive: str | None
    groups: int | None
    pairs: tuple[Comparison, ...]
    findings: tuple[Finding, ...]
    draws: int
    seed: int
    plans: dict[str, str | None]
    checks: tuple[Check, ...] = ()
    simultaneous: tuple[dict[str, Simultaneous], ...] = ()
    best: Best | None = None
    cost: CostBesideQuality | None = None

    @property
    def metrics(self) -> dict[str, Difference]:
        """The differences of the first pair, B − A."""
        return self.pairs[0].metrics

    @property
    def letters(self) -> tuple[tuple[str, str], ...]:
        """The letters of both models of each pair."""
        return tuple(combinations(LETTERS[: len(self.names)], 2))

    @property
    def against_first(self) -> tuple[Comparison, ...]:
        """The pairs with A."""
        return self.pairs[: len(self.names) - 1]

    @cached_property
    def p_holm(self) -> tuple[dict[str, float], ...]:
        """Of each pair the p values by metric, by Holm's method over all pairs of that metric."""
        return corrected(self.pairs)

    @cached_property
    def p_holm_against_first(self) -> tuple[dict[str, float], ...]:
        """Of each pair with A the p values by metric, by Holm's method over these pairs alone."""
        return corrected(self.against_first)

    @property
    def family(self) -> str:
        """What Holm's correction is over."""
        few, all_pairs = len(self.against_first), len(self.pairs)
        return (
            f"one family for each metric: p_holm is corrected over all {all_pairs} pairs, p_holm_against_first over the "
            f"{few} comparisons with A; metrics are not corrected for one another; simultaneous intervals hold for all "
            f"{all_pairs} pairs of a metric at once (max-t), the others for one pair each"
        )

    @property
    def level(self) -> float:
        """The level of all intervals; tests use 1 − level."""
        return self.pairs[0].level

    @cached_property
    @at_level_of("self")
    def sentence(self) -> str:
        """All against the first in accuracy, and which of these differences survive Holm's correction; of two, the pair's."""
        if len(self.pairs) == 1:
            return self.pairs[0].sentence
        told = [
            (letter, pair, adjusted.get("accuracy"))
            for letter, pair, adjusted in zip(LETTERS[1:], self.against_first, self.p_holm_against_first, strict=False)
        ]
        parts = "; ".join(_against(letter, pair) for letter, pair, _ in told)
        better = [letter for letter, pair, _ in told if better_side("accuracy", pair.metrics["accuracy"])]
        standing = [letter for letter, _, p in told if letter in better and p is not None and p < risk()]
        start = f"Compared with A ({self.names[0]}) on the same {self.rows:,} rows, in accuracy: {parts}."
        return f"{start} {_standing(better, standing, len(told))}"

    @property
    def best_sentence(self) -> str:
        """Which model is the best on these rows, and what its accuracy is given that it was chosen by them; may be empty."""
        if self.best is None:
            return ""
        name, count = self.names[LETTERS.index(self.best.model)], len(self.names)
        value, low, high = (100 * number for number in (self.best.value, self.best.low, self.best.high))
        return (
            f"The best of the {count} by accuracy on these rows is {self.best.model} ({name}): {value:.1f} % ({low:.1f} to "
            f"{high:.1f}), an interval that allows for the choice among {count}."
        )

    def to_json(self) -> dict[str, Any]:
        """The first pair under its own keys, then every pair; of three or more also the p values by Holm's method."""
        content = self.pairs[0].to_json() | {
            "findings": [vars(finding) for finding in self.findings],
            "sentence": self.sentence,
            "models": dict(zip(LETTERS, self.names, strict=False)),
            "baseline": "A",
            "plans": self.plans,
            "checks": [vars(check) for check in self.checks],
            "level": self.level,
            "cost": None if self.cost is None else asdict(self.cost),
        }
        if len(self.pairs) == 1:
            return content | {"pairs": [{"letters": ["A", "B"], **self.pairs[0].to_json()}]}
        few = self.p_holm_against_first
        at_once = [{name: vars(one) for name, one in found.items()} for found in self.simultaneous]
        pairs = [
            {"letters": list(letters), **pair.to_json(), "p_holm": adjusted, "simultaneous": at_once[place]}
            | ({"p_holm_against_first": few[place]} if place < len(few) else {})
            for place, (letters, pair, adjusted) in enumerate(zip(self.letters, self.pairs, self.p_holm, strict=True))
        ]
        content["best"] = None if self.best is None else vars(self.best)
        return content | {"family": self.family, "p_values": P_VALUES, "pairs": pairs}


def compare_all(
    tables: Sequence[Predictions],
    *,
    positive: str | None = None,
    draws: int = 1000,
    seed: int = 0,
    names: Sequence[str] | None = None,
    asked: Asked | None = None,
) -> Comparisons:
    """Every metric of two or more tables compared in pairs, rows matched by id, at the level that holds.

    Args:
        tables: the first is the baseline; the others' classes may stand in another order.
        positive: the positive class of two; without it, the one that a table names, else the second of the first table.
        draws: of the bootstrap.
        seed: of the bootstrap.
        names: what the tables are called, instead of their files.
        asked: checks of each of the others against the first.

    Raises:
        PredictionsError: ids, labels, classes, groups or weights differ.
        InputError: there are fewer than two tables or more than letters, `positive` is no class, or a check asks for a
            metric that is not compared.
    """
    if not 2 <= len(tables) <= len(LETTERS):
        raise InputError(f"compare: {len(tables)} sets of predictions. Give two to {len(LETTERS)}.")
    draws, seed = whole_draws(draws), whole_seed(seed)
    called = tuple(names or (table.source for table in tables))
    found = match(tables, called)
    rows = found.tables
    index, groups = positive_of(rows, positive), row_groups(rows[0])
    sampled = [Sampled(scored_rows(table, index), groups, draws, seed) for table in rows]
    pairs = tuple(
        compare_matched((rows[a], rows[b]), (sampled[a], sampled[b]), (called[a], called[b]), (LETTERS[a], LETTERS[b]))
        for a, b in combinations(range(len(rows)), 2)
    )
    against_first = pairs[: len(rows) - 1]
    several = len(rows) > 2
    left_out = pairs[0].findings if len(pairs) == 1 else _left_out(rows, called) + find_numbered(rows)
    return Comparisons(
        names=called,
        rows=len(rows[0]),
        classes=rows[0].classes,
        positive=pairs[0].positive,
        groups=pairs[0].groups,
        pairs=pairs,
        findings=find_of_sides(tables, found, sampled, called) + left_out,
        draws=draws,
        seed=seed,
        plans={letter: table.plan for letter, table in zip(LETTERS, tables, strict=False)},
        simultaneous=simultaneous_pairs(sampled, [pair.metrics for pair in pairs]) if several else (),
        best=best_accuracy(sampled, LETTERS) if several else None,
        checks=check_pairs(against_first, LETTERS[1 : len(rows)], asked or Asked()),
    )


@at_level_of("comparisons")
def with_costs(comparisons: Comparisons, costs: Sequence[PredictionCost | None]) -> Comparisons:
    """The comparison with what a prediction of each model costs, None where it is not known."""
    known = {letter: cost for letter, cost in zip(LETTERS, costs, strict=False) if cost is not None}
    adjusted = comparisons.p_holm if len(comparisons.pairs) > 1 else ()
    return replace(comparisons, cost=weigh_costs(known, comparisons.letters, comparisons.pairs, adjusted))


def corrected(pairs: Sequence[Comparison]) -> tuple[dict[str, float], ...]:
    """Of each pair its p values by metric, by Holm's method over the pairs; a metric without a p value is left out."""
    found: tuple[dict[str, float], ...] = tuple({} for _ in pairs)
    for name in dict.fromkeys(name for pair in pairs for name in pair.metrics):
        known = [(place, p) for place, pair in enumerate(pairs) if (p := _p(pair.metrics, name)) is not None]
        for (place, _), adjusted in zip(known, holm([p for _, p in known]), strict=True):
            found[place][name] = adjusted
    return found


def survives(name: str, difference: Difference | None, adjusted: float | None) -> bool:
    """Whether the interval tells the two apart and Holm's correction still does."""
    return bool(better_side(name, difference)) and adjusted is not None and adjusted < risk()


def _p(metrics: Mapping[str, Difference], name: str) -> float | None:
    return metrics[name].p if name in metrics else None


def _against(letter: str, pair: Comparison) -> str:
    accuracy, who = pair.metrics["accuracy"], f"{letter} ({pair.b})"
    if accuracy.low is None or accuracy.high is None:
        return f"{who} has no interval of its difference"
    if side := better_side("accuracy", accuracy):
        return f"{who} is {'better' if side == 'B' else 'worse'} by {points_text(accuracy)}"
    detectable = detectable_sentence(pair.minimum_detectable_difference)
    return (
        f"{who} cannot be told from it, {points_text(accuracy, signed=True)}: {detectable[0].lower()}{detectable[1:-1]}"
    )


def _standing(better: Sequence[str], standing: Sequence[str], count: int) -> str:
    if not better:
        return "None of them is told apart from it, with or without correction for their number."
    fallen = [letter for letter in better if letter not in standing]
    over = f"After Holm's correction over these {count} comparisons"
    if not fallen:
        those = "the difference still stands" if len(better) == 1 else "these differences still stand"
        return f"{over} {those if len(better) < count or count == 1 else 'all of them still stand'}."
    if not standing:
        return (
            f"{over} {'the difference no longer stands' if len(better) == 1 else 'none of these differences stands'}."
        )
    return f"{over} {listed(standing)} still {_stand(standing)}, {listed(fallen)} no longer {_stand(fallen)}."


def _stand(letters: Sequence[str]) -> str:
    return "differs" if len(letters) == 1 else "differ"


def listed(letters: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    return letters[0] if len(letters) == 1 else f"{', '.join(letters[:-1])} and {letters[-1]}"


def _left_out(tables: Sequence[Predictions], names: Sequence[str]) -> tuple[Finding, ...]:
    """Which models have no scores, and what therefore is left out of their pairs."""
    without = [name for name, table in zip(names, tables, strict=True) if not table.has_probabilities]
    scores = COMPARED_SCORES + (", top-5 accuracy" if len(tables[0].classes) >= TOP_K_CLASSES else "")
    return tuple(
        Finding("scores_left_out", "info", f"{name} has predicted labels only, so its pairs leave out: {scores}.")
        for name in without
    )

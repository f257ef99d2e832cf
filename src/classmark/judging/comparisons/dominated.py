"""Quality beside cost: which of the compared models another one beats in both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from classmark.judging.comparisons.compare import Comparison, points_text
from classmark.judging.comparisons.paired import better_side
from classmark.judging.statistics.level import risk
from classmark.runs.prediction_cost import PredictionCost

# Repeated measurements on a quiet machine agree within 2 to 36 % for one row, 2 to 20 % for many (docs/benchmarks.md): a smaller
# ratio is no difference.
TOLERANCE = 1.4


@dataclass(frozen=True)
class Dominated:
    """A model that costs more than another one without being shown to be more accurate.

    Attributes:
        model, by: their letters.
        is_certain: whether the other one is shown to be more accurate; else the rows tell no difference.
        one_row: how many times as long the model takes for one row.
        many_rows: how many times as many rows a second the other one predicts.
        sentence: the same in words.
    """

    model: str
    by: str
    is_certain: bool
    one_row: float
    many_rows: float
    sentence: str


@dataclass(frozen=True)
class CostBesideQuality:
    """What the compared models cost.

    Attributes:
        costs: letter → what a prediction costs, of the models of which that is known.
        dominated: each model at most once, by the one that is furthest ahead.
        note: why nothing is said of some; may be empty.
    """

    costs: dict[str, PredictionCost]
    dominated: tuple[Dominated, ...]
    note: str = ""


def weigh_costs(
    costs: Mapping[str, PredictionCost],
    letters: Sequence[tuple[str, str]],
    pairs: Sequence[Comparison],
    adjusted: Sequence[Mapping[str, float]],
) -> CostBesideQuality | None:
    """Quality beside cost; None where the costs of fewer than two models are known.

    Args:
        costs: letter → cost.
        letters: of both models of each pair.
        pairs: their comparisons.
        adjusted: of each pair the p values by metric after Holm's correction; empty where there is one pair alone.
    """
    if len(costs) < 2:
        return None
    note = _incomparable(costs)
    found: dict[str, Dominated] = {}
    for place, ((first, second), pair) in enumerate(zip(letters, pairs, strict=True)):
        if note or first not in costs or second not in costs:
            continue
        p = adjusted[place].get("accuracy") if adjusted else None
        for model, by in ((first, second), (second, first)):
            one = _dominated(model, by, first, pair, costs, p)
            if one is not None and (model not in found or _rank(one) > _rank(found[model])):
                found[model] = one
    return CostBesideQuality(dict(costs), tuple(found[letter] for letter in sorted(found)), note)


def _incomparable(costs: Mapping[str, PredictionCost]) -> str:
    places = {(cost.machine, cost.threads) for cost in costs.values()}
    if len(places) > 1:
        return "The costs were measured on different machines or with different numbers of threads, so they are not compared."
    busy = [letter for letter, cost in costs.items() if cost.busy]
    if busy:
        names = " and ".join(busy)
        return f"Other programs were computing while the cost of {names} was measured, so the costs are not compared."
    return ""


def _dominated(
    model: str, by: str, first: str, pair: Comparison, costs: Mapping[str, PredictionCost], p: float | None
) -> Dominated | None:
    one_row = costs[model].one_row_p50_seconds / costs[by].one_row_p50_seconds
    many_rows = costs[by].rows_per_second / costs[model].rows_per_second
    if min(one_row, many_rows) < 1 / TOLERANCE or max(one_row, many_rows) < TOLERANCE:
        return None
    accuracy = pair.metrics["accuracy"]
    side = better_side("accuracy", accuracy) if p is None or p < risk() else ""
    if accuracy.low is None or accuracy.high is None or side == ("A" if model == first else "B"):
        return None
    cheaper = (
        f"takes {1 / one_row:.2g} of its time for one row and predicts {many_rows:.2g} times as many rows a second"
    )
    if side:
        sentence = f"{model} is dominated by {by}, which is more accurate by {points_text(accuracy)}, {cheaper}."
    else:
        sentence = (
            f"{model} is not shown to be worth its cost: {by} {cheaper}, and these rows show no difference in accuracy."
        )
    return Dominated(model, by, bool(side), one_row, many_rows, sentence)


def _rank(one: Dominated) -> tuple[bool, float]:
    return one.is_certain, one.many_rows

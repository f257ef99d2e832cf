"""Whether a mixture is better than its best part, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from classmark.judging.comparisons.paired import better_side
from classmark.judging.findings.finding import Finding
from classmark.judging.statistics.level import percent

if TYPE_CHECKING:
    from classmark.judging.comparisons.compare import Comparison

Verdict = Literal["better", "not settled", "worse"]
TITLES = {"model": "the model", "linear": "the linear baseline"}  # the parts of a run's mixture


def part_title(name: str) -> str:
    """What sentences call a part."""
    return TITLES.get(name, name)


def verdict(comparisons: Mapping[str, Comparison]) -> Verdict:
    """Of a mixture (B) against each of its parts (A), in accuracy.

    Better where it is better than each, worse where one is better, by interval and test alike. So no best part is picked
    on these rows, and the number of parts needs no correction (Berger 1982, intersection-union tests).
    """
    sides = [_better(one) for one in comparisons.values()]
    if all(side == "B" for side in sides):
        return "better"
    return "worse" if "A" in sides else "not settled"


def mixture_sentence(comparisons: Mapping[str, Comparison]) -> str:
    """The verdict with the differences that it rests on."""
    rows = f"on the same {next(iter(comparisons.values())).rows:,} rows"
    said = verdict(comparisons)
    if said == "better":
        parts = [
            f"{_points(one)}{'' if place else ' points of accuracy'} over {part_title(name)}{_interval(one)}"
            for place, (name, one) in enumerate(comparisons.items())
        ]
        listed = f"{', '.join(parts[:-1])} and {parts[-1]}"
        return f"The mixture is better than each of its parts {rows}: {listed}."
    name = _hardest(comparisons)
    by = f"{_points(comparisons[name])} points of accuracy{_interval(comparisons[name])} {rows}"
    best = ", its best part" if _is_best(name, comparisons) else ""
    if said == "worse":
        return f"The mixture is worse than {part_title(name)}{best}: {by}. Use that alone."
    return f"The mixture is not shown to be better than {part_title(name)}{best}: {by}.{_better_ranking(comparisons)}"


def _better_ranking(comparisons: Mapping[str, Comparison]) -> str:
    """A sentence, if every interval of the difference in ROC area lies above zero.

    The area sees gains that accuracy rounds away. Unlike log loss, it does not count a mere recalibration as one.
    """
    areas = {name: one.metrics["roc_auc"] for name, one in comparisons.items() if "roc_auc" in one.metrics}
    if len(areas) < len(comparisons) or not all(area.low is not None and area.low > 0 for area in areas.values()):
        return ""
    name = min(areas, key=lambda part: areas[part].difference or 0.0)
    area = areas[name]
    return (
        f" But it ranks them better than each part does: its ROC area is higher by {area.difference:.4f} "
        f"({area.low:.4f} to {area.high:.4f}) than that of {part_title(name)}."
    )


def find_mixture(comparisons: Mapping[str, Comparison]) -> list[Finding]:
    """What a reader must know of a mixture: whether it is better than its best part."""
    message = mixture_sentence(comparisons)
    match verdict(comparisons):
        case "better":
            return [Finding("mixture_better", "info", message)]
        case "worse":
            return [Finding("mixture_worse", "warning", message)]
    return [Finding("mixture_not_better", "info", message)]


def _hardest(comparisons: Mapping[str, Comparison]) -> str:
    """The part that the mixture is furthest behind, or least ahead of, among those it is not better than."""
    counted = ("A",) if verdict(comparisons) == "worse" else ("A", "")
    ahead = {
        name: one.metrics["accuracy"].difference or 0.0 for name, one in comparisons.items() if _better(one) in counted
    }
    return min(ahead, key=lambda name: ahead[name])


def _better(one: Comparison) -> str:
    return better_side("accuracy", one.metrics["accuracy"])


def _is_best(name: str, comparisons: Mapping[str, Comparison]) -> bool:
    own = comparisons[name].metrics["accuracy"].a or 0.0
    return own >= max(one.metrics["accuracy"].a or 0.0 for one in comparisons.values())


def _points(one: Comparison) -> str:
    difference = one.metrics["accuracy"].difference
    return "–" if difference is None else f"{100 * difference:+.2f}"


def _interval(one: Comparison) -> str:
    low, high = one.metrics["accuracy"].low, one.metrics["accuracy"].high
    if low is None or high is None:
        return ", without an interval,"
    return f" ({percent()} interval {100 * low:+.2f} to {100 * high:+.2f})"

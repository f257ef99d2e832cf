"""What the page of three or more models says of their metrics: values beside each other, differences on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from classmark.judging.comparisons.compare import Comparison
from classmark.judging.comparisons.multiple import Comparisons, survives
from classmark.judging.comparisons.paired import Difference, better_side
from classmark.judging.statistics.intervals import Estimate
from classmark.report.headline import HEADLINE, difference_bar
from classmark.report.sides import Sides


@dataclass(frozen=True)
class Values:
    """A metric of every model with the interval of each alone; None where a model lacks it."""

    name: str
    estimates: tuple[Estimate | None, ...]


@dataclass(frozen=True)
class PairRow:
    """A metric's difference between two models.

    Attributes:
        first, second: their letters; the difference is second − first.
        pair: the whole comparison.
        difference: of this metric.
        p_holm: after Holm's correction over the rows it stands with; None where there is no p value.
        better: the letter of the better one where the interval excludes zero, else empty.
        survives: whether Holm's correction leaves that.
        bar: the interval about zero as SVG, on the scale of all rows of the metric.
    """

    first: str
    second: str
    pair: Comparison
    difference: Difference
    p_holm: float | None
    better: str
    survives: bool
    bar: str


@dataclass(frozen=True)
class Forest:
    """The differences of one metric."""

    name: str
    rows: tuple[PairRow, ...]


def value_rows(sides: Sides) -> list[Values]:
    """The metrics that any side has."""
    found = [side.judgement.metrics for side in sides]
    shown = [name for name in HEADLINE if any(name in metrics for metrics in found)]
    if "f1" in shown:
        shown = [name for name in shown if name != "f1_macro"]
    return [Values(name, tuple(metrics.get(name) for metrics in found)) for name in shown]


def against_first(comparison: Comparisons) -> list[Forest]:
    """The differences from A by metric, corrected over these."""
    return _forests(comparison.letters, comparison.against_first, comparison.p_holm_against_first)


def every_pair(comparison: Comparisons) -> list[Forest]:
    """The differences of all pairs by metric, corrected over all."""
    return _forests(comparison.letters, comparison.pairs, comparison.p_holm)


def _forests(
    letters: Sequence[tuple[str, str]], pairs: Sequence[Comparison], adjusted: Sequence[dict[str, float]]
) -> list[Forest]:
    names = [name for name in HEADLINE if any(name in pair.metrics for pair in pairs)]
    return [Forest(name, tuple(_rows(name, letters, pairs, adjusted))) for name in names]


def _rows(
    name: str, letters: Sequence[tuple[str, str]], pairs: Sequence[Comparison], adjusted: Sequence[dict[str, float]]
) -> list[PairRow]:
    ends = [
        abs(end) for pair in pairs if (one := pair.metrics.get(name)) for end in (one.low, one.high) if end is not None
    ]
    reach = 1.08 * max(ends, default=1.0)
    found = []
    for (first, second), pair, p_values in zip(letters, pairs, adjusted, strict=False):
        if (difference := pair.metrics.get(name)) is None:
            continue
        side = better_side(name, difference)
        found.append(
            PairRow(
                first=first,
                second=second,
                pair=pair,
                difference=difference,
                p_holm=p_values.get(name),
                better={"A": first, "B": second, "": ""}[side],
                survives=survives(name, difference, p_values.get(name)),
                bar=difference_bar(difference, reach),
            )
        )
    return found

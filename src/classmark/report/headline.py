"""The metrics of two models side by side, each with the paired difference that tells them apart or does not."""

from __future__ import annotations

from dataclasses import dataclass

from classmark.judging.comparisons.compare import Comparison
from classmark.judging.comparisons.paired import Difference, better_side
from classmark.judging.metric import SHARES, SPOKEN
from classmark.judging.statistics.intervals import Estimate
from classmark.report.sides import Sides

HEADLINE = (
    "accuracy",
    "top5_accuracy",
    "f1",
    "f1_macro",
    "mcc",
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "ece",
)
MOST_DECIMALS = 8


@dataclass(frozen=True)
class Headline:
    """A metric on both sides and its paired difference.

    Attributes:
        name: of the metric.
        a, b: with the interval of each alone; None where one side lacks it.
        paired: B − A; None where no paired interval is made of this metric.
        better: A or B where the paired interval lies wholly on its side, else empty.
    """

    name: str
    a: Estimate | None
    b: Estimate | None
    paired: Difference | None
    better: str

    @property
    def difference(self) -> float | None:
        """B − A of the values."""
        values = [one.value if one else None for one in (self.a, self.b)]
        return None if values[0] is None or values[1] is None else values[1] - values[0]


def headline(comparison: Comparison, sides: Sides) -> list[Headline]:
    """The metrics that a side has, each with what tells the two apart."""
    a, b = (side.judgement.metrics for side in sides[:2])
    paired = comparison.metrics
    return [
        Headline(name, a.get(name), b.get(name), paired.get(name), better_side(name, paired.get(name)))
        for name in HEADLINE
        if (name in a or name in b) and not (name == "f1_macro" and "f1" in a)
    ]


def metrics_sentence(rows: list[Headline]) -> str:
    """Which side the paired intervals favour, metric by metric: they need not all favour the same one."""
    tested = [row for row in rows if row.paired is not None and row.paired.low is not None]
    parts = []
    for letter, words in (("A", "A is better in"), ("B", "B is better in"), ("", "nothing can be told from")):
        named = [SPOKEN[row.name] for row in tested if row.better == letter]
        if named:
            listed = f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else named[0]
            parts.append(f"{words} {listed}")
    return f"By the paired intervals {'; '.join(parts)}." if parts else "No metric has a paired interval on these rows."


def amount(value: float | None, name: str) -> str:
    """A difference with its sign: of shares in points with two decimals, of others with four."""
    if value is None:
        return "–"
    shown, decimals = (100 * value, 2) if name in SHARES else (value, 4)
    # More of them where an end of an interval would else read as zero and yet tell the two apart.
    while shown and round(shown, decimals) == 0 and decimals < MOST_DECIMALS:
        decimals += 1
    return f"{shown:+.{decimals}f}"


def difference_bar(paired: Difference | None, reach: float | None = None) -> str:
    """A small bar about zero with the interval of a difference, as SVG; empty where there is none.

    Args:
        paired: the difference.
        reach: what the ends of the bar stand for; without it, a little more than the farther end of the interval.
    """
    if paired is None or paired.low is None or paired.high is None:
        return ""
    reach = reach or 1.15 * max(abs(paired.low), abs(paired.high))
    low, high = (50 + 50 * end / reach for end in (paired.low, paired.high))
    import markupsafe

    return markupsafe.Markup(
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" y="2" width="100" height="2" rx="1"/>'
        f'<rect class="span" x="{low:.2f}" y="1" width="{max(0.8, high - low):.2f}" height="4" rx="1"/>'
        '<rect class="zero" x="49.6" width="0.8" height="6"/></svg>'
    )

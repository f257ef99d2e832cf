"""`report.html` of two models on the same rows: which is better, how sure that is, and what may be the cause."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classmark.judging.comparisons import Comparison, Difference
from classmark.judging.findings import Finding
from classmark.judging.intervals import Estimate
from classmark.judging.paired import further_differences
from classmark.report.charts import Chart
from classmark.report.disagreements import (
    agreement,
    class_differences,
    confident_disagreements,
    largest_differences,
)
from classmark.report.figures import figure_svgs
from classmark.report.origins import differing_settings, settings_sentence, shared_facts
from classmark.report.overlays import curve_overlay, fractional_epochs, history_overlay, reliability_overlay
from classmark.report.page import page_environment
from classmark.report.sides import Side, Sides
from classmark.report.words import METRIC_TITLES, SHARES
from classmark.runs import write_text

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
LOWER_IS_BETTER = ("log_loss", "brier", "ece")
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


def write_comparison(out: Path, comparison: Comparison, sides: Sides) -> Path:
    """The path of `out/report.html`, written with its figures in `out/figures/`.

    Args:
        out: the folder.
        comparison: what the page says first.
        sides: its two models, from `build_sides`.
    """
    charts = comparison_charts(sides)
    svgs = figure_svgs(charts, out / "figures")
    settings, rows = differing_settings(sides), headline(comparison, sides)
    classes = class_differences(sides) if len(comparison.classes) > 2 else []
    page = (
        page_environment()
        .get_template("comparison.html.j2")
        .render(
            comparison=comparison,
            sides=sides,
            title=f"{comparison.a} and {comparison.b}",
            headline=rows,
            metrics_sentence=metrics_sentence(rows),
            findings=both_findings(sides),
            charts={chart.name: {"reading": chart.reading, "svg": svgs[chart.name]} for chart in charts},
            epochs=epoch_rows(sides),
            loss_note=loss_note(sides),
            settings=settings,
            settings_sentence=settings_sentence(sides, settings),
            facts=shared_facts(sides),
            agreement=agreement(sides),
            disagreements={letter: confident_disagreements(sides, letter) for letter in "AB"},
            classes=classes,
            ahead={letter: largest_differences(classes, letter) for letter in "AB"},
            difference_bar=difference_bar,
            amount=amount,
        )
    )
    write_text(out / "report.html", page)
    return out / "report.html"


def comparison_charts(sides: Sides) -> list[Chart]:
    """Every chart that both sides have data for; losses only where both minimised the same one."""
    charts: list[Chart | None] = []
    if all(side.history for side in sides):
        charts.append(history_overlay(sides, "accuracy"))
        if same_loss(sides):
            charts.append(history_overlay(sides, "loss"))
    charts += [reliability_overlay(sides), curve_overlay(sides, "roc"), curve_overlay(sides, "precision_recall")]
    return [chart for chart in charts if chart is not None]


def same_loss(sides: Sides) -> bool:
    """Whether both recipes are known to minimise the same loss."""
    a, b = (side.recipe.get("loss") for side in sides)
    return bool(sides[0].recipe) and a == b


def loss_note(sides: Sides) -> str:
    """Why no loss is drawn; empty where one is, or where there are no curves."""
    if not all(side.history for side in sides):
        without = " and ".join(side.letter for side in sides if not side.history)
        return f"No curves per epoch: {without} has no history of its training." if any_run(sides) else ""
    if same_loss(sides):
        return ""
    kinds = [(side.recipe.get("loss") or {}).get("kind", "an unknown loss") for side in sides]
    named = (
        f"A minimises {kinds[0]}, B {kinds[1]}" if kinds[0] != kinds[1] else f"both minimise {kinds[0]}, otherwise set"
    )
    return (
        f"The losses are not drawn over each other: {named}, and such values have different scales by construction, so "
        "neither their height nor how fast they fall can be compared. The log loss in the table above is one measure for both."
    ).replace("_", "-")


def any_run(sides: Sides) -> bool:
    """Whether a side is a run folder."""
    return any(side.run is not None for side in sides)


def headline(comparison: Comparison, sides: Sides) -> list[Headline]:
    """The metrics that a side has, each with what tells the two apart."""
    a, b = (side.judgement.metrics for side in sides)
    rows_a, rows_b = (side.predictions for side in sides)
    paired = comparison.metrics | further_differences(rows_a, rows_b, comparison.positive)
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
        named = [METRIC_TITLES[row.name] for row in tested if row.better == letter]
        if named:
            listed = f"{', '.join(named[:-1])} and {named[-1]}" if len(named) > 1 else named[0]
            parts.append(f"{words} {listed.lower().replace('roc', 'ROC').replace('brier', 'Brier')}")
    return f"By the paired intervals {'; '.join(parts)}." if parts else "No metric has a paired interval on these rows."


def better_side(name: str, paired: Difference | None) -> str:
    """The side on which the interval of the difference lies wholly, empty where there is none or zero is in it."""
    if paired is None or paired.low is None or paired.high is None or paired.low <= 0 <= paired.high:
        return ""
    return "B" if (paired.low > 0) != (name in LOWER_IS_BETTER) else "A"


def both_findings(sides: Sides) -> list[tuple[str, Finding]]:
    """The problems and warnings of both judgements with the letters of the sides that have them."""
    found: dict[Finding, str] = {}
    for side in sides:
        for finding in side.judgement.findings:
            if finding.severity != "info":
                found[finding] = found.get(finding, "") + side.letter
    return [(letters, finding) for finding, letters in found.items()]


def epoch_rows(sides: Sides) -> list[dict[str, Any]]:
    """Validation accuracy at the end of each epoch in A and in B, None where a run has ended."""
    if not all(side.history for side in sides):
        return []
    ends = [_at_epoch_ends(side) for side in sides]
    return [
        {"epoch": epoch, "a": ends[0].get(epoch), "b": ends[1].get(epoch)} for epoch in sorted({*ends[0], *ends[1]})
    ]


def _at_epoch_ends(side: Side) -> dict[int, float | None]:
    places = zip(side.history, fractional_epochs(side), strict=True)
    return {row["epoch"]: row.get("validation_accuracy") for row, place in places if place == row["epoch"]}


def amount(value: float | None, name: str) -> str:
    """A difference with its sign: of shares in points with two decimals, of others with four."""
    if value is None:
        return "–"
    shown, decimals = (100 * value, 2) if name in SHARES else (value, 4)
    # More of them where an end of an interval would else read as zero and yet tell the two apart.
    while shown and round(shown, decimals) == 0 and decimals < MOST_DECIMALS:
        decimals += 1
    return f"{shown:+.{decimals}f}"


def difference_bar(paired: Difference | None) -> str:
    """A small bar about zero with the interval of a difference, as SVG; empty where there is none."""
    if paired is None or paired.low is None or paired.high is None:
        return ""
    reach = 1.15 * max(abs(paired.low), abs(paired.high))
    low, high = (50 + 50 * end / reach for end in (paired.low, paired.high))
    import markupsafe

    return markupsafe.Markup(
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" y="2" width="100" height="2" rx="1"/>'
        f'<rect class="span" x="{low:.2f}" y="1" width="{max(0.8, high - low):.2f}" height="4" rx="1"/>'
        '<rect class="zero" x="49.6" width="0.8" height="6"/></svg>'
    )

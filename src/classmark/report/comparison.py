"""`report.html` of two models on the same rows: which is better, how sure that is, and what may be the cause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from classmark.judging.comparisons import Comparison
from classmark.judging.findings import Finding
from classmark.report.charts import Chart, fractional_epochs
from classmark.report.disagreements import (
    agreement,
    class_differences,
    confident_disagreements,
    largest_differences,
)
from classmark.report.figures import figure_svgs
from classmark.report.headline import amount, difference_bar, headline, metrics_sentence
from classmark.report.origins import differing_settings, settings_sentence, shared_facts
from classmark.report.overlays import curve_overlay, history_overlay, reliability_overlay
from classmark.report.page import page_environment
from classmark.report.sides import Side, Sides
from classmark.runs import write_text


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


def both_findings(sides: Sides) -> list[tuple[str, Finding]]:
    """The problems, warnings and caveats of both judgements with the letters of the sides that have them."""
    found: dict[Finding, str] = {}
    for side in sides:
        for finding in side.judgement.findings:
            if finding.severity != "info" or finding.code in side.predictions.caveats:
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
    places = zip(side.history, fractional_epochs(side.history), strict=True)
    return {row["epoch"]: row.get("validation_accuracy") for row, place in places if place == row["epoch"]}

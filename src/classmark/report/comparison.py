"""`report.html` of two or more models on the same rows: which is better, how sure that is, and what may be the cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from classmark.judging.comparisons.compare import Comparison
from classmark.judging.comparisons.disagreements import (
    ClassDifference,
    agreement,
    class_differences,
    largest_differences,
    split_rows,
)
from classmark.judging.comparisons.multiple import Comparisons, listed
from classmark.judging.findings.judgement import Finding
from classmark.judging.statistics.level import at_level_of
from classmark.recipes.side_by_side import differing_settings
from classmark.report.charts import Chart, fractional_epochs
from classmark.report.disagreements import confident_disagreements, lone_mistakes
from classmark.report.figures import figure_svgs
from classmark.report.headline import amount, difference_bar, headline, metrics_sentence
from classmark.report.many import against_first, every_pair, value_rows
from classmark.report.origins import (
    known_recipes,
    settings_sentence,
    shared_facts,
    unknown_recipes,
)
from classmark.report.overlays import curve_overlay, history_overlay, reliability_overlay
from classmark.report.page import page_environment
from classmark.report.prediction_cost import cost_chart, cost_columns
from classmark.report.sides import Side, Sides
from classmark.report.words import decisions_sentence, metric_title
from classmark.system.files import write_text

MOST_ROWS_OF_MANY = 4


@at_level_of("comparison")
def write_comparison(out: Path, comparison: Comparisons, sides: Sides) -> Path:
    """The path of `out/report.html`, written with its figures in `out/figures/`.

    Args:
        out: the folder.
        comparison: what the page says first.
        sides: its models, from `build_sides`.
    """
    charts, costs = comparison_charts(sides), comparison.cost.costs if comparison.cost else {}
    if costs:
        charts.append(cost_chart(sides, costs))
    svgs = figure_svgs(charts, out / "figures")
    made = known_recipes(sides)
    settings = differing_settings([side.recipe for side in made])
    numbers = _of_two(comparison.pairs[0], sides) if len(sides) == 2 else _of_many(comparison, sides)
    page = (
        page_environment()
        .get_template("comparison.html.j2")
        .render(
            comparison=comparison,
            sides=sides,
            title=" and ".join(filter(None, [", ".join(comparison.names[:-1]), comparison.names[-1]])),
            findings=all_findings(sides),
            charts={chart.name: {"reading": chart.reading, "svg": svgs[chart.name]} for chart in charts},
            epochs=epoch_rows(sides),
            loss_note=loss_note(sides),
            settings=settings,
            settings_sides=made,
            settings_sentence=" ".join(filter(None, [unknown_recipes(sides), settings_sentence(made, settings)])),
            facts=shared_facts(sides),
            without_scores=listed([side.letter for side in sides if not side.predictions.has_probabilities] or [""]),
            difference_bar=difference_bar,
            title_of=partial(metric_title, positive=comparison.positive),
            decisions=decisions_sentence([side.judgement for side in sides]),
            amount=amount,
            cost_rows=cost_columns(costs),
            **numbers,
        )
    )
    write_text(out / "report.html", page)
    return out / "report.html"


def _of_two(comparison: Comparison, sides: Sides) -> dict[str, Any]:
    """What the page of two models alone shows."""
    rows, counts = headline(comparison, sides), agreement([side.predictions for side in sides])
    shown = [
        Shown(letter, "right", count, confident_disagreements(sides, letter))
        for letter, count in zip("AB", (counts.only_a, counts.only_b), strict=True)
    ]
    return {
        "pair": comparison,
        "headline": rows,
        "metrics_sentence": metrics_sentence(rows),
        "agreement": counts,
        "shown": shown,
        "class_pairs": _class_pairs([sides]),
    }


def _of_many(comparison: Comparisons, sides: Sides) -> dict[str, Any]:
    """What the page of more models alone shows."""
    counts, most = split_rows({side.letter: side.predictions for side in sides}), MOST_ROWS_OF_MANY
    shown = [
        Shown(letter, "right", count, confident_disagreements(sides, letter, most))
        for letter, count in counts.only_right.items()
    ]
    shown += [
        Shown(letter, "wrong", count, lone_mistakes(sides, letter, most)) for letter, count in counts.only_wrong.items()
    ]
    return {
        "values": value_rows(sides),
        "against": against_first(comparison),
        "every_pair": every_pair(comparison),
        "split": counts,
        "shown": shown,
        "class_pairs": _class_pairs([(sides[0], other) for other in sides[1:]]),
    }


@dataclass(frozen=True)
class Shown:
    """Rows that one model alone gets right or wrong: how many there are, and those that are shown."""

    letter: str
    what: str
    count: int
    rows: list[dict[str, Any]]


@dataclass(frozen=True)
class ClassPair:
    """The classes in which two models differ, and by letter those in which that one is ahead."""

    letters: tuple[str, str]
    classes: list[ClassDifference]
    ahead: dict[str, list[ClassDifference]]


def _class_pairs(pairs: Sequence[Sides]) -> list[ClassPair]:
    """None for two classes, whose recalls the other tables show."""
    if len(pairs[0][0].predictions.classes) == 2:
        return []
    found = []
    for pair in pairs:
        first, second = (side.letter for side in pair)
        classes = class_differences([side.predictions for side in pair])
        ahead = {first: largest_differences(classes, "A"), second: largest_differences(classes, "B")}
        found.append(ClassPair((first, second), classes, ahead))
    return found


def comparison_charts(sides: Sides) -> list[Chart]:
    """Every chart that two sides or more have data for; losses only where all minimised the same one."""
    charts: list[Chart | None] = []
    trained = with_history(sides)
    if len(trained) > 1:
        charts.append(history_overlay(trained, "accuracy"))
        if same_loss(trained):
            charts.append(history_overlay(trained, "loss"))
    charts += [reliability_overlay(sides), curve_overlay(sides, "roc"), curve_overlay(sides, "precision_recall")]
    return [chart for chart in charts if chart is not None]


def with_history(sides: Sides) -> Sides:
    """The sides whose training is known epoch by epoch."""
    return tuple(side for side in sides if side.history)


def same_loss(sides: Sides) -> bool:
    """Whether all recipes are known to minimise the same loss."""
    losses = [side.recipe.get("loss") for side in sides]
    return bool(sides[0].recipe) and all(loss == losses[0] for loss in losses)


def loss_note(sides: Sides) -> str:
    """Whose curves are missing, and why no loss is drawn; empty where nothing is to be said, or nothing is a run."""
    if not any(side.run for side in sides):
        return ""
    trained, without = with_history(sides), [side.letter for side in sides if not side.history]
    absent = (
        f"{listed(without)} {'has' if len(without) == 1 else 'have'} no history of {{}} training." if without else ""
    )
    absent = absent.format("its" if len(without) == 1 else "their")
    if len(trained) < 2:
        return f"No curves per epoch: {absent}"
    if same_loss(trained):
        return absent
    kinds = [(side.recipe.get("loss") or {}).get("kind", "an unknown loss") for side in trained]
    rest = "".join(f", {side.letter} {kind}" for side, kind in zip(trained[1:], kinds[1:], strict=True))
    every = "both" if len(trained) == 2 else "all"
    named = (
        f"{trained[0].letter} minimises {kinds[0]}{rest}"
        if len(set(kinds)) > 1
        else f"{every} minimise {kinds[0]}, otherwise set"
    )
    why = (
        f"The losses are not drawn over each other: {named}, and such values have different scales by construction, so "
        f"neither their height nor how fast they fall can be compared. The log loss in the table above is one "
        f"measure for {every}."
    ).replace("_", "-")
    return f"{why} {absent}".strip()


def all_findings(sides: Sides) -> list[tuple[str, Finding]]:
    """The problems, warnings and caveats of all judgements with the letters of the sides that have them.

    What was remarked when a table was read, and what is said of a side in the comparison itself, stands there already.
    """
    found: dict[Finding, str] = {}
    for side in sides:
        told = {remark.code for remark in side.predictions.remarks} | {
            "below_chance",
            "own_decisions",
            "decisions_differ",
            "weighted",
        }
        for finding in side.judgement.findings:
            if finding.code in told:
                continue
            if finding.severity != "info" or finding.code in side.predictions.caveats:
                found[finding] = found.get(finding, "") + side.letter
    return [(letters, finding) for finding, letters in found.items()]


def epoch_rows(sides: Sides) -> list[dict[str, Any]]:
    """Validation accuracy of every side at the end of each epoch, None where it has none."""
    if len(with_history(sides)) < 2:
        return []
    ends = [_at_epoch_ends(side) for side in sides]
    epochs = sorted({epoch for one in ends for epoch in one})
    return [{"epoch": epoch, "values": [one.get(epoch) for one in ends]} for epoch in epochs]


def _at_epoch_ends(side: Side) -> dict[int, float | None]:
    places = zip(side.history, fractional_epochs(side.history), strict=True)
    return {row["epoch"]: row.get("validation_accuracy") for row, place in places if place == row["epoch"]}

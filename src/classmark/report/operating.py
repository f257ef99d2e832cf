"""Operating points as a reader meets them: a sentence each, and metrics and cost against the threshold as charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from classmark.judging.comparisons.paired import Difference
from classmark.judging.findings.choices import SPOKEN_GOALS, spoken, with_confidence
from classmark.judging.judgement import Judgement
from classmark.judging.parts.operating import COUNTED, OperatingPoint
from classmark.judging.parts.thresholds import ABOVE_ALL, Goal, read_goal
from classmark.report.charts import BLUE, DASHED, GREEN, GREY, HEIGHT, ORANGE, WIDTH, Chart, share_axis
from classmark.report.headline import amount
from classmark.report.vega_lite import Part, category, layers, mark, quantity

DRAWN = {"precision": BLUE, "recall": ORANGE, "f1": GREEN}
TABLE = ("precision", "recall", "f1", "accuracy")
NEAR = 0.05  # upright lines closer than this share a name
SPLITS = {"test": "judged rows", "validation": "validation"}


def point_goal(point: OperatingPoint) -> Goal:
    """The goal that a point was chosen for."""
    return Goal("cost") if point.goal == "cost" else read_goal(point.goal)


def point_name(point: OperatingPoint) -> str:
    """`precision ≥ 0.95`, `highest F1`, `least cost`."""
    goal = point_goal(point)
    if goal.metric == "cost":
        return "least cost"
    return with_confidence(goal, point.guarantee) if goal.minimum is not None else f"highest {spoken(goal)}"


def point_sentence(point: OperatingPoint) -> str:
    """What was chosen on validation, what it gives on the judged rows, and what the largest probability gives there."""
    goal, name = point_goal(point), point_name(point)
    name = name[0].upper() + name[1:]
    if point.threshold is None:
        return f"{name}: no threshold was chosen, as {point.missing}."
    shown = [goal.metric] if goal.minimum is None else [goal.metric, goal.sought]
    shown = ["balanced_accuracy" if metric == "youden" else metric for metric in shown]
    where = f"at a threshold of {point.threshold:.4f}"
    if point.threshold == ABOVE_ALL:
        where = "where no row is called positive"
    elif point.threshold == 0:
        where = "where every row is called positive"
    given = " and ".join(
        f"{SPOKEN_GOALS.get(metric, metric)} {_number(point.difference[metric].a)}" for metric in shown
    )
    parts = "; ".join(_metric(point, metric) for metric in shown)
    sentence = f"{name}, {where}: {parts}. The largest probability gives {given} there."
    return sentence if goal.minimum is None else f"{sentence} {_promise(point, goal)}"


def _promise(point: OperatingPoint, goal: Goal) -> str:
    """On how many rows a minimum rests, and what that promises."""
    kind, called = COUNTED[goal.metric], f"{point.called['test']:,} of the judged rows are called positive."
    if (found := point.guarantee) is None or found.bound is None:
        seen = f"{spoken(goal)} was seen on {point.rests_on:,} {kind}, which promises nothing of new rows"
        return f"{called} {seen[0].upper()}{seen[1:]}."
    return (
        f"{called} Promise for new rows like those of validation, with confidence {found.confidence:g}: {goal.metric} of at "
        f"least {found.bound:.4f}, from {found.rows:,} {kind}, {found.hits:,} of them right."
    )


def _metric(point: OperatingPoint, metric: str) -> str:
    there, here = point.validation[metric], point.test[metric]
    interval = "" if here.low is None or here.high is None else f" ({here.low:.4f} to {here.high:.4f})"
    name = SPOKEN_GOALS.get(metric, metric)
    return f"{name} {_number(there.value)} on validation, {_number(here.value)}{interval} on the judged rows"


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def difference_text(difference: Difference, name: str) -> str:
    """`+1.20 (+0.40 to +2.00)`, of shares in points, of other metrics with four decimals; a dash without an interval."""
    if difference.difference is None or difference.low is None or difference.high is None:
        return "–"
    value, low, high = (amount(each, name) for each in (difference.difference, difference.low, difference.high))
    return f"{value} ({low} to {high})"


def threshold_charts(judgement: Judgement) -> list[Chart]:
    """Precision, recall and F1 against the threshold, and the cost where there is one; none without scores of two classes."""
    if judgement.thresholds is None:
        return []
    charts = [_chart(judgement, "threshold", "Precision, recall and F1 by threshold", DRAWN)]
    if "cost" in judgement.thresholds.curves["test"].metrics:
        charts.append(_chart(judgement, "cost-by-threshold", "Cost of a row by threshold", {"cost": BLUE}))
    return charts


def _chart(judgement: Judgement, name: str, title: str, drawn: dict[str, str]) -> Chart:
    assert judgement.thresholds is not None
    rows = [
        {"metric": SPOKEN_GOALS.get(metric, metric), "rows": SPLITS[split], "threshold": threshold, "value": value}
        for split, curve in judgement.thresholds.curves.items()
        for metric in drawn
        for threshold, value in zip(curve.threshold, curve.metrics[metric], strict=True)
        if value is not None
    ]
    chosen = _upright(judgement.thresholds.points, "cost" in drawn)
    kinds = [SPLITS[split] for split in judgement.thresholds.curves]

    def draw(data: pl.DataFrame) -> Part:
        x = share_axis("threshold", "threshold")
        y = quantity("value", title=" ") if "cost" in drawn else share_axis("value", " ")
        colours = {"domain": [SPOKEN_GOALS.get(metric, metric) for metric in drawn], "range": list(drawn.values())}
        dashes = {"domain": kinds, "range": [[1, 0], [3, 3]][: len(kinds)]}
        opacities = {"domain": kinds, "range": [1, 0.7][: len(kinds)]}
        half = mark("rule", {"strokeDash": DASHED, "color": GREY}, pl.DataFrame({"threshold": [0.5]}), x=x)
        lines = mark(
            "line",
            {"strokeWidth": 2, "interpolate": "step-before"},
            data,
            x=x,
            y=y,
            color=category("metric", title=None, scale=colours),
            strokeDash=category("rows", title=None, scale=dashes),
            opacity=category("rows", title=None, legend=None, scale=opacities),
        )
        upright = [_rules(chosen, x)] if len(chosen) else []
        return layers(half, lines, *upright) | {"width": WIDTH, "height": HEIGHT}

    reading = "A row is called positive from the threshold on; the dashed upright line is 0.5, the largest probability."
    if len(chosen):
        reading += " Upright lines are thresholds that were chosen on validation rows, whose curves are dotted."
    return Chart(name, title, reading, pl.DataFrame(rows), draw)


def _rules(chosen: pl.DataFrame, x: Part) -> Part:
    """Upright lines with their names beside them."""
    turned = {"align": "left", "angle": 90, "dx": 4, "dy": -5, "fontSize": 11, "baseline": "bottom", "color": GREY}
    rules = mark("rule", {"color": GREY, "strokeWidth": 1.5})
    return layers(rules, mark("text", turned, y={"value": 2}, text=category("goal")), data=chosen, x=x)


def _upright(points: Sequence[OperatingPoint], cost: bool) -> pl.DataFrame:
    """Threshold and name of the upright lines; of lines that stand too close the first has all names."""
    rows = sorted(
        (point.threshold, point_name(point))
        for point in points
        if point.threshold is not None and point.threshold <= 1 and (point.goal == "cost") == cost
    )
    found: list[dict[str, Any]] = []
    named = 0
    for threshold, name in rows:
        if found and threshold - found[named]["threshold"] < NEAR:
            found[named]["goal"] += f", {name}"
            found.append({"threshold": threshold, "goal": ""})
        else:
            named = len(found)
            found.append({"threshold": threshold, "goal": name})
    return pl.DataFrame(found, schema={"threshold": pl.Float64, "goal": pl.String})

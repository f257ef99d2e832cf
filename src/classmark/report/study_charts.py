"""The charts of a study: learning curves with bands over seeds, their difference, and calibration before and after."""

from __future__ import annotations

import polars as pl

from classmark.judging.statistics.level import percent
from classmark.judging.studies.answers import Answers
from classmark.report.charts import BLUE, COLOURS, GREY, HEIGHT, WIDTH, Chart
from classmark.report.vega_lite import Part, category, layers, mark, quantity


def study_charts(answers: Answers) -> list[Chart]:
    """The charts that there are runs for."""
    charts = []
    if any(len(one.curve) > 1 for one in answers.arms.values()):
        charts.append(learning_curves(answers))
    charts += [
        difference_curve(answers, number) for number, one in enumerate(answers.comparisons) if len(one.curve) > 1
    ]
    return charts


def learning_curves(answers: Answers) -> Chart:
    """Validation accuracy against steps: the mean over seeds with its band, each run faint."""
    means = [
        {
            "arm": name,
            "step": point.step,
            "value": point.accuracy.value,
            "low": point.accuracy.low,
            "high": point.accuracy.high,
        }
        for name, one in answers.arms.items()
        for point in one.curve
    ]
    runs = [
        {"arm": one.arm, "run": f"{one.arm} {one.seed}", "step": step, "value": value}
        for one in answers.outcomes
        if one.done
        for step, value in sorted(one.curve.items())
    ]
    data = pl.DataFrame(means, infer_schema_length=None)
    names, target = list(answers.arms), answers.study.target_accuracy

    def draw(data: pl.DataFrame) -> Part:
        colours = {"domain": names, "range": [COLOURS[index % len(COLOURS)] for index in range(len(names))]}
        colour = category("arm", title=None, scale=colours, legend={"orient": "bottom", "symbolOpacity": 1})
        shared = {"x": quantity("step", title="steps", axis={"grid": False}), "color": colour}
        y = quantity("value", title="validation accuracy", axis={"format": ".0%"}, scale={"zero": False})
        each = {"x": quantity("step"), "y": quantity("value"), "color": colour, "detail": category("run")}
        parts = [
            mark("line", {"strokeWidth": 1, "opacity": 0.25}, pl.DataFrame(runs), **each),
            mark("line", {"strokeWidth": 2.4}, data, y=y, **shared),
        ]
        if data["low"].null_count() < data.height:
            band = {"y": quantity("low"), "y2": {"field": "high"}}
            parts.insert(0, mark("area", {"opacity": 0.18}, data, **band, **shared))
        if target is not None:
            look = {"strokeDash": [2, 4], "color": GREY}
            parts.append(mark("rule", look, pl.DataFrame({"target": [target]}), y=quantity("target")))
        return layers(*parts) | {"width": 1.5 * WIDTH, "height": HEIGHT * 1.3}

    reading = f"The mean over seeds with its {percent()} band at each step, for that step alone; faint, each run." + (
        " Dotted: the target." if target is not None else ""
    )
    return Chart("learning-curves", "Validation accuracy at equal steps", reading, data, draw)


def difference_curve(answers: Answers, number: int) -> Chart:
    """The paired difference in validation accuracy against steps."""
    one = answers.comparisons[number]
    rows = [{"step": step, "value": found.value, "low": found.low, "high": found.high} for step, found in one.curve]
    data = pl.DataFrame(rows, infer_schema_length=None)

    def draw(data: pl.DataFrame) -> Part:
        x = quantity("step", title="steps", axis={"grid": False})
        y = quantity("value", title="difference", axis={"format": "+.0%"})
        parts = [
            mark("rule", {"color": GREY}, pl.DataFrame({"zero": [0.0]}), y=quantity("zero")),
            mark("line", {"strokeWidth": 2.2, "color": BLUE}, data, x=x, y=y),
        ]
        if data["low"].null_count() < data.height:
            band = {"y": quantity("low"), "y2": {"field": "high"}}
            parts.insert(0, mark("area", {"opacity": 0.2, "color": BLUE}, data, x=x, **band))
        return layers(*parts) | {"width": 1.5 * WIDTH, "height": HEIGHT}

    reading = (
        f"Above zero {one.arm} is ahead. The band is a paired {percent()} interval at each step, for that step alone: among many "
        "steps some leave zero by chance."
    )
    return Chart(f"difference-{number + 1}", f"{one.arm} less {one.reference}", reading, data, draw)

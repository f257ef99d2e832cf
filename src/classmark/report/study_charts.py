"""The charts of a study: learning curves with bands over seeds, their difference, and calibration before and after."""

from __future__ import annotations

from typing import Any

import polars as pl

from classmark.judging.statistics.level import percent
from classmark.judging.studies.answers import Answers
from classmark.report.charts import BLUE, COLOURS, GREY, HEIGHT, WIDTH, Chart


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

    def draw(data: pl.DataFrame) -> Any:
        import altair as alt

        colours = alt.Scale(domain=names, range=[COLOURS[index % len(COLOURS)] for index in range(len(names))])
        colour = alt.Color("arm:N", title=None, scale=colours, legend=alt.Legend(orient="bottom", symbolOpacity=1))
        y = alt.Y("value:Q", title="validation accuracy", axis=alt.Axis(format=".0%"), scale=alt.Scale(zero=False))
        base = alt.Chart(data).encode(x=alt.X("step:Q", title="steps", axis=alt.Axis(grid=False)), color=colour)
        layers = [
            alt.Chart(pl.DataFrame(runs))
            .mark_line(strokeWidth=1, opacity=0.25)
            .encode(x="step:Q", y="value:Q", color=colour, detail="run:N"),
            base.mark_line(strokeWidth=2.4).encode(y=y),
        ]
        if data["low"].null_count() < data.height:
            layers.insert(0, base.mark_area(opacity=0.18).encode(y=alt.Y("low:Q"), y2="high:Q"))
        if target is not None:
            rule = alt.Chart(pl.DataFrame({"target": [target]})).mark_rule(strokeDash=[2, 4], color=GREY)
            layers.append(rule.encode(y="target:Q"))
        return alt.layer(*layers).properties(width=1.5 * WIDTH, height=HEIGHT * 1.3)

    reading = f"The mean over seeds with its {percent()} band at each step, for that step alone; faint, each run." + (
        " Dotted: the target." if target is not None else ""
    )
    return Chart("learning-curves", "Validation accuracy at equal steps", reading, data, draw)


def difference_curve(answers: Answers, number: int) -> Chart:
    """The paired difference in validation accuracy against steps."""
    one = answers.comparisons[number]
    rows = [{"step": step, "value": found.value, "low": found.low, "high": found.high} for step, found in one.curve]
    data = pl.DataFrame(rows, infer_schema_length=None)

    def draw(data: pl.DataFrame) -> Any:
        import altair as alt

        axis = alt.Axis(format="+.0%")
        base = alt.Chart(data).encode(x=alt.X("step:Q", title="steps", axis=alt.Axis(grid=False)))
        zero = alt.Chart(pl.DataFrame({"zero": [0.0]})).mark_rule(color=GREY).encode(y="zero:Q")
        layers = [
            zero,
            base.mark_line(strokeWidth=2.2, color=BLUE).encode(y=alt.Y("value:Q", title="difference", axis=axis)),
        ]
        if data["low"].null_count() < data.height:
            layers.insert(0, base.mark_area(opacity=0.2, color=BLUE).encode(y="low:Q", y2="high:Q"))
        return alt.layer(*layers).properties(width=1.5 * WIDTH, height=HEIGHT)

    reading = (
        f"Above zero {one.arm} is ahead. The band is a paired {percent()} interval at each step, for that step alone: among many "
        "steps some leave zero by chance."
    )
    return Chart(f"difference-{number + 1}", f"{one.arm} less {one.reference}", reading, data, draw)

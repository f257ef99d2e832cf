"""The charts of a report: each gives its data frame and its picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from classmark.judging.curves import Curve
from classmark.judging.judgement import Judgement

# Okabe & Ito's colours that keep apart for every eye and on light and dark cards.
BLUE, ORANGE, GREEN, GREY = "#3b82c4", "#d9822b", "#2a9d7f", "#8a94a3"
COLOURS = (BLUE, ORANGE, GREEN, "#b565a7", "#c8553d", "#6b7fd7", "#8d8d3a", GREY)
WIDTH, HEIGHT = 340, 240
MOST_CURVES, MOST_LOW_CURVES = 8, 3


@dataclass(frozen=True)
class Chart:
    """A chart of a report.

    Attributes:
        name: of its files in `figures/`.
        title: what it shows.
        reading: one sentence on how to read it.
        data: what is drawn.
        draw: the picture of that data.
    """

    name: str
    title: str
    reading: str
    data: pl.DataFrame
    draw: Callable[[pl.DataFrame], Any]

    def frame(self) -> pl.DataFrame:
        """What is drawn, as a table."""
        return self.data

    def picture(self) -> Any:
        """The Altair chart."""
        return self.draw(self.data)


def run_charts(history: Sequence[Mapping[str, Any]]) -> list[Chart]:
    """Loss and accuracy per epoch from the rows of `history.jsonl`; none without rows."""
    if not history:
        return []
    return [_history(history, "loss", "Loss"), _history(history, "accuracy", "Accuracy")]


def score_charts(judgement: Judgement) -> list[Chart]:
    """The curves and the reliability of probabilities; none where there are none."""
    charts = []
    if judgement.curves.roc:
        charts += [_curve(judgement, "roc"), _curve(judgement, "precision_recall")]
    if judgement.calibration is not None:
        charts.append(reliability_chart(judgement))
    return charts


def _history(history: Sequence[Mapping[str, Any]], kind: str, title: str) -> Chart:
    last_steps = {row["epoch"]: row["step"] for row in history}
    before = {epoch: last_steps.get(epoch - 1, 0) for epoch in last_steps}
    rows = [
        {
            "epoch": row["epoch"]
            - 1
            + (row["step"] - before[row["epoch"]]) / (last_steps[row["epoch"]] - before[row["epoch"]]),
            "split": split,
            "value": row[f"{split}_{kind}"],
        }
        for row in history
        for split in ("train", "validation")
    ]

    def draw(data: pl.DataFrame) -> Any:
        import altair as alt

        epochs = [*range(1, max(last_steps) + 1)]
        x = alt.X("epoch:Q", title="epoch", axis=alt.Axis(values=epochs, format="d", grid=False))
        y = alt.Y(
            "value:Q",
            title=kind,
            scale=alt.Scale(zero=False),
            axis=alt.Axis(format=".0%" if kind == "accuracy" else "~g"),
        )
        colour = alt.Color("split:N", title=None, scale=alt.Scale(domain=["train", "validation"], range=[GREY, BLUE]))
        base = alt.Chart(data).encode(x=x, y=y, color=colour)
        return _sized(base.mark_line(strokeWidth=2) + base.mark_point(filled=True, size=40, opacity=1))

    reading = (
        f"Training {kind} is averaged over the epoch while the weights still move and dropout is on; where validation turns "
        "away while training goes on, the model begins to learn by heart."
    )
    return Chart(f"{kind}-per-epoch", f"{title} per epoch", reading, pl.DataFrame(rows), draw)


CURVES = {
    "roc": (
        "ROC",
        "false positive rate",
        "true positive rate",
        "The closer to the upper left corner the better; the diagonal is guessing, and the area is the chance that a "
        "random positive row scores above a random negative one.",
    ),
    "precision_recall": (
        "Precision and recall",
        "recall",
        "precision",
        "Each point is a threshold: how many of the rows called positive are (up) against how many positive rows are "
        "found (right); the dashed line is guessing, at the share of positive rows.",
    ),
}


def _curve(judgement: Judgement, kind: str) -> Chart:
    title, x_title, y_title, reading = CURVES[kind]
    found = judgement.curves.roc if kind == "roc" else judgement.curves.precision_recall
    curves = _shown(found)
    if len(curves) < len(found):
        reading += (
            f" Macro is the mean of {len(found) - 2} classes, micro is over all pairs of row and class; beside "
            f"them stand the {MOST_LOW_CURVES} classes with the smallest area."
        )
    named = [curve.name if curve.area is None else f"{curve.name} ({curve.area:.3f})" for curve in curves]
    data = pl.concat(
        pl.DataFrame({"curve": name, "x": curve.x, "y": curve.y, "place": range(len(curve.x))})
        for name, curve in zip(named, curves, strict=True)
    )
    if kind == "roc":
        chance = pl.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})
    else:
        share = (found[0] if len(found) == 1 else found[-2]).prevalence or 0.0
        chance = pl.DataFrame({"x": [0.0, 1.0], "y": [share, share]})

    def draw(data: pl.DataFrame) -> Any:
        import altair as alt

        scale, axis = alt.Scale(domain=[0, 1], nice=False), alt.Axis(format=".1f", tickCount=6)
        x, y = alt.X("x:Q", title=x_title, scale=scale, axis=axis), alt.Y("y:Q", title=y_title, scale=scale, axis=axis)
        colours = alt.Scale(domain=named, range=list(COLOURS[: len(named)]))
        colour = alt.Color(
            "curve:N", title="area", scale=colours, legend=alt.Legend(orient="bottom", columns=2, columnPadding=24)
        )
        lines = (
            alt.Chart(data)
            .mark_line(strokeWidth=2, clip=True)
            .encode(x=x, y=y, color=colour, order="place:Q", detail="curve:N")
        )
        guess = alt.Chart(chance).mark_line(strokeDash=[5, 4], strokeWidth=1, color=GREY).encode(x="x:Q", y="y:Q")
        return (guess + lines).properties(width=WIDTH, height=WIDTH * 0.85)

    return Chart(kind.replace("_", "-"), title, reading, data, draw)


def _shown(curves: Sequence[Curve]) -> list[Curve]:
    """The curves that are drawn: of many classes macro and micro, which come last, and those with the smallest area."""
    if len(curves) <= MOST_CURVES:
        return list(curves)
    lowest = sorted(curves[:-2], key=lambda curve: curve.area or 0.0)[:MOST_LOW_CURVES]
    return [*curves[-2:], *lowest]


def reliability_chart(judgement: Judgement) -> Chart:
    """Confidence against accuracy in fifteen bins, with 95 % bands."""
    assert judgement.calibration is not None
    data = pl.DataFrame([asdict(entry) for entry in judgement.calibration.bins])

    def draw(data: pl.DataFrame) -> Any:
        import altair as alt

        scale, axis = alt.Scale(domain=[0, 1], nice=False), alt.Axis(format=".1f", tickCount=6)
        x = alt.X("confidence:Q", title="confidence of the predicted class", scale=scale, axis=axis)
        base = alt.Chart(data).encode(x=x)
        y = alt.Y("accuracy:Q", title="share that is right", scale=scale, axis=axis)
        bands = base.mark_rule(color=BLUE, strokeWidth=2, opacity=0.6).encode(
            y=alt.Y("accuracy_low:Q", title="share that is right", scale=scale, axis=axis), y2="accuracy_high:Q"
        )
        points = base.mark_point(filled=True, size=55, color=BLUE, opacity=1).encode(y=y)
        line = pl.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})
        ideal = alt.Chart(line).mark_line(strokeDash=[5, 4], strokeWidth=1, color=GREY).encode(x="x:Q", y="y:Q")
        return (ideal + bands + points).properties(width=WIDTH, height=WIDTH * 0.85)

    reading = (
        "Where points stand below the dashed line the model is surer than it should be, above it less sure; bars are 95 % "
        "intervals of each bin."
    )
    return Chart("reliability", "Reliability", reading, data, draw)


def difference_chart(differences: Mapping[str, Mapping[str, Any]]) -> Chart:
    """Paired differences with their intervals, from the `metrics` of a comparison's JSON."""
    rows = [
        {"metric": name, **{key: entry[key] for key in ("difference", "low", "high")}}
        for name, entry in differences.items()
    ]

    def draw(data: pl.DataFrame) -> Any:
        import altair as alt

        base = alt.Chart(data).encode(y=alt.Y("metric:N", title="metric", sort=None))
        bars = base.mark_rule(strokeWidth=2, color=BLUE).encode(x=alt.X("low:Q", title="B − A"), x2="high:Q")
        points = base.mark_point(filled=True, size=70, color=BLUE, opacity=1).encode(
            x=alt.X("difference:Q", title="B − A")
        )
        zero = alt.Chart(pl.DataFrame({"x": [0.0]})).mark_rule(strokeDash=[5, 4], color=GREY).encode(x="x:Q")
        return _sized(zero + bars + points, height=40 + 36 * len(rows))

    reading = "Each bar is the 95 % interval of a paired difference; where it crosses zero, these rows cannot tell the two apart."
    return Chart("differences", "Paired differences", reading, pl.DataFrame(rows), draw)


def _sized(chart: Any, height: int = HEIGHT) -> Any:
    return chart.properties(width=WIDTH, height=height)

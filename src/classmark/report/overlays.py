"""Charts with two models in them, A and B, in two colours and two marks that keep apart for every eye."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import polars as pl

from classmark.judging.curves import Curve
from classmark.report.charts import (
    BLUE,
    CURVES,
    GREY,
    HEIGHT,
    ORANGE,
    WIDTH,
    Chart,
    beside_line,
    fractional_epochs,
    guessing_line,
    history_axis,
    reliability_picture,
    share_axis,
)
from classmark.report.sides import Side, Sides

COLOURS, SHAPES = (BLUE, ORANGE), ("circle", "square")
SPLITS = ("validation", "training")
MOST_MARKED_EPOCHS = 12
BEST_CORNERS = {"roc": "upper left", "precision_recall": "upper right"}
DOTTED = (2, 4)  # B's lines are dashed


def history_overlay(sides: Sides, kind: str) -> Chart:
    """`accuracy` or `loss` per epoch of two runs, both with a history."""
    data = pl.DataFrame(
        [
            {"model": side.label, "split": split, "epoch": epoch, "step": row["step"], "value": row[f"{column}_{kind}"]}
            for side in sides
            for row, epoch in zip(side.history, fractional_epochs(side.history), strict=True)
            for split, column in zip(SPLITS, ("validation", "train"), strict=True)
            if row.get(f"{column}_{kind}") is not None
        ],
        infer_schema_length=None,
    )
    last = int(max(data["epoch"]) + 0.999)

    def draw(data: pl.DataFrame) -> Any:
        import altair as alt

        ticks = {"values": [*range(1, last + 1)]} if last <= MOST_MARKED_EPOCHS else {"tickMinStep": 1}
        axis = alt.Axis(format="d", grid=False, **ticks)
        base = alt.Chart(data).encode(
            x=alt.X("epoch:Q", title=_steps_title(sides), axis=axis),
            y=history_axis(kind),
            color=_colour(sides),
        )
        solid = alt.Scale(domain=list(SPLITS), range=[[1, 0], [4, 4]])
        faint = alt.Scale(domain=list(SPLITS), range=[1.0, 0.6])
        dash = alt.StrokeDash("split:N", title=None, scale=solid, legend=alt.Legend(symbolStrokeColor=GREY))
        lines = base.mark_line(strokeWidth=2.2).encode(
            strokeDash=dash, opacity=alt.Opacity("split:N", title=None, scale=faint, legend=None)
        )
        points = base.transform_filter(alt.datum.split == SPLITS[0]).mark_point(filled=True, size=55, opacity=1)
        return (lines + points.encode(shape=_shape(sides))).properties(width=WIDTH, height=HEIGHT)

    reading = (
        f"Validation {kind} is solid, with marks; training {kind} is dashed and is averaged over each epoch while the "
        "weights still move and augmentation and dropout are on, so it may look worse than validation."
    )
    return Chart(f"{kind}-per-epoch", f"{kind.capitalize()} per epoch", reading, data, draw)


def steps_an_epoch(side: Side) -> int:
    """Steps of the first epoch in the history."""
    first = side.history[0]["epoch"]
    return int(max(row["step"] for row in side.history if row["epoch"] == first)) // int(first)


def _steps_title(sides: Sides) -> str:
    a, b = (steps_an_epoch(side) for side in sides)
    return f"epoch of {a:,} steps" if a == b else f"epoch (of {a:,} steps in A, {b:,} in B)"


def curve_overlay(sides: Sides, kind: str) -> Chart | None:
    """`roc` or `precision_recall` of both: of the positive class of two, else the micro average; None without scores."""
    curves = [_summary_curve(side, kind) for side in sides]
    if curves[0] is None or curves[1] is None:
        return None
    title, x_title, y_title, _ = CURVES[kind]
    data = pl.concat(
        pl.DataFrame({"model": side.label, "x": curve.x, "y": curve.y, "place": range(len(curve.x))})
        for side, curve in zip(sides, curves, strict=True)
        if curve is not None
    )
    guessing = guessing_line(kind, curves[0].prevalence)

    def draw(data: pl.DataFrame) -> Any:
        import altair as alt

        x, y = share_axis(alt.X, "x:Q", x_title), share_axis(alt.Y, "y:Q", y_title)
        lines = (
            alt.Chart(data)
            .mark_line(strokeWidth=2.2, clip=True)
            .encode(x=x, y=y, color=_colour(sides), order="place:Q", strokeDash=_dash(sides))
        )
        return beside_line(lines, guessing, DOTTED)

    of = (
        f"of {curves[0].name}"
        if len(sides[0].judgement.classes) == 2
        else "micro average, over all pairs of row and class"
    )
    areas = ", ".join(
        f"{side.letter} {curve.area:.4f}"
        for side, curve in zip(sides, curves, strict=True)
        if curve is not None and curve.area is not None
    )
    reading = (
        f"The curve {of}; areas: {areas}. The closer to the {BEST_CORNERS[kind]} corner the better. Dotted: guessing."
    )
    return Chart(kind.replace("_", "-"), title, reading, data, draw)


def _summary_curve(side: Side, kind: str) -> Curve | None:
    curves = side.judgement.curves
    name = side.judgement.positive or "micro"
    return next(
        (curve for curve in (curves.roc if kind == "roc" else curves.precision_recall) if curve.name == name), None
    )


def reliability_overlay(sides: Sides) -> Chart | None:
    """Confidence against accuracy of both, in fifteen bins with 95 % bands; None where one has no probabilities."""
    a, b = (side.judgement.calibration for side in sides)
    if a is None or b is None:
        return None
    data = pl.DataFrame(
        [
            {"model": side.label, **asdict(entry)}
            for side, calibration in zip(sides, (a, b), strict=True)
            for entry in calibration.bins
        ]
    )

    def draw(data: pl.DataFrame) -> Any:
        import altair as alt

        return reliability_picture(alt.Chart(data).encode(color=_colour(sides)), DOTTED, shape=_shape(sides))

    reading = (
        "Below the dotted line a model is surer than it should be, above it less sure; bars are 95 % intervals of each "
        "bin. The probabilities are as the tables give them."
    )
    return Chart("reliability", "Reliability", reading, data, draw)


def _colour(sides: Sides) -> Any:
    import altair as alt

    labels = [side.label for side in sides]
    return alt.Color("model:N", title=None, scale=alt.Scale(domain=labels, range=list(COLOURS)), legend=_legend())


def _shape(sides: Sides) -> Any:
    import altair as alt

    labels = [side.label for side in sides]
    return alt.Shape("model:N", title=None, scale=alt.Scale(domain=labels, range=list(SHAPES)), legend=_legend())


def _dash(sides: Sides) -> Any:
    import altair as alt

    labels = [side.label for side in sides]
    return alt.StrokeDash(
        "model:N", title=None, scale=alt.Scale(domain=labels, range=[[1, 0], [7, 3]]), legend=_legend()
    )


def _legend() -> Any:
    import altair as alt

    return alt.Legend(orient="bottom", columns=1, symbolOpacity=1)

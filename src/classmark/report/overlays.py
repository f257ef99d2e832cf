"""Charts with several models in them, in colours and marks of their own that keep apart for every eye."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import polars as pl

from classmark.judging.comparisons.multiple import LETTERS
from classmark.judging.parts.curves import Curve
from classmark.judging.statistics.level import percent
from classmark.report.charts import (
    COLOURS,
    CURVES,
    GREY,
    HEIGHT,
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
from classmark.report.vega_lite import Part, category, layers, mark, quantity

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right", "triangle-left")
DASHES = ([1, 0], [7, 3], [3, 2], [9, 3, 2, 3], [12, 4], [5, 2, 1, 2], [2, 1], [9, 2, 2, 2, 2, 2])
SPLITS = ("validation", "training")
MOST_MARKED_EPOCHS = 12
BEST_CORNERS = {"roc": "upper left", "precision_recall": "upper right"}
DOTTED = [2, 4]  # the models' lines are dashed


def history_overlay(sides: Sides, kind: str) -> Chart:
    """`accuracy` or `loss` per epoch of several runs, all with a history; of more than two the validation alone."""
    splits = dict(zip(SPLITS, ("validation", "train"), strict=True))
    if len(sides) > 2:
        splits = {SPLITS[0]: "validation"}
    data = pl.DataFrame(
        [
            {"model": side.label, "split": split, "epoch": epoch, "step": row["step"], "value": row[f"{column}_{kind}"]}
            for side in sides
            for row, epoch in zip(side.history, fractional_epochs(side.history), strict=True)
            for split, column in splits.items()
            if row.get(f"{column}_{kind}") is not None
        ],
        infer_schema_length=None,
    )
    last = int(max(data["epoch"]) + 0.999)

    def draw(data: pl.DataFrame) -> Part:
        ticks = {"values": [*range(1, last + 1)]} if last <= MOST_MARKED_EPOCHS else {"tickMinStep": 1}
        solid = {"domain": list(splits), "range": [[1, 0], [4, 4]][: len(splits)]}
        faint = {"domain": list(splits), "range": [1.0, 0.6][: len(splits)]}
        legend = {"symbolStrokeColor": GREY} if len(splits) > 1 else None
        lines = mark(
            "line",
            {"strokeWidth": 2.2},
            strokeDash=category("split", title=None, scale=solid, legend=legend),
            opacity=category("split", title=None, scale=faint, legend=None),
        )
        points = mark("point", {"filled": True, "size": 55, "opacity": 1}, shape=of_model(sides, SHAPES))
        points["transform"] = [{"filter": {"field": "split", "equal": SPLITS[0]}}]
        channels = {
            "x": quantity("epoch", title=_steps_title(sides), axis={"format": "d", "grid": False, **ticks}),
            "y": history_axis(kind),
            "color": of_model(sides, COLOURS),
        }
        return layers(lines, points, data=data, **channels) | {"width": WIDTH, "height": HEIGHT}

    reading = (
        f"Validation {kind}, with marks."
        if len(splits) == 1
        else f"Validation {kind} is solid, with marks; training {kind} is dashed and is averaged over each epoch while the "
        "weights still move and augmentation and dropout are on, so it may look worse than validation."
    )
    return Chart(f"{kind}-per-epoch", f"{kind.capitalize()} per epoch", reading, data, draw)


def steps_an_epoch(side: Side) -> int:
    """Steps of the first epoch in the history."""
    first = side.history[0]["epoch"]
    return int(max(row["step"] for row in side.history if row["epoch"] == first)) // int(first)


def _steps_title(sides: Sides) -> str:
    steps = [steps_an_epoch(side) for side in sides]
    if len(set(steps)) == 1:
        return f"epoch of {steps[0]:,} steps"
    others = ", ".join(f"{count:,} in {side.letter}" for side, count in zip(sides[1:], steps[1:], strict=True))
    return f"epoch (of {steps[0]:,} steps in {sides[0].letter}, {others})"


def curve_overlay(sides: Sides, kind: str) -> Chart | None:
    """`roc` or `precision_recall` of all that have scores: of the positive class of two, else the micro average.

    None where fewer than two have.
    """
    found = [(side, curve) for side in sides if (curve := _summary_curve(side, kind)) is not None]
    if len(found) < 2:
        return None
    sides, curves = tuple(side for side, _ in found), [curve for _, curve in found]
    title, x_title, y_title, _ = CURVES[kind]
    data = pl.concat(
        pl.DataFrame({"model": side.label, "x": curve.x, "y": curve.y, "place": range(len(curve.x))})
        for side, curve in zip(sides, curves, strict=True)
    )
    guessing = guessing_line(kind, curves[0].prevalence)

    def draw(data: pl.DataFrame) -> Part:
        channels = {
            "x": share_axis("x", x_title),
            "y": share_axis("y", y_title),
            "color": of_model(sides, COLOURS),
            "order": quantity("place"),
            "strokeDash": of_model(sides, DASHES),
        }
        return beside_line(mark("line", {"strokeWidth": 2.2}, data, **channels), guessing, DOTTED)

    of = (
        f"of {curves[0].name}"
        if len(sides[0].judgement.classes) == 2
        else "micro average, over all pairs of row and class"
    )
    areas = ", ".join(
        f"{side.letter} {curve.area:.4f}" for side, curve in zip(sides, curves, strict=True) if curve.area is not None
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
    """Confidence against accuracy of all that have probabilities, in fifteen bins with bands at the level.

    None where fewer than two have.
    """
    sides = tuple(side for side in sides if side.judgement.calibration is not None)
    if len(sides) < 2:
        return None
    found = [side.judgement.calibration for side in sides if side.judgement.calibration is not None]
    data = pl.DataFrame(
        [
            {"model": side.label, **asdict(entry)}
            for side, calibration in zip(sides, found, strict=True)
            for entry in calibration.bins
        ]
    )

    def draw(data: pl.DataFrame) -> Part:
        return reliability_picture(data, DOTTED, of_model(sides, COLOURS), shape=of_model(sides, SHAPES))

    reading = (
        f"Below the dotted line a model is surer than it should be, above it less sure; bars are {percent()} intervals of each "
        "bin. The probabilities are as the tables give them."
    )
    return Chart("reliability", "Reliability", reading, data, draw)


def of_model(sides: Sides, values: Sequence[Any]) -> Part:
    """A channel in which each model has its value, the same in every chart."""
    own = [values[LETTERS.index(side.letter) % len(values)] for side in sides]
    scale = {"domain": [side.label for side in sides], "range": own}
    legend = {"orient": "bottom", "columns": 1, "symbolOpacity": 1}
    return category("model", title=None, scale=scale, legend=legend)

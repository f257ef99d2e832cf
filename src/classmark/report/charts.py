"""The charts of a report: each gives its data frame and its picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from classmark.judging.judgement import Judgement
from classmark.judging.parts.curves import Curve
from classmark.judging.statistics.level import of_100, percent
from classmark.report.vega_lite import Part, category, layers, mark, quantity

# Okabe & Ito's colours that keep apart for every eye and on light and dark cards.
BLUE, ORANGE, GREEN, GREY = "#3b82c4", "#d9822b", "#2a9d7f", "#8a94a3"
COLOURS = (BLUE, ORANGE, GREEN, "#b565a7", "#c8553d", "#6b7fd7", "#8d8d3a", GREY)
WIDTH, HEIGHT = 340, 240
MOST_CURVES, MOST_LOW_CURVES = 8, 3
DIAGONAL = {"x": [0.0, 1.0], "y": [0.0, 1.0]}
DASHED = [5, 4]


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
    draw: Callable[[pl.DataFrame], Part]

    def frame(self) -> pl.DataFrame:
        """What is drawn, as a table."""
        return self.data

    def picture(self) -> Part:
        """The picture as Vega-Lite describes it."""
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


def fractional_epochs(history: Sequence[Mapping[str, Any]]) -> list[float]:
    """Where each row of the history stands, 1.5 being half through the second epoch."""
    ends = {row["epoch"]: row["step"] for row in history}
    starts = {epoch: ends.get(epoch - 1, 0) for epoch in ends}
    return [
        row["epoch"] - 1 + (row["step"] - starts[row["epoch"]]) / max(1, ends[row["epoch"]] - starts[row["epoch"]])
        for row in history
    ]


def _history(history: Sequence[Mapping[str, Any]], kind: str, title: str) -> Chart:
    last = max(row["epoch"] for row in history)
    rows = [
        {"epoch": epoch, "split": split, "value": row[f"{split}_{kind}"]}
        for row, epoch in zip(history, fractional_epochs(history), strict=True)
        for split in ("train", "validation")
    ]

    def draw(data: pl.DataFrame) -> Part:
        x = quantity("epoch", title="epoch", axis={"values": [*range(1, last + 1)], "format": "d", "grid": False})
        colour = category("split", title=None, scale={"domain": ["train", "validation"], "range": [GREY, BLUE]})
        line = mark("line", {"strokeWidth": 2})
        points = mark("point", {"filled": True, "size": 40, "opacity": 1})
        both = layers(line, points, data=data, x=x, y=history_axis(kind), color=colour)
        return both | {"width": WIDTH, "height": HEIGHT}

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
        pl.DataFrame({"curve": name, "x": curve.x, "y": curve.y, "place": range(len(curve.x)), **_band(curve)})
        for name, curve in zip(named, curves, strict=True)
    )
    banded = len(curves) == 1 and bool(curves[0].low)
    if banded:
        reading += (
            f" The shaded band holds the whole curve in at least {of_100()} of 100 draws of rows ({curves[0].band})."
        )
    guessing = guessing_line(kind, (found[0] if len(found) == 1 else found[-2]).prevalence)

    def draw(data: pl.DataFrame) -> Part:
        x = share_axis("x", x_title)
        channels = {
            "x": x,
            "y": share_axis("y", y_title),
            "color": category(
                "curve",
                title="area",
                scale={"domain": named, "range": list(COLOURS[: len(named)])},
                legend={"orient": "bottom", "columns": 2, "columnPadding": 24},
            ),
            "order": quantity("place"),
            "detail": category("curve"),
        }
        look = {"strokeWidth": 2}
        if not banded:
            return beside_line(mark("line", look, data, **channels), guessing, DASHED)
        shade = {"opacity": 0.2, "color": BLUE, "line": False}
        band = mark("area", shade, x=x, y=share_axis("low", y_title), y2={"field": "high"})
        return beside_line(layers(band, mark("line", look, **channels), data=data), guessing, DASHED)

    return Chart(kind.replace("_", "-"), title, reading, data, draw)


def _band(curve: Curve) -> dict[str, pl.Series]:
    """Both ends of the band at each point; none where there is no band."""
    empty = [None] * len(curve.x)
    return {
        name: pl.Series(ends or empty, dtype=pl.Float64) for name, ends in (("low", curve.low), ("high", curve.high))
    }


def _shown(curves: Sequence[Curve]) -> list[Curve]:
    """The curves that are drawn: of many classes macro and micro, which come last, and those with the smallest area."""
    if len(curves) <= MOST_CURVES:
        return list(curves)
    lowest = sorted(curves[:-2], key=lambda curve: curve.area or 0.0)[:MOST_LOW_CURVES]
    return [*curves[-2:], *lowest]


def reliability_chart(judgement: Judgement) -> Chart:
    """Confidence against accuracy in fifteen bins, with bands at the level; with a temperature before and after it."""
    assert judgement.calibration is not None
    shown = {"as given": judgement.calibration.bins}
    if (found := judgement.recalibration) is not None and found.tempered is not None:
        shown[f"temperature {found.temperature:.2f}"] = found.tempered.error.bins
    data = pl.DataFrame([{"probabilities": name, **asdict(entry)} for name, bins in shown.items() for entry in bins])

    def draw(data: pl.DataFrame) -> Part:
        if len(shown) == 1:
            return reliability_picture(data, DASHED, {"value": BLUE})
        scales = [{"domain": list(shown), "range": looks} for looks in ([BLUE, ORANGE], ["circle", "diamond"])]
        colour, shape = (category("probabilities", title=None, scale=scale) for scale in scales)
        return reliability_picture(data, DASHED, colour, shape=shape)

    reading = (
        "Where points stand below the dashed line the model is surer than it should be, above it less sure; bars are "
        f"{percent()} intervals of each bin."
    )
    if len(shown) == 2:
        reading += " The temperature was fitted on validation rows; both are of the rows that are judged."
    return Chart("reliability", "Reliability", reading, data, draw)


def history_axis(kind: str) -> Part:
    """The axis of `accuracy` or `loss` per epoch."""
    axis = {"format": ".0%" if kind == "accuracy" else "~g"}
    return quantity("value", title=kind, scale={"zero": False}, axis=axis)


def share_axis(field: str, title: str) -> Part:
    """An axis from 0 to 1."""
    return quantity(field, title=title, scale={"domain": [0, 1], "nice": False}, axis={"format": ".1f", "tickCount": 6})


def guessing_line(kind: str, prevalence: float | None) -> pl.DataFrame:
    """Both ends of the curve of guessing: the diagonal for `roc`, else the share of positive rows all along."""
    if kind == "roc":
        return pl.DataFrame(DIAGONAL)
    return pl.DataFrame({"x": [0.0, 1.0], "y": [prevalence or 0.0] * 2})


def beside_line(picture: Part, line: pl.DataFrame, dash: Sequence[int]) -> Part:
    """The picture before a thin grey line with which it is to be compared."""
    look = {"strokeDash": dash, "strokeWidth": 1, "color": GREY}
    thin = mark("line", look, line, x=quantity("x"), y=quantity("y"))
    return layers(thin, picture) | {"width": WIDTH, "height": WIDTH * 0.85}


def reliability_picture(bins: pl.DataFrame, dash: Sequence[int], colour: Part, **points: Part) -> Part:
    """Accuracy over confidence with its bands, and the diagonal.

    Args:
        bins: of one model or several.
        dash: of the diagonal.
        colour: of bands and points.
        points: further channels of the points.
    """
    title = "share that is right"
    bands = mark(
        "rule",
        {"strokeWidth": 2, "opacity": 0.6},
        y=share_axis("accuracy_low", title),
        y2={"field": "accuracy_high"},
    )
    look = {"filled": True, "size": 55, "opacity": 1}
    marks = mark("point", look, y=share_axis("accuracy", title), **points)
    x = share_axis("confidence", "confidence of the predicted class")
    return beside_line(layers(bands, marks, data=bins, x=x, color=colour), pl.DataFrame(DIAGONAL), dash)

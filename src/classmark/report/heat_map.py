"""The confusion matrix as a heat map: with its counts for few classes, ordered by what is confused for many."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from classmark.judging.judgement import Judgement
from classmark.report.charts import BLUE, ORANGE, WIDTH, Chart
from classmark.report.confusions import class_order, confusion_shares
from classmark.report.vega_lite import Part, category, layers, mark, quantity

MOST_COUNTED_CLASSES = 20
MOST_NAMED_CLASSES = 60
MOST_CELLS = 10_000
LARGE_PX, LARGEST_CELL_PX = 600, 24


def confusion_chart(judgement: Judgement, order: Sequence[str] | None = None) -> Chart:
    """The heat map: colour by the share of the row.

    Up to twenty classes it has every cell with its count. Beyond, it has the cells with rows alone, and classes stand in
    the order that puts together what is confused.

    Args:
        judgement: its confusion matrix is drawn.
        order: what `shown_order` gives, where it is known: of a thousand classes it takes seconds.
    """
    if len(judgement.classes) <= MOST_COUNTED_CLASSES:
        return _small(judgement)
    return _large(judgement, order or shown_order(judgement))


def shown_order(judgement: Judgement) -> tuple[str, ...]:
    """The classes in the order of the heat map."""
    if len(judgement.classes) <= MOST_COUNTED_CLASSES:
        return judgement.classes
    return tuple(judgement.classes[index] for index in class_order(judgement.confusion))


def _small(judgement: Judgement) -> Chart:
    names = judgement.classes
    data = pl.DataFrame(
        {
            "true": [true for true in names for _ in names],
            "predicted": [predicted for _ in names for predicted in names],
            "count": [count for row in judgement.confusion for count in row],
            "share": confusion_shares(judgement.confusion).ravel(),
        }
    )
    data = data.with_columns(pl.Series("percent", [f"{share:.1%}" for share in data["share"]]))

    def draw(data: pl.DataFrame) -> Part:
        scale = {"domain": [0, 1], "range": ["#e8f0f8", "#1d5a96"]}
        colour = quantity("share", title="share of row", scale=scale, legend=None)
        ink = {"condition": {"test": "datum.share > 0.5", "value": "white"}, "value": "#16324f"}
        small = len(names) > 6
        bold = {"fontSize": 9 if small else 17, "fontWeight": "bold", "dy": 0 if small else -9, "aria": False}
        parts = [
            mark("rect", {"stroke": "white", "strokeWidth": 1}, color=colour),
            mark("text", bold, text=quantity("count", format=",d"), color=ink),
        ]
        if not small:
            below = {"fontSize": 12, "dy": 12, "aria": False}
            parts.append(mark("text", below, text=category("percent"), color=ink))
        axes = _axes(names, 0 if len(names) <= 4 else -60, 12)
        size = {"width": WIDTH, "height": WIDTH * (0.7 if len(names) <= 4 else 1)}
        return layers(*parts, data=data, **axes) | size

    reading = (
        "Each row is a true class and adds up to 100 %; the diagonal is right, everything beside it is a confusion."
    )
    return Chart("confusion-matrix", "Confusion matrix", reading, data, draw)


def _large(judgement: Judgement, names: Sequence[str]) -> Chart:
    counts, shares = np.asarray(judgement.confusion), confusion_shares(judgement.confusion)
    true, predicted = np.nonzero(counts)
    data = pl.DataFrame(
        {
            "true": [judgement.classes[index] for index in true],
            "predicted": [judgement.classes[index] for index in predicted],
            "count": counts[true, predicted],
            "share": shares[true, predicted],
            "kind": np.where(true == predicted, "right", "confused").tolist(),
        }
    )
    cells = len(data)
    data = data.sort("share", descending=True, maintain_order=True).head(MOST_CELLS)
    cell_px = max(1, min(LARGEST_CELL_PX, LARGE_PX // len(names)))

    def draw(data: pl.DataFrame) -> Part:
        # By the square root, so that a single row of a class is seen too; by opacity, so that it is on light and dark.
        opacity = quantity(
            "share",
            title="share of the true class",
            scale={"type": "sqrt", "domain": [0, 1], "range": [0.4, 1]},
            legend={
                "values": [0.05, 0.2, 0.5, 1],
                "format": ".0%",
                "symbolType": "square",
                "symbolFillColor": ORANGE,
                "symbolStrokeWidth": 0,
            },
        )
        colour = category(
            "kind",
            title="rows are",
            scale={"domain": ["right", "confused"], "range": [BLUE, ORANGE]},
            legend={"symbolType": "square"},
        )
        axes = _axes(names, -60, min(12, cell_px - 1))
        # A label a cell would make the file four times as large; the list of pairs is the map in words.
        cells = mark("rect", {"aria": False}, data, color=colour, opacity=opacity, **axes)
        return cells | {"width": cell_px * len(names), "height": cell_px * len(names)}

    reading = (
        "Each row is a true class, each column a predicted one, both in the order that puts together what is confused: "
        "a block on the diagonal is a group of classes that the model takes for each other, a cell far from it is an "
        "error of another kind. Small shares are drawn stronger than they are, so that single rows can be seen."
    )
    if cells > MOST_CELLS:
        reading += f" Of {cells:,} cells with rows, the {MOST_CELLS:,} with the largest shares are drawn."
    return Chart("confusion-matrix", "Confusion matrix", reading, data, draw)


def _axes(names: Sequence[str], angle: int, font_px: int) -> dict[str, Part]:
    """Predicted classes from left to right, true ones from top to bottom."""
    look = {
        "labelLimit": 120,
        "labels": len(names) <= MOST_NAMED_CLASSES,
        "ticks": False,
        "labelFontSize": font_px,
    }
    scale = {"domain": list(names)}
    return {
        "x": category("predicted", title="predicted", scale=scale, axis={"labelAngle": angle, **look}),
        "y": category("true", title="true", scale=scale, axis=look),
    }

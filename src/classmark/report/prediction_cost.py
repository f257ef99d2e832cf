"""What a prediction costs, in words and, for several models, beside their quality."""

from __future__ import annotations

import polars as pl

from classmark.report.charts import COLOURS, HEIGHT, WIDTH, Chart
from classmark.report.overlays import SHAPES, of_model
from classmark.report.sides import Sides
from classmark.report.vega_lite import Part, layers, mark, quantity
from classmark.report.words import seconds_text
from classmark.runs.prediction_cost import PredictionCost

BUSY = "Other programs were computing meanwhile, so these times are too long."


def cost_rows(cost: PredictionCost) -> list[tuple[str, str]]:
    """What was measured, and its value."""
    rows = [
        ("one row, median", milliseconds(cost.one_row_p50_seconds)),
        ("one row, 99 % take less than", milliseconds(cost.one_row_p99_seconds)),
        ("many rows in one call", speed_text(cost.rows_per_second)),
        ("loading the model", milliseconds(cost.load_seconds)),
        ("size on disk", size_text(cost.size_bytes)),
        ("peak memory", size_text(cost.peak_bytes)),
        ("peak memory of the graphics card", size_text(cost.gpu_peak_bytes)),
        ("training, time of one core", seconds_text(cost.training_core_seconds)),
    ]
    return [(name, value) for name, value in rows if value != "–"]


def cost_note(cost: PredictionCost) -> str:
    """How it was measured."""
    threads = f"{cost.threads} thread{'s' * (cost.threads != 1)}"
    return (
        f"Measured after training in a process of its own, on {cost.many_rows:,} validation texts or image files, up to their "
        f"probabilities; Python and torch are in the memory. {cost.machine}, {threads}, {cost.precision}. "
        f"{BUSY if cost.busy else ''}"
    ).strip()


def cost_sentence(cost: PredictionCost) -> str:
    """The same in one line."""
    memory = f" and needs {size_text(cost.peak_bytes)} of memory" if cost.peak_bytes else ""
    return (
        f"A prediction takes {milliseconds(cost.one_row_p50_seconds)}; many at once, {speed_text(cost.rows_per_second)}. "
        f"The model has {size_text(cost.size_bytes)} on disk{memory}.{f' {BUSY}' if cost.busy else ''}"
    )


def cost_chart(sides: Sides, costs: dict[str, PredictionCost]) -> Chart:
    """Accuracy with its interval against the time of one row, on a logarithmic axis."""
    data = pl.DataFrame(
        [
            {
                "model": side.label,
                "milliseconds": 1000 * costs[side.letter].one_row_p50_seconds,
                "accuracy": (accuracy := side.judgement.metrics["accuracy"]).value,
                "low": accuracy.low,
                "high": accuracy.high,
            }
            for side in sides
            if side.letter in costs
        ]
    )

    def draw(data: pl.DataFrame) -> Part:
        scale, axis = {"zero": False}, {"format": ".0%"}
        channels = {
            "x": quantity(
                "milliseconds", title="milliseconds for one row", scale={"type": "log", "nice": False, "padding": 30}
            ),
            "color": of_model(sides, COLOURS),
        }
        rules = mark(
            "rule",
            {"strokeWidth": 1.6},
            y=quantity("low", title="accuracy", scale=scale, axis=axis),
            y2={"field": "high"},
        )
        points = mark(
            "point",
            {"filled": True, "size": 90, "opacity": 1},
            y=quantity("accuracy", title="accuracy", scale=scale, axis=axis),
            shape=of_model(sides, SHAPES),
        )
        return layers(rules, points, data=data, **channels) | {"width": WIDTH, "height": HEIGHT}

    reading = "Higher is more accurate, further left is faster; bars are the intervals of each accuracy alone."
    return Chart("cost-beside-quality", "Quality beside cost", reading, data, draw)


def cost_columns(costs: dict[str, PredictionCost]) -> list[tuple[str, list[str]]]:
    """A row of the table for each thing that was measured, with the value of each model, or a dash."""
    found = {letter: dict(cost_rows(cost)) for letter, cost in costs.items()}
    names = dict.fromkeys(name for rows in found.values() for name in rows)
    return [(name, [rows.get(name, "–") for rows in found.values()]) for name in names]


def milliseconds(seconds: float | None) -> str:
    """`0.85 ms`, `12 ms`, `1.2 s`."""
    if seconds is None:
        return "–"
    return (
        f"{seconds:.1f} s"
        if seconds >= 1
        else f"{1000 * seconds:.2g} ms"
        if seconds < 0.1
        else f"{1000 * seconds:.0f} ms"
    )


def speed_text(rows_per_second: float) -> str:
    """`4,970 rows/s`, with three digits that count."""
    value = float(f"{rows_per_second:.3g}")
    return f"{value:,.0f} rows/s" if value >= 100 else f"{value:g} rows/s"


def size_text(count: int | None) -> str:
    """`18.7 MB`, `1.2 GB`."""
    if count is None:
        return "–"
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"

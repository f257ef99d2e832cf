"""How the error falls where a model answers only the rows that it is surest of, as a chart."""

from __future__ import annotations

import polars as pl

from classmark.judging.findings.choices import with_confidence
from classmark.judging.judgement import Judgement
from classmark.judging.parts.selective import Target
from classmark.judging.parts.thresholds import Goal
from classmark.report.charts import BLUE, DASHED, HEIGHT, ORANGE, WIDTH, Chart
from classmark.report.vega_lite import Part, category, layers, mark, quantity
from classmark.report.words import share_text


def target_sentence(target: Target) -> str:
    """What a threshold for an error keeps, and what it promises; why there is none."""
    goal = with_confidence(Goal("error", maximum=target.error), target.guarantee)
    name = goal[0].upper() + goal[1:]
    if target.threshold is None or target.coverage is None or target.test_error is None:
        return f"{name}: no threshold was chosen, as {target.missing}."
    answered, wrong = share_text(target.coverage), share_text(target.test_error)
    where = "all rows are answered" if target.threshold == 0 else f"from a confidence of {target.threshold:.4f} on"
    sentence = f"{name}, {where}: {answered} of the judged rows are answered, {wrong} of these are wrong."
    if (found := target.guarantee) is None or found.bound is None:
        return (
            f"{sentence} It was seen on {target.rows:,} answered validation rows, which promises nothing of new rows."
        )
    return (
        f"{sentence} Promise for new rows like those of validation, with confidence {found.confidence:g}: an error of at most "
        f"{found.bound:.4f}, from {found.rows:,} answered validation rows, {found.rows - found.hits:,} of them wrong."
    )


def risk_chart(judgement: Judgement) -> Chart | None:
    """Error against the share of rows that are answered, with the chosen thresholds on it; None without probabilities."""
    found = judgement.selective
    if found is None:
        return None
    curve = [{"kind": "curve", "coverage": x, "error": y} for x, y in zip(found.coverage, found.risk, strict=True)]
    points = [
        {
            "kind": f"{100 * target.error:g} % error aimed at",
            "coverage": target.coverage.value,
            "error": target.test_error.value,
        }
        for target in found.targets or ()
        if target.coverage is not None and target.test_error is not None and target.test_error.value is not None
    ]
    data = pl.DataFrame([*curve, *points])

    def draw(data: pl.DataFrame) -> Part:
        axis = {"format": ".0%", "tickCount": 5}
        x = quantity("coverage", title="share of rows answered", axis=axis, scale={"domain": [0, 1], "nice": False})
        y = quantity("error", title="share of these that is wrong", axis=axis)
        on_curve, chosen = (data.filter(keep) for keep in (pl.col("kind") == "curve", pl.col("kind") != "curve"))
        whole = mark("rule", {"strokeDash": DASHED, "color": BLUE, "opacity": 0.5}, on_curve.tail(1), y=y)
        parts = [whole, mark("line", {"strokeWidth": 2, "color": BLUE}, on_curve, x=x, y=y)]
        if len(chosen):
            point = {"filled": True, "size": 70, "opacity": 1, "color": ORANGE}
            beside = {"align": "left", "dx": 9, "dy": 9, "color": ORANGE, "fontSize": 12}
            parts.append(mark("point", point, chosen, x=x, y=y))
            parts.append(mark("text", beside, chosen, x=x, y=y, text=category("kind")))
        return layers(*parts) | {"width": WIDTH, "height": HEIGHT}

    reading = (
        "From left to right rows are added, the surest first; the dashed line is the error when all are answered. The lower "
        f"the curve begins, the better the model knows when it is wrong. The area under it is {found.area:.4f}; with the "
        f"same errors all among the least sure rows it would be {found.best_area:.4f}."
    )
    if points:
        reading += " Dots are thresholds that were chosen on validation rows."
    return Chart("risk-coverage", "Error against coverage", reading, data, draw)

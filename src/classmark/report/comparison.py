"""`report.html` of two models on the same rows."""

from __future__ import annotations

from pathlib import Path

from classmark.judging.comparisons import Comparison
from classmark.report.charts import difference_chart
from classmark.report.figures import figure_svgs
from classmark.report.page import page_environment
from classmark.runs import write_text


def write_comparison(out: Path, comparison: Comparison) -> Path:
    """The path of `out/report.html` with the paired differences of two models."""
    chart = difference_chart(comparison.to_json()["metrics"])
    page = (
        page_environment()
        .get_template("comparison.html.j2")
        .render(
            comparison=comparison,
            title=f"{comparison.a} and {comparison.b}",
            chart={
                "title": chart.title,
                "reading": chart.reading,
                "svg": figure_svgs([chart], out / "figures")[chart.name],
            },
        )
    )
    write_text(out / "report.html", page)
    return out / "report.html"

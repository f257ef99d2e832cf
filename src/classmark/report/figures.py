"""Charts as SVG and PNG files, and as SVG for the page that takes its colours from the page."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from classmark.report.charts import Chart
from classmark.report.vega_lite import Part
from classmark.system.files import write_bytes, write_text
from classmark.system.limits import address_space_bytes
from classmark.system.notes import note

PNG_SCALE = 2
ENGINE_BYTES = (
    80 << 30
)  # of addresses; the engine of vl-convert, V8, reserves that many and ends the process without them
INK, FAINT = "#2b3440", "#d5dbe3"

# Vega's own colours of text and lines, and what takes their place on the page, where they follow light and dark.
THEMED = {INK: "var(--ink)", FAINT: "var(--line)"}


def figure_svgs(charts: Sequence[Chart], folder: Path) -> dict[str, str]:
    """Chart name → SVG for the page; the same charts are written to `folder` as SVG and PNG."""
    addresses = address_space_bytes()
    if addresses is not None and addresses < ENGINE_BYTES:
        note(
            f"the report has no charts: drawing them reserves {ENGINE_BYTES >> 30} GiB of addresses, and this process may "
            f"use {addresses / 2**30:.1f} (ulimit -v). Without that limit, judge the run again."
        )
        return {chart.name: _missing(chart) for chart in charts}
    return {chart.name: _for_page(_drawn(chart, folder / chart.name), chart) for chart in charts}


def _drawn(chart: Chart, path: Path) -> str:
    """The SVG, written beside its PNG to `path` with these endings."""
    import vl_convert

    svg: str = vl_convert.vegalite_to_svg(json.dumps(styled(chart)))
    write_text(path.with_name(f"{path.name}.svg"), svg)
    write_bytes(path.with_name(f"{path.name}.png"), vl_convert.svg_to_png(_on_white(svg), scale=PNG_SCALE))
    return svg


def _missing(chart: Chart) -> str:
    """What the page shows in place of a chart that cannot be drawn here."""
    sentence = "not drawn: ulimit -v leaves too few addresses"
    return (
        f'<svg role="img" aria-label="{chart.title}" viewBox="0 0 400 40" style="width:100%;max-width:500px">'
        f'<text x="0" y="24" font-size="12" fill="{THEMED[INK]}">{chart.title}: {sentence}</text></svg>'
    )


def styled(chart: Chart) -> Part:
    """The Vega-Lite specification with title and the style of all reports."""
    specification = {**chart.picture(), "title": chart.title}
    axis = {"labelColor": INK, "titleColor": INK, "domainColor": FAINT, "tickColor": FAINT, "gridColor": FAINT}
    fonts = {"labelFontSize": 12, "titleFontSize": 13, "titleFontWeight": "normal", "titlePadding": 10}
    specification["config"] = {
        "background": None,
        "font": "system-ui, sans-serif",
        "axis": {**axis, **fonts, "gridOpacity": 0.6},
        "legend": {
            "labelColor": INK,
            "titleColor": INK,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "orient": "bottom",
            "labelLimit": 260,
            "layout": {"bottom": {"margin": 24, "direction": "horizontal", "anchor": "start"}},
        },
        "title": {"color": INK, "fontSize": 14, "anchor": "start"},
        "view": {"stroke": None},
    }
    return specification


def _on_white(svg: str) -> str:
    return re.sub(r"(<svg[^>]*>)", r'\1<rect width="100%" height="100%" fill="white"/>', svg, count=1)


def _for_page(svg: str, chart: Chart) -> str:
    """The SVG scalable, labelled for screen readers, its text and lines in the page's colours."""
    for colour, variable in THEMED.items():
        svg = svg.replace(colour, variable)
    opening = re.search(r"<svg[^>]*>", svg)
    assert opening is not None
    width = re.search(r'width="([\d.]+)"', opening.group())
    cleaned = re.sub(r'\s(width|height)="[\d.]+"', "", opening.group())
    most = f"max-width:{float(width.group(1)) * 1.25:.0f}px" if width else ""
    labelled = cleaned.replace("<svg", f'<svg role="img" aria-label="{chart.title}" style="width:100%;{most}"', 1)
    return svg.replace(opening.group(), labelled, 1)

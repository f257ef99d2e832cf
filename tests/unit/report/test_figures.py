"""Figures as files, and as parts of a page that takes over their colours."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from classmark.judging.judgement import Judgement
from classmark.report.charts import Chart, score_charts
from classmark.report.figures import FAINT, INK, figure_svgs
from classmark.report.heat_map import confusion_chart
from classmark.report.operating import threshold_charts
from classmark.report.selection import risk_chart


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report") / "figures"


@pytest.fixture(scope="module")
def charts(judgement: Judgement) -> list[Chart]:
    risk = risk_chart(judgement)
    assert risk is not None
    return [confusion_chart(judgement), *score_charts(judgement), *threshold_charts(judgement), risk]


@pytest.fixture(scope="module")
def svgs(charts: list[Chart], folder: Path) -> dict[str, str]:
    return figure_svgs(charts, folder)


def test_no_chart_has_ids_that_another_of_the_page_may_have(svgs: dict[str, str]) -> None:
    for name, svg in svgs.items():
        assert not re.findall(r'\bid="|url\(', svg), name


def test_text_and_lines_follow_the_page(svgs: dict[str, str]) -> None:
    style = (files("classmark.report") / "templates" / "style.css.j2").read_text(encoding="utf-8")
    assert style.count("--ink:") == style.count("--line:") == 2  # for light and for dark
    for name, svg in svgs.items():
        assert INK not in svg, name
        assert FAINT not in svg, name
        assert "var(--ink)" in svg, name
    assert "var(--line)" in svgs["roc"]


def test_each_figure_scales_and_has_a_name_for_screen_readers(svgs: dict[str, str], charts: list[Chart]) -> None:
    for chart in charts:
        root = ElementTree.fromstring(svgs[chart.name])
        assert (root.get("role"), root.get("aria-label")) == ("img", chart.title)
        assert not {"width", "height"} & set(root.attrib)
        assert root.get("viewBox")
        assert re.fullmatch(r"width:100%;max-width:\d+px", root.get("style") or "")


def test_the_files_stand_alone_on_white(svgs: dict[str, str], folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {f"{name}.{kind}" for name in svgs for kind in ("svg", "png")}
    for name in svgs:
        svg = (folder / f"{name}.svg").read_text(encoding="utf-8")
        assert INK in svg
        assert "var(" not in svg
        with Image.open(folder / f"{name}.png") as image:
            assert image.width == pytest.approx(2 * float(ElementTree.fromstring(svg).attrib["width"]), abs=2)
            assert image.convert("RGBA").getpixel((0, 0)) == (255, 255, 255, 255)

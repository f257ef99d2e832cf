"""The charts of two models hold the numbers of both, each under its own name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from classmark.judging.comparisons.multiple import compare_all
from classmark.predictions import Predictions, read
from classmark.report.charts import fractional_epochs
from classmark.report.overlays import (
    curve_overlay,
    history_overlay,
    reliability_overlay,
    steps_an_epoch,
)
from classmark.report.sides import Sides
from classmark.runs import RunFiles
from classmark.shown.sides import build_sides
from pages import check_vega_lite
from two_runs import image_runs

LABELS = ["A: tiny-ce", "B: tiny-focal"]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Sides:
    a, b = (RunFiles(path) for path in image_runs(tmp_path_factory.mktemp("runs")))
    tables = read(a.predictions("test")), read(b.predictions("test"))
    return build_sides(compare_all(tables, names=(a.name, b.name)), tables, (a, b))


def test_runs_of_other_lengths_share_the_axis(sides: Sides) -> None:
    assert [fractional_epochs(side.history) for side in sides] == [[1, 1.5, 2, 3], [1, 1.5, 2, 3, 4]]
    assert [steps_an_epoch(side) for side in sides] == [10, 20]
    data = history_overlay(sides, "accuracy").frame()
    assert data["model"].unique(maintain_order=True).to_list() == LABELS
    rows = data.filter(model=LABELS[1], split="validation")
    assert rows["value"].to_list() == pytest.approx([0.45, 0.45, 0.52, 0.59, 0.66])
    assert rows["step"].to_list() == [20, 30, 40, 60, 80]


def test_training_and_validation_are_told_apart_without_colour(sides: Sides) -> None:
    picture = history_overlay(sides, "accuracy").picture()
    lines, points = picture["layer"]
    assert lines["encoding"]["strokeDash"]["field"] == "split"
    assert points["encoding"]["shape"]["scale"]["range"] == ["circle", "square"]
    check_vega_lite(picture)
    colours = picture["encoding"]["color"]["scale"]
    assert colours["domain"] == LABELS
    assert len(set(colours["range"])) == 2


@pytest.mark.parametrize("kind", ["roc", "precision_recall"])
def test_many_classes_are_drawn_as_their_micro_average(sides: Sides, kind: str) -> None:
    chart = curve_overlay(sides, kind)
    assert chart is not None
    assert chart.reading.startswith("The curve micro average, over all pairs of row and class; areas: A 0.")
    curves = sides[0].judgement.curves
    micro = next(curve for curve in (curves.roc if kind == "roc" else curves.precision_recall) if curve.name == "micro")
    assert tuple(chart.frame().filter(model=LABELS[0])["y"]) == micro.y
    check_vega_lite(chart.picture())


def test_reliability_has_the_bins_of_both(sides: Sides) -> None:
    chart = reliability_overlay(sides)
    assert chart is not None
    check_vega_lite(chart.picture())
    for side in sides:
        assert side.judgement.calibration is not None
        assert chart.frame().filter(model=side.label).height == len(side.judgement.calibration.bins)


def test_without_scores_on_a_side_there_is_no_chart_of_them(make_table: Callable[..., Predictions]) -> None:
    table = make_table()
    a, b = build_sides(compare_all((table, table)), (table, table))
    bare = replace(b, judgement=replace(b.judgement, calibration=None, curves=type(b.judgement.curves)()))
    assert curve_overlay((a, bare), "roc") is None
    assert reliability_overlay((bare, a)) is None


def test_of_two_classes_the_positive_one_is_drawn(make_table: Callable[..., Predictions], tmp_path: Path) -> None:
    table = make_table()
    chart = curve_overlay(build_sides(compare_all((table, table)), (table, table)), "roc")
    assert chart is not None
    assert chart.reading.startswith("The curve of yes; areas: A 0.9583, B 0.9583.")

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from classmark.judging.judge import judge
from classmark.judging.parts.curves import MAX_POINTS, draw_curves
from classmark.judging.rows import scored_rows


def test_two_classes_have_the_positive_curve_only(make: Any) -> None:
    table = make(rows=2_000)
    curves = draw_curves(scored_rows(table, 1), table.classes)
    assert [curve.name for curve in curves.roc] == ["yes"]
    roc, recall = curves.roc[0], curves.precision_recall[0]
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    assert len(roc.x) <= MAX_POINTS
    assert recall.x[0] == 0
    assert recall.x[-1] == 1
    assert recall.prevalence == np.mean(table.labels == 1)


def test_a_thinned_curve_keeps_its_area(make: Any) -> None:
    table = make(rows=5_000)
    curve = draw_curves(scored_rows(table, 1), table.classes).roc[0]
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(curve.area, abs=1e-3)
    assert (np.diff(curve.x) >= 0).all()
    assert (np.diff(curve.y) >= 0).all()


def test_more_classes_have_macro_and_micro(make: Any) -> None:
    judgement = judge(make(rows=1_000, classes=("a", "b", "c")), draws=100)
    for curves, metric in ((judgement.curves.roc, "roc_auc"), (judgement.curves.precision_recall, "average_precision")):
        assert [curve.name for curve in curves] == ["a", "b", "c", "macro", "micro"]
        assert curves[3].area == judgement.metrics[metric].value
        assert curves[3].area == pytest.approx(np.mean([curve.area for curve in curves[:3]]))  # type: ignore[arg-type]
        assert {len(curve.x) == len(curve.y) <= MAX_POINTS + 1 for curve in curves} == {True}


def test_many_classes_stay_small(make: Any) -> None:
    table = make(rows=3_000, classes=tuple(f"class-{index:03d}" for index in range(100)))
    curves = draw_curves(scored_rows(table, 1), table.classes)
    assert len(curves.roc) == 102
    assert sum(len(curve.x) for curve in curves.roc) < 10_000

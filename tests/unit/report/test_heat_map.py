"""The confusion matrix as a picture: all cells of few classes, the cells with rows of many."""

from __future__ import annotations

import numpy as np
import pytest

from classmark.judging.judgement import Judgement
from classmark.judging.published import judge_confusion
from classmark.report import heat_map
from classmark.report.figures import styled
from classmark.report.heat_map import confusion_chart, shown_order


def test_the_confusion_matrix_has_counts_and_shares_of_rows(judgement: Judgement) -> None:
    assert confusion_chart(judgement).frame().rows() == [
        ("no", "no", 3, 0.75, "75.0%"),
        ("no", "yes", 1, 0.25, "25.0%"),
        ("yes", "no", 1, 1 / 6, "16.7%"),
        ("yes", "yes", 5, 5 / 6, "83.3%"),
    ]


def test_a_class_without_rows_has_shares_of_zero() -> None:
    judgement = judge_confusion([[2, 2, 0], [0, 0, 0], [1, 0, 3]], ["a", "b", "c"])
    shares = confusion_chart(judgement).frame()["share"].to_list()
    assert shares == [0.5, 0.5, 0, 0, 0, 0, 0.25, 0, 0.75]


@pytest.mark.parametrize(("classes", "marks"), [(2, {"rect", "text"}), (20, {"rect", "text"}), (21, {"rect"})])
def test_counts_are_written_up_to_twenty_classes(classes: int, marks: set[str]) -> None:
    picture = confusion_chart(judge_confusion(np.eye(classes) + 1)).picture()
    assert {layer["mark"]["type"] for layer in picture.get("layer", [picture])} == marks


def test_many_classes_have_cells_with_rows_alone() -> None:
    matrix = np.diag(np.arange(1, 26))
    matrix[3, 7], matrix[7, 7] = 4, 0
    frame = confusion_chart(judge_confusion(matrix)).frame()
    assert frame.height == 25
    assert frame.filter(kind="confused").rows() == [("3", "7", 4, 0.5, "confused")]
    assert frame.filter(true="3", predicted="3").rows() == [("3", "3", 4, 0.5, "right")]
    assert frame.filter(kind="right")["count"].sum() == sum(range(1, 26)) - 8


def test_both_axes_have_the_order_that_puts_together_what_is_confused() -> None:
    matrix = np.eye(30, dtype=int) * 9
    matrix[2, 28] = matrix[28, 2] = 5
    judgement = judge_confusion(matrix)
    order = list(shown_order(judgement))
    assert sorted(order) == sorted(judgement.classes)
    assert abs(order.index("2") - order.index("28")) == 1
    encoding = confusion_chart(judgement).picture()["encoding"]
    assert encoding["x"]["scale"]["domain"] == encoding["y"]["scale"]["domain"] == order
    given = confusion_chart(judgement, judgement.classes).picture()["encoding"]
    assert given["x"]["scale"]["domain"] == given["y"]["scale"]["domain"] == list(judgement.classes)


@pytest.mark.parametrize(("classes", "named"), [(60, True), (61, False)])
def test_classes_are_named_on_the_axes_up_to_sixty(classes: int, named: bool) -> None:
    encoding = confusion_chart(judge_confusion(np.eye(classes) + 1)).picture()["encoding"]
    assert encoding["x"]["axis"]["labels"] is encoding["y"]["axis"]["labels"] is named


def test_of_too_many_cells_the_largest_shares_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heat_map, "MOST_CELLS", 50)
    found = confusion_chart(judge_confusion(np.eye(40) * 8 + 1))
    assert found.frame().filter(kind="right").height == 40
    assert found.frame().height == 50
    assert found.reading.endswith("Of 1,600 cells with rows, the 50 with the largest shares are drawn.")


def test_so_many_cells_can_be_drawn() -> None:
    specification = styled(confusion_chart(judge_confusion(np.eye(72) + 1)))
    assert len(specification["data"]["values"]) == 72 * 72

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest

from classmark.errors import InputError
from classmark.judging.judge import judge
from classmark.judging.judgement import judgement_from_json
from classmark.judging.published import judge_confusion
from classmark.predictions import Predictions

MATRIX = [[10805, 1695], [1099, 11401]]


def test_the_reference_matrix() -> None:
    judgement = judge_confusion(MATRIX, ("negative", "positive"))
    accuracy = judgement.metrics["accuracy"]
    assert accuracy.value == 0.88824
    assert (accuracy.low, accuracy.high) == pytest.approx((0.88427461, 0.89208610), abs=1e-8)
    assert judgement.metrics["recall"].value == 11401 / 12500
    assert judgement.metrics["precision"].value == pytest.approx(11401 / 13096)
    assert judgement.rows == 25_000
    assert judgement.confusion == ((10805, 1695), (1099, 11401))
    assert judgement.positive == "positive"
    assert judgement_from_json(json.loads(json.dumps(judgement.to_json(), allow_nan=False))) == judgement


def test_a_matrix_is_judged_as_its_rows_would_be() -> None:
    matrix = np.array([[40, 5, 3], [7, 30, 2], [0, 4, 9]])
    true, claimed = (np.repeat(index, matrix.ravel()) for index in np.indices(matrix.shape).reshape(2, -1))
    names = np.array(["a", "b", "c"])
    frame = pl.DataFrame({"label": names[true], "predicted": names[claimed]})
    frame = frame.with_columns(id=pl.int_range(pl.len()).cast(pl.String))
    rows = judge(Predictions(frame, {"schema_version": 1, "classes": ["a", "b", "c"], "split": None}))
    published = judge_confusion(matrix, ("a", "b", "c"))
    assert published.metrics == rows.metrics
    assert published.per_class == rows.per_class


def test_a_thousand_classes_need_no_draws() -> None:
    """Draws of a million cells would take minutes."""
    judgement = judge_confusion(np.ones((1_000, 1_000)) + 999 * np.eye(1_000))
    assert judgement.draws == 0
    assert not any("bootstrap" in one.method for one in judgement.metrics.values())
    f1 = judgement.metrics["f1_macro"]
    assert f1.value == pytest.approx(1_000 / 1_999)
    assert 0.499 < f1.low < f1.value < f1.high < 0.502  # type: ignore[operator]


def test_perfect_decisions_have_an_interval_below_1() -> None:
    perfect = judge_confusion([[30, 0], [0, 20]])
    for name in ("mcc", "f1_macro", "precision_macro", "balanced_accuracy"):
        one = perfect.metrics[name]
        assert (one.value, one.high) == (1.0, 1.0)
        assert 0.7 < one.low < 0.95  # type: ignore[operator]
    f1 = perfect.metrics["f1"]
    assert (f1.value, f1.high) == (1.0, 1.0)
    share = 0.025 ** (1 / 20)  # Clopper and Pearson's limit of 20 of 20, below Wilson's
    assert f1.low == pytest.approx(2 * share / (1 + share), rel=1e-6)
    one_class = judge_confusion([[30, 0], [20, 0]]).metrics["mcc"]
    assert (one_class.value, one_class.low, one_class.high) == (0.0, None, None)
    assert one_class.method == "none: a single class is there or is predicted, the value is set to 0"


def test_classes_without_names_are_numbered() -> None:
    assert judge_confusion(MATRIX).classes == ("0", "1")
    assert judge_confusion(MATRIX, ("no", "yes"), positive="no").metrics["recall"].value == 10805 / 12500


@pytest.mark.parametrize(
    ("matrix", "classes", "message"),
    [
        ([[1, 2, 3], [4, 5, 6]], None, "its shape is (2, 3), not C × C for two classes or more."),
        ([[1, 2], [3]], None, "its rows are not lists of numbers of one length."),
        ([[1, -2], [3, 4]], None, "it must hold counts, whole numbers from 0; rows true, columns predicted."),
        ([[0.5, 2], [3, 4]], None, "it must hold counts, whole numbers from 0; rows true, columns predicted."),
        ([[0, 0], [0, 0]], None, "all counts are 0."),
        ([[1, 2], [3, 4]], ("a",), "1 class names for 2 classes. Name each class once."),
    ],
)
def test_what_is_no_confusion_matrix(matrix: object, classes: tuple[str, ...] | None, message: str) -> None:
    with pytest.raises(InputError) as caught:
        judge_confusion(matrix, classes)  # type: ignore[arg-type]
    assert str(caught.value) == f"published confusion matrix: {message}"

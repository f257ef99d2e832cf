"""Who is right where, which rows are shown first, and what many comparisons of classes are worth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from statsmodels.stats.multitest import multipletests

from classmark.judging.comparisons.disagreements import (
    Agreement,
    agreement,
    class_differences,
    largest_differences,
)
from classmark.judging.comparisons.multiple import compare_all
from classmark.judging.statistics.p_values import holm, mcnemar
from classmark.predictions import Predictions, build_predictions
from classmark.report.disagreements import confident_disagreements
from classmark.report.sides import Sides
from classmark.shown.sides import build_sides

Make = Callable[..., Predictions]
CLASSES = ("cat", "dog", "elk", "emu")


def both(a: Predictions, b: Predictions) -> Sides:
    return build_sides(compare_all((a, b)), (a, b))


def said(labels: str, predicted: str, **columns: pl.Series) -> Predictions:
    """A table of predicted labels, each class by its first letters: c, d, k for elk, m for emu."""
    names = dict(zip("cdkm", CLASSES, strict=True))
    frame = pl.DataFrame(
        {
            "id": [f"row-{row}" for row in range(len(labels))],
            "label": [names[letter] for letter in labels],
            "predicted": [names[letter] for letter in predicted],
            **columns,
        }
    )
    return Predictions(frame, {"schema_version": 1, "classes": list(CLASSES), "split": None})


def test_rows_are_counted_by_who_is_right() -> None:
    counts = agreement([said("ccddkk", "cdddcm"), said("ccddkk", "cccdcd")])
    assert counts == Agreement(both=2, only_a=1, only_b=1, neither=2, same_mistake=1)
    assert counts.rows == 6


def test_the_surest_mistakes_come_first(make_table: Make) -> None:
    a = make_table(["no"] * 4, [0.1, 0.2, 0.3, 0.4], texts=["one", "two", "three", "word " * 100])
    b = make_table(["no"] * 4, [0.6, 0.9, 0.2, 0.7])
    rows = confident_disagreements(both(a, b), "A")
    assert [row["id"] for row in rows] == ["row-1", "row-3", "row-0"]
    assert [row["start"] for row in rows] == ["two", ("word " * 64).strip(), "one"]
    assert rows[0]["true"] == "no"
    assert rows[0]["said"] == [
        {"letter": "A", "name": "no", "right": True, "confidence": pytest.approx(0.8)},
        {"letter": "B", "name": "yes", "right": False, "confidence": pytest.approx(0.9)},
    ]
    assert confident_disagreements(both(a, b), "B") == []


def test_only_small_jpegs_are_shown() -> None:
    jpeg = b"\xff\xd8\xff" + bytes(10)
    pictures = pl.Series([jpeg, b"<svg onload=alert(1)>", jpeg + bytes(20_000), None], dtype=pl.Binary)
    a, b = (
        said("cccc", "cccc", thumbnail=pictures, path=pl.Series(["x/row-0", "y/1.jpg", None, ""])),
        said("cccc", "dddd"),
    )
    rows = confident_disagreements(both(a, b), "A")
    assert [row["thumbnail"] for row in rows] == ["data:image/jpeg;base64,/9j/AAAAAAAAAAAAAA==", "", "", ""]
    assert [row["path"] for row in rows] == ["", "1.jpg", "", ""]


def test_columns_of_other_types_are_left_alone() -> None:
    a = said("c", "c", text=pl.Series([3]), thumbnail=pl.Series(["/tmp/x.jpg"]))
    row = confident_disagreements(both(a, said("c", "d")), "A")[0]
    assert (row["start"], row["thumbnail"]) == ("", "")


def test_classes_are_compared_over_their_own_rows() -> None:
    labels = "c" * 10 + "d" * 6 + "k" * 4
    a = said(labels, "c" * 10 + "d" * 4 + "cc" + "k" * 4)
    b = said(labels, "d" * 8 + "cc" + "d" * 6 + "k" * 4)
    found = class_differences([a, b])
    assert [one.name for one in found] == ["cat", "dog", "elk"]  # no row is an emu
    cat, dog, elk = found
    assert (cat.rows, cat.a, cat.b, cat.only_a, cat.only_b) == (10, 1.0, 0.2, 8, 0)
    assert cat.difference == pytest.approx(cat.b - cat.a)
    assert cat.p == pytest.approx(3 * mcnemar(8, 0).p_exact)
    assert dog.p == 1.0
    assert elk.p == 1.0
    assert largest_differences(found, "A") == [cat]
    assert largest_differences(found, "B") == [dog]


def test_at_most_ten_classes_are_shown_each_way(make_table: Make) -> None:
    classes = [f"c{place:02d}" for place in range(24)]
    wrong, right = np.roll(np.eye(24), 1, axis=1), np.eye(24)
    first = np.where(np.arange(24)[:, None] < 12, right, wrong)
    a, b = (build_predictions(classes, classes, table, classes) for table in (first, 1 * right + wrong - first))
    found = class_differences([a, b])
    for letter, names in (("A", classes[:10]), ("B", classes[12:22])):
        assert [one.name for one in largest_differences(found, letter)] == names


@pytest.mark.parametrize("seed", range(5))
def test_holm_as_statsmodels_has_it(seed: int) -> None:
    values = np.random.default_rng(seed).beta(0.5, 2, 30).round(3)
    assert holm(values.tolist()) == pytest.approx(multipletests(values, method="holm")[1].tolist())


def test_holm_of_nothing_is_nothing() -> None:
    assert holm([]) == []

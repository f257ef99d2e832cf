"""The wrong predictions that a page shows, with the beginning of a text or the thumbnail of an image."""

from __future__ import annotations

import base64
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from classmark.predictions import TEXT_CAP_CHARACTERS, Predictions, build_predictions
from classmark.report.confusions import confused_pairs
from classmark.report.excerpts import MOST_THUMBNAIL_BYTES
from classmark.report.mistakes import Mistake, confident_errors, pair_mistakes

Make = Callable[..., Predictions]
JPEG = b"\xff\xd8\xff\xe0 a picture"


def with_thumbnails(table: Predictions, thumbnails: pl.Series) -> Predictions:
    return Predictions(table.frame.with_columns(thumbnails.alias("thumbnail")), table.metadata)


def test_the_most_confident_errors_come_first(make_table: Make) -> None:
    long = "word " * 80
    texts = ["", "", "", "short<br />text", long.strip(), *[""] * 5]
    first, second = confident_errors(make_table(texts=texts))
    assert (first.id, first.true, first.predicted) == ("row-4", "yes", "no")
    assert first.confidence == pytest.approx(0.64)
    assert first.start == ("word " * 64).strip()
    assert first.start + first.rest == long.strip()
    assert second == Mistake("row-3", "no", "yes", pytest.approx(0.62), "short text", "", "")


def test_a_text_without_spaces_is_folded_too(make_table: Make) -> None:
    error = confident_errors(make_table(texts=["x" * 400] * 10))[0]
    assert (len(error.start), len(error.rest)) == (320, 80)


def test_a_text_of_another_table_is_capped(make_table: Make) -> None:
    error = confident_errors(make_table(texts=["x" * 5_000] * 10))[0]
    assert len(error.start + error.rest) == TEXT_CAP_CHARACTERS


def test_at_most_twelve_errors_are_shown(make_table: Make) -> None:
    assert len(confident_errors(make_table(["no"] * 30 + ["yes"], [0.9] * 31))) == 12


def test_rows_without_a_label_are_no_errors(make_table: Make) -> None:
    table = make_table()
    unlabelled = pl.when(pl.col("id") == "row-4").then(None).otherwise(pl.col("label")).alias("label")
    found = confident_errors(Predictions(table.frame.with_columns(unlabelled), table.metadata))
    assert [error.id for error in found] == ["row-3"]


def test_a_thumbnail_becomes_an_address_that_loads_nothing(make_table: Make) -> None:
    table = with_thumbnails(make_table(), pl.Series([JPEG] * 10))
    start, content = confident_errors(table)[0].thumbnail.split(",")
    assert start == "data:image/jpeg;base64"
    assert base64.b64decode(content, validate=True) == JPEG


@pytest.mark.parametrize(
    "thumbnails",
    [
        pl.Series([b"<svg onload='alert(1)'/>"] * 10),
        pl.Series(["data:text/html,<script>alert(1)</script>"] * 10),
        pl.Series([None] * 10, dtype=pl.Binary),
        pl.Series([JPEG + bytes(MOST_THUMBNAIL_BYTES)] * 10),
    ],
    ids=["another format", "text", "none", "too large"],
)
def test_what_is_no_small_jpeg_is_not_shown(make_table: Make, thumbnails: pl.Series) -> None:
    assert [error.thumbnail for error in confident_errors(with_thumbnails(make_table(), thumbnails))] == ["", ""]


def three_classes() -> Predictions:
    """Of a: two for b, at 0.5 and 0.7; of b: three for a, at 0.4, 0.6 and 0.8; of c: one for a."""
    chances = [("a", "b", 0.5), ("a", "b", 0.7), ("b", "a", 0.4), ("b", "a", 0.6), ("b", "a", 0.8), ("c", "a", 0.9)]
    scores = np.zeros((6, 3))
    for row, (_, predicted, chance) in enumerate(chances):
        scores[row] = (1 - chance) / 2
        scores[row, "abc".index(predicted)] = chance
    return build_predictions([f"{row}" for row in range(6)], [true for true, _, _ in chances], scores, ("a", "b", "c"))


def test_a_pair_has_its_most_confident_rows_of_either_class() -> None:
    pair = confused_pairs([[0, 2, 0], [3, 0, 0], [1, 0, 0]], 1)[0]
    found = pair_mistakes(three_classes(), pair)
    assert [(one.id, one.true, one.predicted, round(one.confidence or 0, 6)) for one in found] == [
        ("4", "b", "a", 0.8), ("1", "a", "b", 0.7), ("3", "b", "a", 0.6),
    ]  # fmt: skip


def test_predicted_labels_alone_have_examples_but_no_confidence() -> None:
    frame = three_classes().frame.select("id", "label", predicted=pl.Series(["b", "b", "a", "a", "a", "a"]))
    table = Predictions(frame, {"classes": ["a", "b", "c"], "split": None})
    assert confident_errors(table) == []
    found = pair_mistakes(table, confused_pairs([[0, 2, 0], [3, 0, 0], [1, 0, 0]], 1)[0])
    assert [(one.id, one.confidence) for one in found] == [("0", None), ("1", None), ("2", None)]

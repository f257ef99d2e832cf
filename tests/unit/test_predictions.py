from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from classmark.errors import PredictionsError
from classmark.predictions import METADATA_KEY, Remark, build_predictions, read, write

CLASSES = ("no", "yes")


def build(**changes: Any) -> Any:
    parts: dict[str, Any] = {
        "ids": ["a", "b", "c"],
        "labels": ["no", "yes", None],
        "probabilities": np.array([[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]], dtype=np.float32),
        "classes": CLASSES,
    } | changes
    return build_predictions(**parts)


def test_arrays_come_back_as_they_were() -> None:
    table = build()
    assert table.labels.tolist() == [0, 1, -1]
    assert table.predicted.tolist() == [0, 1, 0]
    assert table.probabilities.dtype == np.float64
    assert table.probabilities.tolist() == [[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]]
    assert table.logits is None
    assert table.groups is None
    assert len(table) == 3


def test_a_written_table_is_read_back(tmp_path: Path) -> None:
    columns = pl.DataFrame({"group": ["x", "y", "x"], "text": ["one", "two", "three"]})
    logits = np.array([[0, 1], [0, 2], [0, -1]], dtype=np.float32)
    table = build(columns=columns, logits=logits, metadata={"split": "test", "run": "r"})
    write(table, tmp_path / "table.parquet")
    again = read(tmp_path / "table.parquet")
    assert again.frame.equals(table.frame)
    assert dict(again.metadata) == {"schema_version": 1, "classes": list(CLASSES), "split": "test", "run": "r"}
    assert again.groups is not None
    assert again.groups.tolist() == [0, 1, 0]
    assert again.logits is not None
    assert again.logits.tolist() == logits.tolist()


def test_what_was_noticed_in_the_data_goes_with_the_table(tmp_path: Path) -> None:
    known = [{"code": "look_alike_classes", "severity": "warning", "message": "They look alike."}]
    odd = ["text", {"code": "x"}, {"code": "x", "severity": "grave", "message": "y"}]
    table = build(metadata={"remarks": [*known, *odd]})
    write(table, tmp_path / "table.parquet")
    for one in (table, read(tmp_path / "table.parquet")):
        assert one.remarks == (Remark("look_alike_classes", "warning", "They look alike."),)
    assert build(metadata={"remarks": "none"}).remarks == ()


def test_equal_tables_are_equal_files(tmp_path: Path) -> None:
    write(build(), tmp_path / "one.parquet")
    write(build(), tmp_path / "two.parquet")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_filtered_rows_keep_their_order() -> None:
    kept = build().filter(np.array([True, False, True]))
    assert kept.ids.to_list() == ["a", "c"]
    assert kept.labels.tolist() == [0, -1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"ids": ["a", "b", "a"]},
            'predictions: the id "a" stands in rows 1, 3; 2 rows share an id with another. '
            "Give each row an id of its own.",
        ),
        ({"ids": ["a", None, "c"]}, "predictions, row 2: no id. Every row needs an id of its own."),
        (
            {"labels": ["no", "yess", "no"]},
            'predictions, row 2: the label "yess" is none of the classes no, yes. Did you mean "yes"?',
        ),
        (
            {"probabilities": [[0.5, 0.5], [0.5, 0.6], [1.0, 0.0]]},
            "predictions, row 2: the probabilities sum to 1.1, not to 1 (tolerance 0.0001); 1 such rows. "
            "They are not rescaled silently.",
        ),
        (
            {"probabilities": [[0.5, 0.5], [np.nan, 0.6], [1.0, 0.0]]},
            "predictions, row 2: a probability is missing or not finite ([nan, 0.6]); 1 such rows. "
            "Repair or leave out these rows.",
        ),
        (
            {"probabilities": [[0.5, 0.5], [-2.0, 3.0], [1.0, 0.0]]},
            "predictions, row 2: [-2, 3] are not probabilities from 0 to 1; 1 such rows. "
            "If they are logits, say so: logits=True",
        ),
        (
            {"classes": ("no", "no"), "labels": ["no", "no", "no"]},
            "predictions: a class is named twice in ['no', 'no'].",
        ),
        (
            {"columns": pl.DataFrame({"group": ["x", None, "y"]})},
            "predictions, row 2: no group. Give every row a group, or leave the column out.",
        ),
        (
            {"ids": [], "labels": [], "probabilities": np.zeros((0, 2))},
            "predictions: the table has no rows. Give a file with at least one prediction.",
        ),
        (
            {"classes": ("yes",), "labels": ["yes"] * 3, "probabilities": np.ones((3, 1))},
            'predictions: only one class ("yes") is named; a classifier needs at least two. '
            'Name all of them, for instance classes=["negative", "positive"]',
        ),
    ],
)
def test_what_breaks_the_contract(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(PredictionsError) as caught:
        build(**changes)
    assert str(caught.value) == message


def test_a_newer_table_asks_for_an_upgrade(tmp_path: Path) -> None:
    path = tmp_path / "new.parquet"
    pl.DataFrame({"id": ["a"]}).write_parquet(path, metadata={METADATA_KEY: '{"schema_version": 2}'})
    with pytest.raises(PredictionsError) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path}: written by a newer classmark (schema version 2, this one reads up to 1). "
        "Upgrade: pip install --upgrade classmark"
    )


def test_a_foreign_table_and_a_missing_one(tmp_path: Path) -> None:
    path = tmp_path / "foreign.parquet"
    with pytest.raises(PredictionsError) as missing:
        read(path)
    pl.DataFrame({"id": ["a"]}).write_parquet(path)
    with pytest.raises(PredictionsError) as foreign:
        read(path)
    assert str(missing.value) == f"{path}: there is no such file."
    assert str(foreign.value) == f"{path}: not a predictions table of classmark (its metadata has no such entry)."


@pytest.mark.parametrize(
    "entry",
    [
        "not JSON",
        "[]",
        "{}",
        '{"classes": "no"}',
        '{"classes": []}',
        '{"classes": ["no", "yes"], "schema_version": "1"}',
    ],
)
def test_a_damaged_entry_is_refused(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "table.parquet"
    build().frame.write_parquet(path, metadata={METADATA_KEY: entry})
    with pytest.raises(PredictionsError, match='its metadata "classmark" is damaged'):
        read(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (pl.col("label").cast(pl.Binary), 'the column "label" holds bytes, not text'),
        (pl.lit(1).alias("id"), 'the column "id" holds whole numbers, not text'),
        (pl.lit("x").alias("probabilities"), 'the column "probabilities" holds text, not arrays of one length'),
    ],
)
def test_a_column_of_another_type_is_refused(tmp_path: Path, change: pl.Expr, message: str) -> None:
    path = tmp_path / "table.parquet"
    entry = '{"classes": ["no", "yes"], "schema_version": 1}'
    build().frame.with_columns(change).write_parquet(path, metadata={METADATA_KEY: entry})
    with pytest.raises(PredictionsError, match=message):
        read(path)


@pytest.mark.parametrize("column", ["id", "label", "probabilities"])
def test_a_missing_column_is_refused(tmp_path: Path, column: str) -> None:
    path = tmp_path / "table.parquet"
    entry = '{"classes": ["no", "yes"], "schema_version": 1}'
    build().frame.drop(column).write_parquet(path, metadata={METADATA_KEY: entry})
    with pytest.raises(PredictionsError, match="there is no column"):
        read(path)

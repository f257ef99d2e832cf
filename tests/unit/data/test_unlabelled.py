"""Rows of a table without a label as further texts."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from classmark.data import Dataset, load_dataset
from classmark.errors import InputError
from classmark.recipes import load_recipe
from classmark.recipes.schema import Data


def loaded(folder: Path, rows: list[tuple[str | None, str | None]], **options: object) -> Dataset:
    path = folder / "t.csv"
    pl.DataFrame(rows, schema=["text", "label"], orient="row").write_csv(path)
    return load_dataset(Data(source="table", path=str(path), unlabelled=True, **options), 1)  # type: ignore[arg-type]


LABELLED: list[tuple[str | None, str | None]] = [(f"text number {row}", ["red", "blue"][row % 2]) for row in range(40)]


def test_rows_without_a_label_are_texts_and_not_rows_left_out(tmp_path: Path) -> None:
    dataset = loaded(tmp_path, [*LABELLED, ("no label", None), ("blank label", " "), ("a word for none", None)])
    assert dataset.unlabelled is not None
    assert dataset.unlabelled.to_list() == ["no label", "blank label", "a word for none"]
    assert sum(dataset.description["splits"].values()) == 40
    assert dataset.description["skipped"] == 0


def test_copies_of_validation_and_test_texts_are_left_out_and_those_of_training_texts_stay(tmp_path: Path) -> None:
    copies = [(f"Text NUMBER {row}!", None) for row in range(40)]
    dataset = loaded(tmp_path, [*LABELLED, *copies])
    assert dataset.unlabelled is not None
    kept = {text.lower().rstrip("!") for text in dataset.unlabelled.to_list()}
    assert kept == set(dataset.train["text"])
    assert {**dataset.description["unlabelled"], "fingerprint": ""} == {"texts": 24, "left_out": 16, "fingerprint": ""}


def test_a_row_with_neither_text_nor_label_is_still_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="row 42: the text is empty; rows like this: 1"):
        loaded(tmp_path, [*LABELLED, ("alone", None), (" ", None)])


def test_a_table_in_which_every_row_has_a_label_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, LABELLED)
    assert str(caught.value) == (
        f"data.unlabelled: {tmp_path / 't.csv'} has no row with a text and without a label. Leave data.unlabelled out."
    )


def test_texts_without_labels_need_vectors_that_are_trained() -> None:
    with pytest.raises(
        Exception, match=r"data\.unlabelled: texts without a label are for input\.vectors: trained alone"
    ):
        load_recipe("text-csv", ["data.unlabelled=true"])

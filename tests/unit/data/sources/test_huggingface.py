from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from classmark.data import load_dataset
from classmark.data.sources.huggingface import read_huggingface
from classmark.errors import InputError, MissingExtraError
from classmark.recipes.schema import Data


@dataclass
class Value:
    dtype: str


@dataclass
class ClassLabel:
    names: list[str]
    dtype: str = "int64"


@dataclass
class Listed:
    feature: Value


class Split:
    """What `datasets` gives for a split, as far as it is used."""

    def __init__(self, columns: dict[str, list[Any]], features: dict[str, Any]) -> None:
        self.columns, self.features, self.column_names = columns, features, list(columns)

    def __len__(self) -> int:
        return len(self.columns[self.column_names[0]])

    def __getitem__(self, column: str) -> list[Any]:
        return self.columns[column]


FEATURES = {
    "text": Value("string"),
    "label": ClassLabel(["neg", "pos"]),
    "year": Value("int64"),
    "tags": Listed(Value("string")),
}


def split(rows: int, labels: list[int] | None = None) -> Split:
    return Split(
        {
            "text": [f"text {row}" for row in range(rows)],
            "label": labels or [row % 2 for row in range(rows)],
            "year": list(range(rows)),
            "tags": [["a"]] * rows,
        },
        FEATURES,
    )


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    def put(content: Any) -> None:
        def load(path: str) -> Any:
            if isinstance(content, Exception):
                raise content
            return content

        monkeypatch.setitem(sys.modules, "datasets", SimpleNamespace(load_dataset=load))

    return put


DATA = Data(source="huggingface", path="someone/reviews", validation=0.25)


def test_splits_names_and_plain_columns_are_taken(hub: Callable[[Any], None]) -> None:
    hub({"train": split(20), "test": split(4), "unsupervised": split(3)})
    dataset = load_dataset(DATA, 1)
    assert dataset.classes == ("neg", "pos")
    assert dataset.description["splits"] == {"train": 15, "validation": 5, "test": 4}
    assert dataset.description["path"] == "reviews"
    assert dataset.test.columns == ["id", "text", "label", "year", "leaked"]
    assert dataset.test.row(1) == ("test/2", "text 1", "pos", 1, True)


def test_a_test_split_whose_labels_are_kept_secret_is_no_test_set(hub: Callable[[Any], None]) -> None:
    hub({"train": split(20), "test": split(4, [-1] * 4)})
    assert read_huggingface(DATA).test is None


def test_plain_labels_become_strings(hub: Callable[[Any], None]) -> None:
    features = {"text": Value("string"), "label": Value("int64")}
    hub({"train": Split({"text": ["a", "b"], "label": [5, 1]}, features)})
    assert read_huggingface(DATA).train["label"].to_list() == ["5", "1"]


def test_the_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError) as caught:
        load_dataset(DATA, 1)
    assert str(caught.value) == (
        'data.source: huggingface needs the package "datasets": pip install "classmark[huggingface]"'
    )


BAD = [
    ({"data": split(4)}, DATA, 'data.path: someone/reviews has no split "train"; it has data.'),
    (
        {"train": split(4)},
        DATA.model_copy(update={"text_column": "texts"}),
        'data.path: someone/reviews has no column "texts"; its columns are text, label, year, tags. '
        'Did you mean "text"? Name the right one: data.text_column=…',
    ),
    (
        {"train": split(4)},
        DATA.model_copy(update={"text_column": "tags"}),
        'data.path: someone/reviews: the column "tags" holds lists or records, not plain values.',
    ),
    (
        {"train": split(4)},
        DATA.model_copy(update={"path": None}),
        "data.path: name the data set. For instance: data.path=stanfordnlp/imdb",
    ),
    (
        FileNotFoundError("no such data set\nand more"),
        DATA,
        "data.path: someone/reviews cannot be loaded (no such data set).",
    ),
]


@pytest.mark.parametrize(("content", "data", "message"), BAD)
def test_each_mistake_is_one_clear_sentence(hub: Callable[[Any], None], content: Any, data: Data, message: str) -> None:
    hub(content)
    with pytest.raises(InputError) as caught:
        read_huggingface(data)
    assert str(caught.value) == message

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from classmark.data import Dataset, load_dataset
from classmark.errors import InputError
from classmark.recipes.schema import Data

FRAME = pl.DataFrame(
    {
        "text": [f"text number {row}" for row in range(60)],
        "label": ["red", "green", "blue"] * 20,
        "writer": [f"writer {row // 3}" for row in range(60)],
    }
)


def table(folder: Path, frame: pl.DataFrame = FRAME, name: str = "t.csv") -> str:
    frame.write_csv(folder / name)
    return str(folder / name)


def loaded(path: str, seed: int = 1, **options: object) -> Dataset:
    return load_dataset(Data(source="table", path=path, **options), seed)  # type: ignore[arg-type]


def test_what_is_known_about_the_data_is_described(tmp_path: Path) -> None:
    dataset = loaded(table(tmp_path))
    assert dataset.classes == ("blue", "green", "red")
    assert dataset.description == {
        "kind": "text",
        "source": "table",
        "path": "t.csv",
        "fingerprint": dataset.fingerprint,
        "classes": ["blue", "green", "red"],
        "splits": {"train": 36, "validation": 12, "test": 12},
        "class_counts": {
            "train": {"blue": 12, "green": 12, "red": 12},
            "validation": {"blue": 4, "green": 4, "red": 4},
            "test": {"blue": 4, "green": 4, "red": 4},
        },
        "exact_duplicates": 0,
        "duplicates_moved": 0,
        "leaked_test_rows": 0,
        "skipped": 0,
        "group": None,
    }
    assert json.loads(json.dumps(dataset.description)) == dataset.description
    assert dataset.train.columns == ["id", "text", "label", "writer"]
    assert dataset.test.columns == ["id", "text", "label", "writer", "leaked"]


def test_the_fingerprint_is_the_same_in_another_process_and_changes_with_any_content(tmp_path: Path) -> None:
    path = table(tmp_path)
    script = (
        "from classmark.data import load_dataset; from classmark.recipes.schema import Data; "
        f"print(load_dataset(Data(source='table', path={path!r}), 1).fingerprint)"
    )
    elsewhere = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    first = loaded(path).fingerprint
    assert first == elsewhere
    assert len(first) == 64
    changed = FRAME.with_columns(text=pl.when(pl.int_range(60) == 59).then(pl.lit("new")).otherwise("text"))
    relabelled = FRAME.with_columns(label=pl.when(pl.int_range(60) == 59).then(pl.lit("red")).otherwise("label"))
    others = [
        loaded(path, seed=2).fingerprint,
        loaded(table(tmp_path, changed, "changed.csv")).fingerprint,
        loaded(table(tmp_path, relabelled, "relabelled.csv")).fingerprint,
    ]
    assert len({first, *others}) == 4


def test_a_limit_is_a_sample_by_class(tmp_path: Path) -> None:
    assert loaded(table(tmp_path), limit=30).description["class_counts"]["train"] == {"blue": 6, "green": 6, "red": 6}


def test_a_few_examples_per_class_leave_the_other_splits_alone(tmp_path: Path) -> None:
    path = table(tmp_path)
    whole, few = loaded(path), loaded(path, examples_per_class=8)
    assert few.description["splits"] == {"train": 24, "validation": 12, "test": 12}
    assert (few.validation.equals(whole.validation), few.test.equals(whole.test)) == (True, True)
    assert "notes" not in few.description
    assert loaded(path, limit=30, examples_per_class=4).description["splits"] == {
        "train": 12,
        "validation": 6,
        "test": 6,
    }
    samples = [loaded(path, seed, limit=30, split_seed=9).description["fingerprint"] for seed in (1, 2)]
    assert samples[0] == samples[1]
    writers = loaded(path, examples_per_class=3, group="writer")
    assert not set(writers.train["group"]) & (set(writers.validation["group"]) | set(writers.test["group"]))


def test_classes_with_fewer_examples_than_asked_for_are_noted(tmp_path: Path) -> None:
    dataset = loaded(
        table(tmp_path, FRAME.filter((pl.col("label") != "red") | (pl.int_range(60) < 30))), examples_per_class=9
    )
    assert dataset.description["class_counts"]["train"] == {"blue": 9, "green": 9, "red": 6}
    assert dataset.description["notes"] == [
        "Classes with fewer than the 9 different training examples that data.examples_per_class asks for keep all of them: "
        '"red" with 6.'
    ]


def test_a_group_is_a_column_of_the_table_and_stays_on_one_side(tmp_path: Path) -> None:
    dataset = loaded(table(tmp_path), group="writer")
    assert dataset.description["group"] == "writer"
    assert dataset.description["test_rows_of_training_groups"] == 0
    assert not set(dataset.train["group"]) & (set(dataset.validation["group"]) | set(dataset.test["group"]))


def test_groups_that_an_official_test_set_shares_with_training_are_counted(tmp_path: Path) -> None:
    test = pl.DataFrame({"text": ["new one", "new two"], "label": ["red", "blue"], "writer": ["writer 3", "nobody"]})
    dataset = loaded(table(tmp_path), test_path=table(tmp_path, test, "test.csv"), group="writer")
    assert dataset.description["test_rows_of_training_groups"] == 1
    assert dataset.description["splits"]["test"] == 2


def test_a_group_whose_name_means_something_else_later_is_taken_over(tmp_path: Path) -> None:
    dataset = loaded(table(tmp_path, FRAME.rename({"writer": "length"})), group="length")
    assert dataset.train.columns == ["id", "text", "label", "group", " length"]
    assert dataset.train["group"].equals(dataset.train[" length"])


def test_unreadable_rows_are_left_out_and_counted_where_the_recipe_says_so(tmp_path: Path) -> None:
    worse = pl.concat([FRAME, pl.DataFrame({"text": ["  ", "fine"], "label": ["red", None], "writer": ["w", "w"]})])
    path = table(tmp_path, worse)
    with pytest.raises(InputError) as caught:
        loaded(path)
    assert str(caught.value) == (
        f"{path}, row 61: the text is empty; rows like this: 1. Mend them, or leave them out: data.skip_unreadable=true"
    )
    dataset = loaded(path, skip_unreadable=True)
    assert dataset.description["skipped"] == 2
    assert sum(dataset.description["splits"].values()) == 60


def test_a_missing_label_is_named(tmp_path: Path) -> None:
    path = table(tmp_path, FRAME.with_columns(label=pl.when(pl.int_range(60) != 4).then("label")))
    with pytest.raises(InputError) as caught:
        loaded(path)
    assert str(caught.value) == (
        f"{path}, row 5: the label is missing; rows like this: 1. "
        "Mend them, or leave them out: data.skip_unreadable=true"
    )


def test_an_unreadable_test_row_is_named_with_its_own_file(tmp_path: Path) -> None:
    test = table(tmp_path, pl.DataFrame({"text": ["a", ""], "label": ["red", "red"]}), "test.csv")
    with pytest.raises(InputError) as caught:
        loaded(table(tmp_path), test_path=test)
    assert str(caught.value).startswith(f"{test}, row 2: the text is empty; ")


def mistakes(folder: Path) -> dict[str, tuple[dict[str, object], str]]:
    """Name → options and message."""
    path = table(folder)
    purple = table(folder, pl.DataFrame({"text": ["a"], "label": ["purple"]}), "purple.csv")
    same_id = table(folder, pl.DataFrame({"text": ["text number 4"], "label": ["red"]}), "same.csv")
    nobody = table(folder, FRAME.with_columns(writer=pl.when(pl.int_range(60) != 9).then("writer")), "nobody.csv")
    blank = table(folder, FRAME.with_columns(text=pl.lit(" ")), "blank.csv")
    one = table(folder, FRAME.with_columns(label=pl.lit("red")), "one.csv")
    return {
        "unknown test label": (
            {"path": path, "test_path": purple},
            f'{purple}, row 1: the test label "purple" is no class of the training rows in {path}. '
            "Rows like this: 1. Correct them, or leave them out.",
        ),
        "shared id": (
            {"path": path, "test_path": same_id, "id_column": "text"},
            f'{same_id}: the id "text number 4" stands in the training and in the test data; ids like this: 1. '
            "Give every row an id of its own, or leave out data.id_column.",
        ),
        "no such group": (
            {"path": path, "group": "author"},
            f'data.group: {path} has no column "author". Its further columns: writer.',
        ),
        "a row without group": (
            {"path": nobody, "group": "writer"},
            f'{nobody}, row 10: no "writer", which is the data.group; rows like this: 1. Every row needs one.',
        ),
        "nothing readable": (
            {"path": blank, "skip_unreadable": True},
            f"{blank}: no row can be read and has a label.",
        ),
        "nothing readable in test": (
            {"path": path, "test_path": blank, "skip_unreadable": True},
            f"{blank}: no test row can be read and has a label.",
        ),
        "one class only": (
            {"path": one},
            f'{one}: every row has the label "red"; a classifier needs two classes or more. Add rows of another class.',
        ),
        "more than there is": (
            {"path": path, "limit": 100},
            f"data.limit: 100 rows, but {path} has 60 for training and validation. Ask for no more than that.",
        ),
    }


@pytest.mark.parametrize(
    "name",
    [
        "unknown test label",
        "shared id",
        "no such group",
        "a row without group",
        "nothing readable",
        "nothing readable in test",
        "one class only",
        "more than there is",
    ],
)
def test_each_mistake_is_one_clear_sentence(tmp_path: Path, name: str) -> None:
    options, message = mistakes(tmp_path)[name]
    with pytest.raises(InputError) as caught:
        load_dataset(Data(source="table", **options), 1)  # type: ignore[arg-type]
    assert str(caught.value) == message

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from classmark.data.dataset import Dataset
from classmark.data.load import load_dataset, read_source
from classmark.data.sources.table import read_tables
from classmark.errors import InputError
from classmark.recipes.schema import Data

FRAME = pl.DataFrame(
    {
        "text": [f"text number {row}" for row in range(60)],
        "label": ["red" if row % 2 else "blue" for row in range(60)],
        "part": ["Training"] * 40 + [" DEV"] * 10 + ["test_set"] * 10,
    }
)


def table(folder: Path, frame: pl.DataFrame = FRAME, name: str = "t.csv") -> str:
    frame.write_csv(folder / name)
    return str(folder / name)


def loaded(**options: Any) -> Dataset:
    return load_dataset(Data(source="table", **options), 1)


def refusal(**options: Any) -> str:
    with pytest.raises(InputError) as caught:
        loaded(**options)
    return str(caught.value)


def test_a_column_splits_the_rows(tmp_path: Path) -> None:
    dataset = loaded(path=table(tmp_path), split_column="part")
    assert dataset.description["splits"] == {"train": 40, "validation": 10, "test": 10}
    assert dataset.validation["text"].to_list() == FRAME["text"][40:50].to_list()
    assert dataset.test["text"].to_list() == FRAME["text"][50:].to_list()
    assert "part" not in dataset.train.columns


def test_what_the_column_does_not_name_is_carved_or_in_a_file(tmp_path: Path) -> None:
    path = table(tmp_path, FRAME[:50])
    carved = loaded(path=path, split_column="part").description["splits"]
    assert carved == {"train": 32, "validation": 10, "test": 8}
    whole = loaded(path=path, split_column="part", test_path=table(tmp_path, FRAME[45:].drop("part"), "new.csv"))
    assert whole.description["splits"] == {"train": 40, "validation": 10, "test": 15}
    assert whole.description["leaked_test_rows"] == 5
    assert whole.test["leaked"].to_list() == [True] * 5 + [False] * 10


def test_a_validation_file_is_the_validation_set(tmp_path: Path) -> None:
    paths = {
        "path": table(tmp_path, FRAME[:40]),
        "validation_path": table(tmp_path, FRAME[36:50], "val.csv"),
        "test_path": table(tmp_path, FRAME[48:], "test.csv"),
    }
    dataset = loaded(**paths)
    assert dataset.description["splits"] == {"train": 40, "validation": 14, "test": 12}
    assert dataset.description["leaked_validation_rows"] == 4
    assert dataset.description["leaked_test_rows"] == 2
    assert dataset.validation["leaked"].sum() == 4
    assert dataset.description["remarks"] == [
        {
            "code": "leaked_validation_rows",
            "severity": "warning",
            "message": "4 of 14 validation rows stand in the training data: what is chosen on validation (the epoch, a "
            "threshold, a temperature) was chosen partly on rows that the model has seen.",
        }
    ]
    assert dataset.validation["id"][0].startswith("validation-1-")
    limited = loaded(**paths, limit=20).description["splits"]
    assert limited == {"train": 15, "validation": 5, "test": 12}
    del paths["test_path"]
    assert loaded(**paths).description["splits"] == {"train": 32, "validation": 14, "test": 8}


def test_groups_that_validation_shares_with_training_are_counted(tmp_path: Path) -> None:
    frame = FRAME.with_columns(writer=pl.format("w{}", pl.int_range(60) // 3))
    paths = {"path": table(tmp_path, frame[:40]), "validation_path": table(tmp_path, frame[37:50], "val.csv")}
    test = table(tmp_path, frame[50:], "test.csv")
    described = loaded(**paths, test_path=test, group="writer").description
    assert described["validation_rows_of_training_groups"] == 5


def test_labels_of_all_files_are_spelled_alike(tmp_path: Path) -> None:
    numbers = FRAME.with_columns(label=pl.int_range(60) % 2)
    paths = {
        "path": table(tmp_path, numbers.with_columns(pl.col("label").cast(pl.Float64))),
        "test_path": table(tmp_path, numbers[:10], "test.csv"),
    }
    source = read_source(Data(source="table", **paths))  # type: ignore[arg-type]
    assert [set(frame["label"]) for frame in source.parts.values()] == [{"0", "1"}, {"0", "1"}]
    assert source.notes == (
        'Labels count as the class "0" though they are written as "0.0".',
        'Labels count as the class "1" though they are written as "1.0".',
    )


def test_groups_are_text(tmp_path: Path) -> None:
    written = ["007", "7", "7.0", "1.10", "1.1", " 7"]
    frame = FRAME.with_columns(customer=pl.Series([written[row % 6] for row in range(60)]))
    path = table(tmp_path, frame)
    assert set(read_tables(Data(source="table", path=path, group="customer")).train["group"]) == set(written)
    dates = FRAME.with_columns(day=pl.date(2026, 1, 1))
    dates.write_parquet(tmp_path / "t.parquet")
    source = read_tables(Data(source="table", path=str(tmp_path / "t.parquet"), group="day"))
    assert set(source.train["group"]) == {"2026-01-01"}


def test_few_large_groups_still_fill_three_splits(tmp_path: Path) -> None:
    frame = FRAME.with_columns(customer=pl.Series([("a", "b", "c", "d")[row % 4] for row in range(60)]))
    dataset = loaded(path=table(tmp_path, frame), group="customer")
    assert dataset.description["splits"] == {"train": 30, "validation": 15, "test": 15}
    assert dataset.train["label"].n_unique() == 2


@pytest.mark.parametrize("column", ["text", "id"])
def test_a_group_may_be_a_column_with_another_role(tmp_path: Path, column: str) -> None:
    path = table(tmp_path, FRAME.with_columns(id=pl.format("i{}", pl.int_range(60))))
    assert loaded(path=path, group=column, id_column="id").train["group"].n_unique() == 36


def test_quotes_are_ordinary_characters_if_the_recipe_says_so(tmp_path: Path) -> None:
    path = tmp_path / "sms.tsv"
    lines = [
        f'{"ab"[row % 2]}\t{chr(34) * (row == 3)}text {row}{chr(34) * (row == 6)} 6" {chr(34) * 2}' for row in range(12)
    ]
    path.write_text("label\ttext\n" + "\n".join(lines) + "\n")
    source = read_tables(Data(source="table", path=str(path), quoting="none"))
    assert source.train["text"].to_list() == [line.split("\t")[1] for line in lines]
    assert source.notes == ()


def mistakes(folder: Path) -> dict[str, tuple[dict[str, Any], str]]:
    """Name → options and message."""
    path = table(folder)
    odd = table(folder, FRAME.with_columns(part=pl.Series(["train", "hold"] * 30)), "odd.csv")
    none = table(folder, FRAME.with_columns(part=pl.Series(["train", None] * 30)), "none.csv")
    tested = table(folder, FRAME.with_columns(part=pl.lit("test")), "tested.csv")
    hot = table(folder, FRAME.select("text", red=pl.int_range(60) % 2, blue=1 - pl.int_range(60) % 2), "hot.csv")
    hots = table(folder, FRAME.select("text", red=pl.int_range(60) % 2, blue=pl.lit(1)), "hots.csv")
    lists = str(folder / "lists.parquet")
    FRAME.with_columns(pl.concat_list("label")).write_parquet(lists)
    case = table(folder, FRAME.with_columns(pl.col("label").str.to_uppercase()), "case.csv")
    bare = str(folder / "bare.csv")
    Path(bare).write_text("ham,it was so good that we went there again\nspam,win\n")
    secret = table(folder, FRAME.select("text"), "secret.csv")
    twenty = table(folder, FRAME.with_columns(label=pl.format("c{}", pl.int_range(60) % 15)), "twenty.csv")
    return {
        "odd split": (
            {"path": odd, "split_column": "part"},
            f'{odd}, row 2: "hold" is no split in the column "part" (data.split_column); its values are "train", "hold". '
            "Write train, validation or test in each row, or leave out data.split_column.",
        ),
        "no split": (
            {"path": none, "split_column": "part"},
            f'{none}, row 2: there is no split in the column "part" (data.split_column); its values are "train". '
            "Write train, validation or test in each row, or leave out data.split_column.",
        ),
        "nothing to train on": (
            {"path": tested, "split_column": "part"},
            f'{tested}: no row is for training by its column "part" (data.split_column).',
        ),
        "no such split column": (
            {"path": path, "split_column": "parts"},
            f'{path}: there is no column "parts"; its columns are text, label, part. Did you mean "part"? '
            "Name the right one: data.split_column=…",
        ),
        "split twice": (
            {"path": path, "split_column": "part", "test_path": path},
            f'data.test_path: {path} has rows for test itself, by its column "part". '
            "Leave out data.test_path or data.split_column.",
        ),
        "group is the label": (
            {"path": path, "group": "label"},
            'data.group: "label" is the column of the labels (data.label_column). Name another one, or leave the key out.',
        ),
        "group is internal": (
            {"path": path, "group": "place"},
            f'data.group: {path} has no column "place". Its further columns: part.',
        ),
        "one-hot": (
            {"path": hot},
            f'{hot}: there is no column "label"; the columns red, blue hold 0 and 1, with one 1 in each row (one-hot). '
            'One column of labels is needed. For instance with pandas: table["label"] = table[["red", "blue"]].idxmax(axis=1)',
        ),
        "several 1s": (
            {"path": hots},
            f'{hots}: there is no column "label"; the columns red, blue hold 0 and 1, and 30 rows have several 1s: several '
            "labels per row, which is not learned. Train one model per column, for instance: data.label_column=red",
        ),
        "lists": (
            {"path": lists},
            f'{lists}: the column "label" holds lists of text, not text. '
            "Keep one label per row, or train one model for each label.",
        ),
        "no quotes": (
            {"path": lists, "quoting": "none"},
            f"data.quoting: {lists} is no CSV or TSV, so it has no quotes. Leave it out.",
        ),
        "other case": (
            {"path": path, "validation_path": case},
            f'{case}, row 1: the validation label "BLUE" is no class of the training rows in {path}. '
            'The class "blue" differs in case alone. Rows like this: 60. Correct them, or leave them out.',
        ),
        "no header": (
            {"path": bare},
            f'{bare}: there is no column "text"; its columns are ham, it was so good that we went there again. '
            "Its first line seems to be a row, not names. Put a line with the names of the columns above it.",
        ),
        "a test set without labels": (
            {"path": path, "test_path": secret},
            f'{secret}: there is no column "label"; its columns are text. '
            "A test set needs labels; rows without labels are for classmark predict.",
        ),
        "limit": (
            {"path": twenty, "limit": 10},
            f'data.limit: of 15 rows of {twenty} the class "c0" gets 1 different text, too few for 3 splits. '
            "Set a higher limit; 15 classes need 45 rows or more.",
        ),
    }


@pytest.mark.parametrize(
    "name",
    [
        *("odd split", "no split", "nothing to train on", "no such split column", "split twice", "group is the label"),
        *("group is internal", "one-hot", "several 1s", "lists", "no quotes", "other case", "limit"),
        *("no header", "a test set without labels"),
    ],
)
def test_each_mistake_is_one_clear_sentence(tmp_path: Path, name: str) -> None:
    options, message = mistakes(tmp_path)[name]
    assert refusal(**options) == message

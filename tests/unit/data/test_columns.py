from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest

from classmark.data.columns import CONTRACT, OURS, own_names, set_apart, shown_frame
from classmark.data.dataset import Dataset
from classmark.data.load import load_dataset
from classmark.recipes.schema import Data
from classmark.training.judge_run import shown_columns

ROWS = 90
PLAIN = pl.DataFrame(
    {
        "text": [f"text number {row % 80} of writer {row % 7}" for row in range(ROWS)],
        "label": [("red", "green", "blue")[row % 3] for row in range(ROWS)],
        "writer": [f"w{row % 7}" for row in range(ROWS)],
    }
)
NAMES = (
    *sorted(OURS - {"text", "label"}),
    "unit",
    "number",
    "content",
    "first",
    "raw",
    "",
    "text (2)",
    "sha256 ",
    "Ünï",
)


def loaded(path: Path, frame: pl.DataFrame, **options: str) -> Dataset:
    frame.write_csv(path)
    return load_dataset(Data(source="table", path=str(path), **options), 1)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{}, {"group": "writer"}])
def test_columns_that_nobody_names_change_nothing(tmp_path: Path, options: dict[str, str]) -> None:
    """Whatever they are called and hold, and wherever they stand."""
    path = tmp_path / "rows.csv"
    plain = loaded(path, PLAIN, **options)
    draw = random.Random(1)
    for _ in range(6):
        values = draw.choice(
            [lambda: "7", lambda: draw.choice(["x", ""]), lambda: "٣", lambda: "9" * 45, lambda: "train"]
        )
        more = {name: [values() for _ in range(ROWS)] for name in draw.sample(NAMES, 12)}
        frame = PLAIN.with_columns(pl.Series(name, column) for name, column in more.items())
        odd = loaded(path, frame.select(draw.sample(frame.columns, len(frame.columns))), **options)
        assert odd.fingerprint == plain.fingerprint
        for split in ("train", "validation", "test"):
            ours, theirs = getattr(plain, split), getattr(odd, split)
            assert theirs.select(ours.columns).equals(ours)
        for key in ("exact_duplicates", "duplicates_moved", "leaked_test_rows", "splits", "class_counts"):
            assert odd.description[key] == plain.description[key]


def test_every_column_is_in_the_predictions_under_its_name_or_another(tmp_path: Path) -> None:
    frame = PLAIN.with_columns(pl.lit(name).alias(name) for name in NAMES if name != "sha256 ")
    dataset = loaded(tmp_path / "rows.csv", frame)
    shown = shown_columns(dataset.test, [1] * dataset.test.height, None)
    renamed = {name: f"{name} (2)" for name in CONTRACT - {"label", "text"}}
    assert dataset.description["renamed_columns"] == renamed
    for name in NAMES:
        if name != "sha256 ":
            assert set(shown[renamed.get(name, name)]) == {name}
    assert set(shown.columns) == {renamed.get(name, name) for name in NAMES} - {"sha256 "} | {
        *("text", "writer", "leaked", "length")
    }


def test_a_new_name_meets_no_other() -> None:
    names = ["id", "text", set_apart("id"), "id (2)", set_apart("place"), "place (2)"]
    assert own_names(names) == {" id": "id (3)", " place": "place"}


def test_what_only_splitting_needs_is_not_shown() -> None:
    columns = ["id", "label", "path", "row", "sha256", "width", "height", set_apart("row"), set_apart("width")]
    frame = pl.DataFrame({name: [1] for name in columns})
    assert shown_frame(frame).columns == ["path", "width", "height", "row", "width (2)"]

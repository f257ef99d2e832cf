"""The audit's counts, against plain Python over the same rows."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from classmark.data.audit.audit import audit
from classmark.data.audit.rows import Material, file_rows, recipe_rows
from classmark.data.duplicates import text_keys
from classmark.data.load import load_dataset
from classmark.errors import InputError
from classmark.recipes.schema import Data

COLUMNS: dict[str, Any] = {"text_column": "text", "label_column": "label", "image_column": "image", "id_column": None}
LONG = "the quick brown fox jumps over the lazy dog while the sun sets slowly behind the old red barn"
NEARLY = LONG.replace("lazy", "sleepy")  # 14 of 20 sequences: 0.7

Write = Callable[..., Path]


def material(train: list[tuple[str, str]], test: list[tuple[str, str]]) -> Material:
    parts = [
        pl.DataFrame(
            {
                "part": [part] * len(rows),
                "side": [part] * len(rows),
                "id": [f"{part}-{row}" for row in range(len(rows))],
                "label": [label for _, label in rows],
                "fault": pl.Series([None] * len(rows), dtype=pl.String),
                "text": [text for text, _ in rows],
            },
            schema_overrides=dict.fromkeys(("part", "side", "id", "label", "text"), pl.String),
        )
        for part, rows in (("train", train), ("test", test))
    ]
    return Material("made", "text", pl.concat(parts))


def write_csv(path: Path, rows: list[tuple[str | None, str | None]]) -> Path:
    pl.DataFrame(rows, schema={"text": pl.String, "label": pl.String}, orient="row").write_csv(path)
    return path


def test_leaks_duplicates_and_conflicts_are_counted() -> None:
    train = [(LONG, "a"), (LONG, "a"), ("Good film!", "a"), ("good   FILM", "b"), ("another text", "b")]
    test = [("Good <br /> film.", "a"), (LONG, "b"), (NEARLY, "b"), ("nothing like it", "a"), ("another text", "b")]
    found = audit(material(train, test))
    (leak,) = found.leaks
    assert (leak.of, leak.among, leak.rows) == ("test", "train", 5)
    assert (leak.exact, leak.identical, leak.near) == (3, 2, 1)
    inside = {one.part: one for one in found.repeats}
    assert (inside["train"].rows, inside["train"].distinct, inside["train"].copies) == (5, 3, 2)
    assert (inside["train"].identical_copies, inside["train"].near_rows) == (1, 0)
    assert (inside["test"].copies, inside["test"].near_rows) == (0, 2)  # LONG and NEARLY
    assert (found.conflicts.contents, found.conflicts.rows, found.conflicts.near_pairs) == (2, 6, 1)
    kinds = found.pairs.select("id_a", "id_b", "kind").rows()
    assert set(kinds) == {
        ("train-0", "train-1", "identical"),
        ("train-0", "test-1", "identical"),
        ("train-4", "test-4", "identical"),
        ("train-2", "train-3", "normalised"),
        ("train-2", "test-0", "normalised"),
        ("train-0", "test-2", "near"),
    }
    assert found.pairs.filter(kind="near")["similarity"].to_list() == pytest.approx([14 / 20])
    assert found.to_json()["pairs"] == {"identical": 3, "normalised": 2, "near": 1}


TEXTS = st.sampled_from(["a b c d", "A b, c d!", "a b c e", "x", "X", "y z", "<b>y</b> z", "…", "?", "p q r s t u v w"])
ROWS = st.lists(st.tuples(TEXTS, st.sampled_from("ab")), min_size=1, max_size=25)


@given(ROWS, ROWS)
@settings(deadline=None, max_examples=12)
def test_counts_of_exact_duplicates_follow_from_the_definition(train: Any, test: Any) -> None:
    found = audit(material(train, test), 1.0)
    keys = {
        part: text_keys(pl.Series([text for text, _ in rows])).to_list()
        for part, rows in (("train", train), ("test", test))
    }
    (leak,) = found.leaks
    assert leak.exact == sum(key in set(keys["train"]) for key in keys["test"])
    assert leak.identical == sum(text in {other for other, _ in train} for text, _ in test)
    for one in found.repeats:
        assert one.copies == len(keys[one.part]) - len(set(keys[one.part]))
    labels: dict[str, set[str]] = {}
    for key, (_, label) in zip(keys["train"] + keys["test"], train + test, strict=True):
        labels.setdefault(key, set()).add(label)
    assert found.conflicts.contents == sum(len(one) > 1 for one in labels.values())
    exact = found.pairs.filter(pl.col("kind") != "near").height
    assert exact == len(train) + len(test) - len(set(keys["train"] + keys["test"]))


def test_the_leaks_are_those_that_training_marks(tmp_path: Path) -> None:
    rows = [(f"text number {row} says something {row % 7}", "ab"[row % 2]) for row in range(60)]
    train = write_csv(tmp_path / "train.csv", rows)
    test = write_csv(tmp_path / "test.csv", [*rows[:4], *((f"new {row}", "ab"[row % 2]) for row in range(20))])
    data = Data(source="table", path=str(train), test_path=str(test))
    marked = load_dataset(data, 1)
    found = audit(recipe_rows(data, 1))
    assert found.leaks[0].exact == int(marked.test["leaked"].sum()) == 4
    assert [(leak.of, leak.among, leak.exact) for leak in found.leaks[1:]] == [("validation", "train", 0)]
    sizes = {side: sum(counts[side] for counts in found.classes.values()) for side in ("train", "validation", "test")}
    assert sizes == marked.description["splits"]


def test_a_recipe_s_own_test_set_is_compared_with_the_rest(tmp_path: Path) -> None:
    rows = [(f"{LONG} {row // 2} {'end' * (row % 2)}", "ab"[row // 2 % 2]) for row in range(200)]
    data = Data(source="table", path=str(write_csv(tmp_path / "rows.csv", rows)))
    found = audit(recipe_rows(data, 1))
    assert found.rows == {"all": 200}
    assert [(leak.of, leak.among, leak.rows, leak.exact) for leak in found.leaks] == [
        ("test", "train and validation", 40, 0),
        ("validation", "train", 40, 0),
    ]
    assert found.leaks[0].near == 40  # every text is nearly every other


def test_what_cannot_be_used_is_listed_and_left_out(tmp_path: Path) -> None:
    rows = [("good", "a"), ("  ", "a"), (None, "b"), ("bad", None), ("fine", " "), ("worse", "b")]
    train = write_csv(tmp_path / "rows.csv", rows)  # type: ignore[arg-type]
    found = audit(file_rows([train], COLUMNS))
    assert found.rows == {"all": 6}
    assert found.unreadable == {"all": 4}
    reasons = [
        "the text is empty",
        "the text is missing",
        "the label is missing",
        "the label is missing",
    ]
    assert [reason for _, _, reason in found.faults] == reasons
    assert found.repeats[0].rows == 2
    assert found.classes == {"a": {"all": 1}, "b": {"all": 1}}


def test_lengths_are_counted_in_words_and_characters() -> None:
    texts = [("one two three", "a"), ("One, two!", "a"), ("one", "b")]
    found = audit(material(texts, [("four words are here", "a")]))
    assert found.sizes["words"]["train"] == {"min": 1, "p5": 1, "median": 2, "p95": 3, "max": 3}
    assert found.sizes["characters"]["test"] == dict.fromkeys(("min", "p5", "median", "p95", "max"), 19)


def test_labels_alike_unknown_labels_and_a_byte_order_mark_are_noted(tmp_path: Path) -> None:
    train, test = tmp_path / "train.csv", tmp_path / "test.csv"
    train.write_bytes(b"\xef\xbb\xbftext,label\na,Yes\nb,yes\nc,no\n")
    test.write_bytes(b"text,label\nd,maybe\n")
    assert audit(file_rows([train, test], COLUMNS)).notes == (
        'Classes that look alike count as different ones: "Yes" (1 row), "yes" (1 row).',
        f"{train}: the file begins with a UTF-8 byte order mark.",
        "Labels of test rows that no training row has: maybe.",
    )


def test_notes_of_training_are_repeated(tmp_path: Path) -> None:
    train = tmp_path / "train.tsv"
    train.write_text('text\tlabel\na\t1\n"b\t2\nc"\t1.0\nd\t2\n')
    assert audit(file_rows([train], COLUMNS)).notes == (
        f"{train}: Row 2 spans 2 lines and holds tabs; a quote may have joined 2 rows. Write a quote inside a text twice "
        '("") and put the text in quotes. Or, if quotes are ordinary characters here: data.quoting=none',
        'Labels count as the class "1" though they are written as "1.0".',
        "Only one file was given, so there is no test set to leak into.",
    )


def test_a_column_of_measured_values_is_noted(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "rows.csv", [(f"text {row}", str(row / 8)) for row in range(40)])
    assert audit(file_rows([path], COLUMNS)).notes[0] == (
        f'{path}: the column "label" holds 40 different numbers, as measured values are, in 40 rows ("0", "0.125", …).'
    )


def test_a_validation_file_and_a_test_file_are_compared_with_what_training_reads(tmp_path: Path) -> None:
    rows = [(f"text number {row} says something {row % 7}", "ab"[row % 2]) for row in range(60)]
    paths = {"path": rows[:40], "validation_path": rows[35:50], "test_path": rows[45:]}
    files = {key: str(write_csv(tmp_path / f"{key}.csv", part)) for key, part in paths.items()}
    data = Data(source="table", **files)  # type: ignore[arg-type]
    found = audit(recipe_rows(data, 1))
    assert found.rows == {"train": 40, "validation": 15, "test": 15}
    assert [(leak.of, leak.among, leak.exact) for leak in found.leaks] == [
        ("test", "train and validation", 5),
        ("validation", "train", 5),
    ]
    description = load_dataset(data, 1).description
    assert (description["leaked_test_rows"], description["leaked_validation_rows"]) == (5, 5)


def test_data_that_a_recipe_cannot_split_is_audited_all_the_same(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "rows.csv", [("a", "yes"), ("b", "yes"), ("a", "yes")])
    found = audit(recipe_rows(Data(source="table", path=str(path)), 1))
    assert found.repeats[0].copies == 1
    assert 'every row has the label "yes"' in found.notes[0]


def test_a_limit_audits_what_training_would_use(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "rows.csv", [(f"text {row}", "ab"[row % 2]) for row in range(100)])
    found = audit(recipe_rows(Data(source="table", path=str(path), limit=40), 1))
    assert found.repeats[0].rows == 40


def test_nothing_that_can_be_used_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "rows.csv", [("a", None)])
    with pytest.raises(InputError, match=r"no row can be read and has a label\."):
        audit(file_rows([path], COLUMNS))


def photo(seed: int, quality: int = 95) -> bytes:
    stream = io.BytesIO()
    small = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    Image.fromarray(small).resize((80, 64), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


@pytest.fixture
def photos() -> dict[str, bytes]:
    files = {f"train/{name}/{row}.jpg": photo(100 * row + place) for place, name in enumerate("ab") for row in range(8)}
    files |= {
        f"test/{name}/{row}.jpg": photo(5000 + 100 * row + place) for place, name in enumerate("ab") for row in range(4)
    }
    files["train/b/copy.jpg"] = files["train/a/0.jpg"]  # another label
    files["test/a/leak.jpg"] = files["train/a/1.jpg"]
    files["test/a/nearly.jpg"] = photo(200, 60)  # train/a/2.jpg stored anew
    files["test/b/broken.jpg"] = b"no picture"
    return files


def check_photos(found: Any) -> None:
    (leak,) = (leak for leak in found.leaks if leak.of == "test")
    assert (leak.rows, leak.exact, leak.identical, leak.near) == (10, 1, 1, 1)
    assert found.repeats[0].copies == 1
    assert (found.conflicts.contents, found.conflicts.rows) == (1, 2)
    assert found.unreadable == {"train": 0, "test": 1}
    assert "no image in a format that is read" in found.faults[0][2]
    assert found.sizes["width"]["train"]["median"] == 80


def test_images_in_folders_and_zips(photos: Mapping[str, bytes], as_folder: Write, as_zip: Write) -> None:
    folder, zipped = as_folder(photos), as_zip(photos)
    check_photos(audit(file_rows([folder], COLUMNS)))
    check_photos(audit(file_rows([zipped], COLUMNS)))
    apart = audit(file_rows([folder / "train", folder / "test"], COLUMNS))
    check_photos(apart)
    assert apart.pairs["id_a"].str.starts_with("train/").all()
    check_photos(audit(recipe_rows(Data(source="image-folder", path=str(folder), validation=0.3), 1)))


def test_a_table_of_images(photos: Mapping[str, bytes], as_folder: Write) -> None:
    folder = as_folder(photos)
    for part in ("train", "test"):
        rows = [{"image": name, "label": name.split("/")[1]} for name in photos if name.startswith(part)]
        (folder / f"{part}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    check_photos(audit(file_rows([folder / "train.jsonl", folder / "test.jsonl"], COLUMNS)))


def test_images_without_colour_and_empty_ones_are_counted(as_folder: Write) -> None:
    grey, empty = Image.fromarray(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64).astype(np.uint8)), io.BytesIO()
    stream = io.BytesIO()
    grey.save(stream, "PNG")
    Image.new("RGB", (64, 64), (10, 200, 30)).save(empty, "PNG")
    files = {f"{name}/{row}.jpg": photo(row + 10 * place) for place, name in enumerate("ab") for row in range(3)}
    folder = as_folder({**files, "a/grey.png": stream.getvalue(), "b/empty.png": empty.getvalue()})
    found = {one.code: one for one in audit(file_rows([folder], COLUMNS)).oddities}
    assert {code: one.rows for code, one in found.items()} == {"colourless": {"all": 1}, "flat": {"all": 1}}
    assert (found["colourless"].examples[0][0], found["flat"].examples[0][0]) == ("a/grey.png", "b/empty.png")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("a.csv", "b.csv", "c.csv"), "3 files: name one, or two"),
        (("a.csv", "photos"), "a table and a folder of images. Name two of one kind"),
    ],
)
def test_files_that_do_not_go_together_are_refused(names: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        file_rows([Path(name) for name in names], COLUMNS)


def test_a_folder_with_parts_of_its_own_beside_another_is_refused(
    photos: Mapping[str, bytes], as_folder: Write
) -> None:
    folder = as_folder(photos)
    with pytest.raises(InputError, match="it has a test part of its own"):
        file_rows([folder, folder], COLUMNS)

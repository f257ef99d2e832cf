"""Predicting files: every kind of input, in chunks, to every kind of output, and what is said of bad ones."""

from __future__ import annotations

import errno
import gzip
import io
import json
import math
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from classmark.cli.main import run
from classmark.data.images.files import ImageFiles
from classmark.errors import InputError
from classmark.inference import chunks as chunks_module
from classmark.inference import mixed as mixed_module
from classmark.inference.chunks import CHUNK_ROWS, Chunk, Kind, Notes, PredictOptions
from classmark.inference.classifier import Classifier
from classmark.inference.decisions import DecidingModel, Decisions
from classmark.inference.files import predict_files, read_chunks
from classmark.inference.output import check_out, write_predictions
from classmark.predictions import read
from classmark.tables import blocks

TEXTS = ['fine, "very" fine', "dull\nand long", "wörds"]
LABELS = ["long", "short", None]


class LengthClassifier:
    """Says `long` the surer the longer a text is, and notes how many texts it gets at once."""

    classes = ("long", "short")
    kind = "text"
    temperature = None

    def __init__(self) -> None:
        self.seen: list[int] = []

    def predict_logits(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.seen.append(len(texts))
        return np.array([[len(text) / 10, 0.5] for text in texts], np.float32)


def deciding(classifier: LengthClassifier) -> DecidingModel:
    return DecidingModel(cast(Classifier, classifier), Decisions(classifier.classes))


def probability(text: str) -> float:
    """Of `long`: the logistic function of the difference of the two logits."""
    return 1 / (1 + math.exp(0.5 - len(text) / 10))


def read_all(*inputs: Path | str, kind: Kind = "text", notes: Notes | None = None, **options: Any) -> Iterator[Chunk]:
    names = [str(name) for name in inputs]
    return read_chunks(names, kind, LengthClassifier.classes, PredictOptions(**options), notes or Notes())


def chunks(*inputs: Path | str, **options: Any) -> list[pl.DataFrame]:
    return [chunk.frame.select("id", pl.exclude("id", "label"), "label") for chunk in read_all(*inputs, **options)]


def write_table(path: Path, frame: pl.DataFrame) -> Path:
    match path.suffix:
        case ".parquet":
            frame.write_parquet(path)
        case ".jsonl" | ".ndjson":
            frame.write_ndjson(path)
        case ending:
            frame.write_csv(path, separator="\t" if ending == ".tsv" else ",")
    return path


def predicted(out: Path, *inputs: Path, **columns: Any) -> Path:
    rows = write_predictions(deciding(LengthClassifier()), read_all(*inputs, **columns), out, PredictOptions(), Notes())
    assert rows == sum(chunk.height for chunk in chunks(*inputs, **columns))
    return out


def refusal(*inputs: Path | str, **columns: Any) -> str:
    with pytest.raises(InputError) as caught:
        chunks(*inputs, **columns)
    return str(caught.value)


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "ndjson", "parquet", "CSV"])
def test_every_kind_of_table_gives_the_same_rows(tmp_path: Path, ending: str) -> None:
    table = write_table(tmp_path / f"a.{ending}", pl.DataFrame({"text": TEXTS, "label": LABELS, "more": [1, 2, 3]}))
    (chunk,) = chunks(table)
    assert chunk.to_dict(as_series=False) == {"id": ["1", "2", "3"], "text": TEXTS, "label": LABELS}


def test_columns_can_have_other_names_and_keep_their_digits(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("nr,review,class\n007,12,long\n008,13.50,\n")
    (chunk,) = chunks(path, text="review", label="class", id="nr")
    assert chunk.rows() == [("007", "12", "long"), ("008", "13.50", None)]


def test_a_table_without_labels_has_none(tmp_path: Path) -> None:
    (chunk,) = chunks(write_table(tmp_path / "a.csv", pl.DataFrame({"text": TEXTS})))
    assert chunk["label"].to_list() == [None, None, None]


def test_a_name_with_brackets_is_one_file(tmp_path: Path) -> None:
    for ending in ("csv", "jsonl", "parquet"):
        write_table(tmp_path / f"reviews1.{ending}", pl.DataFrame({"text": ["another"]}))
        path = write_table(tmp_path / f"reviews[1].{ending}", pl.DataFrame({"text": ["this"]}))
        assert chunks(path)[0]["text"].to_list() == ["this"]


def test_what_only_late_rows_of_json_lines_have_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows = [{"text": "a", "n": 1}] * 200 + [{"text": "b", "n": "one", "label": "long"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (chunk,) = chunks(path)
    assert chunk.row(200) == ("201", "b", "long")


def test_a_text_file_is_one_text_and_a_folder_one_a_file(tmp_path: Path) -> None:
    for name, text in (("b.txt", "second\n"), ("a/2.txt", "first"), ("a/notes.md", "not this")):
        (tmp_path / "texts" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "texts" / name).write_text(text)
    (folder,) = chunks(tmp_path / "texts")
    assert folder.rows() == [("a/2.txt", "first", None), ("b.txt", "second\n", None)]
    (file,) = chunks(tmp_path / "texts" / "b.txt")
    assert file.rows() == [("b.txt", "second\n", None)]


def test_standard_input_has_a_text_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("one\n\nthree, no end"))
    (chunk,) = chunks("-")
    assert chunk.rows() == [("line-1", "one", None), ("line-3", "three, no end", None)]


def test_several_inputs_number_their_ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("x\n"))
    table = write_table(tmp_path / "a.csv", pl.DataFrame({"text": TEXTS[:2]}))
    for folder in ("x", "y"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.txt").write_text(folder)
    found = pl.concat(chunks(table, table, tmp_path / "x", tmp_path / "y", "-"))
    assert found["id"].to_list() == ["1-1", "1-2", "2-1", "2-2", "3-1.txt", "4-1.txt", "5-line-1"]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_long_table_comes_in_chunks(tmp_path: Path, ending: str) -> None:
    rows = 2 * CHUNK_ROWS + 5
    path = write_table(tmp_path / f"a.{ending}", pl.DataFrame({"text": [f"text {row}" for row in range(1, rows + 1)]}))
    found = chunks(path)
    assert max(chunk.height for chunk in found) <= CHUNK_ROWS
    assert len(found) >= 3
    whole = pl.concat(found)
    assert whole["id"].to_list() == [str(row) for row in range(1, rows + 1)]
    assert whole["text"].to_list() == [f"text {row}" for row in range(1, rows + 1)]


def test_each_chunk_is_predicted_before_the_next_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks_module, "CHUNK_ROWS", 3)
    read_so_far, when_predicted, classifier = [0], [], LengthClassifier()

    def lines() -> Iterator[str]:
        for number in range(1, 36):
            read_so_far[0] = number
            yield "x" * number + "\n"

    def predict(texts: Sequence[str]) -> NDArray[np.float32]:
        when_predicted.append(read_so_far[0])
        return LengthClassifier.predict_logits(classifier, texts)

    monkeypatch.setattr(sys, "stdin", lines())
    monkeypatch.setattr(classifier, "predict_logits", predict)
    assert write_predictions(deciding(classifier), read_all("-"), tmp_path / "out.csv", PredictOptions(), Notes()) == 35
    assert when_predicted == [*range(3, 36, 3), 35]
    assert classifier.seen == [3] * 11 + [2]
    assert pl.read_csv(tmp_path / "out.csv")["id"].to_list() == [f"line-{number}" for number in range(1, 36)]


def test_parquet_is_a_predictions_table(tmp_path: Path) -> None:
    texts = [*TEXTS, "long " * 1_000]
    table = pl.DataFrame({"nr": ["a", "b", "c", "d"], "text": texts, "label": ["long", "short", None, " "]})
    found = read(predicted(tmp_path / "out.parquet", write_table(tmp_path / "a.csv", table), id="nr"))
    assert (found.classes, found.split, found.ids.to_list()) == (("long", "short"), None, ["a", "b", "c", "d"])
    assert found.frame["label"].to_list() == ["long", "short", None, None]
    assert found.frame["text"].to_list() == [*TEXTS, ("long " * 1_000)[:4_000]]
    expected = [[probability(text), 1 - probability(text)] for text in texts]
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(found.frame["logits"].to_numpy(), [[len(text) / 10, 0.5] for text in texts], rtol=1e-6)


def test_csv_and_json_lines_have_a_column_a_class(tmp_path: Path) -> None:
    table = write_table(tmp_path / "a.csv", pl.DataFrame({"text": ["x", "x" * 20], "label": ["short", "long"]}))
    expected = [
        {"id": 1, "label": "short", "predicted": "short", "p_long": probability("x"), "p_short": 1 - probability("x")},
        {"id": 2, "label": "long", "predicted": "long", "p_long": probability("x" * 20),
         "p_short": 1 - probability("x" * 20)},
    ]  # fmt: skip
    rows = pl.read_csv(predicted(tmp_path / "out.csv", table)).to_dicts()
    lines = [json.loads(line) for line in predicted(tmp_path / "out.jsonl", table).read_text().splitlines()]
    for found in (rows, [{**line, "id": int(line["id"])} for line in lines]):
        assert [list(row) for row in found] == [list(row) for row in expected]
        assert found == [pytest.approx(row, abs=1e-6) for row in expected]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_labels_are_carried_where_some_rows_have_one(tmp_path: Path, ending: str) -> None:
    with_labels = write_table(tmp_path / "a.csv", pl.DataFrame({"text": ["a"], "label": ["long"]}))
    without = write_table(tmp_path / "b.csv", pl.DataFrame({"text": ["b"]}))
    readers: dict[str, Callable[[Path], pl.DataFrame]] = {"csv": pl.read_csv, "jsonl": pl.read_ndjson}
    for inputs, labels in (((with_labels, without), ["long", None]), ((without, with_labels), [None, "long"])):
        assert readers[ending](predicted(tmp_path / f"out.{ending}", *inputs))["label"].to_list() == labels
    assert "label" not in readers[ending](predicted(tmp_path / f"out.{ending}", without)).columns


BAD_TABLES = {
    "empty": ("a.csv", b"", "{path}: the file is empty."),
    "another column": (
        "a.csv",
        b"txet\nx\n",
        '{path}: there is no column "text"; its columns are txet. Did you mean "txet"? Name the right one: text="COLUMN"',
    ),
    "no header": (
        "a.csv",
        b"it was so good that we went again\nx\n",
        '{path}: there is no column "text"; its columns are it was so good that we went again. '
        "Its first line seems to be a row, not names. Put a line with the names of the columns above it.",
    ),
    "two columns of labels": (
        "a.csv",
        b"text,label,label\na,long,long\n",
        '{path}: the column "label" occurs more than once. Rename or remove all but one, or predict without labels: '
        "no_labels=True",
    ),
    "missing text": (
        "a.csv",
        b"text,label\na,long\n,long\n",
        "{path}, row 2: the text is missing. Correct it, or leave such rows out: skip_unreadable=True",
    ),
    "too many fields": (
        "a.csv",
        b"text,label\na,b,c\n",
        '{path}, row 1: 3 fields, but the header has 2. Put a text that holds the separator in quotes: "…".',
    ),
    "Latin 1": (
        "a.csv",
        b"text\ncaf\xe9\n",
        "{path}, line 2: byte 4 (0xe9) is not valid UTF-8. Convert the file, for instance: "
        "iconv -f WINDOWS-1252 -t UTF-8 a.csv > utf8-a.csv",
    ),
    "no JSON": (
        "a.jsonl",
        b'{"text": "a"}\nb\n',
        '{path}, line 2: not valid JSON; see character 1. Each line is one object, as {{"text": \u2026, "label": \u2026}}.',
    ),
    "no Parquet": (
        "a.parquet",
        b"PAR1, but no table in it",
        "{path}: it is no Parquet file, or it is damaged or cut off. Write or fetch it again.",
    ),
}


@pytest.mark.parametrize("what", BAD_TABLES)
def test_bad_tables(tmp_path: Path, what: str) -> None:
    name, content, message = BAD_TABLES[what]
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(path) == message.format(path=path)


def test_a_missing_row_far_down_has_its_own_number(tmp_path: Path) -> None:
    texts = [None if row == 2 * CHUNK_ROWS + 3 else "x" for row in range(1, 2 * CHUNK_ROWS + 10)]
    path = write_table(tmp_path / "a.parquet", pl.DataFrame({"text": texts, "n": 1}))
    assert refusal(path) == (
        f"{path}, row {2 * CHUNK_ROWS + 3}: the text is missing. Correct it, or leave such rows out: skip_unreadable=True"
    )


def test_ids_are_there_and_unique(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("nr,text\na,x\n,y\n")
    assert refusal(path, id="nr") == f"{path}, row 2: the id is missing. Every row needs one, or leave out id=."
    assert refusal(path, id="number") == (
        f'{path}: there is no column "number"; its columns are nr, text. Name the right one: id="COLUMN"'
    )
    path.write_text("nr,text\na,x\n\nb,y\na,z\n")
    assert refusal(path, id="nr") == f'{path}: the id "a" stands in rows 1 and 4. Give each row an id of its own.'
    path.write_text("nr,text\na,x\nb,y\n")
    with pytest.raises(InputError) as caught:
        write_predictions(
            deciding(LengthClassifier()), read_all(path, path, id="nr"), tmp_path / "out.csv", PredictOptions(), Notes()
        )
    assert str(caught.value) in {
        f'the id "{name}" stands in two rows or more. Give each row its own, or leave out id=' for name in ("a", "b")
    }
    assert not (tmp_path / "out.csv").exists()


def test_bad_names_texts_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, empty = tmp_path / "bad.txt", tmp_path / "empty"
    bad.write_bytes(b"caf\xe9")
    empty.mkdir()
    assert refusal(tmp_path / "no.csv") == f"{tmp_path}/no.csv: there is no such file."
    assert refusal(tmp_path / "no.txt") == f"{tmp_path}/no.txt: there is no such file."
    (tmp_path / "a.docx").touch()
    assert refusal(tmp_path / "a.docx") == (
        f'{tmp_path}/a.docx: a file ending in ".docx" is not read. Give a table (.csv, .tsv, .jsonl, .json, .parquet, .feather, '
        ".npz or .xlsx), .txt files, a folder or a zip of .txt files, or - for standard input."
    )
    assert refusal(bad) == (
        f"{bad}: it is not valid UTF-8. Convert it to UTF-8, or leave such rows out: skip_unreadable=True"
    )
    assert refusal(empty) == f"{empty}: the folder holds no texts (.txt)."
    (empty / "a.md").touch()
    assert refusal(empty) == f"{empty}: the folder holds no texts (.txt). 1 file ends in .md."
    packed = tmp_path / "b.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("b.csv", "text\na\n")
    assert refusal(packed) == (
        f"{packed}: the zip holds no texts (.txt). 1 file ends in .csv. Unpack it to give a table in it."
    )
    with pytest.raises(InputError) as caught:
        predict_files(tmp_path, [], tmp_path / "p.csv")
    assert str(caught.value) == "inputs: there is none. Name a table, texts or images."
    for errors in ("strict", "surrogateescape"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"ok\ncaf\xe9\n"), "utf-8", errors))
        assert refusal("-") == "standard input: not valid UTF-8. Convert it, for instance with iconv."


def test_nothing_to_predict_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixed_module, "load", lambda path, calibrated: LengthClassifier())
    path = tmp_path / "a.csv"
    path.write_text("text,label\n,long\n")
    with pytest.raises(InputError) as caught:
        predict_files(tmp_path / "no run", [str(path)], tmp_path / "out.csv", PredictOptions(skip_unreadable=True))
    assert str(caught.value) == (
        f"{path}: there is nothing to predict; left out: 1 row, the text is missing: {path}, row 1."
    )
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_an_error_in_a_late_chunk_leaves_the_folder_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(chunks_module, "CHUNK_ROWS", 2)
    path, out = tmp_path / "a.csv", tmp_path / "out" / f"p.{ending}"
    path.write_text("text,n\na,1\nb,2\nc,3\n,4\n")
    out.parent.mkdir()
    out.write_text("of before")
    classifier = LengthClassifier()
    with pytest.raises(InputError, match=r"a\.csv, row 4: the text is missing\."):
        write_predictions(deciding(classifier), read_all(path), out, PredictOptions(), Notes())
    assert classifier.seen == [2]
    assert [found.name for found in out.parent.iterdir()] == [out.name]
    assert out.read_text() == "of before"


def test_the_command_names_the_rows_and_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mixed_module, "load", lambda path, calibrated: LengthClassifier())
    table = write_table(tmp_path / "a.csv", pl.DataFrame({"body": ["x"] * 1_234, "truth": ["long"] * 1_234}))
    out = tmp_path / "new folder" / "p.csv"
    words = ["predict", "run", str(table), "--out", str(out), "--text", "body", "--label", "truth"]
    assert run(words) == 0
    assert capsys.readouterr() == (f"{out}\n", "1,234 rows\n")
    assert pl.read_csv(out).columns == ["id", "label", "predicted", "p_long", "p_short"]


def test_standard_input_has_a_path_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("\ufeffa.png\n\nb c/2.jpg\n"))
    (chunk,) = read_all("-", kind="images")
    assert chunk.frame.rows() == [("line-1", "a.png", None), ("line-3", "b c/2.jpg", None)]
    assert chunk.frame.columns == ["id", "path", "label"]


def test_images_come_from_files_folders_and_tables(tmp_path: Path) -> None:
    for name in ("b.PNG", "a/2.jpeg", "a/notes.txt", ".hidden/3.png", "a/.4.png"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).touch()
    folder, table, notes = tmp_path / "photos", tmp_path / "t.tsv", Notes()
    table.write_text(f"picture\tkind\n photos/b.PNG\tlong\n{folder}/a/2.jpeg\t\n\tshort\n")
    options = {"image": "picture", "label": "kind", "kind": "images", "notes": notes}
    found = chunks(folder, folder / "b.PNG", table, **options)
    paths = [str(folder / "a/2.jpeg"), str(folder / "b.PNG")]
    assert [chunk.rows() for chunk in found] == [
        [("1-a/2.jpeg", paths[0], None), ("1-b.PNG", paths[1], None)],
        [("2-b.PNG", paths[1], None)],
        [("3-1", paths[1], "long"), ("3-2", paths[0], None), ("3-3", "", "short")],
    ]
    assert notes.lines() == [f"{folder}: not read: 1 file ends in .txt."]


def test_names_of_images_are_those_that_training_takes(tmp_path: Path) -> None:
    (tmp_path / "photos/a").mkdir(parents=True)
    for name in ("1.jpg", "2.jpg"):
        (tmp_path / "photos/a" / name).touch()
    table, folder = tmp_path / "t.csv", tmp_path / "photos"
    table.write_text("image\na\\1.jpg\na/2\nhttps://example.org/3.jpg\n")
    options = {"image_folder": str(folder), "image_ending": "jpg", "kind": "images"}
    assert refusal(table, **options) == (
        f"{table}, row 3: it names a web address, from which classmark fetches nothing. "
        "Download the image and name its file, or leave such rows out: skip_unreadable=True"
    )
    (chunk,) = read_all(table, skip_unreadable=True, **options)
    assert chunk.files == ImageFiles(folder, ("a/1.jpg", "a/2.jpg"))
    assert chunk.frame["path"].to_list() == [f"{folder}/a/1.jpg", f"{folder}/a/2.jpg"]


UNKNOWN = (
    '{path}, row 2: the label "Long" is none of the model\'s classes long, short. The class "long" differs in case alone. '
    "Correct it, leave such rows out with skip_unknown_labels=True, or predict without labels: no_labels=True"
)


def test_labels_that_the_model_lacks(tmp_path: Path) -> None:
    path, notes = tmp_path / "a.csv", Notes()
    path.write_text("text,label\na, short \nb,Long\nc,\nd,Long\ne,x\n")
    assert refusal(path) == UNKNOWN.format(path=path)
    (kept,) = chunks(path, skip_unknown_labels=True, notes=notes)
    assert kept.rows() == [("1", "a", "short"), ("3", "c", None)]
    assert notes.lines() == [
        f'left out: 2 rows, the label "Long" is no class of the model: {path}, row 2, row 4',
        f'left out: 1 row, the label "x" is no class of the model: {path}, row 5',
    ]
    (free,) = chunks(path, no_labels=True)
    assert free["label"].to_list() == [None] * 5


def test_only_a_label_column_that_is_named_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,lable\na,long\n")
    assert chunks(path)[0].rows() == [("1", "a", None)]
    assert refusal(path, label="label") == (
        f'{path}: there is no column "label"; its columns are text, lable. Did you mean "lable"? '
        'Name the right one: label="COLUMN"'
    )
    with pytest.raises(InputError) as caught:
        predict_files(tmp_path, [str(path)], tmp_path / "p.csv", PredictOptions(label="lable", no_labels=True))
    assert str(caught.value) == "label: it names a column that no_labels= leaves unread. Give one of the two."


def test_columns_of_other_kinds(tmp_path: Path) -> None:
    path, notes = tmp_path / "a.parquet", Notes()
    pl.DataFrame(
        {"text": ["a", "b"], "label": [["x"], None], "o": [{"k": 1}, {"k": 2}], "n": [1.0, 2.5]}
    ).write_parquet(path)
    assert chunks(path, notes=notes, id="n")[0].rows() == [("1.0", "a", None), ("2.5", "b", None)]
    assert notes.lines() == [f'{path}: the column "label" holds lists of text and is not read.']
    for key, column, held in (("text", "o", "records"), ("label", "label", "lists of text"), ("id", "o", "records")):
        assert refusal(path, **{key: column}) == (
            f'{path}: the column "{column}" holds {held}, not text. Name another: {key}="COLUMN"'
        )
    twice = tmp_path / "a.csv"
    twice.write_text("text,text\na,b\n")
    assert refusal(twice) == f'{twice}: the column "text" occurs more than once. Rename or remove all but one.'


def test_rows_without_a_text_are_left_out_if_asked_for(tmp_path: Path) -> None:
    path, notes = tmp_path / "a.csv", Notes()
    path.write_text('text,n\na,1\n\n,2\n,\n" ",3\n\u200b,4\n,5\nb,6\n')
    (kept,) = chunks(path, skip_unreadable=True, notes=notes)
    assert kept["id"].to_list() == ["1", "8"]  # rows 2 and 4 are blank
    assert notes.lines() == [
        f"left out: 2 rows, the text is missing: {path}, row 3, row 7",
        f"left out: 2 rows, the text is empty: {path}, row 5, row 6",
    ]


def test_more_than_five_places_are_counted() -> None:
    notes = Notes()
    for row in range(1, 8):
        notes.leave_out("the text is empty", f"a.csv, row {row}")
    assert notes.lines() == ["left out: 7 rows, the text is empty: a.csv, row 1, row 2, row 3, row 4, row 5 and 2 more"]


TEXT_FILES = {
    "B.TXT": b"\xef\xbb\xbfsecond", "a.txt": b"first", "sub/c.txt": "caf\u00e9".encode("utf-16"), "._a.txt": b"\0\5\x16",
    "__MACOSX/x.txt": b"no", ".DS_Store": b"no", "sub/latin.txt": b"caf\xe9", "sub/empty.txt": b" \n", "n.md": b"no",
}  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_and_a_zip_of_texts(tmp_path: Path, packed: bool) -> None:
    folder, notes = tmp_path / "texts", Notes()
    for name, content in TEXT_FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    place = Path(shutil.make_archive(str(tmp_path / "t"), "zip", folder)) if packed else folder
    (found,) = chunks(place, skip_unreadable=True, notes=notes)
    assert found.rows() == [("B.TXT", "second", None), ("a.txt", "first", None), ("sub/c.txt", "caf\u00e9", None)]
    assert notes.lines() == [
        f"{place}: not read: 1 file ends in .md.",
        f"left out: 1 row, the text is empty: {place}/sub/empty.txt",
        f"left out: 1 row, it is not valid UTF-8: {place}/sub/latin.txt",
    ]
    assert refusal(place).startswith(f"{place}/sub/empty.txt: the text is empty. ")


def test_quotes_can_be_ordinary_characters(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text('text\tlabel\n"so\tlong\nit" ends\tshort\n')
    found = chunks(path, quoting="none")[0]
    assert found.rows() == [("1", '"so', "long"), ("2", 'it" ends', "short")]
    with pytest.raises(InputError) as caught:
        predict_files(tmp_path, [str(path)], tmp_path / "p.csv", PredictOptions(quoting="off"))
    assert str(caught.value) == 'quoting: "off" is neither auto nor none.'


def test_folders_of_parts_and_compressed_tables(tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    for name in ("0.csv", "1.csv"):
        (parts / name).write_text("text,label\na,long\n\nb,\n")
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(b"text;label\na;long\n"))
    assert chunks(parts)[0]["id"].to_list() == ["1", "3", "4", "6"]
    assert chunks(packed)[0].rows() == [("1", "a", "long")]


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_table_in_blocks_gives_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    rows = pl.DataFrame({"text": [f"t {row}" for row in range(500)], "label": ["long", None] * 250, "nr": range(500)})
    path = write_table(tmp_path / f"a.{ending}", rows)
    expected = pl.concat(chunks(path, id="nr"))
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 700)
    found = chunks(path, id="nr")
    assert len(found) > 1 or ending == "parquet"
    assert pl.concat(found).equals(expected)


def test_no_input_is_written_over(tmp_path: Path) -> None:
    table, parts, texts = tmp_path / "a.csv", tmp_path / "parts", tmp_path / "texts"
    table.write_text("text\na\n")
    for folder, name in ((parts, "0.csv"), (texts, "a.txt")):
        folder.mkdir()
        (folder / name).write_text("text\na\n")
    (tmp_path / "link.csv").symlink_to(table)
    (tmp_path / "hard.csv").hardlink_to(table)
    (tmp_path / "part.csv").hardlink_to(parts / "0.csv")
    (tmp_path / "part link.csv").symlink_to(parts / "0.csv")
    (tmp_path / "same").symlink_to(parts)
    for given, out in (
        *((table, tmp_path / name) for name in ("a.csv", "link.csv", "hard.csv", "texts/../a.csv")),
        (tmp_path / "link.csv", table),
        *(
            (parts, tmp_path / name)
            for name in ("parts/0.csv", "parts/new.jsonl", "same/new.csv", "part.csv", "part link.csv")
        ),
    ):
        with pytest.raises(InputError) as caught:
            check_out(out, ["-", str(given)])
        assert str(caught.value) == (
            f"out: {out}: it would overwrite an input, {given}, or be read as a part of it next time. Name another file."
        )
    for given, out in ((parts, tmp_path / "p.csv"), (texts, texts / "p.csv"), (table, tmp_path / "new" / "a.csv")):
        check_out(out, [str(given)])


def test_all_inputs_must_be_there_before_any_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    with pytest.raises(InputError) as caught:
        check_out(tmp_path / "p.csv", [str(tmp_path / "a.csv"), str(tmp_path / "no.csv")])
    assert str(caught.value) == f"{tmp_path}/no.csv: there is no such file."


def test_places_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "f.csv").touch()
    (tmp_path / "d.csv").mkdir()
    (tmp_path / "locked").mkdir()

    def refused(**options: Path) -> None:
        assert options == {"dir": tmp_path / "locked"}
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), f"{tmp_path}/locked/x")

    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    for out, said in (
        (tmp_path / "p.txt", '"p.txt" must end in .parquet, .csv, .jsonl.'),
        (tmp_path / "d.csv", f"{tmp_path}/d.csv: it is a folder. Name a file in it."),
        (
            tmp_path / "f.csv/p.csv",
            f"{tmp_path}/f.csv/p.csv: {tmp_path}/f.csv is a file, not a folder. Name another file.",
        ),
        (
            tmp_path / "locked/b/p.csv",
            f"{tmp_path}/locked/b/p.csv: nothing can be written in {tmp_path}/locked (permission denied). "
            "Name another place.",
        ),
    ):
        with pytest.raises(InputError) as caught:
            check_out(out, [])
        assert str(caught.value) == f"out: {said}"

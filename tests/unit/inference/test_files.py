"""Predicting files: every kind of input, in chunks, to every kind of output, and what is said of bad ones."""

from __future__ import annotations

import io
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from classmark.cli.main import run
from classmark.errors import InputError
from classmark.inference import classifier as classifier_module
from classmark.inference import files
from classmark.inference.files import CHUNK_ROWS, PredictOptions, predict_files, read_chunks, write_predictions
from classmark.predictions import read

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


def probability(text: str) -> float:
    """Of `long`: the logistic function of the difference of the two logits."""
    return 1 / (1 + math.exp(0.5 - len(text) / 10))


def chunks(*inputs: Path | str, **columns: Any) -> list[pl.DataFrame]:
    return list(read_chunks([str(name) for name in inputs], PredictOptions(**columns)))


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
    rows = write_predictions(LengthClassifier(), iter(chunks(*inputs, **columns)), out)
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
    path.write_text("nr,review,class\n007,12,1.0\n008,13,2\n")
    (chunk,) = chunks(path, text="review", label="class", id="nr")
    assert chunk.rows() == [("007", "12", "1.0"), ("008", "13", "2")]


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
    assert chunk.rows() == [("line-1", "one", None), ("line-2", "", None), ("line-3", "three, no end", None)]


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
    monkeypatch.setattr(files, "CHUNK_ROWS", 3)
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
    assert write_predictions(classifier, read_chunks(["-"], PredictOptions()), tmp_path / "out.csv") == 35
    assert when_predicted == [*range(3, 36, 3), 35]
    assert classifier.seen == [3] * 11 + [2]
    assert pl.read_csv(tmp_path / "out.csv")["id"].to_list() == [f"line-{number}" for number in range(1, 36)]


def test_parquet_is_a_predictions_table(tmp_path: Path) -> None:
    texts = [*TEXTS, "long " * 1_000]
    table = pl.DataFrame({"nr": ["a", "b", "c", "d"], "text": texts, "label": ["long", "short", None, "other"]})
    found = read(predicted(tmp_path / "out.parquet", write_table(tmp_path / "a.csv", table), id="nr"))
    assert (found.classes, found.split, found.ids.to_list()) == (("long", "short"), None, ["a", "b", "c", "d"])
    assert found.frame["label"].to_list() == ["long", "short", None, None]  # no class of the model is "other"
    assert found.frame["text"].to_list() == [*TEXTS, ("long " * 1_000)[:4_000]]
    expected = [[probability(text), 1 - probability(text)] for text in texts]
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(found.frame["logits"].to_numpy(), [[len(text) / 10, 0.5] for text in texts], rtol=1e-6)


def test_csv_and_json_lines_have_a_column_a_class(tmp_path: Path) -> None:
    table = write_table(tmp_path / "a.csv", pl.DataFrame({"text": ["", "x" * 20], "label": ["short", "other"]}))
    expected = [
        {"id": 1, "label": "short", "predicted": "short", "p_long": probability(""), "p_short": 1 - probability("")},
        {"id": 2, "label": "other", "predicted": "long", "p_long": probability("x" * 20),
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
        '{path}: there is no column "text"; the columns are txet. Did you mean "txet"? Name the right one: --text COLUMN',
    ),
    "another separator": (
        "a.csv",
        b"id;text\n1;x\n",
        "{path}: the header seems to be separated by semicolons, but a .csv file is read with commas. Save it with commas.",
    ),
    "missing text": ("a.csv", b"text,label\na,b\n,c\n", "{path}, row 2: the text is missing."),
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
    path = write_table(tmp_path / "a.parquet", pl.DataFrame({"text": texts}))
    assert refusal(path) == f"{path}, row {2 * CHUNK_ROWS + 3}: the text is missing."


def test_ids_are_there_and_unique(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("nr,text\na,x\n,y\n")
    assert refusal(path, id="nr") == f"{path}, row 2: the id is missing."
    assert refusal(path, id="number") == (
        f'{path}: there is no column "number"; the columns are nr, text. Name the right one: --id COLUMN'
    )
    path.write_text("nr,text\na,x\nb,y\n")
    with pytest.raises(InputError) as caught:
        write_predictions(LengthClassifier(), iter(chunks(path, path, id="nr")), tmp_path / "out.parquet")
    assert str(caught.value) in {
        f'the id "{name}" stands in two rows or more. Give each row its own.' for name in ("a", "b")
    }
    assert not (tmp_path / "out.parquet").exists()


def test_bad_names_texts_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, empty = tmp_path / "bad.txt", tmp_path / "empty"
    bad.write_bytes(b"caf\xe9")
    empty.mkdir()
    assert refusal(tmp_path / "no.csv") == f"{tmp_path}/no.csv: there is no such file."
    assert refusal(tmp_path / "no.txt") == f"{tmp_path}/no.txt: there is no such file."
    assert refusal("a.docx") == (
        "a.docx: give .csv, .tsv, .jsonl, .ndjson, .parquet or .txt files, folders of .txt files, or - for standard input."
    )
    assert refusal(bad) == f"{bad}: byte 4 is not valid UTF-8. Convert the file to UTF-8."
    assert refusal(empty) == f"{empty}: the folder has no .txt files."
    for errors in ("strict", "surrogateescape"):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"ok\ncaf\xe9\n"), "utf-8", errors))
        assert refusal("-") == "standard input: not valid UTF-8. Convert it, for instance with iconv."


def test_nothing_to_predict_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier_module, "load", lambda path, calibrated: LengthClassifier())
    path = tmp_path / "a.csv"
    path.write_text("text,label\n")
    with pytest.raises(InputError) as caught:
        predict_files(tmp_path / "no run", [str(path)], tmp_path / "out.csv")
    assert str(caught.value) == f"{path}: there is nothing to predict."


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_an_error_in_a_late_chunk_leaves_the_folder_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    monkeypatch.setattr(files, "CHUNK_ROWS", 2)
    path, out = tmp_path / "a.csv", tmp_path / "out" / f"p.{ending}"
    path.write_text("text\na\nb\nc\n\n")
    out.parent.mkdir()
    out.write_text("of before")
    classifier = LengthClassifier()
    with pytest.raises(InputError, match=r"a\.csv, row 4: the text is missing\.$"):
        write_predictions(classifier, read_chunks([str(path)], PredictOptions()), out)
    assert classifier.seen == [2]
    assert [found.name for found in out.parent.iterdir()] == [out.name]
    assert out.read_text() == "of before"


def test_the_command_names_the_rows_and_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(classifier_module, "load", lambda path, calibrated: LengthClassifier())
    table = write_table(tmp_path / "a.csv", pl.DataFrame({"body": ["x"] * 1_234, "truth": ["long"] * 1_234}))
    out = tmp_path / "new folder" / "p.csv"
    words = ["predict", "run", str(table), "--out", str(out), "--text", "body", "--label", "truth"]
    assert run(words) == 0
    assert capsys.readouterr() == (f"{out}\n", "1,234 rows\n")
    assert pl.read_csv(out).columns == ["id", "label", "predicted", "p_long", "p_short"]


def test_standard_input_has_a_path_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("a.png\nb c/2.jpg\n"))
    (chunk,) = read_chunks(["-"], PredictOptions(), "images")
    assert chunk.rows() == [("line-1", "a.png", None), ("line-2", "b c/2.jpg", None)]
    assert chunk.columns == ["id", "path", "label"]
    monkeypatch.setattr(sys, "stdin", io.StringIO("a.png\n\nb.png\n"))
    with pytest.raises(InputError) as caught:
        list(read_chunks(["-"], PredictOptions(), "images"))
    assert str(caught.value) == "standard input, line 2: no path is given."


def test_images_come_from_files_folders_and_tables(tmp_path: Path) -> None:
    for name in ("b.PNG", "a/2.jpeg", "a/notes.txt", ".hidden/3.png", "a/.4.png"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).touch()
    folder, table = tmp_path / "photos", tmp_path / "t.tsv"
    table.write_text(f"picture\tkind\nphotos/b.PNG\tcat\n{folder}/a/2.jpeg\t\n")
    options = PredictOptions(image="picture", label="kind")
    found = list(read_chunks([str(folder), str(folder / "b.PNG"), str(table)], options, "images"))
    paths = [str(folder / "a/2.jpeg"), str(folder / "b.PNG")]
    assert [chunk.rows() for chunk in found] == [
        [("1-b.PNG", paths[1], None), ("1-a/2.jpeg", paths[0], None)],
        [("2-b.PNG", paths[1], None)],
        [("3-1", paths[1], "cat"), ("3-2", paths[0], None)],
    ]

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import pytest

from classmark.data.sources.table import read_tables
from classmark.errors import InputError
from classmark.recipes.schema import Data

ROWS = pl.DataFrame({"text": ["a, b", 'say "c"', "d\ne"], "label": ["x", "y", "x"], "score": [1, 2, 3]})


def refusal(path: Path, **options: str) -> str:
    with pytest.raises(InputError) as caught:
        read_tables(Data(source="table", path=str(path), **options))  # type: ignore[arg-type]
    return str(caught.value)


def written(folder: Path, content: str | bytes, name: str = "reviews.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl", "t.ndjson", "t.parquet", "T.CSV"])
def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    match path.suffix.lower():
        case ".csv":
            ROWS.write_csv(path)
        case ".tsv":
            ROWS.write_csv(path, separator="\t")
        case ".parquet":
            ROWS.write_parquet(path)
        case _:
            ROWS.write_ndjson(path)
    train = read_tables(Data(source="table", path=str(path))).train
    assert train.select("text", "label", "score").equals(ROWS)
    assert train["place"].to_list() == [f"{path}, row {row}" for row in (1, 2, 3)]


def test_ids_tell_row_and_content_and_keep_the_test_file_apart(tmp_path: Path) -> None:
    train = written(tmp_path, "text,label\ngood,x\nbad,y\ngood,x\n")
    test = written(tmp_path, "text,label\ngood,x\n", "test.csv")
    source = read_tables(Data(source="table", path=str(train), test_path=str(test)))
    assert source.test is not None
    good, bad = (hashlib.sha256(text).hexdigest()[:8] for text in (b"good", b"bad"))
    assert source.train["id"].to_list() == [f"1-{good}", f"2-{bad}", f"3-{good}"]
    assert source.test["id"].to_list() == [f"test-1-{good}"]


def test_numbers_as_labels_texts_and_ids_become_strings_as_they_stand(tmp_path: Path) -> None:
    path = written(tmp_path, "key,body,kind\n007,12,01\n008,1e5,02\n")
    data = Data(source="table", path=str(path), text_column="body", label_column="kind", id_column="key")
    train = read_tables(data).train
    assert train.select("id", "text", "label").rows() == [("007", "12", "01"), ("008", "1e5", "02")]


def test_integer_labels_of_jsonl_become_strings(tmp_path: Path) -> None:
    path = written(tmp_path, '{"text": "a", "label": 1}\n{"text": "b", "label": 0}\n', "t.jsonl")
    assert read_tables(Data(source="table", path=str(path))).train["label"].to_list() == ["1", "0"]


def test_plain_columns_are_carried_along_and_wait_apart_if_they_are_called_as_one_of_classmark(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text(
        '{"text":"a","label":"x","region":"north","length":3,"probabilities":0.5,"group":"g","tags":["k"],"none":null}\n'
    )
    assert read_tables(Data(source="table", path=str(path))).train.columns == [
        *("id", "text", "label", "place", "region", " length", " probabilities", " group"),
    ]
    named = read_tables(Data(source="table", path=str(path), group="length"))
    assert named.train["group"].to_list() == ["3"]


def test_blank_lines_are_passed_over_and_rows_still_count_from_the_file(tmp_path: Path) -> None:
    train = read_tables(Data(source="table", path=str(written(tmp_path, "text,label\na,x\n\nb,y\n")))).train
    assert train["text"].to_list() == ["a", "b"]
    assert train["place"].to_list()[1].endswith("row 3")


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbftext,label\na,x\n")
    assert read_tables(Data(source="table", path=str(path))).train["text"].to_list() == ["a"]


def test_no_path() -> None:
    with pytest.raises(InputError) as caught:
        read_tables(Data(source="table"))
    assert str(caught.value) == "data.path: this recipe reads a table of yours. Say which: data.path=reviews.csv"


def test_a_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "t.csv") == f"{tmp_path}/t.csv: there is no such file."


# Content of reviews.csv (or the named file) and the message after its path.
BAD = [
    ("reviews.csv", b"", ": the file is empty."),
    ("reviews.csv", b"text,label\n", ": the file has no rows."),
    ("reviews.csv", b"\n\n", ": the file has only blank lines."),
    (
        "reviews.docx",
        b"PK",
        ': a file ending in ".docx" is not read. Give a .csv, .tsv, .jsonl, .json, .parquet, .feather, .npz or .xlsx '
        "file; texts may be compressed (.csv.gz, .csv.zst).",
    ),
    (
        "reviews.csv",
        b"text;label\na, really;x\nb\n",
        ": the header seems to be separated by semicolons, but not every row has as many fields. "
        'Put a text that holds the separator in quotes: "\u2026". Or save the file with commas.',
    ),
    (
        "reviews.csv",
        b"text,label,text\na,x,b\n",
        ': the column "text" occurs more than once. Rename or remove all but one.',
    ),
    (
        "reviews.csv",
        b"texts,label\na,x\n",
        ': there is no column "text"; its columns are texts, label. Did you mean "texts"? '
        "Name the right one: data.text_column=…",
    ),
    (
        "reviews.csv",
        b"text,sentiment\na,x\n",
        ': there is no column "label"; its columns are text, sentiment. Name the right one: data.label_column=…',
    ),
    (
        "reviews.csv",
        b"text,label\nfine,x\ncaf\xe9,y\n",
        ", line 3: byte 4 (0xe9) is not valid UTF-8. Convert the file, for instance: "
        "iconv -f WINDOWS-1252 -t UTF-8 reviews.csv > utf8-reviews.csv",
    ),
    (
        "reviews.csv",
        b"text,label\na,x\nfine, really,y\n",
        ', row 2: 3 fields, but the header has 2. Put a text that holds the separator in quotes: "\u2026".',
    ),
    (
        "reviews.csv",
        b'text,label\na,x\n"never closed,y\nb,x\n',
        ", row 2: a quoted text begins here and never ends. "
        'Close its quote. A quote inside a text is written twice (""), and the text stands in quotes.',
    ),
    (
        "reviews.jsonl",
        b'{"text": "a", "label": "x"}\n{"text": "b", \n',
        ', line 2: not valid JSON; the line ends too early. Each line is one object, as {"text": \u2026, "label": \u2026}.',
    ),
    (
        "reviews.jsonl",
        b'["a", "x"]\n',
        ', line 1: not a JSON object. Each line is one, as {"text": \u2026, "label": \u2026}.',
    ),
    ("reviews.jsonl", b'{"text": ["a"], "label": "x"}\n', ': the column "text" holds lists, not text.'),
]


@pytest.mark.parametrize(("name", "content", "message"), BAD)
def test_each_bad_file_is_one_clear_sentence(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = written(tmp_path, content, name)
    assert refusal(path) == f"{path}{message}"


def test_a_damaged_parquet_file(tmp_path: Path) -> None:
    path = written(tmp_path, b"PAR1 and nothing else", "reviews.parquet")
    assert refusal(path) == f"{path}: it is no Parquet file, or it is damaged or cut off. Write or fetch it again."


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("reviews.csv", b"text;label\na, really;x\n"),
        ("reviews.csv", b"text\tlabel\na, really\tx\n"),
        ("reviews.tsv", b'text,label\n"a, really",x\n'),
        ("reviews.csv", 'text,label\n"a, really",x\n'.encode("utf-16")),
        ("reviews.csv", b'text,label\r"a, really",x\r'),
        ("reviews.csv", b'"label",text\nx,"a, really"\nlabel,text\n'),
        ("reviews.jsonl", b'\xef\xbb\xbf{"text": "a, really", "label": "x", "score": NaN}\n'),
        ("reviews.json", b'[{"text": "a, really", "label": "x"}]'),
    ],
)
def test_odd_files_that_are_read(tmp_path: Path, name: str, content: bytes) -> None:
    train = read_tables(Data(source="table", path=str(written(tmp_path, content, name)))).train
    assert train.select("text", "label").rows() == [("a, really", "x")]


def test_columns_that_nobody_names_are_numbers_where_all_of_their_cells_are(tmp_path: Path) -> None:
    header = "text,label,whole,broken,truth,mixed,arabic,long,none,plus"
    content = f"{header}\na,x,1,1,TRUE,1,\u0663,12345678901234567890,,+1\nb,y,007,2.5,false,x,\u0663,1,,2\n"
    frame = read_tables(Data(source="table", path=str(written(tmp_path, content)))).train
    assert dict(frame.drop("id", "text", "label", "place").schema) == {
        **{"whole": pl.Int64, "broken": pl.Float64, "truth": pl.Boolean, "mixed": pl.String, "arabic": pl.String},
        **{"long": pl.String, "none": pl.String, "plus": pl.String},
    }


def test_blank_rows_and_repeated_headers_keep_their_places(tmp_path: Path) -> None:
    path = written(tmp_path, "text,label\na,1\n\ntext,label\nb,2\n")
    frame = read_tables(Data(source="table", path=str(path))).train
    assert frame["place"].to_list() == [f"{path}, row 1", f"{path}, row 4"]
    assert [one.partition("-")[0] for one in frame["id"]] == ["1", "4"]


def test_ids_have_to_be_there_and_unique(tmp_path: Path) -> None:
    path = written(tmp_path, "key,text,label\nk1,a,x\nk1,b,y\n")
    assert refusal(path, id_column="key") == (
        f'{path}: data.id_column: the id "k1" stands in more than one row. Every row needs its own.'
    )
    path = written(tmp_path, "key,text,label\nk1,a,x\n,b,y\n")
    assert refusal(path, id_column="key") == f'{path}: data.id_column: 1 rows have no "key". Every row needs one.'

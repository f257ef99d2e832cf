from __future__ import annotations

import bz2
import gzip
import io
import os
import sys
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import zstandard

from classmark.errors import ClassmarkError, InputError, MissingExtraError
from classmark.tables import TableFile, read_table_file

# Names of tests come from it, and every process of the test run must find the same.
gzipped = partial(gzip.compress, mtime=0)
CSV = b"a,b\n1,x\n2,y\n"
TEXT_ROWS = [("1", "x"), ("2", "y")]
FRAME = pl.DataFrame({"a": [1, 2], "b": ["x", "y"]})
READ = (
    "Give a .csv, .tsv, .jsonl, .json, .parquet, .feather, .npz or .xlsx file; texts may be compressed "
    "(.csv.gz, .csv.zst)."
)
PARTS = "Give a table file, or a folder that holds only parts of one table: .parquet, .csv, .tsv or .jsonl files."


def refusal(path: Path | str) -> str:
    with pytest.raises(ClassmarkError) as caught:
        read_table_file(path)
    return str(caught.value)


def parquet(frame: pl.DataFrame = FRAME) -> bytes:
    file = io.BytesIO()
    frame.write_parquet(file)
    return file.getvalue()


def arrow(frame: pl.DataFrame = FRAME) -> bytes:
    file = io.BytesIO()
    frame.write_ipc(file)
    return file.getvalue()


def arrow_stream() -> bytes:
    file = io.BytesIO()
    FRAME.write_ipc_stream(file)
    return file.getvalue()


def npz(**arrays: object) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    import xlsxwriter

    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return file.getvalue()


NPZ = npz(a=np.array([1, 2]), b=np.array(["x", "y"]))
XLSX = workbook({"Sheet": [["a", "b"], [1, "x"], [2, "y"]]})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.parquet", parquet()),
        ("t[1].PARQUET", parquet()),
        ("t.feather", arrow()),
        ("t.arrow", arrow_stream()),
        ("t.ipc", arrow()),
        ("t.npz", NPZ),
        ("t.xlsx", XLSX),
        ("t.json.gz", gzipped(b'[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]')),
        ("t.jsonl.zst", zstandard.compress(b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}')),
    ],
)
def test_every_typed_kind_gives_the_same_rows(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    table = read_table_file(tmp_path / name)
    assert table.frame.equals(FRAME)
    assert (table.row_numbers.tolist(), table.textual, table.notes) == ([1, 2], False, ())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv.gz", gzipped(CSV)),
        ("t.CSV.GZ", gzipped(CSV[:5]) + gzipped(CSV[5:])),
        ("t.csv.zst", zstandard.compress(CSV[:5]) + zstandard.compress(CSV[5:])),
    ],
)
def test_compressed_texts(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    table = read_table_file(str(tmp_path / name))
    assert (table.frame.rows(), table.textual, table.notes) == (TEXT_ROWS, True, ())


AS_JSON = "The name ends in .csv, but the content is JSON, and is read as that."


@pytest.mark.parametrize(
    ("name", "content", "note"),
    [
        ("t.csv", gzipped(CSV), "The content is compressed (gzip), which the name does not say."),
        ("t.csv", parquet(), "The name ends in .csv, but the content is Parquet, and is read as that."),
        ("t.parquet", arrow(), "The name ends in .parquet, but the content is Arrow, and is read as that."),
        ("t.csv", NPZ, "The name ends in .csv, but the content is a numpy archive, and is read as that."),
        ("t.csv", b'[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]', AS_JSON),
        ("t.csv", b' {"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n', AS_JSON),
        ("t.csv", XLSX, "The name ends in .csv, but the content is a workbook, and is read as that."),
    ],
)
def test_content_counts_more_than_the_name(tmp_path: Path, name: str, content: bytes, note: str) -> None:
    (tmp_path / name).write_bytes(content)
    table = read_table_file(tmp_path / name)
    assert [list(map(str, row)) for row in table.frame.rows()] == [["1", "x"], ["2", "y"]]
    assert table.notes == (note,)


def test_arrays_of_several_columns_are_lists(tmp_path: Path) -> None:
    (tmp_path / "t.npz").write_bytes(
        npz(p=np.array([[0.25, 0.75], [1, 0]]), s=np.array([[0.5], [1]]), t=np.array(0.5), b=np.array([b"x", b"y"]))
    )
    table = read_table_file(tmp_path / "t.npz")
    assert table.frame.rows() == [([0.25, 0.75], 0.5, "x"), ([1.0, 0.0], 1.0, "y")]
    assert table.notes == ('The array "t" holds one value and was left out.',)


def test_a_workbook_with_odd_cells(tmp_path: Path) -> None:
    rows: list[list[object]] = [["t", "p", " t", None], ["a", 0.5, 1, "x"], [None] * 4, ["007", 1, "q", None]]
    (tmp_path / "t.xlsx").write_bytes(workbook({"Notes": [], "Rows": rows}))
    table = read_table_file(tmp_path / "t.xlsx")
    assert table.frame.to_dict(as_series=False) == {
        "t": ["a", "007"],
        "p": [0.5, 1.0],
        "t (2)": ["1", "q"],
        "": ["x", None],
    }
    assert table.row_numbers.tolist() == [1, 3]
    assert table.notes[0] == 'The table is the sheet "Rows".'


REFUSED = {
    "an unknown ending": ("t.docx", b"x", f': a file ending in ".docx" is not read. {READ}'),
    "no ending": ("t", b"x", f": a file without an ending is not read. {READ}"),
    "an empty file": ("t.csv", b"", ": the file is empty."),
    "no gzip": ("t.csv.gz", CSV, ": the name ends in .gz, but the content is not gzip data. "
                "Take .gz off the name if the file is not compressed, or fetch the file again."),
    "gzip cut off": ("t.csv.gz", gzipped(CSV)[:-9],
                     ": the gzip data ends too early. Fetch or compress the file again."),
    "gzip damaged": ("t.csv.gz", gzipped(CSV)[:-8] + bytes(8),
                     ": the gzip data is damaged. Fetch or compress the file again."),
    "Zstandard cut off": ("t.csv.zst", zstandard.compress(CSV)[:-3],
                          ": the Zstandard data is damaged or ends too early. Fetch or compress the file again."),
    "Parquet cut off": ("t.parquet", parquet()[:-20],
                        ": it is no Parquet file, or it is damaged or cut off. Write or fetch it again."),
    "no Parquet": ("t.parquet", CSV, ": it is no Parquet file, or it is damaged or cut off. Write or fetch it again."),
    "Parquet without rows": ("t.parquet", parquet(FRAME.head(0)), ": the file has no rows."),
    "Arrow cut off": ("t.feather", arrow()[:100],
                      ": it is no Arrow file, or it is damaged or cut off. Write or fetch it again."),
    "Feather 1": ("t.feather", b"FEA1" + bytes(20), ": it is Feather version 1, which is not read. "
                  "Write it with pandas 1 or later, or as Parquet."),
    "no numpy archive": ("t.npz", CSV, ": it is no numpy archive, or it is damaged. Write or fetch it again."),
    "numpy cut off": ("t.npz", NPZ[:-30], ": the zip data is damaged or ends too early. Write or fetch the file again."),
    "Python objects": ("t.npz", npz(a=np.array(["x", None], dtype=object)),
                       ': the array "a" holds Python objects, which could run code when read. '
                       "Save strings as an array of strings: array.astype(str)."),
    "arrays of different lengths": ("t.npz", npz(a=np.zeros(3), classes=np.zeros(2)),
                                    ': the array "a" has 3 rows, but "classes" has 2. '
                                    "Save only arrays that have one row per example."),
    "three axes": ("t.npz", npz(a=np.zeros((1, 2, 3))), ': the array "a" of shape (1, 2, 3) and type float64 is no column. '
                   "Save numbers or strings with one or two axes."),
    "no workbook": ("t.xlsx", CSV, ": it is no workbook, or it is damaged or protected by a password. "
                    "Save it again without a password, or as .csv."),
    "two sheets": ("t.xlsx", workbook({"A": [["a"]], "B": [["b"]]}),
                   ': 2 of its sheets hold data: "A", "B". Save the one to read as a file of its own.'),
    "a web page": ("t.csv", b"\n<!DOCTYPE html><p>", ": it is a web page (HTML), not a table. The download probably gave "
                   "a page to log in or to confirm. Open it in a browser and download the file."),
    "a table of HTML": ("t.xls", b"\n<table border=1><tr>", ": the content is HTML, not a table. "
                        "Open it in a spreadsheet or a browser, and save the table as .xlsx or .csv."),
    "XML": ("t.xls", b'<?xml version="1.0"?>', ": the content is XML, not a table. Save it as .xlsx or .csv."),
    "bzip2": ("t.csv", bz2.compress(CSV), ": the content is data compressed with bzip2, not a table. Unpack it: bunzip2 FILE"),
    "a PDF": ("t.csv", b"%PDF-1.4 \n%\xe2\xe3\n", ": the content is a PDF document, not a table. Export the table as .csv."),
    "tar": ("t.csv.gz", gzipped(bytes(257) + b"ustar" + bytes(250)), ": the content is a tar archive, not a table. "
            "Unpack it and give the table inside."),
    "UTF-16 without a mark": ("t.csv", "\u0100a,b\n1,2\n".encode("utf-16-be")[2:], ": the file seems to be UTF-16 without a byte "
                              "order mark. Convert it, for instance with iconv -f UTF-16BE -t UTF-8."),
    "Git LFS": ("t.parquet", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
                ": it is a Git LFS pointer; the data itself is not here. Fetch it with: git lfs pull"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_refusals(tmp_path: Path, what: str) -> None:
    name, content, message = REFUSED[what]
    (tmp_path / name).write_bytes(content)
    assert refusal(tmp_path / name) == f"{tmp_path}/{name}{message}"


def test_files_that_are_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.csv"
    assert refusal(path) == f"{path}: there is no such file."
    assert refusal("https://example.org/t.csv") == (
        "https:/example.org/t.csv: there is no such file. Addresses are not read: download the file and give its name."
    )
    assert refusal(tmp_path / "*.csv") == (
        f"{tmp_path}/*.csv: there is no such file. "
        "Give the name of one file, or of a folder that holds nothing but parts of one table."
    )
    path.write_bytes(CSV)
    assert refusal(path / "t.csv") == f"{path}/t.csv: there is no such file."
    assert refusal("a\0.csv") == "a\\0.csv: the name holds a NUL character, which no file name may. Correct the name."
    long = "x" * 300 + ".csv"
    assert refusal(long) == f"{long}: it cannot be read (file name too long). Check the name and the disk."

    def closed(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", closed)
    assert refusal(path) == f"{path}: you have no permission to read it. Allow it, for instance: chmod u+r {path}"


@pytest.mark.parametrize(
    ("package", "name", "content", "message"),
    [
        ("fastexcel", "t.xlsx", XLSX, 'a workbook needs the package "fastexcel": pip install "classmark[excel]"'),
        (
            *("zstandard", "t.csv.zst", zstandard.compress(CSV)),
            'a file compressed with Zstandard needs the package "zstandard": pip install "classmark[zstd]"',
        ),
    ],
)
def test_missing_packages_name_their_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setitem(sys.modules, "compression", None)
    with pytest.raises(MissingExtraError) as caught:
        read_table_file(tmp_path / name)
    assert str(caught.value) == f"{tmp_path}/{name}: {message}"


@pytest.mark.parametrize(
    "content",
    [
        *(CSV, CSV.replace(b",", b"\t"), CSV.replace(b",", b";"), gzipped(CSV), zstandard.compress(CSV)),
        *(parquet(), arrow(), NPZ, XLSX),
        *(b'[{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]', b'{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n'),
        b'{"a": [1, 2], "b": ["x", "y"]}',
    ],
)
def test_standard_input_is_what_its_content_is(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    table = read_table_file("-")
    assert [list(map(str, row)) for row in table.frame.rows()] == [["1", "x"], ["2", "y"]]
    assert (table.source, table.notes, table.place(1)) == ("standard input", (), "standard input, row 2")


def test_standard_input_without_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert refusal("-") == "standard input: the file is empty."
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,\xe9\n")))
    assert refusal("-") == (
        "standard input, line 2: byte 3 (0xe9) is not valid UTF-8. "
        "Convert it, for instance with iconv -f WINDOWS-1252 -t UTF-8."
    )
    monkeypatch.setattr(sys, "stdin", None)
    assert refusal("-") == "standard input: it is closed. Name a file, or connect a pipe."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_is_read_by_its_content() -> None:
    reading, writing = os.pipe()
    os.write(writing, CSV)
    os.close(writing)
    try:
        assert read_table_file(f"/dev/fd/{reading}").frame.rows() == TEXT_ROWS
    finally:
        os.close(reading)


def folder_of(folder: Path, files: dict[str, bytes]) -> TableFile:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return read_table_file(folder)


def test_a_folder_of_parts_is_one_table(tmp_path: Path) -> None:
    files = {
        "part-1.parquet": parquet(),
        "part-0.parquet": parquet(FRAME.head(1)),
        "part-2.parquet": parquet(FRAME[:0]),
    }
    table = folder_of(
        tmp_path / "t.parquet", files | {"_SUCCESS": b"", ".part-0.parquet.crc": b"x", "_tmp/x.csv": b"x"}
    )
    assert table.frame.rows() == [(1, "x"), (1, "x"), (2, "y")]
    assert table.place(2) == f"{tmp_path}/t.parquet, row 3"
    assert table.notes == ("The folder holds 3 parts, read in the order of their names.",)


def test_folders_in_a_folder_are_columns(tmp_path: Path) -> None:
    files = {
        "day=2%2F1/a.csv": CSV,
        "day=__HIVE_DEFAULT_PARTITION__/b.csv.gz": gzipped(b"b,a\n\nz,3\n"),
        "c/d.csv": b"",
    }
    files.pop("c/d.csv")
    table = folder_of(tmp_path, files)
    assert table.frame.rows() == [("1", "x", "2/1"), ("2", "y", "2/1"), ("3", "z", None)]
    assert (table.frame.columns, table.row_numbers.tolist(), table.textual) == (["a", "b", "day"], [1, 2, 4], True)


BAD_FOLDERS: dict[str, tuple[dict[str, bytes], str]] = {
    "no tables": ({"a.jpg": b"x"}, f": a folder without tables. {PARTS}"),
    "mixed kinds": ({"a.csv": CSV, "b.parquet": b""},
                    f": the folder holds files of different kinds, such as a.csv and b.parquet. {PARTS}"),
    "other columns": ({"a.csv": CSV, "b.csv": b"a,c\n1,2\n"},
                      ": a.csv has the columns a, b, but b.csv has a, c. Parts of one table have the same columns. "
                      "Read the files one by one if they are different tables."),
    "other types": ({"a.jsonl": b'{"a": 1}', "b.jsonl": b'{"a": [1]}'},
                    ': the column "a" holds whole numbers in a.jsonl, but lists of numbers in b.jsonl. '
                    "Write all parts with the same types."),
    "a column twice": ({"a=1/x.csv": CSV}, ': both x.csv and the name of its folder have a column "a". Rename one of them.'),
    "no rows": ({"a.csv": b"a,b\n"}, ": the folder has no rows."),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_FOLDERS)
def test_folders_that_are_no_table(tmp_path: Path, what: str) -> None:
    files, message = BAD_FOLDERS[what]
    with pytest.raises(InputError) as caught:
        folder_of(tmp_path, files)
    assert str(caught.value) == f"{tmp_path}{message}"

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classmark.errors import InputError
from classmark.tables import TableFile, read_table_file
from classmark.tables.quotes import quotes_of


def read(folder: Path, content: str | bytes, name: str = "t.csv") -> TableFile:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_table_file(path)


def test_cells_are_as_written_and_only_empty_unquoted_ones_are_null(tmp_path: Path) -> None:
    table = read(tmp_path, 'id,text,p\n007, a ,1.50\n"",,NA\n"x ""y""\nz",6" long,"a,b"\n')
    assert table.frame.rows() == [("007", " a ", "1.50"), ("", None, "NA"), ('x "y"\nz', '6" long', "a,b")]
    assert set(table.frame.dtypes) == {pl.String}
    assert (table.source, table.textual, table.notes, table.repeated) == (
        str(tmp_path / "t.csv"),
        True,
        (),
        frozenset(),
    )
    assert table.place(2) == f"{tmp_path}/t.csv, row 3"


# Name of the file, content, names, rows, numbers of the rows, notes.
READ: dict[str, tuple[str, str | bytes, list[str], list[tuple[str | None, ...]], list[int], tuple[str, ...]]] = {
    "blank lines": ("t.csv", "\na,b\n1,2\n\n \n3,4\n\n", ["a", "b"], [("1", "2"), ("3", "4")], [1, 4], ()),
    "rows without values": ("t.csv", "a,b\n,\n3,4\n", ["a", "b"], [("3", "4")], [2], ()),
    "old Mac line ends": ("t.csv", "a,b\r1,2\r3,4", ["a", "b"], [("1", "2"), ("3", "4")], [1, 2], ()),
    "a byte order mark": ("t.csv", b"\xef\xbb\xbfa,\xe2\x80\x8b b \n1,2\n", ["a", "b"], [("1", "2")], [1], ()),
    "UTF-16": ("t.csv", "a,b\n1,\u00e9\n".encode("utf-16"), ["a", "b"], [("1", "\u00e9")], [1],
               ("The file is UTF-16, not UTF-8.",)),
    "semicolons": ("t.csv", "a;b\n0,5;x\n", ["a", "b"], [("0,5", "x")], [1],
                   ("The columns are separated by semicolons, not by commas.",)),
    "quoted semicolons": ("t.csv", '"a,1";"b"\n"x;y";z\n', ["a,1", "b"], [("x;y", "z")], [1],
                          ("The columns are separated by semicolons, not by commas.",)),
    "tabs in a .csv": ("t.csv", "a\tb\n1\t2\n", ["a", "b"], [("1", "2")], [1],
                       ("The columns are separated by tabs, not by commas.",)),
    "commas in a .tsv": ("t.tsv", "a,b\n1,2\n", ["a", "b"], [("1", "2")], [1],
                         ("The columns are separated by commas, not by tabs.",)),
    "a .txt": ("t.txt", "a|b\n1|2\n", ["a", "b"], [("1", "2")], [1], ()),
    "the line sep=": ("t.csv", "sep=;\r\na;b,c\r\n1;2\r\n", ["a", "b,c"], [("1", "2")], [1],
                      ('The first line, "sep=;", names the separator.',)),
    "comments": ("t.csv", "# made by me\n# today, again, twice\na,b\n1,2\n", ["a", "b"], [("1", "2")], [1],
                 ("The first 2 lines are comments and were skipped.",)),
    "a header of numpy": ("t.csv", "# a,b\n1,2\n", ["a", "b"], [("1", "2")], [1],
                          ("The header is the line that begins with #, which is no part of its first name.",)),
    "a name with #": ("t.csv", "#a,b\nx,y\n", ["#a", "b"], [("x", "y")], [1], ()),
    "joined files": ("t.csv", "a,b\n1,2\na,b\n3,4\n", ["a", "b"], [("1", "2"), ("3", "4")], [1, 3],
                     ("Row 2 repeats the header and was left out.",)),
    "row names of R": ("t.csv", '"a","b"\n"r1",1,2\n"r2",3,4\n', ["row_names", "a", "b"],
                       [("r1", "1", "2"), ("r2", "3", "4")], [1, 2],
                       ('The header has no name for the first column, as R writes row names; it is called "row_names".',)),
    "separators at the end": ("t.csv", "a,b,\n1,2,\n", ["a", "b"], [("1", "2")], [1],
                              ("Every line ends with a separator; the empty last column was left out.",)),
    "separators at the end of rows": ("t.csv", "a,b\n1,2,\n", ["a", "b"], [("1", "2")], [1],
                                      ("Every row ends with a separator; the empty last column was left out.",)),
    "several separators at the end of rows": ("t.csv", "a,b\n1,2,,\n3,4,\n", ["a", "b"], [("1", "2"), ("3", "4")], [1, 2],
                                      ("Every row ends with separators; the empty last columns were left out.",)),
    "quotes after a blank": ("t.csv", 'a,b\n1, "x"\n', ["a", "b"], [("1", ' "x"')], [1],
                             ("Row 1 has a blank between a separator and a quote, so that the quotes belong to the cell. "
                              "Remove such blanks.",)),
    "quotes after a backslash": ("t.csv", 'a,b\n1,2\n3,"x \\"y\\" z"\n', ["a", "b"], [("1", "2"), ("3", 'x \\y\\" z"')],
                                 [1, 2], ("Row 2 has quotes with a backslash in front, which were kept. "
                                          'A quote inside a text is written twice ("").',)),
    "no name": ("t.csv", ",b\n0,2\n", ["", "b"], [("0", "2")], [1], ()),
    "equal names": ("t.csv", "a, a,a (2)\n1,2,3\n", ["a", "a (3)", "a (2)"], [("1", "2", "3")], [1],
                    ('The column "a" occurs 2 times; a number was added to the names of the later ones.',)),
}  # fmt: skip


@pytest.mark.parametrize("what", READ)
def test_odd_files_are_read_and_what_was_done_is_noted(tmp_path: Path, what: str) -> None:
    name, content, names, rows, numbers, notes = READ[what]
    table = read(tmp_path, content, name)
    assert table.frame.columns == names
    assert table.frame.rows() == rows
    assert table.row_numbers.tolist() == numbers
    assert table.notes == notes
    assert table.repeated == ({"a"} if what == "equal names" else set())


def test_a_quote_that_joins_rows_is_noted(tmp_path: Path) -> None:
    content = 'label\ttext\nham\tone\nspam\t"two\nham\tthree\nham\tfour"\nham\tfive\n'
    assert read(tmp_path, content, "t.tsv").notes == (
        "Row 2 spans 3 lines and holds tabs; a quote may have joined 3 rows. "
        'Write a quote inside a text twice ("") and put the text in quotes.',
    )
    content = 'text,label\none,ham\n"two,spam\nthree,ham\nfour",spam\nfive,spam\n'
    assert [note[:30] for note in read(tmp_path, content).notes] == ["Row 2 spans 3 lines and holds "]
    content = 'text,label\none,ham\n"well, two\nthree",ham\n'
    assert read(tmp_path, content).notes == ()


REFUSED = {
    "more fields": ("t.csv", "a,b\n1,2\nx, y,2\n",
                    ', row 2: 3 fields, but the header has 2. Put a text that holds the separator in quotes: "\u2026".'),
    "a quote after a blank": ("t.csv", 'a,b\n1, "x, y"\n', ", row 1: 3 fields, but the header has 2. A blank stands between a "
                              "separator and a quote, so that the quote encloses nothing. Remove such blanks."),
    "quotes after a backslash": ("t.csv", 'a,b\n"x \\"y\\", z",2\n', ", row 1: 3 fields, but the header has 2. "
                                 'A quote inside a text is written twice (""), not with a backslash in front.'),
    "every row with one more": ("t.csv", "a,b\nx, y,2\nz, w,3\n",
                    ', row 1: 3 fields, but the header has 2. Put a text that holds the separator in quotes: "\u2026".'),
    "fewer fields": ("t.csv", "a,b\n1\n3,4\n",
                     ', row 1: 1 field, but the header has 2. Put a text that holds a line break in quotes: "\u2026".'),
    "cut off": ("t.csv", "a,b\n1,2\n3\n",
                ", row 2: 1 field, but the header has 2. It is the last row: the file may be cut off. Fetch it again."),
    "an open quote": ("t.csv", 'a,b\n1,2\n\n"x,3\n4,5\n',
                      ", row 3: a quoted text begins here and never ends. Close its quote. "
                      'A quote inside a text is written twice (""), and the text stands in quotes.'),
    "an open quote in the header": ("t.csv", 'a,"b\n1,2\n',
                      ", the header: a quoted text begins here and never ends. Close its quote. "
                      'A quote inside a text is written twice (""), and the text stands in quotes.'),
    "two separators": ("t.csv", "a;b|c\n1;2|3\n",
                       ": the columns could be separated by semicolons or vertical bars. Save the file with commas as .csv."),
    "semicolons that do not fit": ("t.csv", "a;b\n1;2;3\n4;5\n",
                       ": the header seems to be separated by semicolons, but not every row has as many fields. "
                       'Put a text that holds the separator in quotes: "\u2026". Or save the file with commas.'),
    "prose": ("t.txt", "Hello, you.\nHow, then?\n",
              ": a .txt file is read as a table if tabs, commas, semicolons or vertical bars separate its header and every "
              "row alike. Those of this file do not. Save it as .csv, .tsv or .jsonl."),
    "a comment or a header": ("t.csv", "# a,b\nc,d\n",
                              ": the line # a,b may be a comment or the header. Remove the line if it is a comment, "
                              "or its # if it is the header."),
    "NUL": ("t.csv", "a,b\n1,\0\n",
            ", line 2: there is a NUL character, which no text has. The file is damaged or not a text file. "
            "Remove the character or fetch the file again."),
    "UTF-16 without a mark": ("t.csv", "a,b\n1,2\n".encode("utf-16le"),
                              ": the file seems to be UTF-16 without a byte order mark. "
                              "Convert it, for instance with iconv -f UTF-16LE -t UTF-8."),
    "Latin 1": ("my t.csv", b"a,b\n1,caf\xe9\n",
                ", line 2: byte 6 (0xe9) is not valid UTF-8. Convert the file, for instance: "
                "iconv -f WINDOWS-1252 -t UTF-8 'my t.csv' > 'utf8-my t.csv'"),
    "a header of separators": ("t.csv", ";\n", ": the file has no rows."),
    "no rows": ("t.csv", "a,b\n", ": the file has no rows."),
    "only blank rows": ("t.csv", "a,b\n,\n", ": the file has no rows."),
    "blank lines only": ("t.csv", "\n \n", ": the file has only blank lines."),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_refusals(tmp_path: Path, what: str) -> None:
    name, content, message = REFUSED[what]
    with pytest.raises(InputError) as caught:
        read(tmp_path, content, name)
    assert str(caught.value) == f"{tmp_path}/{name}{message}"


def test_long_fields_leave_the_limit_of_the_process_alone(tmp_path: Path) -> None:
    before = csv.field_size_limit()
    text = "x\n" * 200_000
    assert read(tmp_path, f'a,b\n"{text}",1\n').frame.rows() == [(text, "1")]
    assert csv.field_size_limit() == before


PIECES = st.sampled_from(["a", " ", '"', '""', ",", "\n", "\r", "\r\n", "\u00e9", "x,y", "\u2028", "1.0"])


@st.composite
def fields(draw: st.DrawFn) -> str:
    text = "".join(draw(st.lists(PIECES, max_size=4)))
    if draw(st.integers(0, 9)) == 0:
        return text  # as it is: lone quotes, separators, line ends
    quoted = '"' + text.replace('"', '""') + '"'
    return (
        quoted + draw(st.sampled_from(["", "", "", "z"])) if set(text) & set(',"\r\n') or draw(st.booleans()) else text
    )


@st.composite
def files(draw: st.DrawFn) -> tuple[int, str]:
    width = draw(st.integers(1, 3))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    row = st.lists(fields(), min_size=width, max_size=width).map(",".join)
    rows = [",".join(f"name{index}" for index in range(width)), *draw(st.lists(row, min_size=1, max_size=5))]
    return width, end.join(rows) + draw(st.sampled_from(["", end]))


@settings(max_examples=600, deadline=None)
@given(file=files())
def test_the_cells_are_those_of_pythons_csv(tmp_path_factory: pytest.TempPathFactory, file: tuple[int, str]) -> None:
    width, text = file
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
    expected = [
        (number, tuple(row))
        for number, row in enumerate(rows, start=1)
        if row and not (len(row) == 1 < width and row[0].isspace())
    ]
    refused = ""
    try:
        table = read(tmp_path_factory.getbasetemp(), text)
    except InputError as error:
        refused = str(error)
    if refused:
        uneven, blank = any(len(row) != width for _, row in expected), not any(any(row) for _, row in expected)
        open_quote = list(csv.reader(io.StringIO(f"{text}\nend", newline="")))[-1] != ["end"]
        assert uneven or blank or open_quote
        return
    if any(note.startswith("The header has no name") for note in table.notes):
        assert {len(row) for _, row in expected} == {width + 1}
        return
    if any(note.startswith("Every") for note in table.notes):
        assert not any(any(row[table.frame.width :]) for _, row in expected)
        expected = [(number, row[: table.frame.width]) for number, row in expected]
    cells = zip(table.row_numbers.tolist(), table.frame.rows(), strict=True)
    filled = [(number, tuple(cell or "" for cell in row)) for number, row in cells]
    assert [row for row in filled if any(row[1])] == [row for row in expected if any(row[1])]


@pytest.mark.parametrize(
    ("row", "quoted", "closed"),
    [
        ('"",,a\n', (True, False, False), True),
        ('a"",""\r\n', (False, True), True),
        ('"a"",""",""', (True, True), True),
        ('"a,""\n', (True,), False),
        ('"a"b,"c', (True, True), False),
    ],
)
def test_quotes_of_a_row(row: str, quoted: tuple[bool, ...], closed: bool) -> None:
    quotes = quotes_of(row, ",")
    assert (quotes.quoted, quotes.closed) == (quoted, closed)

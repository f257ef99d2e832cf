"""4,000 odd CSV files against Python's csv, and 1,500 JSON Lines files against its json: the same cells, or one sentence."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from classmark.errors import ClassmarkError
from classmark.tables import TableFile, read_table_file
from property.odd_files import OddFile, draw_csv, draw_json_lines

CSV_FILES, JSON_FILES = 4_000, 1_500
MOSTLY_READ = 0.75
NOT_OURS = re.compile(r"polars|pyarrow|Traceback|Error\b|dtype|schema|Utf8|chunk|Expecting|delimiter|None\b")
LAST_COLUMN = re.compile(r"Every (line|row) ends with a separator; the empty last column was left out\.")


def outcome(path: Path) -> TableFile | str:
    """The table, or the sentence that refuses it."""
    try:
        return read_table_file(path)
    except ClassmarkError as error:
        return str(error).replace(str(path), path.name)


def numbered(rows: list[list[str]]) -> list[tuple[int, list[str]]]:
    """The data rows that are not blank, with their numbers."""
    return [
        (number, row)
        for number, row in enumerate(rows[1:], start=1)
        if row and not (len(row) == 1 < len(rows[0]) and row[0].isspace())
    ]


def may_be_refused(file: OddFile, message: str) -> bool:
    rows = file.rows()
    uneven = any(len(row) != len(rows[0]) for _, row in numbered(rows))
    blank = not any(any(row) and row != rows[0] for _, row in numbered(rows))
    ambiguous = file.name.endswith(".txt") or "may be a comment or the header" in message
    return not file.whole or not file.closed or uneven or blank or ambiguous


def csv_fault(file: OddFile, found: TableFile | str) -> str:
    """What is wrong with an outcome."""
    if isinstance(found, str):
        if len(found.splitlines()) > 4 or NOT_OURS.search(found):
            return f"unclear: {found}"
        return "" if may_be_refused(file, found) else f"refused: {found}"
    if not file.whole:
        return "broken bytes are read"
    header, width = file.rows()[0], found.frame.width
    wanted = [
        (number, row[:width] if any(map(LAST_COLUMN.fullmatch, found.notes)) else row)
        for number, row in numbered(file.rows())
        if any(row) and (row != header or width == 1)
    ]
    cells = zip(found.row_numbers.tolist(), found.frame.rows(), strict=True)
    read = [(number, ["" if cell is None else cell for cell in row]) for number, row in cells]
    read = [(number, row) for number, row in read if any(row)]
    return "" if read == [(number, row) for number, row in wanted if any(row)] else f"other cells: {found.notes}"


def test_csv_files_have_the_cells_of_pythons_csv_or_are_refused_in_a_sentence(tmp_path: Path) -> None:
    faults, read = list[str](), 0
    for seed in range(CSV_FILES):
        file = draw_csv(seed)
        path = tmp_path / file.name
        path.write_bytes(file.data)
        found = outcome(path)
        read += isinstance(found, TableFile)
        if fault := csv_fault(file, found):
            faults.append(f"seed {seed}: {fault}\n    {file.data[:200]!r}")
    assert not faults, f"{len(faults)} of {CSV_FILES} files:\n" + "\n".join(faults[:20])
    assert read > MOSTLY_READ * CSV_FILES


def spelt(value: Any) -> Any:
    """A value as a cell may hold it: numbers of a column with texts become texts, half surrogates are replaced."""
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    return value


def cell_is(value: Any, cell: Any) -> bool:
    """Whether a cell holds a value of JSON, or its spelling."""
    if value is None or isinstance(value, str):
        return bool(spelt(value) == cell)
    if isinstance(value, float) and isinstance(cell, float):
        return value == cell or (math.isnan(value) and math.isnan(cell))
    if isinstance(cell, str) and not isinstance(value, str):
        return spelt(json.dumps(value, ensure_ascii=False)) == cell
    return isinstance(value, list | dict) or value == cell


def json_fault(lines: list[str], found: TableFile | str) -> str:
    """What is wrong with an outcome; nested values are not compared."""
    try:
        objects = [json.loads(line) for line in lines]
    except ValueError:
        objects = []
    valid = bool(objects) and all(isinstance(one, dict) for one in objects)
    if isinstance(found, str):
        blank = not any(value is not None for one in objects if isinstance(one, dict) for value in one.values())
        if len(found.splitlines()) > 4 or NOT_OURS.search(found):
            return f"unclear: {found}"
        return f"refused: {found}" if valid and not blank else ""
    if not valid:
        whole = len(lines) == 1 and lines[0].startswith("[")
        return "" if whole else "no JSON Lines, but read"
    kept = [one for one in objects if any(value is not None for value in one.values())]
    rows = found.frame.rows(named=True)
    if len(kept) != len(rows):
        return f"{len(rows)} rows for {len(kept)}"
    for one, row in zip(kept, rows, strict=True):
        stripped = {name.strip(): value for name, value in one.items()}
        if wrong := [name for name, cell in row.items() if not cell_is(stripped.get(name), cell)]:
            return f"{wrong}: {one} became {row}"
    return ""


def test_json_lines_have_the_values_of_pythons_json_or_are_refused_in_a_sentence(tmp_path: Path) -> None:
    faults, path = list[str](), tmp_path / "odd.jsonl"
    for seed in range(JSON_FILES):
        text, lines = draw_json_lines(seed)
        path.write_text(text, encoding="utf-8", newline="")
        if fault := json_fault(lines, outcome(path)):
            faults.append(f"seed {seed}: {fault}\n    {text[:300]!r}")
    assert not faults, f"{len(faults)} of {JSON_FILES} files:\n" + "\n".join(faults[:20])


@pytest.mark.parametrize("seed", range(3))
def test_a_seed_makes_the_same_file_each_time(seed: int) -> None:
    assert draw_csv(seed) == draw_csv(seed)
    assert draw_json_lines(seed) == draw_json_lines(seed)

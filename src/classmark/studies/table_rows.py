"""A table of runs: which arm, seed and fold each is of, and which file holds its predictions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from classmark.errors import InputError, nearest, shortened
from classmark.studies.out_of_fold import fold_runs
from classmark.tables import read_table_file
from classmark.tables.table_file import TableFile

COLUMNS = "A table of runs has the columns arm, seed and file, and may have fold, validation and training_rows."


@dataclass(frozen=True)
class TableRow:
    """A run of a study, as a table lists it.

    Attributes:
        arm, seed: which one.
        fold: of a cross-validation; None in a table without folds.
        file: its predictions or its run folder; None for a run that failed, whose cell is empty.
        validation: predictions of the same model on validation rows, if there are any.
        place: the table and the row, for messages.
        training_rows: that the model learned from; None where it is not said.
    """

    arm: str
    seed: int
    fold: int | None
    file: Path | None
    validation: Path | None
    place: str
    training_rows: int | None = None

    @property
    def name(self) -> str:
        return f"arm {self.arm}, seed {self.seed}" + ("" if self.fold is None else f", fold {self.fold}")


def read_table_rows(path: Path) -> list[TableRow]:
    """The runs that a table lists; paths count from the table's own folder.

    With folds, a table without seeds has one repetition. The folder of a cross-validation stands for all of its folds.

    Raises:
        InputError: a column or a file is missing, a cell cannot be read, a run occurs twice, or an arm lacks a run that
            another has.
    """
    table = read_table_file(path)
    columns = table.frame.columns
    if missing := [name for name in ("arm", "file") if name not in columns]:
        hint = nearest(missing[0], columns)
        raise InputError(
            f'{table.source}: there is no column "{missing[0]}"; the columns are {shortened(columns)}.', COLUMNS + hint
        )
    rows = [row for number in range(table.frame.height) for row in _rows(table, number, path.parent)]
    if len({row.fold is None for row in rows}) > 1:
        raise InputError(f"{table.source}: some runs are folds and some are not.", "Give all of them a fold, or none.")
    _check_once(rows)
    _check_complete(rows, table.source)
    return rows


def _rows(table: TableFile, number: int, folder: Path) -> list[TableRow]:
    """The run of a row, or those of all folds where its file is the folder of a cross-validation."""
    place = table.place(number)
    cells = table.frame.row(number, named=True)
    texts = {name: "" if value is None else str(value).strip() for name, value in cells.items()}
    arm = texts["arm"]
    if not arm:
        raise InputError(f"{place}: no arm.", "Name the arm of every run.")
    file, validation = (_path(texts.get(name, ""), folder, place) for name in ("file", "validation"))
    if file is not None and (runs := fold_runs(file)):
        return [TableRow(arm, one.repetition, one.fold, one.path, None, place) for one in runs]
    if "seed" not in texts and "fold" not in texts:
        columns = shortened(list(texts))
        raise InputError(f'{table.source}: there is no column "seed"; the columns are {columns}.', COLUMNS)
    seed = _whole(texts["seed"], "seed", place) if "seed" in texts else 1
    fold = _whole(texts["fold"], "fold", place) if "fold" in texts else None
    rows = _whole(texts["training_rows"], "training_rows", place) if texts.get("training_rows") else None
    return [TableRow(arm, seed, fold, file, validation, place, rows)]


def _whole(text: str, column: str, place: str) -> int:
    number = text.removesuffix(".0")
    if not (number.isascii() and number.isdigit()):
        said = f'"{text}" is no whole number' if text else "it is empty"
        raise InputError(f"{place}: {column}: {said}.", f"Give every run a {column} such as 1.")
    return int(number)


def _path(text: str, folder: Path, place: str) -> Path | None:
    if not text:
        return None
    path = folder / Path(text).expanduser()
    if not path.exists():
        raise InputError(f"{place}: there is no file {path}.", "Paths count from the folder of the table.")
    return path


def _check_once(rows: list[TableRow]) -> None:
    seen: dict[tuple[str, int, int | None], TableRow] = {}
    for row in rows:
        first = seen.setdefault((row.arm, row.seed, row.fold), row)
        if first is not row:
            raise InputError(
                f"{row.place}: {row.name} stands in {first.place.rpartition(', ')[2]} too.",
                "Give each run a row of its own.",
            )


def _check_complete(rows: list[TableRow], source: str) -> None:
    arms = dict.fromkeys(row.arm for row in rows)
    if len(arms) < 2:
        raise InputError(f'{source}: "{rows[0].arm}" is the only arm.', "Two or more are needed to compare.")
    runs = {(row.seed, row.fold): row for row in rows}
    for arm in arms:
        there = {(row.seed, row.fold) for row in rows if row.arm == arm}
        lacking = next((row for run, row in runs.items() if run not in there), None)
        if lacking is not None:
            what = lacking.name.removeprefix(f"arm {lacking.arm}, ")
            raise InputError(
                f"{source}: {arm} has no run of {what}, as {lacking.arm} has.",
                "Add it; if that run failed, leave its file empty.",
            )

"""One side: the predictions of one model, wherever they are. Every command and function gets its predictions here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from classmark.errors import InputError, RunError, shortened
from classmark.predictions import Predictions, read
from classmark.reading.arrays import is_frame
from classmark.reading.columns import Column
from classmark.reading.files import read_predictions
from classmark.reading.options import ReadOptions
from classmark.reading.order import known_class
from classmark.reading.values import Values, read_table_values, read_values
from classmark.runs import RunFiles, open_run
from classmark.system.types import kind_of
from classmark.tables import read_table_file

GUESSED = ReadOptions()


@dataclass(frozen=True)
class Side:
    """The predictions of one model, ready to be judged.

    Attributes:
        name: what the side is called: a run's folder, a file's path.
        table: the predictions, with orientation (`classes`, `positive`), groups, weights and remarks.
        run: the files of the run that made them; None without one.
        baselines: of the same split of that run, by name.
        validation: the run's predictions of validation rows, if the table is of test rows.
        mixture: the run's mixture of its model and linear baseline, on the same rows.
    """

    name: str
    table: Predictions
    run: RunFiles | None = None
    baselines: Mapping[str, Predictions] = field(default_factory=dict)
    validation: Predictions | None = None
    mixture: Predictions | None = None


def open_side(given: Any, options: ReadOptions = GUESSED, source: str = "predictions") -> Side:
    """The side that something holds predictions of.

    Args:
        given: the path of a file, of a folder of parts or of a run, `-` for standard input; a run; a judgement; a predictions
            table; a frame or a dictionary of columns; or `Values`. A side is itself.
        options: what the user says about the table.
        source: how messages call values in memory.

    Raises:
        InputError: it cannot be read, or nothing or too much in it may be predictions.
        PredictionsError: the table breaks its contract.
        RunError: the run has no predictions yet.
    """
    if isinstance(given, Side):
        return replace(given, table=_oriented(given.table, options))
    if isinstance(given, Predictions):
        return Side(given.source, _oriented(given, options))
    if isinstance(given, Values):
        return Side(source, read_values(given, options, source))
    if isinstance(table := getattr(given, "predictions", None), Predictions):
        return Side(table.source, _oriented(table, options), validation=getattr(given, "validation", None))
    if isinstance(files := getattr(given, "files", given), RunFiles):
        return _run_side(files, options)
    if isinstance(given, pl.LazyFrame):
        given = given.collect()
    if isinstance(given, str | Path):
        path = Path(given)
        if path.is_dir() and ((path / "recipe.yaml").is_file() or not any(path.iterdir())):
            return _run_side(open_run(path), options)
        return Side(str(given), read_predictions(given, options))
    if is_frame(given) or isinstance(given, Mapping):
        return Side(source, read_table_values(given, options, source))
    raise InputError(
        f"{source}: a {type(given).__name__} does not hold predictions.",
        "Give a file, a run, a judgement or a frame; values in memory go through classmark.judge(labels, probabilities).",
    )


def side_parts(given: Any, by: str, options: ReadOptions = GUESSED) -> dict[str, Side]:
    """A side for each value of a column, by value: the models or the splits that one file holds.

    Raises:
        InputError: the column does not exist or has one value only, or a part cannot be read.
    """
    if by in dict(options.where):
        raise InputError(f'"{by}" is named by where and by "by".', "Leave one of them out.", argument="where")
    found = {}
    for value in part_values(given, by):
        side = open_side(given, options.with_(where=(*options.where, (by, value))))
        found[value] = replace(side, name=value)
    return found


def part_values(given: Any, by: str) -> list[str]:
    """The values of a column of a file or a frame, in the order in which they occur; two or more.

    Raises:
        InputError: the column does not exist, or has one value only.
    """
    if str(given) == "-":
        raise InputError("standard input can be read once only.", "Save it as a file first.", argument="by")
    frame = read_table_file(given).frame if isinstance(given, str | Path) else given
    frame = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
    if not is_frame(frame) and not isinstance(frame, Mapping):
        raise InputError(f"a {type(given).__name__} has no columns.", "Give a file or a frame.", argument="by")
    names = list(frame.columns if is_frame(frame) else frame)
    if by not in names:
        problem = (
            f'{given if isinstance(given, str | Path) else "predictions"}: there is no column "{by}"; the columns are '
        )
        raise InputError(f"{problem}{shortened([str(name) for name in names])}.", argument="by")
    series = frame[by] if isinstance(frame[by], pl.Series) else pl.Series(by, list(frame[by]))
    if Column(by, series).is_nested:
        raise InputError(f'the column "{by}" holds {kind_of(series.dtype)}, not one value per row.', argument="by")
    cells = Column(by, series).names
    if cells.null_count():
        raise InputError(
            f'{cells.null_count():,} rows have no value in the column "{by}".', "Give each row one, or remove these rows.",
            argument="by",
        )  # fmt: skip
    found = [str(value) for value in cells.unique(maintain_order=True).to_list()]
    if len(found) < 2:
        raise InputError(f'the column "{by}" has one value only ({shortened(found)}).', "Leave it out.", argument="by")
    return found


def _run_side(run: RunFiles, options: ReadOptions) -> Side:
    """A run's test predictions, else those of validation, with its baselines."""
    split = next((name for name in ("test", "validation") if run.predictions(name).exists()), None)
    if split is None:
        raise RunError(f"{run.path}: the run has no predictions yet. Finish it: classmark train --resume {run.path}")
    validation = run.predictions("validation")

    def read_own(path: Path) -> Predictions:
        return read(path).without_scores() if options.labels_only else read(path)

    return Side(
        run.path.resolve().name,
        read_predictions(run.predictions(split), options),
        run,
        {name: read_own(path) for name, path in run.baselines(split).items()},
        read_own(validation) if split == "test" and validation.exists() else None,
        read_own(run.mixture) if split == "test" and run.mixture.exists() else None,
    )


def _oriented(table: Predictions, options: ReadOptions) -> Predictions:
    """A table that is read already, with the positive class that the user names; its columns are known."""
    if options.labels_only:
        table = table.without_scores()
    if options.with_(labels_only=False).names_columns:
        raise InputError(
            f"{table.source}: this table is read already, so nothing can be said about its columns.",
            "Give the file or the values instead.",
        )
    if options.positive is None:
        return table
    if len(table.classes) > 2:
        raise InputError(
            f"{table.source}: a positive class is for two classes; this table has {len(table.classes)}.",
            "Leave it out.",
            argument="positive",
        )
    return replace(table, positive=known_class(table.source, options.positive, table.classes, "positive"))

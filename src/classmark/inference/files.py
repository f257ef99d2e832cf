"""Predict files, also those larger than memory: read, predict and write some rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from classmark.data.images.files import ImageFiles
from classmark.data.images.kinds import image_endings
from classmark.errors import InputError, Option
from classmark.inference.chunks import Chunk, Kind, Notes, PredictOptions
from classmark.inference.decisions import load_deciding
from classmark.inference.file_chunks import (
    TEXT_ENDING,
    file_chunks,
    file_names,
    is_zip,
    line_chunks,
    no_files,
    note_unread,
    one_file,
)
from classmark.inference.output import check_out, write_predictions
from classmark.inference.table_chunks import table_chunks
from classmark.system.progress import shown_wait
from classmark.tables.contents import check_readable
from classmark.tables.folders import PART_ENDINGS
from classmark.tables.open import KNOWN_ENDINGS, ending_of

DEFAULTS = PredictOptions()
TABLES = ".csv, .tsv, .jsonl, .json, .parquet, .feather, .npz or .xlsx"


@dataclass(frozen=True)
class Predicted:
    """What predicting files gave.

    Attributes:
        rows: how many were predicted and written.
        notes: what was left out, and how inputs were read, a line each.
    """

    rows: int
    notes: tuple[str, ...] = ()


def predict_files(run: Path, inputs: Sequence[str], out: Path, options: PredictOptions = DEFAULTS) -> Predicted:
    """The number of rows predicted and written to `out`, and what was left out.

    Args:
        run: a run folder or its `model/` folder.
        inputs: tables, folders of parts of tables, or `-`: standard input, a text or the path of an image a line. For
            texts also `.txt` files, and folders and zips of them; for images also image files, and folders and zips of them.
        out: `.parquet` is a predictions table; `.csv` and `.jsonl` have a column `p_<class>` for each class.
        options: column names of tables, what may be left out, and whether probabilities are calibrated or those of a mixture.

    Raises:
        InputError: an input cannot be read, or would be overwritten; nothing is written then.
        RunError: there is no trained model in `run`, or no temperature, mixture or validation rows where they are asked for.
    """
    if options.no_labels and options.label is not None:
        raise InputError(
            ("it names a column that ", Option("no_labels"), " leaves unread."),
            "Give one of the two.",
            argument="label",
        )
    if options.quoting not in ("auto", "none"):
        raise InputError(f'"{options.quoting}" is neither auto nor none.', argument="quoting")
    if not inputs:
        raise InputError("there is none.", "Name a table, texts or images.", argument="inputs")
    check_out(out, inputs)
    model = load_deciding(run, calibrated=options.calibrated, mixture=options.mixture, at=options.at, sets=options.sets)
    notes = Notes()
    with shown_wait("predicting") as say:
        chunks = read_chunks(inputs, model.classifier.kind, model.classifier.classes, options, notes)
        rows = write_predictions(model, _counted(chunks, say), out, options, notes)
    if not rows:
        said = "".join(f"; {left.line(reason)}" for reason, left in notes.left_out.items())
        raise InputError(f"{', '.join(inputs)}: there is nothing to predict{said}.")
    return Predicted(rows, tuple(notes.lines()))


def _counted(chunks: Iterator[Chunk], say: Callable[[str], None]) -> Iterator[Chunk]:
    """The chunks; as each is taken, it is said how many rows came before it."""
    rows = 0
    for chunk in chunks:
        if rows:
            say(f"predicting, {rows:,} rows so far")
        yield chunk
        rows += chunk.frame.height


def read_chunks(
    inputs: Sequence[str], kind: Kind, classes: Sequence[str], options: PredictOptions, notes: Notes
) -> Iterator[Chunk]:
    """The rows of all inputs, at most 4,096 at a time; ids begin with the number of the input if there are several.

    Raises:
        InputError: an input cannot be read, or has a row that cannot be used and may not be left out.
    """
    for number, name in enumerate(inputs, start=1):
        yield from _input_chunks(name, "" if len(inputs) == 1 else f"{number}-", kind, classes, options, notes)


def _input_chunks(
    name: str, prefix: str, kind: Kind, classes: Sequence[str], options: PredictOptions, notes: Notes
) -> Iterator[Chunk]:
    if name == "-":
        yield from line_chunks(prefix, kind, options, notes)
        return
    check_readable(path := Path(name))
    if path.is_dir() or is_zip(path):
        names, others = file_names(path, kind)
        if names:
            note_unread(path, others, notes)
            yield from file_chunks(ImageFiles(path, tuple(names)), prefix, kind, options, notes)
        elif path.is_dir() and any(ending_of(other) in PART_ENDINGS for other in others):
            yield from table_chunks(path, prefix, kind, classes, options, notes)
        else:
            raise no_files(path, others, kind)
    elif name.lower().endswith(image_endings() if kind == "images" else TEXT_ENDING):
        yield from file_chunks(one_file(path), prefix, kind, options, notes)
    elif not path.is_file() or ending_of(path.name) in KNOWN_ENDINGS:
        yield from table_chunks(path, prefix, kind, classes, options, notes)
    else:
        files = "image" if kind == "images" else ".txt"
        what = f'a file ending in "{path.suffix}"' if path.suffix else "a file without an ending"
        raise InputError(
            f"{path}: {what} is not read.",
            f"Give a table ({TABLES}), {files} files, a folder or a zip of {files} files, or - for standard input.",
        )

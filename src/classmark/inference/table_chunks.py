"""The rows of a table to predict, prepared as training prepares them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from classmark.data.class_names import near_class
from classmark.data.images.files import ImageFiles
from classmark.data.rows import is_plain, match_labels, text_column, text_faults
from classmark.data.sources.image_paths import ADDRESS, file_of
from classmark.errors import InputError, Option, nearest, shortened
from classmark.inference.chunks import Chunk, Kind, Notes, PredictOptions, batched_rows, readable
from classmark.system.types import kind_of
from classmark.tables import TableFile, read_table_blocks
from classmark.tables.table_file import PUT_NAMES

DEFAULT_LABEL = "label"
WEB_ADDRESS = "it names a web address, from which classmark fetches nothing"


def table_chunks(
    path: Path, prefix: str, kind: Kind, classes: Sequence[str], options: PredictOptions, notes: Notes
) -> Iterator[Chunk]:
    """The rows of a table, in their order; blank ones are passed over.

    Args:
        path: of the file, or of a folder of parts.
        prefix: of the ids, where they are row numbers.
        kind: what the model takes.
        classes: of the model.
        options: columns, and what may be left out.
        notes: of what is left out.

    Raises:
        InputError: the table cannot be read, lacks a column, or has a row that cannot be used and may not be left out.
    """
    content = options.image if kind == "images" else options.text
    for block in read_table_blocks(
        path, [name for name in (content, options.id) if name], quotes=options.quoting == "auto"
    ):
        whole = _whole_block(block, prefix, kind, options, notes)
        for rows in batched_rows(range(whole.frame.height)):
            chunk = _labelled(whole.chosen(rows), classes, options, notes)
            yield _with_images(chunk, path, options, notes) if kind == "images" else _with_texts(chunk, options, notes)


def text_chunk(table: TableFile, options: PredictOptions, notes: Notes) -> Chunk:
    """The texts of a table that is in memory, all at once, without their labels.

    Raises:
        InputError: the table lacks a column, or has a row that cannot be used and may not be left out.
    """
    return _with_texts(_whole_block(table, "", "text", replace(options, no_labels=True), notes), options, notes)


def _whole_block(table: TableFile, prefix: str, kind: Kind, options: PredictOptions, notes: Notes) -> Chunk:
    """All rows of a table, with labels and contents as they are written."""
    content = options.image if kind == "images" else options.text
    notes.say(*(f"{table.source}: {note}" for note in table.notes))
    _check_columns(table, kind, options)
    columns = {"id": _ids(table, prefix, options), "text": text_column(table.frame[content])}
    frame = pl.DataFrame(columns | {"label": _labels(table, content, options, notes)})
    return Chunk(frame, [table.place(row) for row in range(frame.height)])


def _labels(table: TableFile, content: str, options: PredictOptions, notes: Notes) -> pl.Series:
    """The true classes as they are in the table; nulls if there are none."""
    label = options.label or DEFAULT_LABEL
    none = pl.Series([None] * table.frame.height, dtype=pl.String)
    if options.no_labels or label not in table.frame.columns or (not options.label and label in (content, options.id)):
        return none
    if label in table.repeated:
        raise InputError(
            f'{table.source}: the column "{label}" occurs more than once.',
            ("Rename or remove all but one, or predict without labels: ", Option("no_labels", True)),
        )
    if not is_plain(held := table.frame.schema[label]):
        notes.say(f'{table.source}: the column "{label}" holds {kind_of(held)} and is not read.')
        return none
    return table.frame[label]


def _check_columns(table: TableFile, kind: Kind, options: PredictOptions) -> None:
    """Refuse a column that is named but not there, there twice, or of values that are no texts."""
    named = {"image": options.image} if kind == "images" else {"text": options.text}
    named |= {key: name for key, name in (("id", options.id), ("label", options.label)) if name is not None}
    columns = table.frame.columns
    for key, name in named.items():
        if name not in columns:
            raise InputError(
                f'{table.source}: there is no column "{name}"; its columns are {shortened(columns)}.'
                f"{nearest(name, columns)}",
                PUT_NAMES if table.lacks_names else ("Name the right one: ", Option(key, "COLUMN")),
            )
        if name in table.repeated:
            raise InputError(
                f'{table.source}: the column "{name}" occurs more than once.', "Rename or remove all but one."
            )
        if not is_plain(held := table.frame.schema[name]):
            raise InputError(
                f'{table.source}: the column "{name}" holds {kind_of(held)}, not text.',
                ("Name another: ", Option(key, "COLUMN")),
            )


def _ids(table: TableFile, prefix: str, options: PredictOptions) -> pl.Series:
    """The ids of the rows: their column's texts, or their numbers.

    Raises:
        InputError: a row has none, or two have the same.
    """
    if options.id is None:
        return pl.Series([f"{prefix}{number}" for number in table.row_numbers], dtype=pl.String)
    ids = text_column(table.frame[options.id])
    missing = ids.is_null() | (ids.str.strip_chars() == "")
    if missing.any():
        place = table.place(int(missing.arg_max() or 0))
        raise InputError(f"{place}: the id is missing.", ("Every row needs one, or leave out ", Option("id"), "."))
    if (repeated := ids.is_duplicated()).any():
        rows = [int(table.row_numbers[row]) for row in (ids == ids.filter(repeated)[0]).arg_true()[:2]]
        raise InputError(
            f'{table.source}: the id "{ids.filter(repeated)[0]}" stands in rows {rows[0]} and {rows[1]}.',
            "Give each row an id of its own.",
        )
    return ids


def _labelled(chunk: Chunk, classes: Sequence[str], options: PredictOptions, notes: Notes) -> Chunk:
    """The rows with their labels as classes of the model; those with another label are left out.

    Raises:
        InputError: there is another label, and its row may not be left out.
    """
    labels = match_labels(chunk.frame["label"], classes)
    chunk = Chunk(chunk.frame.with_columns(labels.names.alias("label")), chunk.places)
    if labels.unknown.null_count() == len(labels.unknown):
        return chunk
    kept = []
    for row, name in enumerate(labels.unknown):
        if name is None:
            kept.append(row)
        elif not options.skip_unknown_labels:
            raise InputError(
                f'{chunk.places[row]}: the label "{name}" is none of the model\'s classes {shortened(classes)}.'
                f"{near_class(name, classes)}",
                (
                    "Correct it, leave such rows out with ",
                    Option("skip_unknown_labels", True),
                    ", or predict without labels: ",
                    Option("no_labels", True),
                ),
            )
        else:
            notes.leave_out(f'the label "{name}" is no class of the model', chunk.places[row])
    return chunk.chosen(kept)


def _with_texts(chunk: Chunk, options: PredictOptions, notes: Notes) -> Chunk:
    faults = text_faults(chunk.frame["text"])
    if faults.null_count() == len(faults):
        return chunk
    return chunk.chosen(readable(chunk.places, faults, "Correct it", options, notes))


def _with_images(chunk: Chunk, table: Path, options: PredictOptions, notes: Notes) -> Chunk:
    """The rows with the images that their texts name."""
    folder = Path(options.image_folder) if options.image_folder else table.parent
    written = chunk.frame["text"].fill_null("").str.strip_chars()
    names = [name if ADDRESS.match(name) else file_of(folder, name, options.image_ending) for name in written]
    addresses = [WEB_ADDRESS if ADDRESS.match(name) else None for name in names]
    paths = [str(folder / name) if name else "" for name in names]
    frame = chunk.frame.select("id", pl.Series("path", paths, dtype=pl.String), "label")
    places = [f"{place}: {path}" if path else place for place, path in zip(chunk.places, paths, strict=True)]
    found = Chunk(frame, places, ImageFiles(folder, tuple(names)))
    if not any(addresses):
        return found
    kept = readable(chunk.places, addresses, "Download the image and name its file", options, notes)
    return found.chosen(kept)

"""Texts and images to predict that are files: alone, in a folder or a zip, or a line of standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

import polars as pl

from classmark.data.images.files import ImageFiles
from classmark.data.images.kinds import count_endings, files_by_ending, image_endings
from classmark.data.images.listing import list_images
from classmark.data.rows import EMPTY_TEXT, text_faults
from classmark.errors import InputError
from classmark.inference.chunks import Chunk, Kind, Notes, PredictOptions, batched_rows, readable
from classmark.tables.open import KNOWN_ENDINGS, ending_of

TEXT_ENDING = ".txt"
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def line_chunks(prefix: str, kind: Kind, options: PredictOptions, notes: Notes) -> Iterator[Chunk]:
    """A text or the path of an image a line of standard input; blank lines are passed over.

    Raises:
        InputError: a line is not UTF-8.
    """
    if sys.stdin is None:
        raise InputError("standard input: it is closed.", "Name a file, or connect a pipe.")
    stripped = (line.rstrip("\r\n") for line in sys.stdin)
    numbered = ((number, line) for number, line in enumerate(stripped, start=1) if line.strip("\ufeff \t"))
    try:
        for lines in batched_rows(numbered):
            ids = [f"{prefix}line-{number}" for number, _ in lines]
            places = [f"standard input, line {number}" for number, _ in lines]
            contents = [line.removeprefix("\ufeff") if number == 1 else line for number, line in lines]
            if kind == "images":
                yield _images(ids, places, contents, ImageFiles(Path(), tuple(contents)))
            else:
                yield _texts(ids, places, contents, [None] * len(ids), options, notes)
    except UnicodeError:  # in the C locale, wrong bytes become surrogates first
        raise InputError("standard input: not valid UTF-8. Convert it, for instance with iconv.") from None


def file_names(path: Path, kind: Kind) -> tuple[list[str], list[str]]:
    """What there is to predict in a folder or a zip, named from it on, and the other files; hidden ones are passed over.

    Raises:
        InputError: it cannot be read.
    """
    listing = list_images(path)
    wanted, others = listing.images, listing.others
    if kind == "text":
        names = (*listing.images, *listing.others)
        wanted = [name for name in names if name.lower().endswith(TEXT_ENDING)]
        others = [name for name in names if not name.lower().endswith(TEXT_ENDING)]
    return sorted(wanted, key=lambda name: name.split("/")), others


def one_file(path: Path) -> ImageFiles:
    """A file alone."""
    return ImageFiles(path.parent, (path.name,))


def file_chunks(files: ImageFiles, prefix: str, kind: Kind, options: PredictOptions, notes: Notes) -> Iterator[Chunk]:
    """A text or an image a file; its name from the folder or the zip on is the id."""
    for rows in batched_rows(range(len(files))):
        part = files.chosen(rows)
        ids = [f"{prefix}{name}" for name in part.names]
        paths = [str(files.place / name) for name in part.names]
        if kind == "images":
            yield _images(ids, paths, paths, part)
        else:
            found = [decoded_text(content) for content in map(part.reader(), range(len(part)))]
            yield _texts(ids, paths, [text for text, _ in found], [fault for _, fault in found], options, notes)


def no_files(path: Path, others: Sequence[str], kind: Kind) -> InputError:
    """The refusal of a folder or a zip with nothing to predict in it."""
    what = "folder" if path.is_dir() else "zip"
    wanted = f"images ({', '.join(image_endings())})" if kind == "images" else "texts (.txt)"
    held = f" {files_by_ending(count_endings(others))}." if others else ""
    has_table = any(ending_of(name) in KNOWN_ENDINGS for name in others)
    remedy = "Give a table by its own name." if path.is_dir() else "Unpack it to give a table in it."
    return InputError(f"{path}: the {what} holds no {wanted}.{held}", remedy if has_table else "")


def note_unread(path: Path, others: Sequence[str], notes: Notes) -> None:
    """Note the files of a folder or a zip that are not read."""
    if others:
        notes.say(f"{path}: not read: {files_by_ending(count_endings(others))}.")


def decoded_text(content: bytes | str) -> tuple[str | None, str | None]:
    """The text in the bytes of a file, and why there is none; as a string, the bytes are that reason."""
    if isinstance(content, str):
        return None, content
    encoding = "utf-16" if content.startswith(UTF16_MARKS) else "utf-8-sig"
    try:
        return content.decode(encoding), None
    except UnicodeDecodeError:
        return None, "it is not valid UTF-8"


def _texts(
    ids: Sequence[str],
    places: Sequence[str],
    texts: Sequence[str | None],
    faults: Sequence[str | None],
    options: PredictOptions,
    notes: Notes,
) -> Chunk:
    column = pl.Series("text", texts, dtype=pl.String)
    empty = text_faults(column.fill_null("x"))
    both = [fault or (EMPTY_TEXT if none else None) for fault, none in zip(faults, empty, strict=True)]
    remedy = "Convert it to UTF-8" if any(faults) else "Correct it"
    chunk = Chunk(pl.DataFrame([pl.Series("id", ids, dtype=pl.String), column, _no_labels(len(ids))]), places)
    return chunk.chosen(readable(places, both, remedy, options, notes)) if any(both) else chunk


def _images(ids: Sequence[str], places: Sequence[str], paths: Sequence[str], files: ImageFiles) -> Chunk:
    columns = [pl.Series("id", ids, dtype=pl.String), pl.Series("path", paths, dtype=pl.String), _no_labels(len(ids))]
    return Chunk(pl.DataFrame(columns), places, files)


def _no_labels(rows: int) -> pl.Series:
    return pl.Series("label", [None] * rows, dtype=pl.String)


def is_read_in_folder(folder: Path, table: Path) -> bool:
    """Whether a table written into a folder would be read with it, as one of its parts."""
    found = list_images(folder)
    return not any(name.lower().endswith((TEXT_ENDING, *image_endings())) for name in (*found.images, *found.others))


def is_zip(path: Path) -> bool:
    """Whether a file of this name is taken for a zip of texts or images."""
    return PurePosixPath(path.name.lower()).suffix == ".zip"

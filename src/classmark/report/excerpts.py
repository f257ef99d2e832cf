"""What a page shows of a row: the beginning of its text, or the thumbnail of its image."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Any

import polars as pl

from classmark.predictions import TEXT_CAP_CHARACTERS, Predictions

SHORT_TEXT_CHARACTERS = 320
# Classmark's own thumbnails have about 2,000 bytes; those of other tables must not swell the page.
MOST_THUMBNAIL_BYTES = 16_384
JPEG_START = b"\xff\xd8\xff"


def folded_text(tables: Iterable[Predictions], row: int) -> tuple[str, str]:
    """The beginning of the row's text and, where it is long, the rest; both empty where no table has one."""
    text = content(tables, "text", pl.String, row) or ""
    plain = re.sub(r"<br\s*/?>", " ", text)[:TEXT_CAP_CHARACTERS]
    if len(plain) <= SHORT_TEXT_CHARACTERS:
        return plain, ""
    cut = plain.rfind(" ", 0, SHORT_TEXT_CHARACTERS)
    cut = cut if cut > 0 else SHORT_TEXT_CHARACTERS
    return plain[:cut], plain[cut:]


def thumbnail_address(tables: Iterable[Predictions], row: int) -> str:
    """The row's thumbnail as a `data:` address; empty where no table has one, or it is no small JPEG file."""
    picture = content(tables, "thumbnail", pl.Binary, row)
    if picture is None or len(picture) > MOST_THUMBNAIL_BYTES or not picture.startswith(JPEG_START):
        return ""
    return jpeg_address(picture)


def jpeg_address(picture: bytes) -> str:
    """A JPEG file as a `data:` address."""
    return f"data:image/jpeg;base64,{base64.b64encode(picture).decode('ascii')}"


def content(tables: Iterable[Predictions], column: str, kind: type[pl.DataType], row: int) -> Any:
    """What the row has in this column of the first table that has it of this type; None where none has.

    Any table may use the name for something else.
    """
    frames = (table.frame for table in tables)
    return next((frame[column][row] for frame in frames if frame.schema.get(column) == kind), None)

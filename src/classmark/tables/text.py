"""Bytes as text: byte order marks, UTF-16, and what only looks like a table."""

from __future__ import annotations

import shlex

from classmark.errors import InputError
from classmark.tables.contents import Content
from classmark.tables.encodings import likely_encoding

UTF16, UTF32 = (b"\xff\xfe", b"\xfe\xff"), (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
# A byte order mark whose three bytes somebody's program took for three letters.
MISREAD_MARK = "ï»¿"
NOTE_ON_MISREAD = (
    f"The file begins with {MISREAD_MARK}, a byte order mark that was read as Latin-1 and saved again; it was left out. "
    "Look whether accented letters are wrong too, such as Ã© for é."
)
LARGEST_WEB_PAGE_START = 256


def decoded(content: Content) -> tuple[str, tuple[str, ...]]:
    """The text without a byte order mark, and notes on how it was decoded.

    Raises:
        InputError: it is empty, not UTF-8, holds a NUL character, or is a web page or a Git LFS pointer.
    """
    data = content.data
    if not data:
        raise InputError(f"{content.source}: the file is empty.")
    check_is_data(content.source, data)
    notes: tuple[str, ...] = ()
    if data.startswith((*UTF16, *UTF32)):
        encoding = "UTF-32" if data.startswith(UTF32) else "UTF-16"
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            raise InputError(
                f"{content.source}: the file begins as {encoding}, but byte {error.start + 1} breaks it.",
                "Save the file as UTF-8.",
            ) from None
        notes = (f"The file is {encoding}, not UTF-8.",)
    else:
        text = utf8(content)
    if not text.strip("\ufeff \t\r\n"):
        raise InputError(f"{content.source}: the file has only blank lines.")
    check_nul(content.source, text)
    text = text.removeprefix("\ufeff")
    if text.startswith(MISREAD_MARK):
        text = text.removeprefix(MISREAD_MARK)
        notes = (*notes, NOTE_ON_MISREAD)
    return text, notes


def check_is_data(source: str, data: bytes) -> None:
    """Refuse a web page or a Git LFS pointer that has the name of a table."""
    start = data[:LARGEST_WEB_PAGE_START].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"version https://git-lfs"):
        raise InputError(
            f"{source}: it is a Git LFS pointer; the data itself is not here.", "Fetch it with: git lfs pull"
        )
    if start.startswith((b"<!doctype html", b"<html")):
        raise InputError(
            f"{source}: it is a web page (HTML), not a table.",
            "The download probably gave a page to log in or to confirm. Open it in a browser and download the file.",
        )


def utf8(content: Content, lines_before: int = 0) -> str:
    """The text of bytes in UTF-8.

    Args:
        content: the bytes.
        lines_before: how many lines of the file come before these.

    Raises:
        InputError: they are not UTF-8; the message names the line.
    """
    try:
        return content.data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content.data[: error.start]
        line = lines_before + before.count(b"\n") + 1
        column = error.start - (before.rfind(b"\n") + 1) + 1
        name, likely = shlex.quote(content.name), likely_encoding(content.data)
        remedy = "" if likely == "WINDOWS-1252" else f"It is probably {likely}. "
        remedy += (
            f"Convert the file, for instance: iconv -f {likely} -t UTF-8 {name} > {shlex.quote('utf8-' + content.name)}"
            if content.name
            else f"Convert it, for instance with iconv -f {likely} -t UTF-8."
        )
        raise InputError(
            f"{content.source}, line {line}: byte {column} (0x{content.data[error.start]:02x}) is not valid UTF-8.",
            remedy,
        ) from None


def check_nul(source: str, text: str, lines_before: int = 0) -> None:
    """Refuse NUL characters, which no text has."""
    position = text.find("\0")
    if position < 0:
        return
    if text.count("\0", 0, 1000) > min(len(text), 1000) // 4:
        raise InputError(
            f"{source}: the file seems to be UTF-16 without a byte order mark.",
            f"Convert it, for instance with iconv -f {'UTF-16BE' if text.startswith(chr(0)) else 'UTF-16LE'} -t UTF-8.",
        )
    line = lines_before + text.count("\n", 0, position) + 1
    raise InputError(
        f"{source}, line {line}: there is a NUL character, which no text has.",
        "The file is damaged or not a text file. Remove the character or fetch the file again.",
    )

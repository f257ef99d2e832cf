"""What is said of a file that should be a zip of images and is none, or is one that cannot be read here."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path

from classmark.data.images.kinds import FIRST_BYTES, is_heif, starts_as_image
from classmark.errors import InputError, one_line
from classmark.tables.kinds import START_BYTES, is_tar

READ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
METHODS = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 98: "PPMd"}  # PKWARE's APPNOTE, section 4.4.5
ARCHIVES = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c")
OTHER_ARCHIVE = "of archives only zips are read. Unpack it, and give the folder."
WEB_PAGE = (b"<!doctype", b"<html", b"<?xml")


def check_methods(place: Path, members: Iterable[zipfile.ZipInfo]) -> None:
    """Refuse a zip with files that are compressed in a way that Python does not read.

    Windows itself takes Deflate64 for files above 2 GB.

    Raises:
        InputError: there is such a file.
    """
    odd = next((member for member in members if member.compress_type not in READ), None)
    if odd is not None:
        method = METHODS.get(odd.compress_type, f"method {odd.compress_type}")
        raise InputError(
            f"{place}: {one_line(odd.filename)} is compressed with {method}, which is not read. "
            "Unpack the zip, and give the folder."
        )


def no_zip(place: Path, error: Exception) -> InputError:
    """The refusal of a file that is no readable zip: what it is instead, as far as its first bytes say so."""
    if isinstance(error, UnicodeDecodeError):
        return InputError(f"{place}: a name in the zip is not valid UTF-8. Unpack it, and give the folder.")
    try:
        with place.open("rb") as file:
            first = file.read(START_BYTES)
    except OSError as refused:
        return InputError(f"{place}: the file cannot be opened ({refused.strerror}). Make it readable.")
    if not first:
        return InputError(f"{place}: the file is empty. Fetch it again.")
    if first.startswith(ARCHIVES) or is_tar(first):
        return InputError(f"{place}: {OTHER_ARCHIVE}")
    if first.lstrip().lower().startswith(WEB_PAGE):
        return InputError(f"{place}: a web page and no zip. Fetch the zip anew; the page may say what went wrong.")
    if starts_as_image(first[:FIRST_BYTES]) or is_heif(first[:FIRST_BYTES]):
        return InputError(f"{place}: one image. Give the folder that holds the class folders.")
    return InputError(
        f"{place}: truncated, damaged or no zip archive. Give the whole zip, or the folder unpacked from it."
    )


def check_whole(place: Path) -> None:
    """Refuse the last of the files that a zip was split into (`photos.z01`, `photos.z02`, `photos.zip`).

    Raises:
        InputError: the others lie beside it.
    """
    first = next((path for ending in (".z01", ".Z01") if (path := place.with_suffix(ending)).exists()), None)
    if first is not None:
        raise InputError(
            f"{place}: the last part of a zip that begins in {first.name}. Unpack all parts together, and give the folder."
        )

"""What a file is that has the name of a table, or none, but begins as files of another kind do."""

from __future__ import annotations

import re

from classmark.errors import InputError

UNPACK, EXPORT, SAVE = "Unpack it and give the table inside.", "Export the table as .csv.", "Save the table as .csv."
# First bytes → what such a file is, and what to do.
STARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"BZh", "data compressed with bzip2", "Unpack it: bunzip2 FILE"),
    (b"\xfd7zXZ\x00", "data compressed with xz", "Unpack it: unxz FILE"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", "a rar archive", UNPACK),
    (b"%PDF-", "a PDF document", EXPORT),
    (b"{\\rtf", "a text document (RTF)", SAVE),
    (b"SQLite format 3\x00", "an SQLite database", EXPORT),
    (b"\x89HDF\r\n", "an HDF5 file", EXPORT),
    (b"\x80\x04\x95", "a pickle of Python", EXPORT),
    (b"\x80\x05\x95", "a pickle of Python", EXPORT),
    (b"\x93NUMPY", "an array of numpy (.npy)", "Save it as .npz or .csv."),
    (b"RDX2\n", "data of R", "Write it in R: write.csv(table, file, row.names = FALSE)"),
    (b"RDX3\n", "data of R", "Write it in R: write.csv(table, file, row.names = FALSE)"),
    (b"$FL2", "data of SPSS", EXPORT),
    (b"<stata_dta>", "data of Stata", EXPORT),
    (b"\x89PNG\r\n", "an image (PNG)", "Name the table of texts."),
    (b"\xff\xd8\xff", "an image (JPEG)", "Name the table of texts."),
)
START_BYTES = 512  # that tell the kind
TAR_MARK = slice(257, 262)  # further back than others: a tar begins with the name of its first member
HTML_TABLE = re.compile(rb"<(?:table|head|body|meta|style|div)[\s>]", re.IGNORECASE)


def is_tar(data: bytes) -> bool:
    """Whether these first bytes, 512 or more, are those of a tar archive."""
    return data[TAR_MARK] == b"ustar"


def check_kind(source: str, data: bytes) -> None:
    """Refuse the content of another kind of file.

    Raises:
        InputError: it begins as such a file does.
    """
    start = data[:START_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n")
    for mark, what, remedy in STARTS:
        if data.startswith(mark):
            raise InputError(f"{source}: the content is {what}, not a table.", remedy)
    if is_tar(data):
        raise InputError(f"{source}: the content is a tar archive, not a table.", UNPACK)
    if start[:5].lower() == b"<?xml":
        raise InputError(f"{source}: the content is XML, not a table.", "Save it as .xlsx or .csv.")
    if HTML_TABLE.match(start):
        raise InputError(
            f"{source}: the content is HTML, not a table.",
            "Open it in a spreadsheet or a browser, and save the table as .xlsx or .csv.",
        )

"""Which files are taken for images, and what is said of the others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import PurePosixPath

ENDINGS = (
    *(
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".gif",
        ".bmp",
        ".webp",
        ".tif",
        ".tiff",
        ".ppm",
        ".pgm",
        ".pbm",
        ".pnm",
    ),
    *(".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc", ".avif"),
)
HEIF_ENDINGS = (".heic", ".heif", ".hif")  # read with the extra "heif"
READ_WITH = ' (to read them: pip install "classmark[heif]")'
FIRST_BYTES = 32  # of a file that tell its kind
ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,7}$")
MOST_ENDINGS = 6
# What systems leave beside the files of users, in lower case.
NOTES_OF_PROGRAMS = frozenset(
    {
        *("__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "@eadir", "$recycle.bin", "#recycle"),
        *("system volume information", "lost+found", "__pycache__"),
    }
)

STARTS = (
    *(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*"),
    *(b"\x00\x00\x00\x0cjP  \r\n\x87\n", b"\xffO\xffQ"),
)
BMP_HEADERS = (12, 40, 52, 56, 64, 108, 124)  # the sizes that there are
HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
AVIF_BRANDS = (b"avif", b"avis")


@cache
def reads_heif() -> bool:
    """Whether the package that reads HEIC files is installed."""
    return find_spec("pillow_heif") is not None


@cache
def image_endings() -> tuple[str, ...]:
    """The endings of files that are taken for images here, in lower case."""
    return (*ENDINGS, *HEIF_ENDINGS) if reads_heif() else ENDINGS


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is passed over: programs keep notes of their own there."""
    return name.startswith(".") or name.lower() in NOTES_OF_PROGRAMS


def is_image(name: str) -> bool:
    """Whether a file of this name is taken for an image: by its ending, and not hidden."""
    return name.lower().endswith(image_endings()) and not is_hidden(name)


def has_ending(name: str) -> bool:
    """Whether a file's name tells its kind; if not, its first bytes may."""
    return ENDING.search(name) is not None


def starts_as_image(first: bytes) -> bool:
    """Whether these are the first 32 bytes of an image that is read here."""
    if first.startswith(STARTS) or (first[:4] == b"RIFF" and first[8:12] == b"WEBP"):
        return True
    if first[:2] == b"BM":
        return first[6:10] == bytes(4) and int.from_bytes(first[14:18], "little") in BMP_HEADERS
    return _brand(first) in AVIF_BRANDS or (is_heif(first) and reads_heif())


def is_heif(first: bytes) -> bool:
    """Whether a file that begins so is HEIC or another HEIF image, AVIF apart."""
    return _brand(first) in HEIF_BRANDS and not any(brand in first[16:FIRST_BYTES] for brand in AVIF_BRANDS)


def _brand(first: bytes) -> bytes:
    """The brand of a file in the ISO base media format (ISO/IEC 14496-12, section 4.3), else nothing."""
    return first[8:12] if first[4:8] == b"ftyp" else b""


def count_endings(names: Iterable[str]) -> dict[str, int]:
    """Ending in lower case (empty where there is none) → number of files, the most frequent first."""
    endings = (PurePosixPath(name).suffix.lower() if has_ending(name) else "" for name in names)
    return dict(sorted(Counter(endings).items(), key=lambda item: (-item[1], item[0])))


def files_by_ending(counts: Mapping[str, int]) -> str:
    """What is said of files that are not read: `30 files end in .heic (to read them: pip install …), 4 in .txt`."""
    parts: list[str] = []
    for ending, count in list(counts.items())[:MOST_ENDINGS]:
        start = f"{count:,}" if parts else "1 file" if count == 1 else f"{count:,} files"
        end = "" if parts and ending else " ends" if count == 1 else " end"
        kind = f"{end} in {ending}" if ending else " has no ending" if count == 1 else " have no ending"
        parts.append(start + kind + (READ_WITH if ending in HEIF_ENDINGS else ""))
    rest = sum(list(counts.values())[MOST_ENDINGS:])
    return ", ".join(parts + ([f"{rest:,} in others"] if rest else []))

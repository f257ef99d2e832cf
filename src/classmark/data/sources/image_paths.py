"""From what a table calls its images to their files, and what is said where they are not there."""

from __future__ import annotations

import os
import re
import shlex
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice, product
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from classmark.data.images.files import ImageFiles
from classmark.data.images.kinds import image_endings, is_hidden, is_image
from classmark.errors import InputError, Key, Message
from classmark.recipes.schema import Data

ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
SAMPLE, SEARCHED = 64, 16
MOST_FOLDERS, MOST_FILES = 200, 50_000  # that are looked through for files that are not where they should be


class Names(NamedTuple):
    """The images of a table.

    Attributes:
        table: its path.
        names: one for each row, as the table has it; empty where it has none.
    """

    table: str
    names: Sequence[str]


def image_files(tables: Sequence[Names], data: Data) -> ImageFiles:
    """The files that tables name, those of the first table first.

    A name counts from `data.image_folder` on, else from the folder of its table; it may be absolute. `data.image_ending` is
    added to a name without an image's ending. A backslash separates folders where there is no file with one in its
    name, and a name may be composed in another way than the file's.

    Raises:
        InputError: the files of a table are not there.
    """
    place = Path(data.image_folder) if data.image_folder else Path(tables[0].table).parent
    if data.image_folder and not place.is_dir():
        problem = (Key("data.image_folder"), f": {place}: there is no such folder.")
        raise InputError(problem, "Name the one that holds the images.")
    found: list[str] = []
    for table, names in tables:
        folder = place if data.image_folder else Path(table).parent
        written = [_with_ending(name, data.image_ending) for name in names]
        _check_there(Names(table, written), folder, data)
        same = folder.absolute() == place.absolute()
        prefix = Path() if same else folder.absolute()
        named = (_as_on_disk(folder, name) for name in written)
        found += [name if same or not name else (prefix / name).as_posix() for name in named]
    return ImageFiles(place, tuple(found))


def file_of(folder: Path, name: str, ending: str | None) -> str:
    """The file that a table calls so, from a folder on: with the ending added, and as it is spelled on the disk."""
    return _as_on_disk(folder, _with_ending(name, ending))


def _with_ending(name: str, ending: str | None) -> str:
    if not name or not ending or name.lower().endswith((*image_endings(), ending.lower())):
        return name
    return f"{name}.{ending.removeprefix('.')}"


def _as_on_disk(folder: Path, name: str) -> str:
    """The name in the spelling that there is a file for, if a backslash or another composition is all that differs."""
    if not name or ("\\" not in name and name.isascii()) or _is_there(folder / name):
        return name
    slashed = name.replace("\\", "/")
    forms = (unicodedata.normalize(form, slashed) for form in ("NFC", "NFD"))
    return next((form for form in (slashed, *forms) if _is_there(folder / form)), name)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # the name is too long or has a zero byte, or its folder may not be read
        return False


def _check_there(table: Names, folder: Path, data: Data) -> None:
    """Refuse a table whose images are not there, with the keys under which they are.

    A few that are missing among others are told by their rows later.
    """
    given = [name for name in table.names if name]
    sample = given[:: max(1, len(given) // SAMPLE)]
    if all(_is_found(folder, name) for name in sample):
        return
    missing = [name for name in given if not _is_found(folder, name)]
    remedy = _remedy(table.table, given, len(missing), folder, data)
    if len(missing) < len(given) and (remedy is None or data.skip_unreadable):
        return
    example = missing[0] if ADDRESS.match(missing[0]) else folder / missing[0]
    usual = (
        f'Paths in the column "{data.image_column}" count from the folder of the table on, or are absolute; ',
        *(Key("data.image_folder", "…"), " names another folder."),
    )
    raise InputError(f"{table.table}: {_count(len(missing), len(given))} there, such as {example}.", remedy or usual)


def _count(missing: int, images: int) -> str:
    """How many images are missing, as the start of a sentence."""
    if missing == images:
        return "none of its images is" if images == 1 else f"none of its {images:,} images is"
    return f"{missing:,} of its {images:,} images {'is' if missing == 1 else 'are'} not"


def _is_found(folder: Path, name: str) -> bool:
    return _is_there(folder / _as_on_disk(folder, name))


def _remedy(table: str, given: Sequence[str], missing: int, folder: Path, data: Data) -> Message | None:
    """What to do so that images are found, as far as that was tried; None where nothing helps."""
    addresses = sum(ADDRESS.match(name) is not None for name in given)
    if addresses:
        what = f"{addresses:,} of {len(given):,} are web addresses, from which classmark fetches nothing."
        return f"{what} Download them, and name the files in the column."
    nearby = _Nearby(folder, Path(table).parent)
    slashed = [name.replace("\\", "/") for name in given]
    least = max(len(given) - missing, len(given) // 2)
    for names, advice in _changed(slashed, nearby.digits):
        keys, count = nearby.keys(names, folder, least)
        if count > least:
            start = (f"{advice}; then, with ", *keys, ",") if keys and advice else ("With ", *keys, ",")
            return (*(start if keys else (f"{advice}; then",)), f" {count:,} of {len(given):,} are found.")
    same, count = nearby.in_another_case(slashed)
    if count > least:
        return f"{count:,} of {len(given):,} are there in another case, such as {same}. Correct the column."
    return None


def _changed(names: Sequence[str], digits: int) -> Iterator[tuple[Sequence[str], str]]:
    """The names, also as they might be meant, each with the advice to write them so."""
    yield names, ""
    yield [PurePosixPath(name).name for name in names], "Take the folders away from the column"
    if digits and all(name.isdecimal() for name in names):
        padded = [name.zfill(digits) for name in names]
        yield padded, f"Write the numbers with {digits} digits, such as {padded[0]}"


class _Nearby:
    """The folders and images near a table that the paths in it might mean."""

    def __init__(self, folder: Path, beside: Path) -> None:
        starts = ((folder.absolute(), 3), (beside.absolute(), 3), (beside.absolute().parent, 1))
        self._folders = list(dict.fromkeys(found for start, depth in starts for found in _folders(start, depth)))
        self._files = list(islice((file for each in self._folders for file in _images_in(each)), MOST_FILES))
        self._endings = [ending for ending, _ in Counter(file.suffix for file in self._files).most_common()]
        self.digits = max((len(file.stem) for file in self._files if file.stem.isdecimal()), default=0)

    def keys(self, names: Sequence[str], folder: Path, least: int) -> tuple[list[str | Key], int]:
        """The keys of the recipe with which most names are found, and how many, if those are more than `least`."""
        best, keys = least, list[str | Key]()
        sample = names[:: max(1, len(names) // SEARCHED)]
        for ending, other in product(("", *self._endings), self._folders):
            if 2 * _count_there(other, sample, ending) <= len(sample):
                continue
            count = _count_there(other, names, ending)
            if count > best:
                named = [] if other == folder.absolute() else [Key("data.image_folder", _typed(other))]
                named += [Key("data.image_ending", ending)] if ending else []
                best, keys = count, [part for key in named for part in (" ", key)][1:]
        return keys, best

    def in_another_case(self, names: Sequence[str]) -> tuple[str, int]:
        """What one of the names is really called, and how many are there in another case."""
        known = {file.as_posix().casefold(): file for file in self._files}
        found, best = "", 0
        for folder in self._folders:
            files = [known.get((folder / name).as_posix().casefold()) for name in names]
            there = [file for file in files if file is not None]
            if len(there) > best:
                best, found = len(there), there[0].relative_to(folder).as_posix()
        return found, best


def _count_there(folder: Path, names: Sequence[str], ending: str) -> int:
    return sum(_is_there(folder / _with_ending(name, ending)) for name in names)


def _folders(start: Path, depth: int) -> Iterator[Path]:
    """A folder and those in it, down to a depth, as many as may be looked through."""
    level, left = [start], MOST_FOLDERS
    for _ in range(depth + 1):
        level = level[:left]
        yield from level
        left -= len(level)
        level = [inner for folder in level for inner in _inside(folder)]


def _inside(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir() and not is_hidden(entry.name))
    except OSError:
        return []


def _images_in(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if is_image(entry.name))
    except OSError:
        return []


def _typed(folder: Path) -> str:
    """A folder as one would type it in a shell."""
    try:
        relative = os.path.relpath(folder)
    except ValueError:  # on another drive
        relative = ".."
    return shlex.quote(str(folder) if relative.startswith("..") else relative)

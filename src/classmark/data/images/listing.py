"""What a folder or a zip holds: its images and folders by name, and the texts beside them that a source reads."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from classmark.data.archives import DAMAGE, ENCRYPTED_FLAG, MOST_MEMBERS, archive_encoding, check_member, member_names
from classmark.data.images.kinds import FIRST_BYTES, has_ending, is_hidden, is_image, starts_as_image
from classmark.data.images.zip_faults import OTHER_ARCHIVE, check_methods, check_whole, no_zip
from classmark.data.zip_names import STANDARD, UTF_8
from classmark.errors import InputError, one_line

OTHER_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".tar.zst", ".rar", ".7z")
TABLES = (".csv", ".tsv", ".jsonl", ".json", ".parquet", ".xlsx")


@dataclass(frozen=True)
class Listing:
    """Names from the folder or the zip's root on, with `/` between their parts; what is hidden is left out.

    Attributes:
        images: all files that are images by their ending, or without an ending by their first bytes.
        folders: all folders, empty ones too.
        others: the other files.
        texts: end of a name → content of the file of that name, for those that are there.
        notes: what was guessed.
    """

    images: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def list_images(place: Path, texts: Sequence[str] = ()) -> Listing:
    """What is in a folder or a zip, the same for both.

    Args:
        place: the folder or the zip.
        texts: the ends of the names of further files to read.

    Raises:
        InputError: it is no zip or a damaged one, a zip's member leads out of it, or a name is not valid Unicode.
    """
    return _folder(place, texts) if place.is_dir() else _archive(place, texts)


def walk_folders(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """A folder (as ``""``) and every folder under it, with the images and the other files in each; named from the first on.

    Raises:
        InputError: a name is not valid Unicode, or a folder cannot be opened.
    """
    lines: dict[Path, frozenset[str]] = {}  # of each folder, where it and those around it really are
    for parent, folders, files in os.walk(folder, onerror=_refuse, followlinks=True):
        real, around = os.path.realpath(parent), lines.get(Path(parent).parent, frozenset())
        if real in around:  # a link that leads back
            folders.clear()
            continue
        lines[Path(parent)] = around | {real}
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        within = Path(parent).relative_to(folder)
        found = _sorted_out(sorted(files), partial(_first_bytes, Path(parent)))
        images, others = ([checked_name(folder, (within / name).as_posix()) for name in names] for names in found)
        yield "" if parent == str(folder) else checked_name(folder, within.as_posix()), images, others


def _sorted_out(names: Iterable[str], first_bytes: Callable[[str], bytes]) -> tuple[list[str], list[str]]:
    """Images and other files. Only a file without an ending is opened to see which it is."""
    images: list[str] = []
    others: list[str] = []
    for name in names:
        last = name.rpartition("/")[2]
        if is_hidden(last):
            continue
        found = is_image(last) or (not has_ending(last) and starts_as_image(first_bytes(name)))
        (images if found else others).append(name)
    return images, others


def _first_bytes(folder: Path, name: str) -> bytes:
    """The first bytes of a file; none of what is no file or cannot be opened."""
    path = folder / name
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would wait for ever
            return b""
        with path.open("rb") as file:
            return file.read(FIRST_BYTES)
    except OSError:
        return b""


def _refuse(error: OSError) -> None:
    raise InputError(
        f"{error.filename}: the folder cannot be opened ({error.strerror}). Make it readable, or take it away."
    )


def checked_name(folder: Path, name: str) -> str:
    """The name, if it is valid Unicode.

    Raises:
        InputError: it is not, so that no table could hold it.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        raise InputError(f"{folder}: the file name {one_line(shown)} is not valid UTF-8. Rename the file.") from None
    return name


def _folder(place: Path, texts: Sequence[str]) -> Listing:
    listing = Listing()
    for folder, images, others in walk_folders(place):
        listing.images.extend(images)
        listing.others.extend(others)
        listing.folders.extend([folder] if folder else [])
    for end in texts:
        for path in (place / end, *sorted(place.glob(f"*/{end}"))):
            if path.is_file():
                listing.texts.setdefault(end, path.read_text(encoding="utf-8", errors="replace"))
    return listing


def _archive(place: Path, texts: Sequence[str]) -> Listing:
    name = place.name.lower()
    if name.endswith(OTHER_ARCHIVES):
        raise InputError(f"{place}: {OTHER_ARCHIVE}")
    if name.endswith(TABLES):
        raise InputError(f"{place}: a table. For images that a table lists there is: classmark recipes show image-csv")
    check_whole(place)
    try:
        with zipfile.ZipFile(place) as archive:
            return _listed(archive, place, texts)
    except DAMAGE as error:
        raise no_zip(place, error) from None


def _listed(archive: zipfile.ZipFile, place: Path, texts: Sequence[str]) -> Listing:
    if len(archive.infolist()) > MOST_MEMBERS:
        raise InputError(f"{place}: more than {MOST_MEMBERS:,} members. The archive is refused.")
    members = member_names(archive)
    folders: dict[str, None] = {}
    shown: list[str] = []
    for name, member in members.items():
        check_member(place, name, member.file_size)
        path = PurePosixPath(name)
        if any(map(is_hidden, path.parts)):
            continue
        inside = [path, *path.parents] if name.endswith("/") else path.parents
        folders |= dict.fromkeys(folder.as_posix() for folder in inside if folder.name)
        if not name.endswith("/"):
            shown.append(name)
            if member.flag_bits & ENCRYPTED_FLAG:
                raise InputError(f"{place}: its files are encrypted. Unpack it with its password, and give the folder.")
    check_methods(place, map(members.__getitem__, shown))
    images, others = _sorted_out(shown, lambda name: _first_of_member(archive, members[name]))
    listing = Listing(images, list(folders), others, notes=_encoding_note(archive, shown))
    for end in texts:
        for name in shown:
            if f"/{name}".endswith(f"/{end}") and end not in listing.texts:
                listing.texts[end] = archive.read(members[name]).decode("utf-8", "replace")
    return listing


def _first_of_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(member) as file:
            return file.read(FIRST_BYTES)
    except DAMAGE:  # of a file that is no image, for all that is known
        return b""


def _encoding_note(archive: zipfile.ZipFile, names: Sequence[str]) -> list[str]:
    """What is said where the encoding of names was guessed by their letters."""
    encoding = archive_encoding(archive)
    if encoding is UTF_8 or (encoding is STANDARD and STANDARD.fits("".join(names))):
        return []
    example = next((name for name in names if not name.isascii()), "")
    return [
        f"the zip does not say how its names are encoded; they were read as {encoding.title}, such as {one_line(example)}. "
        "If that is wrong, unpack it and give the folder."
    ]

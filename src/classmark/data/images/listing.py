"""What a folder or a zip holds: its images and folders by name, and the texts beside them that a source reads."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from classmark.data.archives import DAMAGE, MOST_MEMBERS, check_member
from classmark.data.images.files import is_hidden, is_image, walk_folders
from classmark.errors import InputError


class Listing(NamedTuple):
    """Names from the folder or the zip's root on, with `/` between their parts; what is hidden is left out.

    Attributes:
        images: all files that are images by their ending; name → the name as the zip has it (`./a//b.png`).
        folders: all folders, empty ones too.
        texts: end of a name → content of the file of that name, for those that are there.
    """

    images: dict[str, str]
    folders: list[str]
    texts: dict[str, str]


def list_images(place: Path, texts: Sequence[str] = ()) -> Listing:
    """What is in a folder or a zip, the same for both.

    Args:
        place: the folder or the zip.
        texts: the ends of the names of further files to read.

    Raises:
        InputError: it is no zip or a damaged one, a zip's member leads out of it, or a name is not valid Unicode.
    """
    return _folder(place, texts) if place.is_dir() else _archive(place, texts)


def _folder(place: Path, texts: Sequence[str]) -> Listing:
    images: dict[str, str] = {}
    folders: list[str] = []
    found: dict[str, str] = {}
    for folder, names in walk_folders(place):
        images |= zip(names, names, strict=True)
        folders += [folder] if folder else []
    for end in texts:
        for path in (place / end, *sorted(place.glob(f"*/{end}"))):
            if path.is_file():
                found.setdefault(end, path.read_text(encoding="utf-8", errors="replace"))
    return Listing(images, folders, found)


def _archive(place: Path, texts: Sequence[str]) -> Listing:
    images: dict[str, str] = {}
    folders: dict[str, None] = {}
    found: dict[str, str] = {}
    try:
        with zipfile.ZipFile(place) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                raise InputError(f"{place}: more than {MOST_MEMBERS:,} members. The archive is refused.")
            for member in members:
                check_member(place, member.filename, member.file_size)
                path = PurePosixPath(member.filename)
                if any(map(is_hidden, path.parts)):
                    continue
                inside = [path, *path.parents] if member.is_dir() else path.parents
                folders |= dict.fromkeys(folder.as_posix() for folder in inside if folder.name)
                if not member.is_dir() and is_image(path.name):
                    images[path.as_posix()] = member.filename
                for end in texts:
                    if f"/{path.as_posix()}".endswith(f"/{end}") and end not in found:
                        found[end] = archive.read(member).decode("utf-8", "replace")
    except DAMAGE as error:
        reason = str(error) or type(error).__name__
        raise InputError(
            f"{place}: truncated, damaged or no zip archive ({reason}). "
            "Give the whole zip, or the folder unpacked from it."
        ) from None
    return Listing(images, list(folders), found)

"""Tiny ImageNet (Stanford CS231n): its official archive, or the folder unpacked from it."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from classmark.data.archives import DAMAGE, MOST_MEMBERS, check_member
from classmark.data.fetch import fetch
from classmark.data.image_files import ImageFiles, is_image, walk_images
from classmark.data.source import Source
from classmark.errors import InputError

ADDRESS = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
MD5 = "90528d7ca1a48142e341f4ef8d21d0de"

# train/<wnid>/images/<file>, val/images/<file>; many have sorted val into classes: val/<wnid>/images/<file>.
TRAIN = re.compile(r"(?:^|/)train/(n\d{8})/(?:images/)?([^/]+)$")
VAL = re.compile(r"(?:^|/)val/(?:(n\d{8})/)?(?:images/)?([^/]+)$")
WORDS, ANNOTATIONS = "words.txt", "val/val_annotations.txt"


class _Content(NamedTuple):
    """The names of all images, and a function to the text of another file, by the end of its name; empty without it."""

    images: list[str]
    text_of: Callable[[str], str]


def read_tiny_imagenet(path: str | None) -> Source:
    """The training images, and as test set the official validation images, whose labels are public.

    Only what is there is expected. Classes are named by the first of their words in `words.txt`; `wnid` is their
    WordNet id.

    Args:
        path: of the archive or its unpacked folder; None fetches the archive from its official address.

    Raises:
        InputError: it cannot be read, or has no training images.
    """
    place = Path(path) if path else fetch(ADDRESS, MD5)
    if not place.exists():
        raise InputError(
            f"data.path: {place}: there is no such file or folder. Give the path of tiny-imagenet-200.zip or of the "
            f"folder unpacked from it; without data.path it is fetched from {ADDRESS}"
        )
    content = _folder(place) if place.is_dir() else _archive(place)
    wnids = {
        line.split("\t")[0]: line.split("\t")[1]
        for line in content.text_of(ANNOTATIONS).splitlines()
        if line.count("\t") >= 1
    }
    rows: dict[str, list[tuple[int, str, str]]] = {"train": [], "val": []}
    for row, name in enumerate(content.images):
        if (match := TRAIN.search(name)) is not None:
            rows["train"].append((row, match[2], match[1]))
        elif (match := VAL.search(name)) is not None and (wnid := match[1] or wnids.get(match[2])):
            rows["val"].append((row, match[2], wnid))
    if not rows["train"]:
        raise InputError(
            f"{place}: no training images in it (train/<wnid>/images/*.JPEG). Is it the Tiny ImageNet archive?"
        )
    names = class_names({wnid for _, _, wnid in rows["train"]}, content.text_of(WORDS))
    train, val = (_frame(rows[split], content.images, names) for split in ("train", "val"))
    return Source(str(place), train, val if val.height else None, ImageFiles(place, tuple(content.images)))


def class_names(wnids: set[str], words: str) -> dict[str, str]:
    """A name for each WordNet id: its first word, else all its words, where several have the same first one.

    Args:
        wnids: of the classes.
        words: of `words.txt`: the id, a tab, and words with commas between them. An id without words is its own name.
    """
    parts = [line.split("\t", 1) for line in words.splitlines() if "\t" in line]
    found = {wnid: text.strip() for wnid, text in parts if wnid in wnids}
    first = {wnid: found.get(wnid, wnid).split(",")[0].strip() for wnid in wnids}
    names = {wnid: found.get(wnid, wnid) if _shared(first, name) else name for wnid, name in first.items()}
    return {wnid: f"{name} ({wnid})" if _shared(names, name) else name for wnid, name in names.items()}


def _shared(names: dict[str, str], name: str) -> bool:
    return Counter(names.values())[name] > 1


def _frame(rows: list[tuple[int, str, str]], images: list[str], names: dict[str, str]) -> pl.DataFrame:
    rows = sorted(rows, key=lambda row: _by_number(images[row[0]]))
    return pl.DataFrame(
        {
            "id": [file for _, file, _ in rows],
            "label": [names.get(wnid, wnid) for _, _, wnid in rows],
            "wnid": [wnid for _, _, wnid in rows],
            "path": [images[row] for row, _, _ in rows],
            "row": [row for row, _, _ in rows],
        },
        schema_overrides={"id": pl.String, "label": pl.String, "wnid": pl.String, "path": pl.String, "row": pl.Int64},
    )


def _by_number(name: str) -> tuple[str, int, str]:
    """Sorts `a_2` before `a_10`."""
    match = re.search(r"(\d+)\.\w+$", name)
    return (name[: match.start()], int(match[1]), name) if match else (name, -1, name)


def _archive(place: Path) -> _Content:
    try:
        with zipfile.ZipFile(place) as archive:
            members = archive.infolist()
            if len(members) > MOST_MEMBERS:
                raise InputError(f"{place}: more than {MOST_MEMBERS:,} members. The archive is refused.")
            for member in members:
                check_member(place, member.filename, member.file_size)
            files = [member.filename for member in members if not member.is_dir()]
            texts = {name: archive.read(name).decode("utf-8", "replace") for name in files if _is_text(name)}
    except DAMAGE as error:
        reason = str(error) or type(error).__name__
        raise InputError(f"{place}: truncated, damaged or no zip archive ({reason}). Fetch it again.") from None
    images = [name for name in files if is_image(name.rsplit("/", 1)[-1]) and "__MACOSX" not in name]
    return _Content(images, lambda end: next((text for name, text in texts.items() if name.endswith(end)), ""))


def _is_text(name: str) -> bool:
    return name.endswith((WORDS, ANNOTATIONS))


def _folder(place: Path) -> _Content:
    def texts(end: str) -> Iterator[str]:
        for found in sorted([*place.glob(end), *place.glob(f"*/{end}")]):
            yield found.read_text(encoding="utf-8", errors="replace")

    return _Content(list(walk_images(place)), lambda end: next(texts(end), ""))

"""Tiny ImageNet (Stanford CS231n): its official archive, or the folder unpacked from it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import polars as pl

from classmark.data.images.files import ImageFiles
from classmark.data.images.listing import list_images
from classmark.data.sources.fetch import fetch
from classmark.data.sources.source import Source
from classmark.errors import InputError

ADDRESS = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
MD5 = "90528d7ca1a48142e341f4ef8d21d0de"

# train/<wnid>/images/<file>, val/images/<file>; many have sorted val into classes: val/<wnid>/images/<file>.
TRAIN = re.compile(r"(?:^|/)train/(n\d{8})/(?:images/)?([^/]+)$")
VAL = re.compile(r"(?:^|/)val/(?:(n\d{8})/)?(?:images/)?([^/]+)$")
WORDS, ANNOTATIONS = "words.txt", "val/val_annotations.txt"


class _Image(NamedTuple):
    """One image: its number among all, its name, and the WordNet id of its class where it is known."""

    row: int
    name: str
    wnid: str | None


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
    listing = list_images(place, (WORDS, ANNOTATIONS))
    wnids = _annotations(listing.texts.get(ANNOTATIONS, ""))
    train: dict[str, _Image] = {}
    val: dict[str, _Image] = {}
    for row, name in enumerate(listing.images):
        if (match := TRAIN.search(name)) is not None:
            _add(train, match[2], _Image(row, name, match[1]), place)
        elif (match := VAL.search(name)) is not None:
            _add(val, match[2], _Image(row, name, match[1] or wnids.get(match[2])), place)
    if not train:
        raise InputError(
            f"{place}: no training images in it (train/<wnid>/images/*.JPEG). Is it the Tiny ImageNet archive?"
        )
    if val and not any(image.wnid for image in val.values()):
        raise InputError(
            f"{place}: val/ holds images, but {ANNOTATIONS}, which gives their classes, is missing or empty. "
            "Put it back, or take val/ away."
        )
    classes = {image.wnid for image in (*train.values(), *val.values()) if image.wnid}
    names = class_names(classes, listing.texts.get(WORDS, ""))
    files = ImageFiles(place, tuple(listing.images))
    return Source(str(place), _frame(train, names), _frame(val, names) if val else None, files)


def _annotations(text: str) -> dict[str, str]:
    """File → WordNet id, of the lines of `val_annotations.txt`."""
    lines = (line.split("\t") for line in text.splitlines() if "\t" in line)
    return {parts[0]: parts[1].strip() for parts in lines}


def _add(found: dict[str, _Image], file: str, image: _Image, place: Path) -> None:
    """Add an image; where it lies there twice, as after sorting val into classes, the first is taken.

    Raises:
        InputError: it lies there twice, in two classes.
    """
    first = found.setdefault(file, image)
    if first.wnid != image.wnid:
        raise InputError(
            f"{place}: {first.name} and {image.name} have the same file name in two classes. Take one away."
        )


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


def _frame(found: dict[str, _Image], names: dict[str, str]) -> pl.DataFrame:
    rows = sorted(found.items(), key=lambda item: _by_number(item[0]))
    return pl.DataFrame(
        {
            "id": pl.Series([file for file, _ in rows], dtype=pl.String),
            "label": pl.Series([names[image.wnid] if image.wnid else None for _, image in rows], dtype=pl.String),
            "wnid": pl.Series([image.wnid for _, image in rows], dtype=pl.String),
            "path": pl.Series([image.name for _, image in rows], dtype=pl.String),
            "row": pl.Series([image.row for _, image in rows], dtype=pl.Int64),
        }
    )


def _by_number(name: str) -> tuple[str, int, str]:
    """Sorts `a_2` before `a_10`."""
    match = re.search(r"(\d+)\.\w+$", name)
    return (name[: match.start()], int(match[1]), name) if match else (name, -1, name)

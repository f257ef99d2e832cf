"""One's own images in folders: one for each class, or `train/` and `test/` with one for each class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import polars as pl

from classmark.data.images.files import ImageFiles
from classmark.data.images.listing import list_images
from classmark.data.sources.source import Source
from classmark.errors import InputError

# Whatever their case. Each leads to the split that it most often means.
SPLITS = {"train": "train", "training": "train", "test": "test", "testing": "test"} | dict.fromkeys(
    ("val", "valid", "validation"), "validation"
)


def read_image_folder(path: str | None) -> Source:
    """The images of a folder, or of a zip of one, with the names of their class folders as labels.

    `<class>/…` is split by the recipe. Of `train/<class>/…` and `test/<class>/…` the second is the test set. Where there
    is a `validation/` (`val/`, `valid/`) as well, its rows join the training rows, of which the recipe takes its
    validation; where there is no `test/`, it is the test set. Folders beside these are not looked at. Images may lie
    deeper in a class folder, and the whole may lie in one more folder, as in many zips. `id` and `path` are the name
    from the folder on. An image beside the class folders has no label.

    Args:
        path: of the folder or the zip.

    Raises:
        InputError: there is none, or not at least two class folders, each with images in it.
    """
    if path is None:
        raise InputError("data.path: this recipe reads a folder of images of yours. Say which: data.path=photos")
    place = Path(path)
    if not place.exists():
        raise InputError(f"{place}: there is no such folder or zip. Give the folder that holds the class folders.")
    listing = list_images(place)
    if not listing.images:
        raise InputError(f"{place}: no images in it (files that end in .jpg, .png and the like).")
    root = _root(list(listing.images), listing.folders)
    images = {name.removeprefix(root): row for row, name in enumerate(listing.images)}
    folders = [name.removeprefix(root) for name in listing.folders if name.startswith(root)]
    train, test = _parts(images, folders, place)
    frames = [pl.concat([_rows(part, images, folders, place) for part in parts]) for parts in (train, test) if parts]
    labels = frames[0]["label"].drop_nulls().unique()
    if len(labels) == 1:
        raise InputError(
            f"{place}: {labels[0]}/ is its only class folder; a classifier needs two classes or more. "
            "Give the folder that holds all of them."
        )
    files = ImageFiles(place, tuple(listing.images.values()))
    return Source(path, frames[0], frames[1] if test else None, files)


def _root(images: list[str], folders: list[str]) -> str:
    """The folder of the class folders or of `train/`, with its slash: the outermost that is more than a wrapping."""
    root = ""
    while True:
        inner = _children(folders, root)
        if len(inner) != 1 or inner[0].lower() in SPLITS or _directly(images, root):
            return root
        deeper = f"{root}{inner[0]}/"
        if _directly(images, deeper):
            return root
        root = deeper


def _parts(images: dict[str, int], folders: list[str], place: Path) -> tuple[list[str], list[str]]:
    """The folders that hold the class folders of the training rows and of the test rows; `""` is the whole.

    Raises:
        InputError: there are none.
    """
    inner = _children(folders, "")
    if not inner:
        raise InputError(
            f"{place}: its images lie in no class folders. Put those of each class into a folder of its own."
        )
    train, test, validation = (
        [f"{name}/" for name in inner if SPLITS.get(name.lower()) == split] for split in ("train", "test", "validation")
    )
    filled = {name.partition("/")[0] for name in images if "/" in name}
    others = [name for name in inner if name.lower() not in SPLITS and name in filled]
    flat = [part for part in train if not _children(folders, part)]
    if others and (flat or not train):  # "train" is then a class: of vehicles, say
        return [""], []
    if not train:
        raise InputError(f"{place}: there is {inner[0]}/ but no train/. Put the training images there.")
    if others and not (test or validation):
        raise InputError(
            f"{place}: beside {train[0]} there is no test/, but {others[0]}/: is {train[0]} a split or a class? "
            f"Take {others[0]}/ away, or rename {train[0]}"
        )
    return (train + validation, test) if test else (train, validation)


def _rows(part: str, images: dict[str, int], folders: list[str], place: Path) -> pl.DataFrame:
    """The rows of a folder of class folders.

    Raises:
        InputError: it holds no class folders, or an empty one.
    """
    name = part.removesuffix("/")
    if name and _children(folders, part) == [name] and not _directly(images, part):
        part = f"{part}{part}"  # train/train/, as some zips have it
    classes = _children(folders, part)
    if not classes:
        raise InputError(
            f"{place}: {part} holds no class folders. Put the images of each class into a folder of its own, "
            "or take it away."
        )
    rows: list[tuple[str, str | None, int]] = []
    for image in _under(images, part):
        label, slash, _ = image.removeprefix(part).partition("/")
        rows.append((image, label if slash else None, images[image]))
    empty = set(classes) - {label for _, label, _ in rows}
    if empty:
        more = f" (and {len(empty) - 1:,} more)" if len(empty) > 1 else ""
        raise InputError(
            f"{place}: the class folder {part}{min(empty)}/ holds no images{more}. Put some in, or take it away."
        )
    columns = {"id": pl.String, "label": pl.String, "row": pl.Int64}
    frame = pl.DataFrame(sorted(rows), columns, orient="row")
    return frame.select("id", "label", pl.col("id").alias("path"), "row")


def _children(folders: list[str], within: str) -> list[str]:
    """The names of the folders directly within one, sorted."""
    names = (name.removeprefix(within) for name in folders if name.startswith(within))
    return sorted(name for name in names if "/" not in name)


def _directly(images: Iterable[str], within: str) -> bool:
    """Whether images lie directly within a folder."""
    return any("/" not in name.removeprefix(within) for name in _under(images, within))


def _under(images: Iterable[str], within: str) -> Iterator[str]:
    return (name for name in images if name.startswith(within))

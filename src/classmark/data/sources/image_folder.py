"""One's own images in folders: one for each class, or `train/` and `test/` with one for each class."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from classmark.data.images.files import ImageFiles
from classmark.data.images.kinds import count_endings, files_by_ending
from classmark.data.images.listing import Listing, list_images
from classmark.data.sources.image_layout import LabelLevel, Tree, classes_in_names, find_layout, joined
from classmark.data.sources.source import Source
from classmark.errors import InputError, one_line, shortened

COLUMNS = {"id": pl.String, "label": pl.String, "row": pl.Int64}


def read_image_folder(path: str | None, label_level: LabelLevel | None = None) -> Source:
    """The images of a folder, or of a zip of one, with the names of their class folders as labels.

    `<class>/…` is split by the recipe. Of `train/<class>/…` and `test/<class>/…` the second is the test set; `val/` beside
    both is the validation set, and beside `train/` alone the test set. `data.split_names` says what else splits may be
    called. Folders beside these are not looked at, which a note says. Images may lie deeper in a class folder, and the
    whole may lie in one more folder, as in many zips. `id` and `path` are the name from the folder on. An image beside
    the class folders has no label.

    Args:
        path: of the folder or the zip.
        label_level: which of two levels of folders are the classes: needed only where that is not clear.

    Raises:
        InputError: there is none, or not at least two class folders, each with images in it.
    """
    if path is None:
        raise InputError("data.path: this recipe reads a folder of images of yours. Say which: data.path=photos")
    place = Path(path)
    if not place.exists():
        raise InputError(f"{place}: there is no such folder or zip. Give the folder that holds the class folders.")
    listing = list_images(place)
    unread = count_endings(listing.others)
    if not listing.images:
        cause = f": {files_by_ending(unread)}." if unread else " (files that end in .jpg, .png and the like)."
        raise InputError(f"{place}: no images in it{cause}")
    tree = Tree(listing.images, listing.folders)
    layout = find_layout(tree, path, label_level)
    rows = _Rows(place, listing, tree, layout.root)
    train = pl.concat([rows.of(part, layout.left_out) for part in layout.train])
    labels = train["label"].drop_nulls().unique()
    if len(labels) == 1:
        raise InputError(
            f"{place}: {one_line(labels[0])}/ is its only class folder; a classifier needs two classes or more. "
            "Give the folder that holds all of them."
        )
    validation, test = (pl.concat(map(rows.of, parts)) if parts else None for parts in (layout.validation, layout.test))
    notes = [*listing.notes, *layout.notes, *([f"not read: {files_by_ending(unread)}."] if unread else [])]
    return Source(
        path,
        train,
        test,
        ImageFiles(place, tuple(listing.images)),
        validation=validation,
        notes=tuple(notes),
        unread=unread,
    )


class _Rows:
    """The rows of the folders of a listing."""

    def __init__(self, place: Path, listing: Listing, tree: Tree, root: str) -> None:
        self._place, self._listing, self._tree, self._root = place, listing, tree, root
        start = f"{root}/" if root else ""
        images = enumerate(listing.images)
        self._rows = {name.removeprefix(start): row for row, name in images if name.startswith(start)}
        self._names = sorted(self._rows)

    def of(self, part: str, left_out: frozenset[str] = frozenset()) -> pl.DataFrame:
        """The rows of a folder of class folders.

        Raises:
            InputError: it holds no class folders, or an empty one.
        """
        start = f"{part}/" if part else ""
        classes = [name for name in self._tree.children(joined(self._root, part)) if name not in left_out]
        ends = (start, f"{part}0") if part else ("", "\U0010ffff")  # `0` comes right behind `/`
        names = self._names[slice(*(bisect_left(self._names, end) for end in ends))]
        if not classes:
            raise InputError(self._no_classes(start, names))
        inside = [name.removeprefix(start).rpartition("/")[0].partition("/")[0] for name in names]
        self._check_filled(start, classes, set(inside))
        composed = {name: unicodedata.normalize("NFC", name) for name in classes}
        rows = [
            (name, composed.get(folder), self._rows[name])
            for name, folder in zip(names, inside, strict=True)
            if folder not in left_out
        ]
        frame = pl.DataFrame(rows, COLUMNS, orient="row")
        return frame.select("id", "label", pl.col("id").alias("path"), "row")

    def _no_classes(self, start: str, names: Sequence[str]) -> str:
        """What is said of images in no class folders."""
        guessed = classes_in_names(names)
        words = f" Their names seem to begin with the class ({shortened(guessed)})." if guessed else ""
        folders = f" ({start}{guessed[0]}/, {start}{guessed[1]}/)" if guessed else ""
        lie = f"{start} holds no class folders." if start else "its images lie in no class folders."
        end = ", or take it away." if start and not guessed else "."
        table = " Or list them in a table: classmark recipes show image-csv" if guessed else ""
        return f"{self._place}: {lie}{words} Put the images of each class into a folder of its own{folders}{end}{table}"

    def _check_filled(self, start: str, classes: Sequence[str], filled: set[str]) -> None:
        """Refuse class folders without images, and say what else is in the first."""
        empty = [name for name in classes if name not in filled]
        if not empty:
            return
        folder = joined(self._root, f"{start}{empty[0]}/")
        found = count_endings(name for name in self._listing.others if name.startswith(folder))
        more = f" (and {len(empty) - 1:,} more)" if len(empty) > 1 else ""
        instead = f": {files_by_ending(found)}" if found else ""
        raise InputError(
            f"{self._place}: the class folder {one_line(start + empty[0])}/ holds no images{more}{instead}. "
            "Put some in, or take it away."
        )

"""What is audited: the rows of a recipe's data, or of files, before any is left out or moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import polars as pl

from classmark.data.images.pixels import Images
from classmark.data.label_checks import check_labels
from classmark.data.load import SIDE_PX, open_source, read_source, split_source
from classmark.data.rows import NO_LABEL, row_faults
from classmark.data.sources.source import Source
from classmark.data.sources.table import ENDINGS
from classmark.errors import InputError, MissingExtraError, spelt
from classmark.recipes.schema import Data
from classmark.tables import read_table_file

TRAIN, VALIDATION, TEST, ALL = "train", "validation", "test", "all"
COLUMNS = ("part", "side", "id", "label", "fault")
IMAGE_KEYS = ("image_column", "image_folder", "image_ending")
IMAGE_COLUMNS = ("path", "row", "sha256", "width", "height")


@dataclass(frozen=True)
class Material:
    """The rows to audit.

    Attributes:
        name: of the data, for people.
        kind: `text` or `images`.
        rows: columns `part` (of the data as published: train, validation, test, or all), `side` (the split of a recipe,
            else the part; null for a row that training leaves out), `id`, `label`, `fault` (why the row cannot be used;
            null where it can), and `text`, or for an image `path`, `row`, `sha256`, `width` and `height`.
        images: of each part, by `row`; empty for texts.
        notes: what kept the data from being split as a recipe asks.
        files: those that were named, if any.
    """

    name: str
    kind: str
    rows: pl.DataFrame
    images: dict[str, Images] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    @property
    def parts(self) -> list[str]:
        """The parts that there are, in order."""
        return [part for part in (TRAIN, VALIDATION, TEST, ALL) if part in set(self.rows["part"])]

    @property
    def sides(self) -> list[str]:
        """The splits that there are, in order."""
        return [side for side in (TRAIN, VALIDATION, TEST, ALL) if side in set(self.rows["side"])]


def recipe_rows(data: Data, seed: int) -> Material:
    """The rows of a recipe's data, with the split of each as training makes it.

    With `data.limit`, only the rows that training would use.

    Raises:
        InputError: the data cannot be read.
        MissingExtraError: the source needs a package that is not installed.
    """
    data = data.model_copy(update={"skip_unreadable": True})
    source, images = _opened(read_source(data), data.source)
    material = _material(source, images, data)
    try:
        dataset = split_source(source, images, data, seed)
    except InputError as error:
        return replace(material, notes=tuple(dict.fromkeys((*material.notes, str(error)))))
    frames = {TRAIN: dataset.train, VALIDATION: dataset.validation, TEST: dataset.test}
    sides = pl.concat([frame.select("id", side=pl.lit(name)) for name, frame in frames.items()])
    rows = material.rows.drop("side").join(sides, on="id", how="left", maintain_order="left")
    if data.limit is not None:
        rows = rows.filter(pl.col("side").is_not_null() | pl.col("fault").is_not_null())
    return replace(material, rows=rows)


def file_rows(files: Sequence[Path], keys: Mapping[str, Any]) -> Material:
    """The rows of one or two tables, or image folders or zips of them: first training, then test.

    Args:
        files: one or two.
        keys: of a recipe's `data`, on how a table is read, such as `text_column`; those of the other kind are not used.

    Raises:
        InputError: a file cannot be read, lacks a column, or there are more than two.
        MissingExtraError: images need Pillow.
    """
    if len(files) > 2:
        raise InputError(
            f"{len(files)} files: name one, or two of which the first is for training and the second for test."
        )
    tables = [path.suffix.lower() in ENDINGS and not path.is_dir() for path in files]
    if any(tables) and not all(tables):
        raise InputError(f"{files[0]} and {files[1]}: a table and a folder of images. Name two of one kind.")
    if not all(tables):
        return _image_folders(files)
    kind: Literal["table", "image-table"] = "image-table" if _lists_images(files[0], keys) else "table"
    others = IMAGE_KEYS if kind == "table" else ("text_column",)
    named = {key: value for key, value in keys.items() if key not in others}
    data = Data(source=kind, path=str(files[0]), test_path=str(files[1]) if len(files) == 2 else None, **named)
    return _named(_material(*_opened(read_source(data), kind), data), files)


def _lists_images(table: Path, keys: Mapping[str, Any]) -> bool:
    """Whether a table has a column of images and none of texts."""
    found = read_table_file(table, quotes=keys.get("quoting") != "none").frame.columns
    return keys["text_column"] not in found and keys["image_column"] in found


def _image_folders(files: Sequence[Path]) -> Material:
    folders = [Data(source="image-folder", path=str(path)) for path in files]
    materials = [_material(*_opened(read_source(data), data.source), data) for data in folders]
    if len(files) == 1:
        return _named(materials[0], files)
    for path, material in zip(files, materials, strict=True):
        if material.parts != [ALL]:
            raise InputError(
                f"{path}: it has a test part of its own. Name it alone, or name its parts: {path}/train {path}/test"
            )
    rows = [
        material.rows.with_columns(
            part=pl.lit(part),
            side=pl.when(pl.col("side").is_not_null()).then(pl.lit(part)),
            id=f"{part}/" + pl.col("id"),
        )
        for material, part in zip(materials, (TRAIN, TEST), strict=True)
    ]
    images = {part: material.images[ALL] for material, part in zip(materials, (TRAIN, TEST), strict=True)}
    notes = (f"{path}: {note}" for path, material in zip(files, materials, strict=True) for note in material.notes)
    return _named(Material("", "images", pl.concat(rows), images, tuple(notes)), files)


def _named(material: Material, files: Sequence[Path]) -> Material:
    name = " and ".join(str(path) for path in files)
    return replace(material, name=name, files=tuple(files))


def _opened(source: Source, kind: str) -> tuple[Source, Images | None]:
    if source.files is None:
        return source, None
    try:
        return open_source(source, SIDE_PX, kind)
    except MissingExtraError as error:
        if "Pillow" not in str(error):
            raise
        raise MissingExtraError("Pillow", "audit", "An audit of images") from None


def _material(source: Source, images: Images | None, data: Data) -> Material:
    parts = source.parts if len(source.parts) > 1 else {ALL: source.train}
    rows = pl.concat([_rows(frame, part) for part, frame in parts.items()], how="vertical_relaxed")
    held = dict.fromkeys(parts, images) if images is not None else {}
    return Material(
        source.name, "text" if images is None else "images", rows, held, (*source.notes, *_label_notes(source, data))
    )


def _label_notes(source: Source, data: Data) -> list[str]:
    """What training would say of the labels."""
    labelled = {part: frame.filter(pl.col("label").is_not_null()) for part, frame in source.parts.items()}
    try:
        return [remark.message for remark in check_labels(labelled, data, source.path(TRAIN))]
    except InputError as error:
        return [spelt(error.problem, "python")]


def _rows(frame: pl.DataFrame, part: str) -> pl.DataFrame:
    """The columns of `Material.rows`."""
    fault = pl.select(
        pl.coalesce(row_faults(frame), pl.when(frame["label"].is_null()).then(pl.lit(NO_LABEL)))
    ).to_series()
    side = pl.when(pl.col("fault").is_null()).then(pl.lit(part)).alias("side")
    content = ("text",) if "text" in frame.columns else IMAGE_COLUMNS
    return frame.with_columns(fault.alias("fault"), part=pl.lit(part)).with_columns(side).select(*COLUMNS, *content)

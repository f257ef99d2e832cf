"""From the recipe's `data` section to three splits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import polars as pl

from classmark.data.class_names import matched_name, near_class, trimmed
from classmark.data.columns import changed_names
from classmark.data.dataset import Dataset
from classmark.data.folds import with_fold
from classmark.data.fresh import named_fresh, with_fresh
from classmark.data.images.pixels import Images
from classmark.data.label_checks import check_labels
from classmark.data.rows import place_of, usable_rows
from classmark.data.sources.digits import read_digits
from classmark.data.sources.huggingface import read_huggingface
from classmark.data.sources.image_folder import read_image_folder
from classmark.data.sources.image_table import read_image_table
from classmark.data.sources.imdb import read_imdb, read_unlabelled
from classmark.data.sources.movie_reviews import read_movie_reviews
from classmark.data.sources.source import TEST, TRAIN, VALIDATION, Source
from classmark.data.sources.table import read_tables
from classmark.data.sources.tiny_imagenet import read_tiny_imagenet
from classmark.data.splits import Splits, carve, limited, split_seed
from classmark.data.unlabelled import labels_missing_set_apart, without_judged_texts
from classmark.errors import InputError, Key, MissingExtraError, shortened
from classmark.predictions import Remark
from classmark.recipes.schema import Data

SIDE_PX = 64


def load_dataset(data: Data, seed: int, side_px: int = SIDE_PX) -> Dataset:
    """The examples that a recipe names, split.

    The test set is the source's official one where it has one; validation, and else the test set, are carved
    from the training data by class, whole groups and all copies of a text or of an image file on one side.

    Args:
        data: the recipe's `data`.
        seed: fixes the split, the sample of `data.limit` and the training rows of `data.examples_per_class`.
        side_px: images are kept as squares of this side; those that are smaller, as they are.

    Raises:
        InputError: the data cannot be read, or is not enough for what the recipe asks.
        MissingExtraError: the source needs a package that is not installed.
    """
    return load_source(read_source(data), data, seed, side_px)


def load_source(source: Source, data: Data, seed: int, side_px: int = SIDE_PX) -> Dataset:
    """The examples of a source that is read already, as `load_dataset` gives them.

    Raises:
        InputError: the rows are not enough for what the recipe asks, or some cannot be used.
        MissingExtraError: Pillow is not installed.
    """
    images = None
    if source.files is not None:
        _check_labels(source, data)
        source, images = open_source(source, side_px, data.source)
    return split_source(source, images, data, seed)


def split_source(source: Source, images: Images | None, data: Data, seed: int) -> Dataset:
    """The rows of a source, split as `load_dataset` does it.

    Args:
        source: its rows, with what is known of their images where there are some.
        images: theirs.
        data: the recipe's `data`.
        seed: as for `load_dataset`.

    Raises:
        InputError: the rows are not enough for what the recipe asks, or some cannot be used.
    """
    usable = {part: usable_rows(frame, data, source.path(part)) for part, frame in source.parts.items()}
    classes = _classes(usable[TRAIN], source.path(TRAIN))
    for part in usable.keys() - {TRAIN}:
        _check_part(part, usable, classes, source)
    remarks = check_labels(usable, data, source.path(TRAIN))
    parts = {part: frame.drop("place", "fault", strict=False) for part, frame in usable.items()}
    before = parts[TRAIN] if data.limit is not None else None
    if data.limit is not None:
        parts = limited(parts, data.limit, split_seed(data, seed), source.name)
    if data.fold is not None:
        parts = with_fold(parts, data, seed, source.name)
    splits = carve(parts, data, seed, source.name, before)
    if data.fresh is not None:
        splits = with_fresh(splits, data, seed, source.name)
    fingerprint = _fingerprint(splits.frames)
    description = _described(splits, classes) | {
        "source": data.source,
        "kind": "text" if images is None else "images",
        "path": Path(source.name).name,
        "fingerprint": fingerprint,
        "group": data.group,
        "skipped": source.rows - sum(frame.height for frame in usable.values()),
    }
    remarks = [*remarks, *_seen_in_training(description)]
    if remarks:
        description["remarks"] = [asdict(remark) for remark in remarks]
    if notes := [*source.notes, *_few_examples(splits, data)]:
        description["notes"] = notes
    if renamed := changed_names(splits.frames["test"].columns):
        description["renamed_columns"] = renamed
    if images is not None:
        description["unreadable"] = _unreadable(source)
        description["not_read"] = dict(source.unread)
    if data.fresh is not None:
        description = named_fresh(description)
    unlabelled = None
    if source.unlabelled is not None:
        unlabelled = without_judged_texts(source.unlabelled, splits.frames)
        description["unlabelled"] = {
            "texts": len(unlabelled),
            "left_out": len(source.unlabelled) - len(unlabelled),  # copies of validation and test texts
            "fingerprint": hashlib.sha256("\x1e".join(unlabelled).encode()).hexdigest(),
        }
    return Dataset(
        classes,
        **splits.frames,
        fingerprint=fingerprint,
        description=description,
        images=images,
        unlabelled=unlabelled,
    )


def read_source(data: Data) -> Source:
    """The rows that a recipe's `data` names, with labels that are class names: neither checked nor split.

    Raises:
        InputError: the data cannot be read.
        MissingExtraError: the source needs a package that is not installed.
    """
    source = _read(data).with_class_names()
    if data.unlabelled and data.source == "table":
        source = labels_missing_set_apart(source)
    return source if data.classes is None else of_classes(source, data.classes)


def _read(data: Data) -> Source:
    match data.source:
        case "imdb":
            source = read_imdb(data.path, skip_unreadable=data.skip_unreadable)
            return replace(source, unlabelled=read_unlabelled(data.path)) if data.unlabelled else source
        case "movie-reviews":
            return read_movie_reviews(data.parts)
        case "table":
            return read_tables(data)
        case "huggingface":
            return read_huggingface(data)
        case "tiny-imagenet":
            return read_tiny_imagenet(data.path)
        case "image-folder":
            return read_image_folder(data.path, data.label_level)
        case "image-table":
            return read_image_table(data)
        case "digits":
            return read_digits()


def _check_labels(source: Source, data: Data) -> None:
    """Refuse what is wrong with the labels before minutes of decoding."""
    labelled = {part: frame.filter(pl.col("label").is_not_null()) for part, frame in source.parts.items()}
    classes = _classes(labelled[TRAIN], source.path(TRAIN))
    check_labels(labelled, data, source.path(TRAIN))
    for part in labelled.keys() - {TRAIN}:
        _check_part(part, labelled, classes, source)


def of_classes(source: Source, classes: tuple[str, ...]) -> Source:
    """Only the rows of these classes.

    Raises:
        InputError: there is no such class.
    """
    known = source.train["label"].drop_nulls().unique().sort().to_list()
    kept = list[str]()
    for name in classes:
        found = matched_name(trimmed(name) or "", known)
        if found is None:
            hint = near_class(name, known) or f" There are {shortened(known)}."
            raise InputError(f'data.classes: {source.path(TRAIN)} has no class "{name}".{hint}')
        kept.append(found)
    return source.changed(lambda rows: rows.filter(pl.col("label").is_in(kept)))


def open_source(source: Source, side_px: int, kind: str) -> tuple[Source, Images]:
    """The images of the rows, and the rows with `sha256`, `width`, `height` and `fault` of theirs.

    Raises:
        MissingExtraError: Pillow is not installed.
    """
    try:
        from classmark.data.images.cache import open_images

        assert source.files is not None
        rows = pl.concat([frame["row"] for frame in source.parts.values()])
        images, facts = open_images(source.files.chosen(rows.to_list()), side_px)
    except ModuleNotFoundError:
        raise MissingExtraError("Pillow", "images", f"data.source: {kind}") from None
    known = pl.DataFrame(
        {
            "row": pl.Series(range(len(rows)), dtype=pl.Int64),
            "sha256": pl.Series(facts.sha256, dtype=pl.String),
            "width": pl.Series(facts.width, dtype=pl.Int32),
            "height": pl.Series(facts.height, dtype=pl.Int32),
            "fault": pl.Series([facts.faults.get(row) for row in range(len(rows))], dtype=pl.String),
        }
    )
    parts, first = dict[str, pl.DataFrame](), 0
    for part, frame in source.parts.items():
        parts[part] = frame.drop("row").hstack(known[first : first + frame.height])
        first += frame.height
    return source.with_parts(parts), images


def _unreadable(source: Source) -> list[dict[str, str]]:
    bad = pl.concat([frame.select("path", "fault") for frame in source.parts.values()]).drop_nulls()
    return [{"path": path, "reason": fault} for path, fault in bad.iter_rows()]


def _seen_in_training(description: Mapping[str, Any]) -> list[Remark]:
    """What is to be said if given validation rows stand in the training data too."""
    rows = description.get("leaked_validation_rows", 0)
    if not rows:
        return []
    whole = description["splits"][VALIDATION]
    message = (
        f"{rows:,} of {whole:,} validation rows stand in the training data: what is chosen on validation (the epoch, a "
        "threshold, a temperature) was chosen partly on rows that the model has seen."
    )
    return [Remark("leaked_validation_rows", "warning", message)]


def _classes(frame: pl.DataFrame, name: str) -> tuple[str, ...]:
    classes = tuple(frame["label"].unique().sort().to_list())
    if not classes:
        raise InputError(f"{name}: no row can be read and has a label.")
    if len(classes) == 1:
        raise InputError(
            f'{name}: every row has the label "{classes[0]}"; a classifier needs two classes or more. '
            "Add rows of another class."
        )
    return classes


def _check_part(part: str, usable: Mapping[str, pl.DataFrame], classes: Sequence[str], source: Source) -> None:
    """Refuse given validation or test rows with labels or ids that do not fit the training rows."""
    rows, path, name = usable[part], source.path(part), source.path(TRAIN)
    if rows.height == 0:
        raise InputError(f"{path}: no {part} row can be read and has a label.")
    unknown = rows.filter(~pl.col("label").is_in(list(classes)))
    if unknown.height:
        label = unknown["label"][0]
        raise InputError(
            f'{place_of(unknown, path)}: the {part} label "{label}" is no class of the training rows'
            f"{'' if path == name else f' in {name}'}.{near_class(label, classes)} Rows like this: {unknown.height:,}. "
            "Correct them, or leave them out."
        )
    for other in [before for before in usable if before != part and before != TEST]:
        shared = rows.filter(pl.col("id").is_in(usable[other]["id"].implode()))
        if shared.height:
            words = "training" if other == TRAIN else other
            raise InputError(
                f'{path}: the id "{shared["id"][0]}" stands in the {words} and in the {part} data; ids like this: '
                f"{shared.height:,}.",
                ("Give every row an id of its own, or leave out ", Key("data.id_column"), "."),
            )


def _few_examples(splits: Splits, data: Data) -> list[str]:
    """What is said of classes that have fewer training rows than the recipe asks for."""
    few = splits.fewer_than(data.examples_per_class or 0)
    if not few:
        return []
    named = [f'"{label}" with {count:,}' for label, count in few.items()]
    return [
        f"Classes with fewer than the {data.examples_per_class:,} different training examples that data.examples_per_class asks "
        f"for keep all of them: {shortened(named)}."
    ]


def _described(splits: Splits, classes: tuple[str, ...]) -> dict[str, Any]:
    frames = splits.frames
    counts = {name: dict(frame["label"].value_counts().iter_rows()) for name, frame in frames.items()}
    described: dict[str, Any] = {
        "classes": list(classes),
        "splits": {name: frame.height for name, frame in frames.items()},
        "class_counts": {name: {label: count.get(label, 0) for label in classes} for name, count in counts.items()},
        "exact_duplicates": splits.copies,
        "duplicates_moved": splits.moved,
        "leaked_test_rows": int(frames["test"]["leaked"].sum()),
    }
    if "group" in frames["test"].columns:
        seen = pl.concat([frames["train"]["group"], frames["validation"]["group"]]).unique()
        # Only an official test set can have such rows.
        described["test_rows_of_training_groups"] = int(frames["test"]["group"].is_in(seen.implode()).sum())
    if "leaked" in frames["validation"].columns:
        described["leaked_validation_rows"] = int(frames["validation"]["leaked"].sum())
        if "group" in frames["validation"].columns:
            seen = frames["train"]["group"].unique().implode()
            described["validation_rows_of_training_groups"] = int(frames["validation"]["group"].is_in(seen).sum())
    return described


def _fingerprint(frames: dict[str, pl.DataFrame]) -> str:
    """sha256 over ids, labels, texts (or the digests of image files) and splits, in hexadecimal."""
    digest = hashlib.sha256()
    content = "text" if "text" in frames["train"].columns else "sha256"
    for split in ("train", "validation", "test"):
        columns: list[list[str]] = [frames[split][name].to_list() for name in ("id", "label", content)]
        for values in zip(*columns, strict=True):
            digest.update("\x1f".join((split, *values)).encode() + b"\x1e")
    return digest.hexdigest()

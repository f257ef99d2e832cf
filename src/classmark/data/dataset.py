"""What a data source gives and what training takes: three frames of examples and what is known about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from classmark.data.images.pixels import Images


@dataclass(frozen=True)
class Dataset:
    """Examples, split.

    Each frame has `id` (string, unique over all splits) and `label` (class name); `text`, or for images `row` (the
    number in `images`), `path`, `sha256` (of the file), `width` and `height` (pixels); where known `group` (string),
    `source` and others; `test` has `leaked` (bool: its normalised text, or its very image file, stands in train or
    validation).

    Attributes:
        classes: class names, sorted; the second of two is the positive one.
        train, validation, test: the splits.
        fingerprint: sha256 over ids, texts or image files, labels and splits, in hexadecimal.
        description: what `data.json` holds: source, fingerprint, split sizes, class counts, duplicates moved, leaks.
        images: of all splits; None where there are texts.
        unlabelled: further texts, without a label, `String`; None where none were asked for.
    """

    classes: tuple[str, ...]
    train: pl.DataFrame
    validation: pl.DataFrame
    test: pl.DataFrame
    fingerprint: str
    description: dict[str, Any]
    images: Images | None = None
    unlabelled: pl.Series | None = None

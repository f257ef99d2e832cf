"""What a data source gives and what training takes: three frames of examples and what is known about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Dataset:
    """Examples, split.

    Each frame has `id` (string, unique over all splits), `text` and `label` (class name), and where known `group`
    (string), `source`; `test` has `leaked` (bool: its normalised text stands in train or validation).

    Attributes:
        classes: class names, sorted; the second of two is the positive one.
        train, validation, test: the splits.
        fingerprint: sha256 over ids, texts, labels and splits, in hexadecimal.
        description: what `data.json` holds: source, fingerprint, split sizes, class counts, duplicates moved, leaks.
    """

    classes: tuple[str, ...]
    train: pl.DataFrame
    validation: pl.DataFrame
    test: pl.DataFrame
    fingerprint: str
    description: dict[str, Any]

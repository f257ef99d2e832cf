"""What every source gives: training rows, official test rows where there are some, a name for messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from classmark.data.images.files import ImageFiles

# Columns that mean something in a predictions table, so that a file's own of that name is not carried along.
RESERVED = frozenset(
    {"id", "text", "label", "group", "leaked", "probabilities", "predicted", "logits", "length", "path"}
    | {"thumbnail", "key", "place"}
)
# Those that are known of every image.
IMAGE_COLUMNS = frozenset({"row", "sha256", "width", "height", "fault"})


@dataclass(frozen=True)
class Source:
    """Rows as they were read, not yet checked.

    Attributes:
        name: the file or package, for messages.
        train: columns `id` and `label`; `text`, or for an image `row`, its number in `files`, and `path`, its name for
            people; further ones; and optionally `place`: file and row, for messages.
        test: the official test rows, or None.
        files: the images; None where there are texts.
    """

    name: str
    train: pl.DataFrame
    test: pl.DataFrame | None = None
    files: ImageFiles | None = None

    @property
    def rows(self) -> int:
        """All rows, training and test."""
        return self.train.height + (0 if self.test is None else self.test.height)

    def changed(self, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Source:
        """The source with this change made to its training rows, then to its test rows."""
        return replace(self, train=change(self.train), test=None if self.test is None else change(self.test))

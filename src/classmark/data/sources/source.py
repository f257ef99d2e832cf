"""What every source gives: training rows, official test rows where there are some, a name for messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from classmark.data.images.files import ImageFiles

# Columns that mean something in a predictions table, so that a file's own of that name is not carried along.
RESERVED = frozenset(
    {"id", "text", "label", "group", "leaked", "probabilities", "predicted", "logits", "length", "path"}
    | {"thumbnail", "key", "place"}
)
# Those that are known of every image.
IMAGE_COLUMNS = frozenset({"row", "sha256", "width", "height", "fault"})

TRAIN, VALIDATION, TEST = "train", "validation", "test"


@dataclass(frozen=True)
class Source:
    """Rows as they were read, not yet checked.

    Attributes:
        name: the file or package, for messages.
        train: columns `id` and `label`; `text`, or for an image `row`, its number in `files`, and `path`, its name for
            people; further ones; and optionally `place`: file and row, for messages.
        test: the official test rows, or None.
        files: the images; None where there are texts.
        validation: the rows that were set apart for validation, or None.
        notes: what was guessed or left out, a sentence each.
        unread: ending → number of files that were passed over because of it.
    """

    name: str
    train: pl.DataFrame
    test: pl.DataFrame | None = None
    files: ImageFiles | None = None
    validation: pl.DataFrame | None = None
    notes: tuple[str, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)

    @property
    def parts(self) -> dict[str, pl.DataFrame]:
        """The parts that there are by name, training first."""
        parts = {TRAIN: self.train, VALIDATION: self.validation, TEST: self.test}
        return {name: frame for name, frame in parts.items() if frame is not None}

    @property
    def rows(self) -> int:
        """All rows of all parts."""
        return sum(frame.height for frame in self.parts.values())

    def changed(self, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Source:
        """The source with this change made to the rows of each part, training first."""
        return self.with_parts({name: change(frame) for name, frame in self.parts.items()})

    def with_parts(self, parts: Mapping[str, pl.DataFrame]) -> Source:
        """The source with other rows."""
        return replace(self, train=parts[TRAIN], validation=parts.get(VALIDATION), test=parts.get(TEST))

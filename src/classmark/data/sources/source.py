"""What every source gives: training rows, official validation and test rows where there are some, names for messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from classmark.data.images.files import ImageFiles
from classmark.data.rows import label_columns, label_notes

TRAIN, VALIDATION, TEST = "train", "validation", "test"


@dataclass(frozen=True)
class Source:
    """Rows as they were read, not yet checked.

    Attributes:
        name: the file or package, for messages.
        train: columns `id` and `label`; `text`, or for an image `row`, its number in `files`, and `path`, its name for
            people; further ones, called as `classmark.data.columns` says; and optionally `place`, file and row for
            messages, and `group`.
        test: the official test rows, or None.
        files: the images; None where there are texts.
        validation: the official validation rows, or None.
        paths: part → the file it was read from, where that is not `name`.
        notes: what reading the files did, one sentence each.
        unread: ending → number of files that were passed over because of it.
        unlabelled: texts without a label, `String`; None where none were asked for.
    """

    name: str
    train: pl.DataFrame
    test: pl.DataFrame | None = None
    files: ImageFiles | None = None
    validation: pl.DataFrame | None = None
    paths: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unread: Mapping[str, int] = field(default_factory=dict)
    unlabelled: pl.Series | None = None

    @property
    def parts(self) -> dict[str, pl.DataFrame]:
        """The parts that there are by name, training first."""
        parts = {TRAIN: self.train, VALIDATION: self.validation, TEST: self.test}
        return {name: frame for name, frame in parts.items() if frame is not None}

    @property
    def rows(self) -> int:
        """All rows of all parts."""
        return sum(frame.height for frame in self.parts.values())

    def path(self, part: str) -> str:
        """The file of a part, for messages."""
        return self.paths.get(part, self.name)

    def changed(self, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Source:
        """The source with this change made to the rows of each part, training first."""
        return self.with_parts({name: change(frame) for name, frame in self.parts.items()})

    def with_parts(self, parts: Mapping[str, pl.DataFrame]) -> Source:
        """The source with other rows."""
        return replace(self, train=parts[TRAIN], validation=parts.get(VALIDATION), test=parts.get(TEST))

    def with_class_names(self) -> Source:
        """The source with labels that are spelled as classes, alike in all parts."""
        written = [frame["label"] for frame in self.parts.values()]
        named = zip(self.parts.items(), label_columns(*written), strict=True)
        source = self.with_parts({name: frame.with_columns(label.alias("label")) for (name, frame), label in named})
        return replace(source, notes=(*self.notes, *label_notes(*written)))

"""What every source gives: training rows, official test rows where there are some, a name for messages."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

# Columns that mean something in a predictions table, so that a file's own of that name is not carried along.
RESERVED = frozenset(
    {"id", "text", "label", "group", "leaked", "probabilities", "predicted", "logits", "length", "path"}
    | {"thumbnail", "key", "place"}
)


@dataclass(frozen=True)
class Source:
    """Rows as they were read, not yet checked.

    Attributes:
        name: the file or package, for messages.
        train: columns `id`, `text`, `label`, further ones, and optionally `place`: file and row, for messages.
        test: the official test rows, or None.
    """

    name: str
    train: pl.DataFrame
    test: pl.DataFrame | None = None

    @property
    def rows(self) -> int:
        """All rows, training and test."""
        return self.train.height + (0 if self.test is None else self.test.height)

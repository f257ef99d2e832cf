"""What every source gives: training rows, official test rows where there are some, a name for messages."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Source:
    """Rows as they were read, not yet checked.

    Attributes:
        name: the file or package, for messages.
        train: columns `id`, `text`, `label`, further ones, and optionally `place` (where a row stands, for messages).
        test: the official test rows, or None.
    """

    name: str
    train: pl.DataFrame
    test: pl.DataFrame | None = None

"""Small tables that the tests of reading share, and what becomes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from classmark.errors import ClassmarkError
from classmark.predictions import Predictions
from classmark.reading.options import read_options
from classmark.reading.side import open_side
from classmark.reading.table import Table, build_table

LABELS = ["neg", "pos", "neg", "pos"]
NEGATIVE, POSITIVE = [0.8, 0.2, 0.6, 0.3], [0.2, 0.8, 0.4, 0.7]
BOTH = np.column_stack([NEGATIVE, POSITIVE])
NUMBERED = "No id column: rows are numbered from 1, so two files compare only if their rows have one order."


def read(given: Any, **words: Any) -> Predictions:
    """The predictions in columns, a frame or a file."""
    return open_side(given, read_options(words)).table


def refused(given: Any, **words: Any) -> ClassmarkError:
    """The refusal of columns, a frame or a file."""
    with pytest.raises(ClassmarkError) as caught:
        read(given, **words)
    return caught.value


def table_of(columns: dict[str, Any], **words: Any) -> Table:
    """The columns as a table before it is understood."""
    return build_table("predictions", pl.DataFrame(columns, strict=False), read_options(words))


def said(table: Predictions) -> list[str]:
    """What a reader must know, but for the numbering of rows."""
    return [remark.message for remark in table.remarks if remark.message != NUMBERED]

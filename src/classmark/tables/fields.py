"""Fields of any length for Python's csv reader."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LARGEST = min(sys.maxsize, 2**31 - 1)


@contextmanager
def whole_fields() -> Iterator[None]:
    """Python's csv reader with fields of any length; the limit is one for the whole process."""
    before = csv.field_size_limit(LARGEST)
    try:
        yield
    finally:
        csv.field_size_limit(before)

"""What holds for every test: one thread, as tiny tensors only wait for each other on more, and the processor's own floats."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["CLASSMARK_PREDICTION_COST"] = "0"  # a process of its own a run; one test asks for it


@pytest.fixture(autouse=True)
def _denormal_numbers() -> Iterator[None]:
    """Training lets the processor flush them to zero; the next test, of whatever else, has them again."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)

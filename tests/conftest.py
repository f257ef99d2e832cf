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
    """Training lets the processor flush them to zero; a test after it, or after a fixture that trains, has them again."""
    _keep_denormals()
    yield
    _keep_denormals()


def _keep_denormals() -> None:
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)

"""Where examples come from, and how they are split; no torch.

Names are resolved on first use, so that reading a table of predictions does not load what reads recipes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classmark.data.dataset import Dataset
    from classmark.data.load import load_dataset

__all__ = ["Dataset", "load_dataset"]


def __getattr__(name: str) -> Any:
    if name == "Dataset":
        from classmark.data.dataset import Dataset

        return Dataset
    if name == "load_dataset":
        from classmark.data.load import load_dataset

        return load_dataset
    raise AttributeError(f"module 'classmark.data' has no attribute {name!r}")

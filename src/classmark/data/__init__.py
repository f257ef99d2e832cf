"""Where examples come from, and how they are split; no torch."""

from classmark.data.dataset import Dataset
from classmark.data.load import load_dataset

__all__ = ["Dataset", "load_dataset"]

"""The classifier that has read nothing: the class shares of the training split, for every row."""

from __future__ import annotations

import numpy as np

from classmark.baselines.tables import floor_table
from classmark.data.dataset import Dataset
from classmark.predictions import Predictions


def majority_floor(dataset: Dataset) -> dict[str, Predictions]:
    """Split → table; every row has the training split's class shares as probabilities."""
    labels = dataset.train["label"]
    shares = np.array([(labels == name).sum() for name in dataset.classes], dtype=np.float64) / len(labels)
    return {
        split: floor_table(dataset, split, frame, np.tile(shares.astype(np.float32), (frame.height, 1)), {"floor": "majority"})
        for split, frame in (("validation", dataset.validation), ("test", dataset.test))
    }

"""The rows of a run's splits as raw inputs, read again from where the run read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.data import load_dataset
from classmark.data.dataset import Dataset
from classmark.data.images.files import ImageFiles
from classmark.errors import RunError
from classmark.inputs.images import stored_px
from classmark.recipes import load_recipe
from classmark.recipes.schema import ImageInput
from classmark.runs import RunFiles
from classmark.runs.facts import read_data_facts
from classmark.system.progress import shown_progress

ROWS_AT_ONCE = 1_024
Predict = Callable[[list[Any]], NDArray[np.float32]]


@dataclass(frozen=True)
class Rows:
    """N rows of a split.

    Attributes:
        ids: unique names.
        labels: class names.
        texts: the texts; None for images.
        files: the image files; None for texts.
    """

    ids: list[str]
    labels: list[str]
    texts: list[str] | None = None
    files: ImageFiles | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def first(self, count: int) -> Rows:
        """Rows spread evenly over the split, so many at most."""
        chosen = np.unique(np.linspace(0, len(self) - 1, min(count, len(self))).round().astype(int)).tolist()
        return Rows(
            [self.ids[row] for row in chosen],
            [self.labels[row] for row in chosen],
            None if self.texts is None else [self.texts[row] for row in chosen],
            None if self.files is None else self.files.chosen(chosen),
        )

    def inputs(self) -> Iterator[list[Any]]:
        """The texts, or the bytes of the files, in runs that fit into memory."""
        read = None if self.files is None else self.files.reader()
        for start in range(0, len(self), ROWS_AT_ONCE):
            rows = range(start, min(start + ROWS_AT_ONCE, len(self)))
            yield self.texts[rows.start : rows.stop] if self.texts is not None else [read(row) for row in rows]  # type: ignore[misc]

    def predicted(self, predict: Predict, what: str) -> NDArray[np.float32]:
        """What a predictor gives for all rows, shape (N, C), with progress on screen."""
        found = []
        with shown_progress(what, len(self)) as advance:
            for inputs in self.inputs():
                found.append(predict(inputs))
                advance(len(inputs))
        return np.concatenate(found)


def load_rows(run: RunFiles) -> dict[str, Rows]:
    """The rows of the run's splits, by name.

    Raises:
        RunError: the data is no longer what the run was trained on.
        ClassmarkError: it cannot be read.
    """
    recipe = load_recipe(str(run.recipe))
    size = {"side_px": stored_px(recipe.input)} if isinstance(recipe.input, ImageInput) else {}
    dataset = load_dataset(recipe.data, recipe.seed, **size)
    if dataset.fingerprint != read_data_facts(run).get("fingerprint"):
        raise RunError(
            f"{run.path}: the data is no longer what this run was trained on (other fingerprint).",
            "Bring the old data back: an export checks itself on the test rows.",
        )
    frames = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    return {split: _rows(frame, dataset) for split, frame in frames.items()}


def _rows(frame: pl.DataFrame, dataset: Dataset) -> Rows:
    ids, labels = frame["id"].to_list(), frame["label"].to_list()
    if dataset.images is None:
        return Rows(ids, labels, texts=frame["text"].to_list())
    return Rows(ids, labels, files=dataset.images.files.chosen(frame["row"].to_list()))

"""The last measurement of a run: what a prediction of its model costs."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from classmark.data.dataset import Dataset
from classmark.errors import ClassmarkError
from classmark.inference.prediction_cost import measure_prediction_cost
from classmark.recipes.schema import Recipe
from classmark.runs import RunFiles
from classmark.runs.prediction_cost import PredictionCost, write_prediction_cost
from classmark.training.processor import machine_name
from classmark.training.watch import RunWatch

# `0` leaves it out of every run, for machines where nothing can be measured, such as those that run tests.
SWITCH = "CLASSMARK_PREDICTION_COST"
MOST_ROWS, MOST_BYTES = 256, 2**26


def write_cost(run: RunFiles, recipe: Recipe, dataset: Dataset, threads: int, watch: RunWatch) -> PredictionCost | None:
    """The cost of predictions by the model that was saved, written into the run folder.

    None where the recipe does not want it, for a fold or a trial, or where it cannot be measured, which is said.
    """
    is_wanted = recipe.judge.prediction_cost and os.environ.get(SWITCH) != "0"
    if not is_wanted or recipe.data.fold is not None or recipe.data.fresh is not None:
        return None
    watch.write_status()
    try:
        cost = measure_prediction_cost(run, sample_rows(dataset), threads, machine_name())
    except ClassmarkError as error:
        watch.say(f"note     What a prediction costs could not be measured: {error}")
        return None
    write_prediction_cost(run, cost)
    return cost


def sample_rows(dataset: Dataset) -> list[Any]:
    """Validation texts, or image files as bytes, evenly spaced: 256 or fewer, of 64 MiB at most."""
    frame = dataset.validation
    places = np.unique(np.linspace(0, len(frame) - 1, min(MOST_ROWS, len(frame))).astype(int))
    if dataset.images is None:
        texts = frame["text"]
        rows: list[Any] = [texts[int(place)] for place in places]
    else:
        content = dataset.images.files.reader()
        images = (content(int(frame["row"][int(place)])) for place in places)
        rows = [image for image in images if isinstance(image, bytes)]
    sizes = np.cumsum([len(row) for row in rows])
    return rows[: max(1, int(np.searchsorted(sizes, MOST_BYTES, side="right")))]

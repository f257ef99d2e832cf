"""The same table as values in memory, as a Python user holds them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.random import Generator

from .problem import Floats
from .random_tables import Meaning, Table


@dataclass(frozen=True)
class InMemory:
    """Arguments of `classmark.judge`, and what they mean.

    Attributes:
        arguments, options: of the call.
        meaning: of the rows.
        complete: whether the values say all that the file says, so that both give the same numbers.
    """

    arguments: tuple[Any, ...]
    options: dict[str, Any]
    meaning: Meaning
    complete: bool


def in_memory(table: Table) -> InMemory | None:
    """The judged rows as values; None where the table is one that only a file can be."""
    said, rows = table.said, table.judged
    meaning = table.meaning.part(rows)
    odd = meaning.refuse or meaning.indexed or any("against" in one or "without" in one for one in table.remarks)
    if odd or said.labels is not None or not table.truth:
        return None
    rng = np.random.default_rng([table.seed, 2])
    labels = next(column.cells[rows] for column in table.columns if column.name == table.truth)
    options: dict[str, Any] = {}
    if meaning.decisions is not None and (not said.numbers or (said.scored is None and meaning.probabilities is None)):
        decided = [meaning.names[index] for index in meaning.decisions.tolist()]
        options["predicted"] = _held(rng, [type_of(labels)(name) for name in decided])
        return InMemory((_held(rng, labels),), options, replace(meaning, probabilities=None), not said.numbers)
    if meaning.probabilities is None or not said.order:
        return None
    meaning = replace(meaning, decisions=None)
    numbers = _logits(table, rows) if said.logits else meaning.probabilities
    if numbers is None:
        return None
    options |= {"logits": True} if said.logits else {}
    if said.scored is not None:
        if said.scored == 0 or rng.random() < 0.5:
            options["positive"] = meaning.names[said.scored]
        score = numbers[:, said.scored]
        return InMemory((_held(rng, labels), _held(rng, score.tolist())), options, meaning, said.decided is None)
    given = _matrix(rng, numbers, said.order, meaning.names, options)
    return InMemory((_held(rng, labels), given), options, meaning, said.decided is None)


def type_of(labels: list[Any]) -> Any:
    """What makes one of the labels from the name of a class."""
    first = next((label for label in labels if label is not None), "")
    if isinstance(first, bool):
        return lambda name: name == "True"
    return type(first)


def _logits(table: Table, rows: slice) -> Floats | None:
    """The logits as the file has them, in the order of the class names."""
    said = table.said
    cells = {column.name: column.cells[rows] for column in said.columns}
    values = np.array([cells[name] for name in said.numbers], dtype=np.float64)
    if said.scored is not None:
        return np.repeat(values.T, 2, axis=1)
    return values[0] if values.ndim == 3 else values.T[:, np.argsort(said.order)]


def _held(rng: Generator, cells: list[Any]) -> Any:
    """One value per row in a list, an array or a series."""
    match rng.integers(4):
        case 0 if all(cell is not None for cell in cells):
            return np.array(cells)
        case 1:
            return pl.Series(cells, strict=False)
        case 2:
            import pandas as pd

            return pd.Series(cells)
    return cells


def _matrix(rng: Generator, numbers: Floats, order: tuple[int, ...], names: tuple[str, ...], options: Any) -> Any:
    """Numbers of shape (N, C) in a frame with the names of the classes, or in an array with `classes`."""
    ordered = [names[index] for index in order]
    values = numbers[:, list(order)]
    match rng.integers(4):
        case 0:
            return pl.DataFrame({name: values[:, place] for place, name in enumerate(ordered)})
        case 1:
            import pandas as pd

            return pd.DataFrame({name: values[:, place] for place, name in enumerate(ordered)})
        case 2:
            options["classes"] = ordered
            return values.tolist()
    options["classes"] = ordered
    return values

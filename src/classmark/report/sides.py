"""The sides of a comparison, two or more: each with its rows, its judgement and, where it is one, its run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from classmark.errors import RunError
from classmark.judging.comparisons.matching import match
from classmark.judging.comparisons.multiple import LETTERS, Comparisons
from classmark.judging.judge import judge
from classmark.judging.judgement import Judgement, read_judgement
from classmark.judging.rows import positive_index, row_groups, row_weights, scored_rows
from classmark.predictions import Predictions
from classmark.recipes.load import read_sections
from classmark.runs import RunFiles
from classmark.runs.facts import read_data_facts, read_environment
from classmark.runs.history import read_history
from classmark.runs.status import read_status

Sides = tuple["Side", ...]
SHORT_NAME_CHARACTERS = 30


@dataclass(frozen=True)
class Side:
    """One of the models that are compared.

    Attributes:
        letter: A, B, …
        name: what it is called.
        predictions: its labelled rows, in the same order on all sides.
        judgement: of these rows.
        run: its folder; None for a predictions file.
    """

    letter: str
    name: str
    predictions: Predictions
    judgement: Judgement
    run: RunFiles | None = None

    @property
    def label(self) -> str:
        """Letter and name for the legend of a chart, cut where the name is long."""
        cut = self.name if len(self.name) <= SHORT_NAME_CHARACTERS else f"…{self.name[-SHORT_NAME_CHARACTERS:]}"
        return f"{self.letter}: {cut}"

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """The resolved recipe; empty where there is none."""
        return read_sections(self.run.recipe) if self.run and self.run.recipe.exists() else {}

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """The rows of `history.jsonl`; none where there is no run."""
        return read_history(self.run) if self.run else []

    @cached_property
    def data(self) -> dict[str, Any]:
        """What is known of the run's data; empty where there is no run."""
        return read_data_facts(self.run) if self.run else {}

    @cached_property
    def environment(self) -> dict[str, Any]:
        """The run's versions, hardware and threads; empty where there is no run."""
        return read_environment(self.run) if self.run else {}

    @property
    def training_seconds(self) -> float | None:
        """How long training took; None where that is not known."""
        return read_status(self.run).seconds.get("training") if self.run else None


def build_sides(
    comparison: Comparisons, tables: Sequence[Predictions], runs: Sequence[RunFiles | None] | None = None
) -> Sides:
    """The sides of a comparison of tables, rows matched; a run's own judgement is taken where it is of these rows."""
    rows = match(tables, comparison.names).tables
    return tuple(
        Side(letter, name, table, _judgement(table, run, comparison), run)
        for letter, name, table, run in zip(LETTERS, comparison.names, rows, runs or [None] * len(rows), strict=False)
    )


def _judgement(rows: Predictions, run: RunFiles | None, comparison: Comparisons) -> Judgement:
    known = _of_run(run)
    if known is not None and known.classes == rows.classes and known.positive == comparison.positive:
        confusion = scored_rows(rows, positive_index(rows, comparison.positive)).confusion
        # A run's folder may hold the judgement of another split, or of rows that the other side lacks.
        like = (known.groups is None) == (row_groups(rows) is None) and (known.effective_rows is None) == (
            row_weights(rows) is None
        )
        if like and np.array_equal(np.array(known.confusion), confusion):
            return known
    return judge(rows, positive=comparison.positive, draws=comparison.draws, seed=comparison.seed)


def _of_run(run: RunFiles | None) -> Judgement | None:
    if run is None or not run.judgement.exists():
        return None
    try:
        return read_judgement(run.judgement)
    except RunError:
        return None  # damaged or of another version: judging these rows anew takes seconds

"""The sides of a comparison, each with a judgement of the rows that are compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from classmark.errors import RunError
from classmark.judging.comparisons.matching import match
from classmark.judging.comparisons.multiple import LETTERS, Comparisons
from classmark.judging.judge import judge
from classmark.judging.judgement import Judgement, read_judgement
from classmark.judging.rows import positive_index, row_groups, row_weights, scored_rows
from classmark.judging.statistics.level import at_level
from classmark.predictions import Predictions
from classmark.report.sides import Side, Sides
from classmark.runs import RunFiles


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
    if (
        known is not None
        and known.level == comparison.level
        and known.classes == rows.classes
        and known.positive == comparison.positive
    ):
        confusion = scored_rows(rows, positive_index(rows, comparison.positive)).confusion
        # A run's folder may hold the judgement of another split, or of rows that the other side lacks.
        like = (known.groups is None) == (row_groups(rows) is None) and (known.effective_rows is None) == (
            row_weights(rows) is None
        )
        if like and np.array_equal(np.array(known.confusion), confusion):
            return known
    with at_level(comparison.level):
        return judge(rows, positive=comparison.positive, draws=comparison.draws, seed=comparison.seed)


def _of_run(run: RunFiles | None) -> Judgement | None:
    if run is None or not run.judgement.exists():
        return None
    try:
        return read_judgement(run.judgement)
    except RunError:
        return None  # damaged or of another version: judging these rows anew takes seconds

"""A run's own judgement is taken only where it is of the rows that are compared."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from classmark.judging.comparisons.multiple import compare_all
from classmark.judging.judge import judge
from classmark.predictions import Predictions, read
from classmark.report.sides import Side
from classmark.runs import RunFiles
from classmark.shown.sides import build_sides
from classmark.system.files import write_json, write_text
from two_runs import text_runs


@pytest.fixture
def run(tmp_path: Path) -> RunFiles:
    return RunFiles(text_runs(tmp_path)[0])


def side_of(run: RunFiles, table: Predictions | None = None) -> Side:
    tables = (table or read(run.predictions("test")),) * 2
    return build_sides(compare_all(tables), tables, (run, None))[0]


def stored(run: RunFiles, **changes: Any) -> None:
    """Give the run a judgement that can be told from a new one by its draws."""
    found = judge(read(run.predictions("test")), draws=123)
    write_json(run.judgement, {**found.to_json(), **changes})


def test_a_runs_judgement_is_used_again(run: RunFiles) -> None:
    stored(run)
    assert side_of(run).judgement.draws == 123


def test_a_judgement_of_other_rows_is_not(run: RunFiles) -> None:
    stored(run)
    table = read(run.predictions("test"))
    assert side_of(run, replace(table, frame=table.frame[:150])).judgement.rows == 150


@pytest.mark.parametrize("changes", [{"schema_version": 0}, {"metrics": {"accuracy": {}}}, {"positive": "no"}])
def test_one_of_another_version_is_not(run: RunFiles, changes: dict[str, Any]) -> None:
    stored(run, **changes)
    assert side_of(run).judgement.draws == 1000


def test_a_damaged_one_is_not(run: RunFiles) -> None:
    write_text(run.judgement, "{")
    assert side_of(run).judgement.draws == 1000


def test_a_side_reads_its_run(run: RunFiles) -> None:
    side = side_of(run)
    assert side.recipe["seed"] == 1
    assert len(side.history) == 3
    assert side.data["source"] == "imdb"
    assert replace(side, run=None).recipe == {}
    assert replace(side, run=None).history == []
    assert side.training_seconds == 200.0
    assert replace(side, run=None).data == {}
    assert replace(side, run=None).training_seconds is None


def test_a_long_name_is_cut_at_its_beginning(run: RunFiles) -> None:
    assert replace(side_of(run), name="x" * 40 + "-focal").label == "A: …" + "x" * 24 + "-focal"

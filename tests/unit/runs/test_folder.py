"""The run folder: names of new ones, baselines by name, history, timings and facts."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from classmark.errors import RunError
from classmark.runs import RunFiles, new_run, open_run
from classmark.runs.facts import read_data_facts, read_environment, write_data_facts, write_environment
from classmark.runs.history import read_history, read_timings, write_history, write_timings


def test_a_new_run_is_named_by_recipe_time_and_letters(tmp_path: Path) -> None:
    run = new_run("text-csv", tmp_path, datetime(2026, 1, 2, 3, 4, 5))
    assert re.fullmatch("text-csv-20260102-030405-[a-z]{4}", run.name)
    assert not run.path.exists()


def test_a_folder_without_a_recipe_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"this is not a run folder \(it has no recipe\.yaml\)"):
        open_run(tmp_path)
    (tmp_path / "recipe.yaml").touch()
    assert open_run(tmp_path) == RunFiles(tmp_path)


def test_baselines_are_found_by_split(tmp_path: Path) -> None:
    run = RunFiles(tmp_path)
    run.predictions("test").parent.mkdir()
    for path in (run.predictions("test"), run.predictions("test", "linear"), run.predictions("validation", "majority")):
        path.touch()
    assert run.baselines("test") == {"linear": run.predictions("test", "linear")}
    assert list(run.baselines("validation")) == ["majority"]


def test_history_and_timings_are_one_object_per_line(tmp_path: Path) -> None:
    run = RunFiles(tmp_path)
    assert (read_history(run), read_timings(run)) == ([], [])
    rows = [{"epoch": 1, "train_loss": 0.1 + 0.2}, {"epoch": 2, "note": "a\u2028b"}]
    write_history(run, rows)
    write_timings(run, rows[:1])
    assert (read_history(run), read_timings(run)) == (rows, rows[:1])
    assert run.history.read_bytes().splitlines()[0] == b'{"epoch": 1, "train_loss": 0.30000000000000004}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [("{", "not valid JSON (Expecting"), ("[1]", "expected a JSON object, found list."), ("\xff", "not valid JSON (")],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: str, reason: str) -> None:
    run = RunFiles(tmp_path)
    run.history.write_text(f'{{"epoch": 1}}\n\n{line}\n')
    with pytest.raises(RunError) as caught:
        read_history(run)
    assert str(caught.value).startswith(f"{run.history}, line 3: {reason}")


def test_bytes_that_are_no_text_are_damage(tmp_path: Path) -> None:
    run = RunFiles(tmp_path)
    run.data.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(RunError) as caught:
        read_data_facts(run)
    assert str(caught.value) == f"{run.data}: not valid UTF-8 (byte 8); the file is damaged."


def test_facts_are_empty_until_they_are_written(tmp_path: Path) -> None:
    run = RunFiles(tmp_path)
    assert (read_data_facts(run), read_environment(run)) == ({}, {})
    write_data_facts(run, {"source": "imdb"})
    write_environment(run, {"threads": 2})
    assert (read_data_facts(run), read_environment(run)) == ({"source": "imdb"}, {"threads": 2})


def test_a_file_that_may_not_be_read_is_said(tmp_path: Path) -> None:
    run = RunFiles(tmp_path)
    run.data.mkdir()
    with pytest.raises(RunError) as caught:
        read_data_facts(run)
    assert str(caught.value) == f"{run.data}: the file cannot be read (Is a directory)."

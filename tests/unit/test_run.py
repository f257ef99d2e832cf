"""`Run`: what a run folder contains, read when it is asked for, and one sentence about what is missing or damaged."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from classmark.errors import InputError, RunError
from classmark.judging.judge import judge
from classmark.judging.judgement import read_judgement, write_judgement
from classmark.predictions import read, write
from classmark.run import Run
from classmark.runs.status import Status, write_status
from classmark.shown.judgement import ShownJudgement
from two_runs import text_runs


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run with test, validation and baseline predictions and a judgement of the test."""
    found = Run(text_runs(tmp_path)[0])
    test = found.predictions()
    held_out = replace(test, frame=test.frame.with_columns(id="validation-" + pl.col("id")))
    held_out = replace(held_out, metadata={**test.metadata, "split": "validation"})
    write(held_out, found.files.predictions("validation"))
    write(test, found.files.predictions("test", "majority"))
    write_judgement(found.files.judgement, judge(test, validation=held_out, draws=100))
    return found


def test_a_run_has_what_its_folder_has(run: Run) -> None:
    assert (run.name, run.state, run.path, run.files.path) == ("text-a", "done", run.path, run.path)
    assert run.files.judgement == run.path / "judgement.json"
    assert run.recipe.optimizer.learning_rate == 0.001
    assert [row["epoch"] for row in run.history] == [1, 2, 2]
    assert run.predictions().split == "test"
    assert run.predictions("validation").split == "validation"
    assert list(run.baselines()) == ["majority"]
    assert run.baselines("validation") == {}


def test_the_judgement_has_its_tables_and_shows_itself(run: Run, tmp_path: Path) -> None:
    judgement = run.judgement
    assert isinstance(judgement, ShownJudgement)
    assert judgement == ShownJudgement(**vars(read_judgement(run.files.judgement)))
    assert judgement.predictions is not None
    assert judgement.validation is not None
    assert (judgement.predictions.split, judgement.validation.split) == ("test", "validation")
    assert "Accuracy" in str(judgement)
    assert judgement.report(tmp_path / "page.html").stat().st_size > 10_000


def test_the_judgement_of_an_interrupted_run_is_of_validation(run: Run) -> None:
    run.files.predictions("test").unlink()
    write_judgement(run.files.judgement, judge(run.predictions("validation"), draws=100))
    assert run.judgement.predictions is not None
    assert (run.judgement.predictions.split, run.judgement.validation) == ("validation", None)


def test_a_judgement_without_tables_is_still_one(run: Run) -> None:
    for split in ("test", "validation"):
        run.files.predictions(split).unlink()
    assert (run.judgement.rows, run.judgement.predictions, run.judgement.validation) == (200, None, None)


def test_reading_happens_on_access(run: Run) -> None:
    assert run.state == "done"
    write_status(run.files, Status(state="interrupted"))
    assert run.state == "interrupted"


def test_its_repr_says_how_it_went(run: Run) -> None:
    accuracy = read_judgement(run.files.judgement).metrics["accuracy"].value
    assert repr(run) == f"<Run {run.path}: done, accuracy {accuracy:.2%} on test>"
    run.files.judgement.write_text("{")
    assert repr(run) == f"<Run {run.path}: damaged>"
    run.files.judgement.unlink()
    write_status(run.files, Status(state="failed"))
    assert repr(run) == f"<Run {run.path}: failed>"


def test_a_folder_named_by_a_dot_has_its_name(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run.path)
    assert Run(".").name == "text-a"


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError) as caught:
        Run(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: this is not a run folder (it has no recipe.yaml). `classmark runs` lists the runs."
    )
    with pytest.raises(InputError) as refused:
        Run(np.zeros(3))  # type: ignore[arg-type]
    assert str(refused.value) == "path: ndarray is no path of a run folder."


MISSING: dict[str, tuple[str, Callable[[Run], Any], str]] = {
    "no judgement": (
        "judgement.json",
        lambda run: run.judgement,
        "{run}: the run is not judged yet. Finish it: classmark train --resume {run}",
    ),
    "no test predictions": (
        "predictions/test.parquet",
        Run.predictions,
        '{run}: there are no predictions for the split "test". It has validation.',
    ),
}


@pytest.mark.parametrize("what", MISSING)
def test_what_is_missing_is_said_with_a_remedy(run: Run, what: str) -> None:
    name, ask, message = MISSING[what]
    (run.path / name).unlink()
    with pytest.raises(RunError) as caught:
        ask(run)
    assert str(caught.value) == message.replace("{run}", str(run.path))


def test_a_split_that_does_not_exist_names_those_that_do(run: Run) -> None:
    with pytest.raises(RunError) as caught:
        run.predictions("train")
    assert str(caught.value).endswith('no predictions for the split "train". It has validation and test.')


DAMAGED: dict[str, tuple[str, Callable[[Run], Any], str]] = {
    "recipe": ("recipe.yaml", lambda run: run.recipe, "the recipe cannot be used ("),
    "status": ("status.json", lambda run: run.state, "status.json: not valid JSON ("),
    "history": ("history.jsonl", lambda run: run.history, "history.jsonl, line 1: not valid JSON ("),
    "judgement": ("judgement.json", lambda run: run.judgement, "judgement.json: not valid JSON ("),
    "test table": ("predictions/test.parquet", Run.predictions, "test.parquet"),
    "baseline": ("predictions/baseline-majority-test.parquet", Run.baselines, "baseline-majority-test.parquet"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_damage_is_one_sentence(run: Run, what: str) -> None:
    name, ask, part = DAMAGED[what]
    (run.path / name).write_text("{ no")
    with pytest.raises(RunError) as caught:
        ask(run)
    assert part in str(caught.value)
    assert str(run.path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_run_needs_no_torch(run: Run) -> None:
    code = (
        f"from classmark.run import Run; run = Run({str(run.path)!r})\n"
        "run.recipe, run.history, run.judgement.table(), run.predictions(), run.baselines(), repr(run)\n"
        "import sys; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_run_reads_the_predictions_as_they_are(run: Run) -> None:
    assert run.predictions().frame.equals(read(run.files.predictions("test")).frame)

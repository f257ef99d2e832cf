"""What a prediction costs: how it is timed, a real model in a process of its own, and its file."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from classmark.errors import InputError, RunError
from classmark.inference import prediction_cost
from classmark.inference.classifier import Classifier, save
from classmark.inference.prediction_cost import (
    folder_bytes,
    many_rows_seconds,
    measure_prediction_cost,
    one_row_seconds,
)
from classmark.inputs.examples import TextShape
from classmark.inputs.text import TextEncoder
from classmark.inputs.tokens import fit_tokenizer
from classmark.models.build import build_model, initialise
from classmark.recipes.schema import BiLSTM, Recipe
from classmark.runs import RunFiles
from classmark.runs.prediction_cost import PredictionCost, read_prediction_cost, write_prediction_cost
from classmark.system.machine import computed_seconds

TEXTS = [f"{word} text number {number}" for number in range(20) for word in ("good", "bad")]
COST = PredictionCost(
    0.01, 0.02, 300, 400.0, 256, 0.2, 18_700_000, 700_000_000, None, 517.1, "a processor", 2, "fp32", False
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFiles:
    recipe = Recipe.model_validate(
        {"name": "small", "data": {"source": "table"}, "model": {"hidden_size": 8, "embedding_size": 6}}
    )
    assert isinstance(recipe.model, BiLSTM)
    found = RunFiles(tmp_path_factory.mktemp("run"))
    tokenizer = fit_tokenizer(TEXTS, 100)
    shape = TextShape(tokenizer.get_vocab_size(), 6)
    model = build_model(recipe.model, shape, 2)
    initialise(model, 1)
    save(Classifier(model.eval(), TextEncoder(tokenizer, recipe.input), ("no", "yes")), recipe, shape, found.model)  # type: ignore[arg-type]
    return found


def test_a_real_model_is_measured_in_a_process_of_its_own(run: RunFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    cost = measure_prediction_cost(run, TEXTS, threads=1, machine="this one")
    assert 0 < cost.one_row_p50_seconds <= (cost.one_row_p99_seconds or 0) < 1
    assert cost.one_row_calls >= 100
    assert cost.rows_per_second > 1 / cost.one_row_p50_seconds  # many at once are cheaper than one by one
    assert (cost.many_rows, cost.threads, cost.machine, cost.precision) == (len(TEXTS), 1, "this one", "fp32")
    assert cost.size_bytes == sum(path.stat().st_size for path in run.model.iterdir())
    assert cost.peak_bytes is not None
    assert 100e6 < cost.peak_bytes < 2e9  # Python and torch; this process's own memory is not counted
    assert cost.training_core_seconds is None  # there is no status


def test_what_cannot_be_predicted_is_refused_as_a_prediction_is(run: RunFiles) -> None:
    with pytest.raises(InputError, match=re.escape("row 1: the text is missing.")):
        measure_prediction_cost(run, [None], threads=1, machine="")


def sleeping(one_row: float, seen: list[int]) -> Any:
    def predict(rows: Sequence[Any]) -> None:
        seen.append(len(rows))
        time.sleep(one_row * len(rows))

    return predict


def test_one_row_is_timed_until_there_are_enough_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_cost, "ENOUGH_SECONDS", 0.05)
    seen: list[int] = []
    found = one_row_seconds(sleeping(0.001, seen), [1, 2, 3])
    assert len(found) == 100  # after the first span, only as many as a p99 needs
    assert set(seen) == {1}
    assert len(seen) == 103  # three warm up
    monkeypatch.setattr(prediction_cost, "MOST_SECONDS", 0.05)
    assert len(one_row_seconds(sleeping(0.01, []), [1])) < 10


def test_many_rows_are_timed_without_the_first_call_unless_it_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prediction_cost, "ENOUGH_SECONDS", 0.01)
    seen: list[int] = []
    assert len(many_rows_seconds(sleeping(0.001, seen), range(10))) == 3
    assert seen == [10] * 4
    monkeypatch.setattr(prediction_cost, "MOST_SECONDS", 0.0)
    assert len(many_rows_seconds(sleeping(0.001, []), range(10))) == 1


def test_the_file_is_read_back_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    run = RunFiles(tmp_path)
    assert read_prediction_cost(run) is None
    write_prediction_cost(run, COST)
    assert read_prediction_cost(run) == COST
    content = json.loads(run.prediction_cost.read_text())
    run.prediction_cost.write_text(json.dumps(content | {"threads": "two"}))
    with pytest.raises(RunError, match=re.escape("prediction-cost.json: threads: Input should be a valid integer")):
        read_prediction_cost(run)


def test_the_size_is_that_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "inner" / "b").write_bytes(b"123")
    assert folder_bytes(tmp_path) == 8


def test_what_all_cores_compute_grows_with_what_this_one_does() -> None:
    before = computed_seconds()
    if before is None:
        pytest.skip("this system has no /proc/stat")
    started = time.process_time()
    while time.process_time() - started < 0.15:
        pass
    after = computed_seconds()
    assert after is not None
    assert after - before > 0.08  # the clock of /proc/stat ticks every hundredth of a second


def test_a_busy_machine_is_said() -> None:
    from classmark.report.prediction_cost import cost_note, cost_sentence

    assert cost_sentence(COST) == (
        "A prediction takes 10 ms; many at once, 400 rows/s. The model has 18.7 MB on disk and needs 700.0 MB of memory."
    )
    busy = replace(COST, busy=True)
    assert cost_sentence(busy).endswith("Other programs were computing meanwhile, so these times are too long.")
    assert cost_note(busy) == (
        "Measured after training in a process of its own, on 256 validation texts or image files, up to their probabilities; "
        "Python and torch are in the memory. a processor, 2 threads, fp32. "
        "Other programs were computing meanwhile, so these times are too long."
    )

"""The folder `model/`: where it is, what it takes, and the temperature in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from classmark.errors import RunError
from classmark.runs.calibration import read_temperature, write_temperature
from classmark.runs.model import has_model, input_kind, model_folder, read_description, write_description


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    return tmp_path


def test_a_model_is_found_from_both_folders(run: Path) -> None:
    assert model_folder(run) == model_folder(run / "model") == run / "model"
    assert not has_model(run / "model")
    assert (read_description(run / "model"), input_kind(run)) == ({}, "text")
    write_description(run / "model", {"input": {"kind": "images"}})
    assert has_model(run / "model")
    assert input_kind(run) == input_kind(run / "model") == "images"


def test_the_temperature_of_a_run_or_its_model_folder(run: Path) -> None:
    write_temperature(run / "model", 1.25, 40)
    assert read_temperature(run) == read_temperature(run / "model") == 1.25
    assert json.loads((run / "model" / "calibration.json").read_text()) == {
        "schema_version": 1,
        "method": "temperature",
        "temperature": 1.25,
        "fitted_on": {"split": "validation", "rows": 40},
    }


def test_without_a_temperature_each_face_says_how_to_go_on(run: Path) -> None:
    with pytest.raises(RunError) as caught:
        read_temperature(run)
    start = f"{run}: no temperature was fitted for this model (there is no calibration.json). Predict without "
    assert str(caught.value) == f"{start}calibrated=True."
    assert caught.value.spelt("command line") == f"{start}--calibrated."


def test_a_temperature_that_was_withheld_says_why(run: Path) -> None:
    write_temperature(run / "model", None, 40, "every row is right")
    with pytest.raises(RunError) as caught:
        read_temperature(run)
    assert caught.value.spelt("command line") == (
        f"{run}: no temperature is best for this model: on its validation rows every row is right. Predict without --calibrated."
    )


@pytest.mark.parametrize(
    "content",
    ["{}", "[]", "{", '{"temperature": "hot"}', '{"temperature": -1}', '{"temperature": NaN}', '{"temperature": true}'],
)
def test_a_damaged_temperature_is_refused(run: Path, content: str) -> None:
    (run / "model" / "calibration.json").write_text(content)
    with pytest.raises(
        RunError, match=r"calibration.json: (there is no temperature in it|expected a JSON object|not valid JSON)"
    ):
        read_temperature(run)

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from classmark.errors import RunError
from classmark.inference.calibrated import Tempered, read_temperature
from classmark.inference.files import write_predictions
from classmark.predictions import read


class Lengths:
    """Two logits from a text's length."""

    classes = ("long", "short")

    def predict_logits(self, inputs: Sequence[str]) -> NDArray[np.float32]:
        return np.array([[len(text) / 2, 0.5] for text in inputs], np.float32)


def test_logits_are_divided_and_the_table_says_so(tmp_path: Path) -> None:
    texts = ["a", "abc", "abcdef"]
    chunk = pl.DataFrame({"id": texts, "text": texts, "label": pl.Series([None] * 3, dtype=pl.String)})
    write_predictions(Lengths(), iter([chunk]), tmp_path / "plain.parquet")
    write_predictions(Tempered(Lengths(), 2.0), iter([chunk]), tmp_path / "calibrated.parquet")
    plain, calibrated = read(tmp_path / "plain.parquet"), read(tmp_path / "calibrated.parquet")
    assert plain.logits is not None
    assert calibrated.logits is not None
    np.testing.assert_allclose(calibrated.logits, plain.logits / 2)
    expected = 1 / (1 + np.exp(np.diff(plain.logits / 2, axis=1)[:, 0]))
    np.testing.assert_allclose(calibrated.probabilities[:, 0], expected, rtol=1e-6)
    assert "calibrated" not in plain.metadata
    assert calibrated.metadata["calibrated"] == {"method": "temperature", "temperature": 2.0}


def test_the_temperature_of_a_run_or_its_model_folder(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    with pytest.raises(RunError) as caught:
        read_temperature(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: no temperature was fitted for this model (there is no calibration.json). "
        "Predict without --calibrated."
    )
    file = tmp_path / "model" / "calibration.json"
    file.write_text(json.dumps({"temperature": 1.25}))
    assert read_temperature(tmp_path) == read_temperature(tmp_path / "model") == 1.25


@pytest.mark.parametrize(
    "content", ["{}", "[]", "{", '{"temperature": "hot"}', '{"temperature": -1}', '{"temperature": NaN}']
)
def test_a_damaged_temperature_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "calibration.json").write_text(content)
    with pytest.raises(
        RunError, match=r"calibration.json: (there is no temperature in it|expected a JSON object|not valid JSON)"
    ):
        read_temperature(tmp_path)

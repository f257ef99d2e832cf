"""Calibrated prediction: logits divided by the run's temperature, in Python and in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from classmark.errors import RunError
from classmark.inference.classifier import Classifier, load, save, softmax
from classmark.inference.files import PredictOptions, predict_files
from classmark.inputs.examples import TextShape
from classmark.inputs.text import TextEncoder
from classmark.inputs.tokens import fit_tokenizer
from classmark.models.build import build_model, initialise
from classmark.predictions import read
from classmark.recipes.schema import BiLSTM, Recipe
from classmark.runs.calibration import write_temperature

RECIPE = Recipe.model_validate(
    {"name": "small", "data": {"source": "imdb"}, "model": {"hidden_size": 8, "embedding_size": 6}}
)
TEXTS = ["a fine film", "dull", "I would not see it again"]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A folder with a model that has fitted no temperature."""
    tokenizer = fit_tokenizer(TEXTS, 50)
    assert isinstance(RECIPE.model, BiLSTM)
    shape = TextShape(tokenizer.get_vocab_size(), 6)
    model = build_model(RECIPE.model, shape, 2)
    initialise(model, 1)
    save(
        Classifier(model.eval(), TextEncoder(tokenizer, RECIPE.input), ("no", "yes")), RECIPE, shape, tmp_path / "model"
    )
    return tmp_path


def test_the_logits_are_divided_by_the_temperature(run: Path) -> None:
    write_temperature(run / "model", 2.5, 3)
    plain, calibrated = load(run), load(run, calibrated=True)
    assert (plain.temperature, calibrated.temperature) == (None, 2.5)
    np.testing.assert_array_equal(calibrated.predict_logits(TEXTS), (plain.predict_logits(TEXTS) / 2.5).astype("f4"))
    np.testing.assert_array_equal(calibrated.predict_proba(TEXTS), softmax(calibrated.predict_logits(TEXTS)))
    assert calibrated.predict(TEXTS).tolist() == plain.predict(TEXTS).tolist()


def test_a_file_of_calibrated_predictions_says_so(run: Path, tmp_path: Path) -> None:
    write_temperature(run / "model", 2.0, 3)
    pl.DataFrame({"text": TEXTS}).write_csv(tmp_path / "texts.csv")
    tables = []
    for calibrated in (False, True):
        out = tmp_path / f"{calibrated}.parquet"
        assert predict_files(run, [str(tmp_path / "texts.csv")], out, PredictOptions(calibrated=calibrated)).rows == 3
        tables.append(read(out))
    plain, tempered = tables
    assert plain.logits is not None
    assert tempered.logits is not None
    np.testing.assert_allclose(tempered.logits, plain.logits / 2, rtol=1e-6)
    assert "calibrated" not in plain.metadata
    assert tempered.metadata["calibrated"] == {"method": "temperature", "temperature": 2.0}


def test_a_model_without_a_temperature_is_refused_where_one_is_asked_for(run: Path) -> None:
    with pytest.raises(RunError) as caught:
        load(run, calibrated=True)
    assert str(caught.value) == (
        f"{run}: no temperature was fitted for this model (there is no calibration.json). Predict without calibrated=True."
    )

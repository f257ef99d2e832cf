"""A run whose recipe says judge.mixture: what it writes, what predicts with it, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import classmark
from classmark.cli.main import run as command
from classmark.predictions import read, write
from classmark.runs import RunFiles
from pages import text_of

WORDS = {"bad": ["dull", "poor"], "good": ["fine", "great"], "odd": ["weird", "queer"]}
SMALL = [
    "train.epochs=1", "train.threads=1", "train.precision=fp32", "judge.draws=100", "model.hidden_size=8",
    "model.embedding_size=8", "train.checkpoint_minutes=60",
]  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> RunFiles:
    """A run on 240 made texts of three classes."""
    folder = tmp_path_factory.mktemp("mixture")
    rng = np.random.default_rng(0)
    rows = []
    for number in range(240):
        label = ("bad", "good", "odd")[int(rng.integers(3))]
        shown = label if rng.random() < 0.8 else ("bad", "good", "odd")[int(rng.integers(3))]
        rows.append({"text": f"the film {number} was {rng.choice(WORDS[shown])} for me", "label": label})
    pl.DataFrame(rows).write_csv(folder / "texts.csv")
    words = ["text-csv", f"data.path={folder / 'texts.csv'}", *SMALL, "judge.mixture=true"]
    assert command(["train", *words, "--out", str(folder / "run")]) == 0
    return RunFiles(folder / "run")


def test_the_run_judges_the_mixture(trained: RunFiles) -> None:
    content = json.loads(trained.judgement.read_text(encoding="utf-8"))
    mixed = content["mixture"]
    assert list(mixed["weights"]) == list(mixed["comparisons"]) == ["model", "linear"]
    assert sum(mixed["biases"].values()) == pytest.approx(0, abs=1e-9)
    assert mixed["fitted_on"] == {"split": "validation", "rows": 48}
    table, test = read(trained.mixture), read(trained.predictions("test"))
    assert table.ids.equals(test.ids)
    known = classmark.Run(trained.path).mixture
    assert known is not None
    assert known.frame.equals(table.frame)
    assert "text" not in table.frame.columns
    right = float((table.predicted == table.labels).mean())
    assert mixed["metrics"]["mixture"]["accuracy"]["value"] == pytest.approx(right)
    of_linear = classmark.compare(trained.baselines("test")["linear"], trained.mixture, draws=100)
    assert (
        of_linear.metrics["accuracy"].difference == mixed["comparisons"]["linear"]["metrics"]["accuracy"]["difference"]
    )
    assert not list((trained.path / "predictions").glob("mixture-validation*"))  # it was fitted on those rows
    page = text_of(trained.report.read_text(encoding="utf-8"))
    assert "The mixture and its parts" in page
    assert mixed["sentence"] in page


def test_judging_the_run_again_says_the_same(trained: RunFiles) -> None:
    again = classmark.judge(trained, draws=100, seed=1)
    before = classmark.Run(trained.path).judgement
    assert again.mixture is not None
    assert again.mixture == before.mixture


def test_mixing_the_models_of_the_run_by_hand_gives_its_mixture(trained: RunFiles, tmp_path: Path) -> None:
    model, linear = trained.predictions("test"), trained.baselines("test")["linear"]
    held_out = [trained.predictions("validation"), trained.baselines("validation")["linear"]]
    found = classmark.mix(model, linear, validation=held_out, names=["model", "linear"], draws=100)
    before = classmark.Run(trained.path).judgement.mixture
    assert found.mixture is not None
    assert before is not None
    assert found.mixture.fit == before.fit
    assert found.predictions is not None
    np.testing.assert_array_equal(found.predictions.probabilities, read(trained.mixture).probabilities)


@pytest.mark.parametrize("alone", [False, True], ids=["the run", "its model folder"])
def test_predicting_gives_the_probabilities_of_the_run(trained: RunFiles, tmp_path: Path, alone: bool) -> None:
    wanted, test = read(trained.mixture), read(trained.predictions("test"))
    pl.DataFrame({"id": test.ids, "text": test.frame["text"]}).write_csv(tmp_path / "new.csv")
    out, run = tmp_path / "new.parquet", trained.path
    if alone:
        run = tmp_path / "copy"
        shutil.copytree(trained.model, run)
    assert command(["predict", str(run), str(tmp_path / "new.csv"), "--mixture", "--id", "id", "--out", str(out)]) == 0
    predicted = read(out)
    np.testing.assert_allclose(predicted.probabilities, wanted.probabilities, atol=2e-7)
    assert predicted.metadata["mixture"] == wanted.metadata["mixture"]
    classifier = classmark.load(run, mixture=True)
    texts = test.frame["text"].to_list()
    np.testing.assert_allclose(classifier.predict_proba(texts), wanted.probabilities, atol=2e-7)
    assert classifier.predict(texts).tolist() == [wanted.classes[index] for index in wanted.predicted]
    assert classifier.predict_proba([]).shape == (0, 3)
    assert classifier.classes_.tolist() == ["bad", "good", "odd"]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert command(list(words)) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_what_cannot_predict_a_mixture(trained: RunFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "new.txt").write_text("a film", encoding="utf-8")
    words = [str(tmp_path / "new.txt"), "--mixture", "--out", str(tmp_path / "o.csv")]
    assert refused(capsys, "predict", str(trained.path), *words, "--calibrated") == (
        "error: Use either --calibrated or --mixture, not both. A mixture has weights of its own, which are fitted on "
        "validation too."
    )
    run = tmp_path / "run"
    shutil.copytree(trained.path, run)
    mixture = run / "model" / "mixture.json"
    content = json.loads(mixture.read_text(encoding="utf-8"))
    again = "Copy the run's model folder again."
    for damage in ({"biases": {"a": 0.0, "b": 0.0}}, {"weights": {"model": -1.0, "linear": 1.0}}, {"weights": None}):
        mixture.write_text(json.dumps(content | damage), encoding="utf-8")
        said = refused(capsys, "predict", str(run), *words)
        assert said == f"error: {mixture}: it holds no mixture of this model's classes. {again}"
    mixture.write_text(json.dumps(content), encoding="utf-8")
    (run / "model" / "baseline.json").unlink()
    assert refused(capsys, "predict", str(run), *words) == (
        f"error: {run}: the mixture of this run cannot predict: its baseline is not there. Predict without --mixture."
    )
    mixture.unlink()
    assert refused(capsys, "predict", str(run), *words) == (
        f"error: {run}: this run has no mixture (there is no mixture.json); one is fitted where the recipe says "
        "judge.mixture=true. Predict without --mixture."
    )


def test_two_runs_are_mixed_with_their_own_validation_rows(trained: RunFiles, tmp_path: Path) -> None:
    other = RunFiles(tmp_path / "other")
    shutil.copytree(trained.path, other.path)
    for split in ("test", "validation"):
        write(read(trained.baselines(split)["linear"]), other.predictions(split))
    words = ["mix", str(trained.path), str(other.path), "--out", str(tmp_path / "mixed"), "--draws", "100"]
    assert command(words) == 0
    content = json.loads((tmp_path / "mixed" / "judgement.json").read_text(encoding="utf-8"))
    before = json.loads(trained.judgement.read_text(encoding="utf-8"))["mixture"]
    assert content["mixture"]["weights"] == {"run": before["weights"]["model"], "other": before["weights"]["linear"]}
    assert content["metrics"]["accuracy"] == before["metrics"]["mixture"]["accuracy"]


def test_an_unfinished_run_is_not_mixed(trained: RunFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other"
    shutil.copytree(trained.path, other)
    RunFiles(other).predictions("test").unlink()
    assert refused(capsys, "mix", str(trained.path), str(other), "--out", str(tmp_path / "mixed")) == (
        f"error: {other}: the run is unfinished and has no test predictions. "
        f"Finish it: classmark train --resume {other}"
    )

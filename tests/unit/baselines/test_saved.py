"""The linear baseline in a run's folder: the same probabilities as before, without scikit-learn, and refusals."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from classmark.baselines import linear
from classmark.baselines.linear import Linear, fit_linear
from classmark.baselines.saved import has_linear, load_linear, save_linear
from classmark.errors import RunError

NEW = ["a fine film, so fine", "bad bad bad", "", "nothing known here", "词 好 片"]


def fitted(classes: int, method: str, monkeypatch: pytest.MonkeyPatch, *, chinese: bool = False) -> Linear:
    words = ["糟", "好", "一般"] if chinese else ["bad", "fine", "so"]
    rng = np.random.default_rng(1)
    labels = rng.integers(classes, size=120)
    filler = "这部电影" if chinese else "the film was it"
    texts = [f"{filler} {words[label]} {words[int(rng.integers(classes))]}" for label in labels]
    monkeypatch.setattr(linear, "METHODS", (method,))
    return fit_linear(texts, labels, texts[:40], labels[:40], classes)


@pytest.mark.parametrize("chinese", [False, True])
@pytest.mark.parametrize("method", ["naive-bayes", "tf-idf"])
@pytest.mark.parametrize("classes", [2, 3])
def test_what_is_loaded_predicts_the_same(
    classes: int, method: str, chinese: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, names = fitted(classes, method, monkeypatch, chinese=chinese), ("bad", "good", "so")[:classes]
    assert not has_linear(tmp_path)
    save_linear(found, names, tmp_path)
    assert has_linear(tmp_path)
    monkeypatch.undo()
    again, known = load_linear(tmp_path)
    assert known == names
    assert again.method == method
    assert again.scores == found.scores
    np.testing.assert_array_equal(again.probabilities(NEW), found.probabilities(NEW))
    contents = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    save_linear(again, names, tmp_path)
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == contents


def test_loading_needs_neither_scikit_learn_nor_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = fitted(2, "tf-idf", monkeypatch)
    save_linear(found, ("bad", "good"), tmp_path)
    script = (
        "import sys; from pathlib import Path; from classmark.baselines.saved import load_linear; "
        f"print(load_linear(Path({str(tmp_path)!r}))[0].probabilities(['a fine film'])[0, 1]); "
        "assert not {'sklearn', 'torch'} & set(sys.modules)"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert float(done.stdout) == found.probabilities(["a fine film"])[0, 1]


DAMAGES = {
    "no tensors": (lambda folder: (folder / "baseline.safetensors").unlink(), "No such file"),
    "cut off": (
        lambda folder: (folder / "baseline.safetensors").write_bytes(b"123"),
        "header too small",
    ),
    "another version": (lambda folder: change(folder, schema_version=9), "another version wrote it"),
    "another method": (lambda folder: change(folder, method="svm"), "another version wrote it"),
    "other classes": (lambda folder: change(folder, classes=["a", "b", "c"]), "its parts do not fit each other"),
    "no words": (lambda folder: change(folder, words=None), "'NoneType' object is not iterable"),
    "no pattern": (lambda folder: change(folder, pattern="("), "its pattern of a word is none"),
    "a word twice": (lambda folder: change(folder, words=["a", "a"]), "its parts do not fit each other"),
}


def change(folder: Path, **changes: object) -> None:
    path = folder / "baseline.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_baseline_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_linear(fitted(2, "tf-idf", monkeypatch), ("bad", "good"), tmp_path)
    monkeypatch.undo()
    damage, reason = DAMAGES[name]
    damage(tmp_path)
    with pytest.raises(RunError) as caught:
        load_linear(tmp_path)
    said = str(caught.value)
    assert said.startswith(f"{tmp_path}: the baseline cannot be loaded (")
    assert reason in said
    assert said.endswith("Copy the run's model folder again.")

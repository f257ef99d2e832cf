"""A compiled run: trained by torch's own compiler, and afterwards a run as any other."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from classmark.cli.main import run
from classmark.predictions import read

# Every batch has as many rows and every text as many tokens, so that few graphs are compiled.
ROWS, TOKENS = 60, 6
CHANGES = [
    "train.epochs=2", "train.batch_size=12", "train.precision=fp32", "train.threads=1",
    "model.hidden_size=4", "model.embedding_size=4", "model.layers=1", "model.dropout=0",
    "judge.draws=100", "judge.baselines=false",
]  # fmt: skip


@pytest.fixture
def reviews(tmp_path: Path) -> Path:
    """Texts of two classes with words of their own."""
    kinds = {"food": ["soup", "bread", "cook"], "sport": ["goal", "team", "match"]}
    generator, lines = np.random.default_rng(3), ["text,label"]
    for number in range(ROWS):
        label = list(kinds)[number % 2]
        lines.append(f"{' '.join(generator.choice(kinds[label], TOKENS - 1))} w{number},{label}")
    path = tmp_path / "reviews.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def history(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


@pytest.mark.skipif(shutil.which(os.environ.get("CXX", "g++")) is None, reason="torch compiles with a C++ compiler")
def test_a_compiled_run_is_like_any_other(reviews: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "kernels"))
    plain, compiled = tmp_path / "plain", tmp_path / "compiled"
    words = ["train", "text-csv", f"data.path={reviews}", *CHANGES]
    assert run([*words, "--out", str(plain)]) == 0
    assert list((tmp_path / "kernels").rglob("*.py")) == []
    # In a process of its own: what is compiled stays with a process, and torch's compiler warns of what it will.
    command = [str(Path(sys.executable).with_name("classmark")), *words, "train.compile=true", "--out", str(compiled)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "kernels").rglob("*.py")) != []

    for one, other in zip(history(compiled), history(plain), strict=True):
        assert one == pytest.approx(other, rel=1e-4)
    weights, expected = (load_file(folder / "model/weights.safetensors") for folder in (compiled, plain))
    assert weights.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(weights[name], values, rtol=1e-3, atol=1e-5, err_msg=name)

    own = read(compiled / "predictions/test.parquet")
    own.frame.select("id", "text", "label").write_csv(tmp_path / "test.csv")
    out = tmp_path / "p.parquet"
    assert run(["predict", str(compiled), str(tmp_path / "test.csv"), "--id", "id", "--out", str(out)]) == 0
    found = read(out)
    assert found.ids.to_list() == own.ids.to_list()
    np.testing.assert_allclose(found.probabilities, own.probabilities, atol=1e-5)

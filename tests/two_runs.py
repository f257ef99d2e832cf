"""Made folders of two runs on the same test rows, as `classmark compare` reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml
from numpy.typing import NDArray

from classmark.predictions import build_predictions, write
from classmark.runs import RunFiles
from classmark.system.files import write_json, write_jsonl, write_text

SCRIPT = "<script>alert(1)</script>"
JPEG = b"\xff\xd8\xff\xe0" + bytes(1_500)


def image_runs(folder: Path) -> tuple[Path, Path]:
    """Cross-entropy and focal loss on 200 classes, five rows each; different epochs, steps and confidences."""
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(200), 5)
    shared = generator.normal(size=(1_000, 200))
    shared[np.arange(1_000), labels] += 3
    columns = pl.DataFrame({"path": [f"val/{row}.jpg" for row in range(1_000)], "thumbnail": [JPEG] * 1_000})
    model = {"kind": "backbone", "backbone": "resnet18", "weights": None}
    runs = []
    for name, loss, epochs, steps, scale in (("ce", "cross_entropy", 3, 10, 2.0), ("focal", "focal", 4, 20, 1.0)):
        run = RunFiles(folder / f"tiny-{name}")
        section = {"source": "tiny-imagenet", "path": f"/somewhere/{name}"}
        write_recipe(run, {"data": section, "model": model, "loss": {"kind": loss}, "train": {"epochs": epochs}})
        first = 0.40 if name == "ce" else 0.45
        write_history(run, [first + 0.07 * epoch for epoch in range(epochs)], steps)
        logits = scale * (shared + generator.normal(0, 0.5, shared.shape))
        write_rows(
            run, [f"n{label:08d}" for label in labels], logits, sorted({f"n{i:08d}" for i in range(200)}), columns
        )
        runs.append(run.path)
    return runs[0], runs[1]


def text_runs(folder: Path) -> tuple[Path, Path]:
    """Two learning rates and two seeds on 200 texts of two classes."""
    generator = np.random.default_rng(1)
    labels = np.arange(200) % 2
    columns = pl.DataFrame({"text": [f"a review {SCRIPT} " + "word " * 100] * 200})
    model, words = {"kind": "bilstm", "layers": 2}, {"kind": "text", "vectors": "/somewhere/glove.txt"}
    runs = []
    for seed, name in ((1, "a"), (2, "b")):
        run = RunFiles(folder / f"text-{name}")
        rate = {"kind": "adam", "learning_rate": 0.001 * seed}
        recipe = {"seed": seed, "data": {"source": "imdb"}, "input": words, "model": model, "optimizer": rate}
        write_recipe(run, {**recipe, "loss": {"kind": "cross_entropy"}})
        write_history(run, [0.7, 0.8], 10)
        second = (2 * labels - 1) + generator.normal(0, 1, 200)
        write_rows(
            run,
            [("no", "yes")[label] for label in labels],
            np.column_stack([0 * second, second]),
            ["no", "yes"],
            columns,
        )
        runs.append(run.path)
    return runs[0], runs[1]


def write_recipe(run: RunFiles, sections: Mapping[str, Any]) -> None:
    """The recipe, the data's and the machine's facts."""
    content = {"name": run.name, "description": SCRIPT, "seed": 1, **sections}
    write_text(run.recipe, yaml.safe_dump(content, sort_keys=False))
    write_json(run.data, {"source": content["data"]["source"], "fingerprint": "0123456789abcdef" * 4})
    write_json(run.environment, {"processor": SCRIPT, "threads": 2, "gpu": None, "packages": {"torch": "2.14.0"}})
    write_json(run.status, {"state": "done", "seconds": {"training": 200.0}})


def write_history(run: RunFiles, accuracies: Sequence[float], steps: int) -> None:
    """A row an epoch, and one half through the second."""
    rows = [
        {
            "epoch": epoch, "step": steps * epoch, "train_loss": 1.0 / epoch, "train_accuracy": accuracy - 0.1,
            "validation_loss": 1.1 / epoch, "validation_accuracy": accuracy,
        }
        for epoch, accuracy in enumerate(accuracies, start=1)
    ]  # fmt: skip
    rows.insert(1, {**rows[0], "epoch": 2, "step": steps + steps // 2})
    write_jsonl(run.history, rows)


def write_rows(
    run: RunFiles, labels: Sequence[str], logits: NDArray[np.float64], classes: Sequence[str], columns: pl.DataFrame
) -> None:
    """The test predictions."""
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    ids = [f"row-{row}" for row in range(len(labels))]
    table = build_predictions(ids, labels, shares, classes, columns=columns, metadata={"split": "test"})
    write(table, run.predictions("test"))

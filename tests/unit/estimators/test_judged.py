from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats
from sklearn.datasets import load_breast_cancer
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GroupKFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_predict,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import classmark
from classmark.errors import ClassmarkError, EstimatorError

X, Y = load_breast_cancer(return_X_y=True)
X, Y = X[:240], np.array(["malignant", "benign"])[Y[:240]]
LINEAR, BAYES = make_pipeline(StandardScaler(), LogisticRegression()), GaussianNB()


def test_other_rows_are_a_pair_of_other_rows() -> None:
    model = GaussianNB()
    with pytest.raises(EstimatorError) as caught:
        classmark.judge_estimator(model, X, Y, training=X)
    assert str(caught.value) == "training: ndarray: a pair is expected. Write (X, y)."
    with pytest.raises(EstimatorError) as caught:
        classmark.judge_estimator(model, X, Y, training=(X, Y))
    assert str(caught.value) == "training: these are the rows to judge. Give other rows, or leave it out."


def test_a_cross_validation_is_scikit_learns() -> None:
    found = classmark.judge_estimator(
        LINEAR, X, Y, cv=3, draws=100, seed=4, baselines={"bayes": BAYES}, positive="malignant"
    )
    folds = StratifiedKFold(3, shuffle=True, random_state=4)
    expected = cross_val_predict(LINEAR, X, Y, cv=folds, method="predict_proba")
    assert found.predictions is not None
    np.testing.assert_allclose(found.predictions.probabilities, expected, atol=1e-12)
    assert found.predictions.ids.to_list()[:2] == ["row 1", "row 2"]
    assert found.classes == ("benign", "malignant")
    assert found.metrics["accuracy"].value == np.mean(np.array(found.classes)[expected.argmax(axis=1)] == Y)
    bayes = cross_val_predict(BAYES, X, Y, cv=folds)
    assert found.baselines["bayes"]["accuracy"].value == np.mean(bayes == Y)
    assert found.baselines["majority"]["accuracy"].value == max(np.mean(Y == "benign"), np.mean(Y == "malignant"))
    assert [one.code for one in found.findings].count("cross_validation") == 1
    assert "folds" not in {one.code for one in found.findings}
    assert found.recalibration is None  # there are no validation rows


def test_training_rows_are_fitted_on_and_their_out_of_fold_predictions_are_the_validation_rows() -> None:
    found = classmark.judge_estimator(LINEAR, X[:80], Y[:80], training=(X[80:], Y[80:]), cv=4, draws=100)
    fitted = LINEAR.fit(X[80:], Y[80:])
    assert found.predictions is not None
    assert found.validation is not None
    np.testing.assert_allclose(found.predictions.probabilities, fitted.predict_proba(X[:80]), atol=1e-12)
    folds = StratifiedKFold(4, shuffle=True, random_state=0)
    expected = cross_val_predict(LINEAR, X[80:], Y[80:], cv=folds, method="predict_proba")
    ids = [f"training row {row + 1}" for row in range(160)]
    known = dict(zip(found.validation.ids.to_list(), found.validation.probabilities.tolist(), strict=True))
    np.testing.assert_allclose([known[name] for name in ids], expected, atol=1e-12)
    assert found.recalibration is not None
    shares = found.baselines["majority"]["log_loss"].value
    share = np.mean(Y[80:] == "benign")
    assert shares == pytest.approx(-np.mean(np.log(np.where(Y[:80] == "benign", share, 1 - share))))


def test_a_fitted_estimator_is_judged_on_the_rows_as_they_are() -> None:
    fitted = LINEAR.fit(X[160:], Y[160:])
    found = classmark.judge_estimator(
        fitted, X[:80], Y[:80], cv="prefit", validation=(X[80:160], Y[80:160]), draws=100, ids=np.arange(80),
        columns={"radius": X[:80, 0]}, groups=np.arange(80) // 2,
    )  # fmt: skip
    beside = classmark.judge(
        Y[:80], fitted.predict_proba(X[:80]), draws=100, ids=np.arange(80), groups=np.arange(80) // 2,
        columns={"radius": X[:80, 0]}, validation=(Y[80:160], fitted.predict_proba(X[80:160])),
    )  # fmt: skip
    assert found.metrics == beside.metrics
    assert found.recalibration == beside.recalibration
    assert found.validation is not None
    assert found.validation.ids[0] == "validation row 1"
    assert found.baselines == {}


def test_estimators_without_probabilities_are_judged_by_their_decisions() -> None:
    model = make_pipeline(StandardScaler(), LinearSVC(C=0.01))
    found = classmark.judge_estimator(model, X, Y, cv=2, draws=100)
    said = cross_val_predict(model, X, Y, cv=StratifiedKFold(2, shuffle=True, random_state=0))
    assert found.metrics["accuracy"].value == np.mean(said == Y)
    assert "log_loss" not in found.metrics


def test_groups_stay_whole_and_a_single_split_is_a_held_out_test() -> None:
    groups = np.arange(240) // 8
    found = classmark.judge_estimator(BAYES, X, Y, cv=3, groups=groups, draws=100)
    assert found.predictions is not None
    frame = found.predictions.frame
    assert frame.group_by("group").agg(pl.col("fold").n_unique())["fold"].max() == 1
    held_out = classmark.judge_estimator(BAYES, X, Y, cv=ShuffleSplit(1, test_size=60, random_state=0), draws=100)
    assert held_out.rows == 60
    assert [one.code for one in held_out.findings if one.code == "cross_validation"] == []


def test_estimators_are_compared_by_the_corrected_t_test() -> None:
    models = {"bayes": BAYES, "linear": LINEAR}
    found = classmark.compare_estimators(models, X, Y, cv=3, repeats=2, seed=5, margin=0.01)
    differences = []
    for repetition in range(2):
        for train, test in StratifiedKFold(3, shuffle=True, random_state=5 + repetition).split(X, Y):
            scores = [model.fit(X[train], Y[train]).score(X[test], Y[test]) for model in models.values()]
            differences.append(scores[1] - scores[0])
    error = np.std(differences, ddof=1) * np.sqrt(1 / 6 + 0.5)
    low, high = stats.t.interval(0.95, 5, np.mean(differences), error)
    primary = found.comparisons[0].primary
    assert (primary.value, primary.low, primary.high) == pytest.approx((np.mean(differences), low, high))
    assert str(found).startswith("Is accuracy higher in linear than in bayes?")
    assert repr(found) == "<Answers: 2 arms, 12 of 12 runs done>"
    splitter = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=0)
    folds = classmark.compare_estimators(models, X, Y, cv=splitter, reference="linear").folds
    assert folds is not None
    assert (folds.folds, folds.repetitions) == (3, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cv": "prefit"}, "estimator: GaussianNB has no classes_: it is no classifier, or is not fitted."),
        ({"cv": "prefit", "training": (X, Y)}, "training: nothing is fitted with cv=prefit. Leave one of them out."),
        (
            {"validation": (X, Y)},
            "validation: in a cross-validation there are several models, and none of them predicts these rows. Give training "
            "rows too, or a fitted estimator with cv=prefit.",
        ),
        ({"cv": 1}, "cv: 1 folds, 1 times. Two folds, once, are the least."),
        ({"cv": 200}, 'cv: the class "benign" has 117 rows, too few for 200 folds. Use fewer folds.'),
        ({"cv": "five"}, "cv: 'five'. Give a number of folds, a splitter of scikit-learn, or prefit."),
        (
            {"cv": GroupKFold(3), "groups": np.arange(240), "repeats": 2},
            "repeats: it goes with a number of folds; a splitter says itself how often it splits.",
        ),
        (
            {"training": (X, np.where(Y == "benign", "b", "c"))},
            'y: no judged row has the class "b". Give rows of every class.',
        ),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ClassmarkError) as caught:
        classmark.judge_estimator(GaussianNB(), X, Y, **arguments)
    assert str(caught.value) == message


def test_one_estimator_is_not_compared() -> None:
    with pytest.raises(ClassmarkError) as caught:
        classmark.compare_estimators({"a": DummyClassifier()}, X, Y)
    assert str(caught.value) == "estimators: two or more are needed to compare. Give a dictionary: name → estimator."
    svm = make_pipeline(StandardScaler(), LinearSVC())
    with pytest.raises(ClassmarkError, match="metric: log_loss is undefined for svm"):
        classmark.compare_estimators({"bayes": BAYES, "svm": svm}, X, Y, cv=2, metric="log_loss")


def test_the_page_of_estimators_with_and_without_probabilities(tmp_path: Path) -> None:
    svm = make_pipeline(StandardScaler(), LinearSVC())
    found = classmark.compare_estimators({"bayes": BAYES, "svm": svm}, X, Y, cv=2)
    page = found.report(tmp_path).read_text(encoding="utf-8")
    assert "svm less bayes" in page
    assert (tmp_path / "study.json").exists()

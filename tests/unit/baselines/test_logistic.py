from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.preprocessing import StandardScaler

from classmark.baselines import logistic
from classmark.baselines.logistic import fit_logistic

Matrix = NDArray[np.float32]
Labels = NDArray[np.int64]


def made_rows(rows: int, classes: int, seed: int) -> tuple[Matrix, Labels]:
    """Points around one centre a class, on axes of very different scale; the last axis never varies."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=rows)
    centres = np.random.default_rng(0).normal(size=(classes, 6))
    matrix = (centres[labels] + generator.normal(size=(rows, 6))) * [0.01, 1, 100, 1, 1, 0] + 3
    return matrix.astype(np.float32), labels


@pytest.mark.parametrize("classes", [2, 3])
def test_it_is_scikit_learns_regression_on_standardised_features(classes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic, "STRENGTHS", (0.1,))
    matrix, labels = made_rows(300, classes, 1)
    new, new_labels = made_rows(100, classes, 2)
    scaler = StandardScaler().fit(matrix.astype(np.float64))
    reference = LogisticRegression(C=0.1, max_iter=500).fit(scaler.transform(matrix), labels)
    expected = reference.predict_proba(scaler.transform(new))
    fitted = fit_logistic(matrix, labels, new, new_labels, classes)
    found = fitted.probabilities(new)
    np.testing.assert_allclose(found, expected, atol=2e-3)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-6)
    assert fitted.scores() == {
        "accuracy": pytest.approx(accuracy_score(new_labels, found.argmax(axis=1))),
        "log_loss": pytest.approx(log_loss(new_labels, found / found.sum(axis=1, keepdims=True)), rel=1e-5),
        "C": 0.1,
    }


def made_scores(monkeypatch: pytest.MonkeyPatch, *scores: tuple[float, float]) -> Iterator[tuple[float, float]]:
    given = iter(scores)
    monkeypatch.setattr(logistic, "score", lambda *_: next(given))
    return given


@pytest.mark.parametrize(
    ("scores", "chosen"),
    [
        ([(0.5, 1.0), (0.5, 1.1)], 0),
        ([(0.5, 1.0), (0.4, 1.1), (0.4, 1.1)], 1),  # more accurate, then no gain at all
        ([(0.5, 1.0), (0.6, 0.9), (0.4, 0.8), (0.4, 0.9)], 2),  # one step back in accuracy ends nothing
        ([(0.5, 1.0), (0.5, 0.9), (0.5, 0.8), (0.5, 0.7)], 3),  # ties go by log loss, up to the weakest penalty
        ([(0.5, 1.0), (0.6, 0.9), (0.6, 0.8), (0.6, 0.7)], 0),
    ],
)
def test_penalties_are_tried_while_the_held_out_rows_gain_and_the_best_is_kept(
    scores: list[tuple[float, float]], chosen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = made_scores(monkeypatch, *scores)
    matrix, labels = made_rows(50, 2, 1)
    fitted = fit_logistic(matrix, labels, matrix, labels, 2)
    assert next(left, None) is None
    assert fitted.score == scores[chosen]
    assert fitted.scores()["C"] == logistic.STRENGTHS[chosen]


def test_the_kept_weights_are_those_of_the_kept_penalty(monkeypatch: pytest.MonkeyPatch) -> None:
    matrix, labels = made_rows(50, 2, 1)
    made_scores(monkeypatch, (0.5, 1.0), (0.6, 0.9), (0.6, 0.8), (0.6, 0.7))
    found = fit_logistic(matrix, labels, matrix, labels, 2).probabilities(matrix)
    made_scores(monkeypatch, (0.5, 1.0))
    monkeypatch.setattr(logistic, "STRENGTHS", logistic.STRENGTHS[:1])
    assert (found == fit_logistic(matrix, labels, matrix, labels, 2).probabilities(matrix)).all()


def test_a_class_without_rows_gets_no_probability_and_one_with_a_single_row_does() -> None:
    matrix, labels = made_rows(60, 2, 1)
    labels = np.where(labels == 1, 2, 0)
    labels[0] = 3
    found = fit_logistic(matrix, labels, matrix, labels, 4).probabilities(matrix)
    assert found.shape == (60, 4)
    assert (found[:, 1] == 0.0).all()
    assert (found[:, 3] > 0.0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=1e-6)


def test_a_fit_that_stops_early_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logistic, "MOST_ITERATIONS", 1)
    matrix, labels = made_rows(50, 3, 1)
    assert fit_logistic(matrix, labels, matrix, labels, 3).model.n_iter_.max() == 1


def test_the_given_rows_stay_as_they_are() -> None:
    matrix, labels = made_rows(50, 2, 1)
    before = matrix.copy()
    fit_logistic(matrix, labels, matrix, labels, 2).probabilities(matrix)
    assert (matrix == before).all()

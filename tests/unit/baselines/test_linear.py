from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar
from scipy.sparse import csr_matrix
from scipy.special import expit
from sklearn.feature_extraction.text import TfidfTransformer

from classmark.baselines import linear
from classmark.baselines.linear import fit_linear, fit_naive_bayes, fit_tfidf, log_count_ratios
from classmark.baselines.ngrams import fit_ngrams

WORDS = {0: ["bad", "dull", "poor"], 1: ["good", "fine", "great"], 2: ["so", "medium", "plain"]}


def made_texts(rows: int, classes: int, seed: int) -> tuple[list[str], NDArray[np.int64]]:
    """Texts of filler with one word that tells the class, wrong once in ten."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=rows)
    shown = np.where(generator.random(rows) < 0.1, generator.integers(classes, size=rows), labels)
    filler = ["the", "film", "was", "with", "an", "actor"]
    texts = [" ".join([*generator.choice(filler, 6), generator.choice(WORDS[int(index)])]) for index in shown]
    return texts, labels.astype(np.int64)


def test_log_count_ratios_by_hand() -> None:
    presence = csr_matrix(np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1]]))
    # p = (2, 1, 0) + 1, q = (0, 1, 1) + 1
    expected = np.log([3 / 6, 2 / 6, 1 / 6]) - np.log([1 / 5, 2 / 5, 2 / 5])
    np.testing.assert_allclose(log_count_ratios(presence, np.array([True, True, False])), expected, rtol=1e-15)


def fitted(features: NDArray[np.float64], positive: NDArray[np.bool_], strength: float) -> NDArray[np.float64]:
    """Logits of logistic regression on features and a column of ones, all weights penalised; then of its best intercept."""
    matrix, signs = np.hstack([features, np.ones((len(features), 1))]), np.where(positive, 1.0, -1.0)

    def objective(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margins = signs * (matrix @ weights)
        value = 0.5 * weights @ weights + strength * np.logaddexp(0.0, -margins).sum()
        return float(value), weights - strength * matrix.T @ (signs * expit(-margins))

    options = {"maxiter": 10_000, "ftol": 1e-15, "gtol": 1e-10}
    weights = minimize(objective, np.zeros(matrix.shape[1]), jac=True, method="L-BFGS-B", options=options).x
    logits = features @ weights[:-1]
    best = minimize_scalar(lambda b: np.logaddexp(0.0, -signs * (logits + b)).sum(), bracket=(-1.0, 1.0), tol=1e-12)
    return logits + best.x


def test_naive_bayes_is_logistic_regression_on_weighted_presence() -> None:
    texts, labels = made_texts(200, 2, 1)
    _, counts = fit_ngrams(texts)
    presence = (counts.toarray() > 0).astype(np.float64)
    weighted = presence * log_count_ratios(csr_matrix(presence), labels == 1)
    found = fit_naive_bayes(counts, labels, 2, 0.5)(counts)
    np.testing.assert_allclose(found[:, 1], expit(fitted(weighted, labels == 1, 0.5)), atol=2e-4)
    assert found[:, 1].mean() == pytest.approx(labels.mean(), abs=1e-12)


@pytest.mark.parametrize("classes", [2, 3])
def test_tfidf_is_logistic_regression_on_tfidf(classes: int) -> None:
    texts, labels = made_texts(200, classes, 1)
    _, counts = fit_ngrams(texts)
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(counts).toarray()
    lines = [expit(fitted(weighted, labels == index, 3.0)) for index in (range(classes) if classes > 2 else (0, 1))]
    expected = np.stack(lines, axis=1) / np.sum(lines, axis=0)[:, None]
    np.testing.assert_allclose(fit_tfidf(counts, labels, classes, 3.0)(counts), expected, atol=2e-4)


def test_a_rare_class_keeps_its_share() -> None:
    texts, _ = made_texts(2_000, 2, 7)
    labels = (np.random.default_rng(8).random(2_000) < 0.01).astype(np.int64)  # nothing in the texts tells it
    _, counts = fit_ngrams(texts)
    for fit in (fit_naive_bayes, fit_tfidf):
        found = fit(counts, labels, 2, 0.1)(counts)[:, 1]
        assert found.mean() == pytest.approx(labels.mean(), abs=1e-12)
        assert found.max() < 0.2


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("fit", [fit_naive_bayes, fit_tfidf])
def test_probabilities_sum_to_one_and_find_the_class(classes: int, fit: object) -> None:
    texts, labels = made_texts(600, classes, 2)
    ngrams, counts = fit_ngrams(texts)
    predict = fit(counts, labels, classes, 1.0)  # type: ignore[operator]
    new_texts, new_labels = made_texts(200, classes, 3)
    probabilities = predict(ngrams.counts([*new_texts, ""]))
    assert probabilities.shape == (201, classes)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-12)
    assert (probabilities[:-1].argmax(axis=1) == new_labels).mean() > 0.85


def test_the_better_one_on_validation_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    texts, labels = made_texts(300, 2, 4)
    held_out, held_out_labels = made_texts(100, 2, 5)
    chosen = fit_linear(texts, labels, held_out, held_out_labels, 2)
    for method, scores in chosen.scores.items():
        assert scores["C"] in linear.STRENGTHS[method]
    order = {method: (-scores["accuracy"], scores["log_loss"]) for method, scores in chosen.scores.items()}
    assert chosen.method == min(order, key=order.__getitem__)
    found = chosen.probabilities(held_out)
    assert (found.argmax(axis=1) == held_out_labels).mean() == pytest.approx(chosen.scores[chosen.method]["accuracy"])
    picked = found[np.arange(100), held_out_labels]
    assert -np.log(picked).mean() == pytest.approx(chosen.scores[chosen.method]["log_loss"])


def test_many_classes_get_one_strength(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "MOST_CLASSES_TO_CHOOSE", 2)
    texts, labels = made_texts(100, 3, 6)
    chosen = fit_linear(texts, labels, texts, labels, 3)
    assert {method: scores["C"] for method, scores in chosen.scores.items()} == {"naive-bayes": 1.0, "tf-idf": 30.0}


@pytest.mark.parametrize("better", ["naive-bayes", "tf-idf"])
def test_ties_in_accuracy_go_by_log_loss(monkeypatch: pytest.MonkeyPatch, better: str) -> None:
    def constant(share: float) -> object:
        return lambda *_: lambda counts: np.tile([1 - share, share], (counts.shape[0], 1))

    shares = {method: 0.7 if method == better else 0.6 for method in linear.METHODS}
    monkeypatch.setattr(linear, "fit_naive_bayes", constant(shares["naive-bayes"]))
    monkeypatch.setattr(linear, "fit_tfidf", constant(shares["tf-idf"]))
    chosen = fit_linear(["a", "b"], np.array([0, 1]), ["c"], np.array([1]), 2)
    assert chosen.method == better
    assert {scores["accuracy"] for scores in chosen.scores.values()} == {1.0}

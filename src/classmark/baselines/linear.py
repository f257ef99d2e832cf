"""The linear floor: logistic regression on words and word pairs, weighted in one of two ways.

`naive-bayes`: presence of a feature times its naive-Bayes log-count ratio. Source: Wang and Manning 2012,
"Baselines and Bigrams", section 2, with logistic regression in place of the SVM (as Mesnil et al. 2014 have it), so
that it gives probabilities, and without interpolation. More than two classes: one against the rest.
`tf-idf`: 1 + log of the count, times the inverse document frequency, rows of length one.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.baselines.ngrams import Ngrams, fit_ngrams

METHODS = ("naive-bayes", "tf-idf")
# Inverse strengths of the penalty. Between them lies all that was ever best on reviews of 10 to 300 words.
STRENGTHS = {"naive-bayes": (0.1, 1.0), "tf-idf": (3.0, 30.0)}
MOST_ITERATIONS = 300
TINY = 2.2e-16

Predict = Callable[[Any], NDArray[np.float64]]


@dataclass(frozen=True)
class Linear:
    """A fitted linear floor.

    Attributes:
        method: `naive-bayes` or `tf-idf`, whichever was better on validation.
        scores: method → `accuracy`, `log_loss` and penalty `C` on validation, of its better penalty.
        ngrams: the features.
        predict: counts, shape (N, features) → probabilities, shape (N, C).
    """

    method: str
    scores: dict[str, dict[str, float]]
    ngrams: Ngrams
    predict: Predict

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Class probabilities of each text, shape (N, C)."""
        return self.predict(self.ngrams.counts(texts))


def fit_linear(
    texts: Sequence[str],
    labels: NDArray[np.int64],
    validation_texts: Sequence[str],
    validation_labels: NDArray[np.int64],
    classes: int,
) -> Linear:
    """The better of two weightings, each with the better of two penalties: validation accuracy, then log loss."""
    ngrams, counts = fit_ngrams(texts)
    held_out = ngrams.counts(validation_texts)
    best: dict[str, tuple[tuple[float, float], float, Predict]] = {}
    for method in METHODS:
        fit = fit_naive_bayes if method == "naive-bayes" else fit_tfidf
        for strength in STRENGTHS[method]:
            predict = fit(counts, labels, classes, strength)
            score = _score(predict(held_out), validation_labels)
            if method not in best or score < best[method][0]:
                best[method] = (score, strength, predict)
    chosen = min(METHODS, key=lambda method: best[method][0])
    scores = {
        method: {"accuracy": 1.0 - score[0], "log_loss": score[1], "C": strength}
        for method, (score, strength, _) in best.items()
    }
    return Linear(chosen, scores, ngrams, best[chosen][2])


def log_count_ratios(presence: Any, positive: NDArray[np.bool_]) -> NDArray[np.float64]:
    """log((p / ‖p‖₁) / (q / ‖q‖₁)) of each feature, shape (features,).

    p counts the positive texts that hold the feature, plus one; q the others.

    Source: Wang and Manning 2012, section 2.1, with α = 1.
    """
    p = np.asarray(presence[np.flatnonzero(positive)].sum(axis=0)).ravel() + 1.0
    q = np.asarray(presence[np.flatnonzero(~positive)].sum(axis=0)).ravel() + 1.0
    ratios: NDArray[np.float64] = np.log(p / p.sum()) - np.log(q / q.sum())
    return ratios


def fit_naive_bayes(counts: Any, labels: NDArray[np.int64], classes: int, strength: float) -> Predict:
    """Logistic regression on presence times log-count ratio; more than two classes one against the rest."""
    presence = _presence(counts)
    positives = range(1, 2) if classes == 2 else range(classes)
    fitted = []
    for index in positives:
        ratios = log_count_ratios(presence, labels == index)
        model = _fit_logistic(_scaled(presence, ratios), (labels == index).astype(np.int64), strength)
        # The ratio is folded into the weight, so that predicting needs the presence alone.
        fitted.append((model.coef_[0] * ratios, float(model.intercept_[0])))
    weights = np.stack([weight for weight, _ in fitted], axis=1)
    intercepts = np.array([intercept for _, intercept in fitted])

    def predict(new_counts: Any) -> NDArray[np.float64]:
        logits = _presence(new_counts) @ weights + intercepts
        shares = 0.5 + 0.5 * np.tanh(0.5 * logits)  # the logistic function, which cannot overflow so
        if classes == 2:
            return np.hstack([1.0 - shares, shares])
        shares = np.maximum(shares, TINY)
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    return predict


def fit_tfidf(counts: Any, labels: NDArray[np.int64], classes: int, strength: float) -> Predict:
    """Logistic regression (multinomial for more than two classes) on TF-IDF weights."""
    from sklearn.feature_extraction.text import TfidfTransformer

    transformer = TfidfTransformer(sublinear_tf=True).fit(counts)
    model = _fit_logistic(transformer.transform(counts), labels, strength)
    assert len(model.classes_) == classes, "every class has training rows"

    def predict(new_counts: Any) -> NDArray[np.float64]:
        return np.asarray(model.predict_proba(transformer.transform(new_counts)), dtype=np.float64)

    return predict


def _fit_logistic(features: Any, labels: NDArray[np.int64], strength: float) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # A floor a hair from its optimum is still a floor; the step limit keeps it a matter of seconds.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LogisticRegression(C=strength, max_iter=MOST_ITERATIONS).fit(features, labels)


def _score(probabilities: NDArray[np.float64], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Error rate and log loss; smaller is better, the first one first."""
    errors = float((probabilities.argmax(axis=1) != labels).mean())
    picked = np.clip(probabilities[np.arange(len(labels)), labels], TINY, 1.0)
    return errors, float(-np.log(picked).mean())


def _presence(counts: Any) -> Any:
    presence = counts.copy()
    presence.data = np.ones_like(presence.data)
    return presence


def _scaled(matrix: Any, factors: NDArray[np.float64]) -> Any:
    """The sparse matrix with each column times its factor."""
    scaled = matrix.copy()
    scaled.data = scaled.data * factors[scaled.indices]
    return scaled

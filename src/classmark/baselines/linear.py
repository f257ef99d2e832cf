"""The linear baseline: logistic regression on words and word pairs, weighted in one of two ways.

`naive-bayes`: presence of a feature times its naive-Bayes log-count ratio. Source: Wang and Manning 2012,
"Baselines and Bigrams", section 2, with logistic regression in place of the SVM (as Mesnil et al. 2014 have it), so
that it gives probabilities, and without interpolation.
`tf-idf`: 1 + log of the count, times the inverse document frequency, rows of length one.
More than two classes: one line a class against the rest, shares of the sum.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.baselines.lines import Lines
from classmark.baselines.lines import presence as _presence
from classmark.baselines.logistic import score
from classmark.baselines.ngrams import Ngrams, fit_ngrams

METHODS = ("naive-bayes", "tf-idf")
# Inverse strengths of the penalty. Between them lies all that was ever best on reviews of 10 to 300 words.
STRENGTHS = {"naive-bayes": (0.1, 1.0), "tf-idf": (3.0, 30.0)}
MOST_ITERATIONS = 300
MOST_CLASSES_TO_CHOOSE = 20  # beyond, one strength has to do, so that it stays a matter of seconds

Predict = Callable[[Any], NDArray[np.float64]]
Line = tuple[NDArray[np.float64], float]


@dataclass(frozen=True)
class Linear:
    """A fitted linear baseline.

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
        strengths = STRENGTHS[method]
        for strength in strengths if classes <= MOST_CLASSES_TO_CHOOSE else strengths[-1:]:
            predict = fit(counts, labels, classes, strength)
            found = score(predict(held_out), validation_labels)
            if method not in best or found < best[method][0]:
                best[method] = (found, strength, predict)
    chosen = min(METHODS, key=lambda method: best[method][0])
    scores = {
        method: {"accuracy": 1.0 - found[0], "log_loss": found[1], "C": strength}
        for method, (found, strength, _) in best.items()
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
    """Logistic regression on presence times log-count ratio."""
    presence = _presence(counts)

    def fit(positive: NDArray[np.bool_]) -> Line:
        ratios = log_count_ratios(presence, positive)
        weights, intercept = _fit_logistic(_scaled(presence, ratios), positive, strength)
        return weights * ratios, intercept  # so that predicting needs the presence alone

    weights, intercepts = _lines(fit, labels, classes)
    return Lines("naive-bayes", weights, intercepts)


def fit_tfidf(counts: Any, labels: NDArray[np.int64], classes: int, strength: float) -> Predict:
    """Logistic regression on TF-IDF weights."""
    from sklearn.feature_extraction.text import TfidfTransformer

    transformer = TfidfTransformer(sublinear_tf=True).fit(counts)
    weighted = transformer.transform(counts)
    weights, intercepts = _lines(lambda positive: _fit_logistic(weighted, positive, strength), labels, classes)
    return Lines("tf-idf", weights, intercepts, transformer.idf_)


def _lines(
    fit: Callable[[NDArray[np.bool_]], Line], labels: NDArray[np.int64], classes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights and intercepts of one line for two classes, else of one a class against the rest.

    One at a time, because a joint fit of C classes keeps some twenty copies of its C × features weights.
    """
    lines = [fit(labels == index) for index in (range(1, 2) if classes == 2 else range(classes))]
    return np.stack([weights for weights, _ in lines], axis=1), np.array([intercept for _, intercept in lines])


def _fit_logistic(features: Any, positive: NDArray[np.bool_], strength: float) -> Line:
    """Weights by dual coordinate descent (Yu, Huang & Lin 2011, in liblinear), which is several times as fast as L-BFGS on
    texts, and an intercept with which the mean probability is the share of positive rows.

    Liblinear penalises the intercept like a weight, which keeps it from rare classes; so it is fitted anew.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=strength, solver="liblinear", dual=True, max_iter=MOST_ITERATIONS, random_state=0)
    with warnings.catch_warnings():
        # A baseline a hair from its optimum is still a baseline; the step limit keeps it a matter of seconds.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, positive.astype(np.int64))
    weights: NDArray[np.float64] = model.coef_[0]
    return weights, _intercept(features @ weights, positive)


def _intercept(logits: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """What to add to the logits so that the mean probability is the share of positive rows; there are rows of both kinds.

    It has the least log loss of all intercepts.
    """
    from scipy.optimize import brentq
    from scipy.special import expit

    share = float(positive.mean())
    odds = float(np.log(share / (1.0 - share)))
    low, high = odds - float(logits.max()) - 1.0, odds - float(logits.min()) + 1.0
    found: float = brentq(lambda intercept: float(expit(logits + intercept).mean()) - share, low, high, xtol=1e-12)
    return found


def _scaled(matrix: Any, factors: NDArray[np.float64]) -> Any:
    """The sparse matrix with each column times its factor."""
    scaled = matrix.copy()
    scaled.data = scaled.data * factors[scaled.indices]
    return scaled

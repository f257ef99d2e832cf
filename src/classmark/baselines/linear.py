"""The linear floor for text: two strong bag-of-words models of 2012 and before, the better one on validation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.baselines.tables import floor_table
from classmark.data.dataset import Dataset
from classmark.predictions import Predictions

# One word, or one mark of punctuation: "!" and "?" carry sentiment.
TOKEN = r"\w+|[^\w\s]"
SMOOTHING = 1.0
STRENGTH = {"naive-bayes": 0.1, "tf-idf": 20.0}


@dataclass(frozen=True)
class _Fitted:
    name: str
    probabilities: dict[str, NDArray[np.float32]]
    accuracy: float


def linear_floor(dataset: Dataset, seed: int) -> dict[str, Predictions]:
    """Split → table of the linear model that is more accurate on validation.

    `naive-bayes`: words and pairs of words, present or not, weighted by their naive-Bayes log-count ratio, then
    logistic regression (Wang & Manning 2012, section 2.3, with logistic loss instead of the hinge); more than two
    classes one against the rest. `tf-idf`: the same words by TF-IDF with sublinear counts, then logistic regression.

    Args:
        dataset: texts in the column `text`.
        seed: of the solver's order of rows.
    """
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

    vectorizer = CountVectorizer(ngram_range=(1, 2), token_pattern=TOKEN, min_df=2 if dataset.train.height >= 1_000 else 1)
    counts = {"train": vectorizer.fit_transform(_texts(dataset.train))}
    counts |= {"validation": vectorizer.transform(_texts(dataset.validation)), "test": vectorizer.transform(_texts(dataset.test))}
    labels = {"train": _indices(dataset.train, dataset.classes), "validation": _indices(dataset.validation, dataset.classes)}
    weighting = TfidfTransformer(sublinear_tf=True).fit(counts["train"])
    weighted = {split: weighting.transform(matrix) for split, matrix in counts.items()}
    present = {split: (matrix > 0).astype(np.float32) for split, matrix in counts.items()}
    candidates = [_naive_bayes(present, labels, seed), _tf_idf(weighted, labels, seed)]
    best = max(candidates, key=lambda fitted: fitted.accuracy)
    facts = {
        "floor": "linear",
        "method": best.name,
        "chosen_on": "validation",
        "validation_accuracy": {fitted.name: fitted.accuracy for fitted in candidates},
    }
    frames = {"validation": dataset.validation, "test": dataset.test}
    return {split: floor_table(dataset, split, frame, best.probabilities[split], facts) for split, frame in frames.items()}


def _naive_bayes(present: dict[str, Any], labels: dict[str, NDArray[np.int64]], seed: int) -> _Fitted:
    classes = int(labels["train"].max()) + 1
    one_logit = [1] if classes == 2 else list(range(classes))
    scores: dict[str, list[NDArray[np.float64]]] = {"validation": [], "test": []}
    for index in one_logit:
        positive = labels["train"] == index
        ratio = _log_count_ratio(present["train"], positive)
        model = _logistic("naive-bayes", seed).fit(present["train"].multiply(ratio).tocsr(), positive)
        for split, found in scores.items():
            found.append(model.predict_proba(present[split].multiply(ratio).tocsr())[:, 1])
    probabilities = {split: _normalised(np.stack(found, axis=1)) for split, found in scores.items()}
    return _Fitted("naive-bayes", probabilities, _accuracy(probabilities["validation"], labels["validation"]))


def _log_count_ratio(present: Any, positive: NDArray[np.bool_]) -> NDArray[np.float32]:
    """log((p / ‖p‖) / (q / ‖q‖)) with p, q the smoothed counts of each word in both classes (Wang & Manning 2012)."""
    p = SMOOTHING + np.asarray(present[positive].sum(axis=0), dtype=np.float64).ravel()
    q = SMOOTHING + np.asarray(present[~positive].sum(axis=0), dtype=np.float64).ravel()
    ratio: NDArray[np.float32] = np.log((p / p.sum()) / (q / q.sum())).astype(np.float32)
    return ratio


def _tf_idf(weighted: dict[str, Any], labels: dict[str, NDArray[np.int64]], seed: int) -> _Fitted:
    from sklearn.multiclass import OneVsRestClassifier

    binary = int(labels["train"].max()) == 1
    model = _logistic("tf-idf", seed) if binary else OneVsRestClassifier(_logistic("tf-idf", seed))
    model.fit(weighted["train"], labels["train"])
    probabilities = {split: model.predict_proba(weighted[split]).astype(np.float32) for split in ("validation", "test")}
    return _Fitted("tf-idf", probabilities, _accuracy(probabilities["validation"], labels["validation"]))


def _logistic(kind: str, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=STRENGTH[kind], solver="liblinear", dual=True, max_iter=200, random_state=seed)


def _normalised(scores: NDArray[np.float64]) -> NDArray[np.float32]:
    """Probabilities of shape (N, C) from one score a class, or from the second class's alone."""
    both = np.concatenate([1 - scores, scores], axis=1) if scores.shape[1] == 1 else scores
    return (both / both.sum(axis=1, keepdims=True)).astype(np.float32)


def _accuracy(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    return float((probabilities.argmax(axis=1) == labels).mean())


def _texts(frame: pl.DataFrame) -> list[str]:
    return frame["text"].str.replace_all(r"<br\s*/?>", " ").to_list()


def _indices(frame: pl.DataFrame, classes: tuple[str, ...]) -> NDArray[np.int64]:
    numbers = {name: index for index, name in enumerate(classes)}
    return frame["label"].replace_strict(numbers, return_dtype=pl.Int64).to_numpy()

"""Prediction sets against MAPIE."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from mapie.classification import SplitConformalClassifier
from sklearn.base import BaseEstimator, ClassifierMixin

from classmark.judging.parts.conditional import conditional_sets
from classmark.judging.parts.conformal import conform
from classmark.predictions import Predictions, build_predictions


class Given(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A fitted classifier whose features are its probabilities."""

    def __init__(self, classes: int = 4) -> None:
        self.classes = classes
        self.classes_ = np.arange(classes)

    def fit(self, x: Any, y: Any) -> Given:
        return self

    def predict_proba(self, x: Any) -> Any:
        return x

    def predict(self, x: Any) -> Any:
        return x.argmax(axis=1)

    def __sklearn_is_fitted__(self) -> bool:
        return True


def drawn(rows: int, seed: int, first: str, classes: int = 4) -> Predictions:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (rows, classes))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (true.cumsum(axis=1)[:, :-1] < rng.uniform(size=(rows, 1))).sum(axis=1)
    stated = np.exp(2 * logits) / np.exp(2 * logits).sum(axis=1, keepdims=True)
    names = [f"class-{index}" for index in range(classes)]
    place = pl.DataFrame({"place": rng.choice(["a", "b"], rows)})
    return build_predictions(
        [f"{first}-{row}" for row in range(rows)], [names[one] for one in labels], stated, names, columns=place
    )


def theirs(validation: Predictions, test: Predictions, level: float) -> Any:
    """MAPIE's sets of the test rows by LAC, shape (N, C)."""
    classifier = SplitConformalClassifier(
        Given(len(test.classes)), confidence_level=level, conformity_score="lac", prefit=True
    )
    classifier.conformalize(validation.probabilities, validation.labels)
    return classifier.predict_set(test.probabilities)[1][:, :, 0]


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize("rows", [40, 333])
def test_the_smallest_sets_are_mapies(level: float, rows: int) -> None:
    test, validation = drawn(300, 0, "t"), drawn(rows, 1, "v")
    found = next(one for one in conform(test, validation, 0).sets if (one.method, one.level) == ("lac", level))
    sets = theirs(validation, test, level)
    assert found.coverage.value == pytest.approx(sets[np.arange(300), test.labels].mean())
    assert found.mean_size == pytest.approx(sets.sum(axis=1).mean())
    assert found.singletons == pytest.approx((sets.sum(axis=1) == 1).mean())


def test_sets_by_value_are_mapies_for_each_value() -> None:
    test, validation = drawn(300, 0, "t"), drawn(200, 1, "v")
    found = next(one for one in conditional_sets(test, validation, (0.9,), 0) if one.by == "place")
    sizes = []
    for category in found.categories:
        here, there = (side.filter((side.frame["place"] == category.name).to_numpy()) for side in (test, validation))
        sets = theirs(there, here, 0.9)
        assert category.coverage.value == pytest.approx(sets[np.arange(len(here)), here.labels].mean())
        sizes.extend(sets.sum(axis=1))
    assert found.mean_size == pytest.approx(np.mean(sizes))

"""Paired differences beside accuracy, log loss and ROC area."""

from __future__ import annotations

import numpy as np
import pytest

from classmark.judging.judge import judge
from classmark.judging.paired import further_differences
from classmark.predictions import Predictions, build_predictions


def table(classes: int, seed: int) -> Predictions:
    generator = np.random.default_rng(seed)
    names = [f"c{place}" for place in range(classes)]
    shares = generator.dirichlet(np.ones(classes), 60)
    labels = [names[row % classes] for row in range(60)]
    return build_predictions([str(row) for row in range(60)], labels, shares, names)


@pytest.mark.parametrize(("classes", "names"), [(2, {"brier"}), (5, {"brier"}), (6, {"brier", "top5_accuracy"})])
def test_they_are_the_differences_of_the_judged_values(classes: int, names: set[str]) -> None:
    a, b = table(classes, 1), table(classes, 2)
    found = further_differences(a, b)
    assert set(found) == names
    metrics_a, metrics_b = (judge(rows, draws=100).metrics for rows in (a, b))
    for name, difference in found.items():
        assert (difference.a, difference.b) == pytest.approx((metrics_a[name].value, metrics_b[name].value))
        assert difference.low is not None
        assert difference.low < difference.difference < difference.high  # type: ignore[operator]


def test_labels_alone_have_none() -> None:
    a = table(6, 1)
    labels = Predictions(a.frame.drop("probabilities").with_columns(predicted=a.frame["label"]), a.metadata)
    assert further_differences(a, labels) == {}

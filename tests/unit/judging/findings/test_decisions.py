"""A table with probabilities and predicted classes of its own: which of both each part of a judgement takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from sklearn import metrics as sk

from classmark.judging.comparisons.compare import compare
from classmark.judging.judge import judge
from classmark.judging.parts.selective import choose_threshold
from classmark.judging.rows import scored_rows
from classmark.predictions import Predictions

Make = Callable[..., Predictions]
FROM_DECISIONS = ("accuracy", "f1", "precision", "recall", "mcc", "balanced_accuracy", "f1_macro")
FROM_PROBABILITIES = ("log_loss", "brier", "roc_auc", "average_precision", "ece")


def decided(table: Predictions, threshold: float) -> Predictions:
    """The same table with the classes that another threshold gives."""
    called = np.where(table.probabilities[:, 1] >= threshold, table.classes[1], table.classes[0])
    return replace(table, frame=table.frame.with_columns(predicted=pl.Series(called.tolist())))


def test_each_metric_takes_what_it_is_of(make: Make) -> None:
    plain = make()
    own = decided(plain, 0.25)
    found, without = judge(own, draws=100), judge(plain, draws=100)
    labels, called = plain.labels, plain.probabilities[:, 1] >= 0.25
    expected = {
        "accuracy": sk.accuracy_score(labels, called),
        "f1": sk.f1_score(labels, called),
        "precision": sk.precision_score(labels, called),
        "recall": sk.recall_score(labels, called),
        "mcc": sk.matthews_corrcoef(labels, called),
        "balanced_accuracy": sk.balanced_accuracy_score(labels, called),
        "f1_macro": sk.f1_score(labels, called, average="macro"),
    }
    assert set(expected) == set(FROM_DECISIONS)
    for name, value in expected.items():
        assert found.metrics[name].value == pytest.approx(value), name
    for name in FROM_PROBABILITIES:
        assert found.metrics[name] == without.metrics[name], name
    assert [list(row) for row in found.confusion] == sk.confusion_matrix(labels, called).tolist()


def test_parts_of_probabilities_do_not_see_the_decisions(make: Make) -> None:
    plain, other = make(), make(200, seed=7)
    other = replace(other, frame=other.frame.with_columns(pl.col("id") + "v"))
    found = judge(decided(plain, 0.25), validation=decided(other, 0.25), draws=100)
    without = judge(plain, validation=other, draws=100)
    assert found.calibration == without.calibration
    assert found.conformal == without.conformal
    assert found.recalibration == without.recalibration
    assert found.thresholds == without.thresholds
    assert found.selective == without.selective
    assert found.curves == without.curves
    assert found.metrics["accuracy"] != without.metrics["accuracy"]
    assert found.validation_gap != without.validation_gap


def test_a_gap_is_of_the_decisions_of_each_table(make: Make) -> None:
    plain, other = make(), make(200, seed=7)
    other = replace(other, frame=other.frame.with_columns(pl.col("id") + "v"))
    for test, validation in ((decided(plain, 0.02), other), (plain, decided(other, 0.02))):
        gap = judge(test, validation=validation, draws=50).validation_gap
        assert gap.a == pytest.approx((validation.predicted == validation.labels).mean())
        assert gap.b == pytest.approx((test.predicted == test.labels).mean())


def test_costs_are_of_the_decisions_as_given(make: Make) -> None:
    plain = make()
    own = decided(plain, 0.25)
    costs = judge(own, costs={"yes:no": 4, "no:yes": 1}, draws=50).costs
    matrix = np.array([[0, 1], [4, 0]])
    assert costs.given.value == pytest.approx(matrix[own.labels, own.predicted].mean())
    assert costs.expected.difference.a == pytest.approx(costs.given.value)
    assert costs.expected.moved == ((plain.probabilities[:, 1] >= 0.2) != (own.predicted == 1)).sum()


def test_slices_and_mcnemar_are_of_the_decisions(make: Make) -> None:
    rng = np.random.default_rng(0)
    plain = make(columns={"place": rng.choice(["a", "b"], 300).tolist()})
    own = decided(plain, 0.25)
    right = own.predicted == own.labels
    one = judge(own, draws=50).slices.found[0]
    assert one.metrics["accuracy"].value == pytest.approx(right[(own.frame["place"] == "a").to_numpy()].mean())
    found = compare(plain, own, draws=50)
    before = plain.predicted == plain.labels
    assert found.mcnemar.only_b_right == (right & ~before).sum()
    assert found.mcnemar.only_a_right == (before & ~right).sum()
    assert found.metrics["log_loss"].difference == 0
    assert found.metrics["accuracy"].difference == pytest.approx(right.mean() - before.mean())


def test_a_threshold_of_confidence_counts_errors_of_the_largest_probability(make: Make) -> None:
    plain = make(2_000)
    own = decided(plain, 0.05)
    assert choose_threshold(scored_rows(own, 1), 0.05) == choose_threshold(scored_rows(plain, 1), 0.05)

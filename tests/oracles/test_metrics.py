"""Every metric against scikit-learn on the same float64 values, ties and missing classes among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn import metrics as sk

from classmark.judging.metric import METRICS
from classmark.judging.scored import Scored, statistics
from classmark.judging.statistics.estimates import estimate
from classmark.judging.statistics.ranking import areas, rank

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """Rows, and which of two classes is the positive one."""

    name: str
    labels: NDArray[np.int64]
    probabilities: Floats
    positive: int = 1

    @property
    def scored(self) -> Scored:
        predicted = np.argmax(self.probabilities, axis=1)
        return Scored(self.labels, predicted, self.probabilities, self.probabilities.shape[1], self.positive)


def smooth(rows: int, classes: int, seed: int, sharpness: float = 1.0) -> tuple[NDArray[np.int64], Floats]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, rows)
    labels[:classes] = np.arange(classes)
    logits = generator.normal(size=(rows, classes))
    logits[np.arange(rows), labels] += sharpness
    raised = np.exp(logits)
    return labels, raised / raised.sum(axis=1, keepdims=True)


def tied(rows: int, classes: int, seed: int) -> tuple[NDArray[np.int64], Floats]:
    """Few distinct values, exact zeros and ones among them."""
    generator = np.random.default_rng(seed)
    labels, probabilities = smooth(rows, classes, seed)
    return labels, np.array([generator.multinomial(8, row) for row in probabilities]) / 8


CASES = [
    Case("two classes", *smooth(1_000, 2, 0)),
    Case("two classes, the first is positive", *smooth(1_000, 2, 1), positive=0),
    Case("two classes, ties", *tied(500, 2, 2)),
    Case("two classes, one positive row", np.eye(1, 200, 17, dtype=np.int64)[0], smooth(200, 2, 3)[1]),
    Case("two classes, three rows", np.array([0, 1, 1]), np.array([[0.4, 0.6], [0.7, 0.3], [0.1, 0.9]])),
    Case("two classes, all confidently wrong", np.array([0, 1, 0, 1]), np.eye(2)[[1, 0, 1, 0]]),
    Case("three classes", *smooth(1_000, 3, 4)),
    Case("three classes, ties", *tied(500, 3, 5)),
    Case("seven classes", *smooth(700, 7, 6)),
    Case("forty classes", *smooth(2_000, 40, 7, 3.0)),
]


def two_or_macro(
    two: Callable[[NDArray[np.bool_], Floats], float], many: Callable[[NDArray[np.int64], Floats], float]
) -> Callable[[Case], float]:
    def value(case: Case) -> float:
        if case.scored.classes == 2:
            return two(case.labels == case.positive, case.probabilities[:, case.positive])
        return many(case.labels, case.probabilities)

    return value


def on_predictions(function: Callable[..., float], **options: Any) -> Callable[[Case], float]:
    return lambda case: function(case.labels, case.scored.predicted, **options)


def of_positive(function: Callable[..., float]) -> Callable[[Case], float]:
    return lambda case: function(case.labels, case.scored.predicted, pos_label=case.positive, zero_division=0)


def calibration_error(case: Case) -> float:
    """Bin by bin, in the plainest way."""
    confidence, right = case.probabilities.max(axis=1), case.scored.predicted == case.labels
    total = 0.0
    for index in range(15):
        inside = (confidence > index / 15) & (confidence <= (index + 1) / 15)
        if inside.any():
            total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return total


ORACLES: dict[str, Callable[[Case], float]] = {
    "accuracy": on_predictions(sk.accuracy_score),
    "log_loss": lambda case: sk.log_loss(
        case.labels, case.probabilities, labels=np.arange(case.scored.classes).tolist()
    ),
    "roc_auc": two_or_macro(sk.roc_auc_score, lambda y, p: sk.roc_auc_score(y, p, multi_class="ovr", average="macro")),
    "average_precision": two_or_macro(
        sk.average_precision_score,
        lambda y, p: sk.average_precision_score(np.arange(p.shape[1]) == y[:, None], p, average="macro"),
    ),
    "brier": two_or_macro(
        lambda y, p: sk.brier_score_loss(y, p),
        lambda y, p: sk.brier_score_loss(y, p, labels=list(range(p.shape[1])), scale_by_half=False),
    ),
    "ece": calibration_error,
    "balanced_accuracy": on_predictions(sk.balanced_accuracy_score),
    "precision": of_positive(sk.precision_score),
    "recall": of_positive(sk.recall_score),
    "f1": of_positive(sk.f1_score),
    "precision_macro": on_predictions(sk.precision_score, average="macro", zero_division=0),
    "recall_macro": on_predictions(sk.recall_score, average="macro", zero_division=0),
    "f1_macro": on_predictions(sk.f1_score, average="macro", zero_division=0),
    "mcc": on_predictions(sk.matthews_corrcoef),
    "top5_accuracy": lambda case: sk.top_k_accuracy_score(
        case.labels, case.probabilities, k=5, labels=np.arange(case.scored.classes)
    ),
}


def test_every_metric_has_an_oracle() -> None:
    assert set(ORACLES) == set(METRICS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_values_agree_with_scikit_learn(case: Case) -> None:
    classes = tuple(f"class {index}" for index in range(case.scored.classes))
    found = estimate(case.scored, classes, draws=20, seed=0).metrics
    two_only, many_only = {"precision", "recall", "f1"}, {"top5_accuracy"}
    left_out = (two_only if len(classes) > 2 else set()) | (many_only if len(classes) < 6 else set())
    assert set(found) == set(METRICS) - left_out
    values = {name: one.value for name, one in found.items()}
    assert values == {name: pytest.approx(ORACLES[name](case), rel=0, abs=1e-12) for name in found}


def test_macro_averages_run_over_the_classes_that_have_rows() -> None:
    labels, probabilities = smooth(600, 4, 8)
    present = [0, 1, 3]
    labels = np.where(labels == 3, 3, labels % 2)
    case = Case("the third class has no rows", labels, probabilities)
    found, predicted = statistics(case.scored), case.scored.predicted
    among = {"labels": present, "average": "macro", "zero_division": 0}
    one_vs_rest = [sk.roc_auc_score(labels == index, probabilities[:, index]) for index in present]
    precisions = [sk.average_precision_score(labels == index, probabilities[:, index]) for index in present]
    expected = {
        "recall_macro": sk.recall_score(labels, predicted, **among),
        "balanced_accuracy": sk.recall_score(labels, predicted, **among),
        "precision_macro": sk.precision_score(labels, predicted, **among),
        "f1_macro": sk.f1_score(labels, predicted, **among),
        "roc_auc": np.mean(one_vs_rest),
        "average_precision": np.mean(precisions),
        "mcc": sk.matthews_corrcoef(labels, predicted),
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, rel=0, abs=1e-12)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_class_agrees_with_scikit_learn(case: Case) -> None:
    classes = tuple(f"class {index}" for index in range(case.scored.classes))
    found = estimate(case.scored, classes, draws=20, seed=0).per_class
    expected = sk.precision_recall_fscore_support(
        case.labels, case.scored.predicted, labels=range(len(classes)), zero_division=0
    )
    values = [(one.precision.value, one.recall.value, one.f1.value, one.rows) for one in found]
    np.testing.assert_allclose(np.array(values), np.column_stack(expected), rtol=0, atol=1e-12)


@pytest.mark.parametrize("digits", [1, 2, 15])
def test_weighted_areas_are_those_of_repeated_rows(digits: int) -> None:
    generator = np.random.default_rng(digits)
    positive = generator.random(300) < 0.2
    scores = np.round(generator.random(300) + 0.3 * positive, digits)
    weights = generator.multinomial(300, np.full(300, 1 / 300), size=25).astype(np.float64)
    roc, average = areas(rank(positive, scores), weights)
    repeated = [np.repeat(np.arange(300), row.astype(np.int64)) for row in weights]
    expected_roc = [sk.roc_auc_score(positive[rows], scores[rows]) for rows in repeated]
    expected_average = [sk.average_precision_score(positive[rows], scores[rows]) for rows in repeated]
    np.testing.assert_allclose(roc, expected_roc, rtol=0, atol=1e-12)
    np.testing.assert_allclose(average, expected_average, rtol=0, atol=1e-12)

"""Rankings and log loss from logits against scipy, scikit-learn and exact arithmetic, saturated rows among them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, logsumexp, softmax
from sklearn import metrics as sk

from classmark.judging.comparisons.compare import compare
from classmark.judging.judge import judge
from classmark.judging.rows import held_out, scored_rows
from classmark.judging.statistics.margins import Margins, belong_together
from classmark.predictions import Predictions, build_predictions

CASES = Path(__file__).parents[1] / "cases" / "reading"


def table(logits: np.ndarray, labels: np.ndarray, prefix: str = "r") -> Predictions:
    classes = [f"c{index}" for index in range(logits.shape[1])]
    names = [classes[label] for label in labels]
    ids = [f"{prefix}{row}" for row in range(len(labels))]
    return build_predictions(ids, names, softmax(logits, axis=1), classes, logits=logits)


def drawn(rows: int, classes: int, scale: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, rows)
    logits = generator.normal(size=(rows, classes)) + 1.0 * (np.arange(classes) == labels[:, None])
    return scale * logits, labels


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("scale", [1.0, 30.0, 500.0])
def test_log_odds_and_losses(classes: int, scale: float) -> None:
    logits, labels = drawn(300, classes, scale)
    margins = Margins(logits)
    for index in range(classes):
        others = np.delete(logits, index, axis=1)
        assert margins.of(index) == pytest.approx(logits[:, index] - logsumexp(others, axis=1), rel=1e-12, abs=1e-12)
    expected = -log_softmax(logits, axis=1)[np.arange(300), labels]
    assert margins.losses(labels) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@given(st.lists(st.lists(st.floats(-800, 800), min_size=3, max_size=3), min_size=1, max_size=20), st.floats(-50, 50))
@settings(max_examples=60, deadline=None)
def test_a_number_added_to_all_logits_of_a_row_changes_nothing(rows: list[list[float]], added: float) -> None:
    logits = np.array(rows)
    for index in range(3):
        assert Margins(logits + added).of(index) == pytest.approx(Margins(logits).of(index), abs=1e-9)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("scale", [1.0, 60.0])
def test_areas_are_those_of_the_log_odds(classes: int, scale: float) -> None:
    logits, labels = drawn(400, classes, scale)
    found = judge(table(logits, labels), draws=50)
    which = [1] if classes == 2 else range(classes)
    odds = [logits[:, k] - logsumexp(np.delete(logits, k, axis=1), axis=1) for k in which]
    for name, oracle in (("roc_auc", sk.roc_auc_score), ("average_precision", sk.average_precision_score)):
        expected = np.mean([oracle(labels == k, one) for k, one in zip(which, odds, strict=True)])
        assert found.metrics[name].value == pytest.approx(expected, abs=1e-12)
    expected = -log_softmax(logits, axis=1)[np.arange(400), labels]
    assert found.metrics["log_loss"].value == pytest.approx(np.minimum(expected, -np.log(2.0**-52)).mean(), rel=1e-9)
    areas = {curve.name: curve.area for curve in found.curves.roc}
    if classes > 2:
        micro = sk.roc_auc_score((np.arange(classes) == labels[:, None]).T.ravel(), np.concatenate(odds))
        assert areas["micro"] == pytest.approx(micro, abs=1e-12)
    else:
        assert areas["c1"] == pytest.approx(found.metrics["roc_auc"].value, abs=1e-12)


def test_a_saturated_sigmoid_makes_no_ties() -> None:
    rows = pl.read_csv(CASES / "52_large_margins.csv")
    score, labels = rows["score"].to_numpy(), rows["label"].to_numpy()
    found = judge(table(np.column_stack([np.zeros(len(rows)), score]), labels), draws=100)
    assert found.metrics["roc_auc"].value == pytest.approx(sk.roc_auc_score(labels, score), abs=1e-12)
    assert found.metrics["average_precision"].value == pytest.approx(
        sk.average_precision_score(labels, score), abs=1e-12
    )
    assert round(found.metrics["roc_auc"].value or 0, 4) == 0.9207
    assert round(found.metrics["average_precision"].value or 0, 4) == 0.8517


def test_delongs_difference_is_that_of_the_scores() -> None:
    """A factor of 200 saturates every probability and changes no rank: nothing may differ from the table itself."""
    logits, labels = drawn(300, 2, 1.0)
    other, _ = drawn(300, 2, 1.0, seed=0)
    other = other + np.random.default_rng(5).normal(size=other.shape)
    plain = compare(table(logits, labels), table(other, labels), draws=50, every_metric=True)
    steep = compare(table(200 * logits, labels), table(200 * other, labels), draws=50, every_metric=True)
    for name in ("roc_auc", "average_precision"):
        assert steep.metrics[name] == plain.metrics[name]
    assert steep.delong_p == plain.delong_p


def test_logits_follow_when_classes_are_put_in_another_order() -> None:
    logits, labels = drawn(200, 3, 40.0)
    test, other = table(logits, labels), table(*drawn(150, 3, 40.0, seed=1), prefix="v")
    order = [2, 0, 1]
    moved = build_predictions(
        other.ids,
        other.frame["label"],
        other.probabilities[:, order],
        [other.classes[place] for place in order],
        logits=other.logits[:, order],
    )
    back = held_out(test, moved)
    assert back.logits == pytest.approx(other.logits)
    assert scored_rows(back, 1).rankings[0].order.tolist() == scored_rows(other, 1).rankings[0].order.tolist()


def test_logits_of_other_probabilities_are_passed_over() -> None:
    logits, labels = drawn(200, 3, 1.0)
    probabilities = softmax(logits / 3, axis=1)
    assert not belong_together(logits, probabilities)
    assert belong_together(logits.astype(np.float32).astype(np.float64), softmax(logits, axis=1).astype(np.float32))
    names = [f"c{label}" for label in labels]
    both = build_predictions([str(row) for row in range(200)], names, probabilities, ("c0", "c1", "c2"), logits=logits)
    alone = Predictions(both.frame.drop("logits"), both.metadata)
    assert judge(both, draws=50).metrics == judge(alone, draws=50).metrics


def test_exact_order_of_close_logits() -> None:
    """Two rows whose probabilities round to the same number are ranked as exact fractions are."""
    logits = np.array([[0.0, 40.0], [0.0, 40.5], [0.0, 41.0], [0.0, 0.5]])
    labels = np.array([0, 1, 1, 0])
    assert len({float(value) for value in softmax(logits, axis=1)[:3, 1]}) == 1
    pairs = [(a, b) for a in np.flatnonzero(labels == 1) for b in np.flatnonzero(labels == 0)]
    above = sum(Fraction(logits[a, 1]) > Fraction(logits[b, 1]) for a, b in pairs)
    assert judge(table(logits, labels), draws=50).metrics["roc_auc"].value == above / len(pairs)

"""Paired differences against independent ways to them, and which side they favour."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import sklearn.metrics as sk
from numpy.typing import NDArray
from scipy import stats

from classmark.judging.comparisons.compare import compare
from classmark.judging.comparisons.paired import Difference, better_side
from classmark.judging.judge import judge
from classmark.predictions import Predictions, build_predictions

ROWS, GROUP_ROWS = 600, 10


def table(classes: int, seed: int, grouped: bool = False) -> Predictions:
    """Predictions that are better than chance; rows of a group of ten share half of their draw."""
    generator = np.random.default_rng(seed)
    names = [f"c{place}" for place in range(classes)]
    labels = np.random.default_rng(0).integers(0, classes, ROWS)
    shares = generator.dirichlet(np.ones(classes), ROWS)
    if grouped:
        shares = (shares + np.repeat(shares[::GROUP_ROWS], GROUP_ROWS, axis=0)) / 2
    shares = 0.95 * shares + 0.05 * np.eye(classes)[labels]
    groups = pl.DataFrame({"group": [str(row // GROUP_ROWS) for row in range(ROWS)]}) if grouped else None
    return build_predictions(
        list(map(str, range(ROWS))), [names[label] for label in labels], shares, names, columns=groups
    )


def terms(predictions: Predictions, metric: str) -> NDArray[np.float64]:
    """Each row's term, by scikit-learn on the row alone."""
    labels, shares = predictions.labels, predictions.probabilities
    every = np.arange(shares.shape[1])
    if metric == "brier":
        return np.array(
            [
                sk.brier_score_loss([label], share[None], labels=every, scale_by_half=len(every) == 2)
                for label, share in zip(labels, shares, strict=True)
            ]
        )
    best = np.argsort(-shares, axis=1, kind="stable")[:, :5]
    return (best == labels[:, None]).any(axis=1).astype(float)


def bootstrap(gains: NDArray[np.float64], rows_of_a_unit: int) -> NDArray[np.float64]:
    """Both ends of the percentile interval of the mean, by drawing whole units of neighbouring rows."""
    generator, units = np.random.default_rng(7), gains.reshape(-1, rows_of_a_unit).mean(axis=1)
    drawn = units[generator.integers(0, len(units), (20_000, len(units)))].mean(axis=1)
    ends: NDArray[np.float64] = np.quantile(drawn, [0.025, 0.975])
    return ends


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize(("classes", "metric"), [(2, "brier"), (5, "brier"), (8, "brier"), (8, "top5_accuracy")])
def test_differences_of_means_are_those_of_a_plain_bootstrap(classes: int, metric: str, grouped: bool) -> None:
    a, b = table(classes, 1, grouped), table(classes, 2, grouped)
    found = compare(a, b, draws=100).metrics[metric]
    of_a, of_b = terms(a, metric), terms(b, metric)
    assert (found.a, found.b) == pytest.approx((of_a.mean(), of_b.mean()))
    assert found.difference == pytest.approx((of_b - of_a).mean())
    low, high = bootstrap(of_b - of_a, GROUP_ROWS if grouped else 1)
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.08 * (high - low))


@pytest.mark.parametrize("classes", [2, 5])
def test_the_brier_difference_has_the_interval_of_a_paired_t_test(classes: int) -> None:
    a, b = table(classes, 1), table(classes, 2)
    found = compare(a, b, draws=100).metrics["brier"]
    interval = stats.ttest_rel(terms(b, "brier"), terms(a, "brier")).confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high), rel=1e-6)


@pytest.mark.parametrize(("classes", "top5"), [(2, False), (5, False), (6, True)])
def test_they_are_the_differences_of_the_judged_values(classes: int, top5: bool) -> None:
    a, b = table(classes, 1), table(classes, 2)
    found = compare(a, b, draws=100).metrics
    assert list(found) == [
        "accuracy", "log_loss", "roc_auc", "average_precision", "brier", *["top5_accuracy"] * top5
    ]  # fmt: skip
    metrics_a, metrics_b = (judge(rows, draws=100).metrics for rows in (a, b))
    for name, difference in found.items():
        assert (difference.a, difference.b) == pytest.approx((metrics_a[name].value, metrics_b[name].value))


def test_labels_alone_have_accuracy_and_say_what_is_left_out() -> None:
    a = table(6, 1)
    labels = Predictions(a.frame.drop("probabilities").with_columns(predicted=a.frame["label"]), a.metadata, "b")
    found = compare(a, labels)
    assert list(found.metrics) == ["accuracy"]
    assert [finding.message for finding in found.findings] == [
        "b has predicted labels only, so these are left out: log loss, ROC area, average precision, Brier score, top-5 accuracy."
    ]


BETTER = {
    "accuracy above": ("accuracy", 0.1, 0.2, "B"),
    "accuracy below": ("accuracy", -0.2, -0.1, "A"),
    "accuracy about zero": ("accuracy", -0.1, 0.1, ""),
    "log loss above": ("log_loss", 0.1, 0.2, "A"),
    "log loss below": ("log_loss", -0.2, -0.1, "B"),
    "an end at zero": ("brier", 0.0, 0.1, ""),
    "no interval": ("accuracy", None, None, ""),
}


@pytest.mark.parametrize("case", BETTER)
def test_which_side_is_better(case: str) -> None:
    name, low, high, better = BETTER[case]
    assert better_side(name, Difference(0.5, 0.5, 0.0, low, high, "")) == better
    assert better_side(name, Difference(0.5, 0.5, 0.0, low, high, "", 0.04)) == better
    assert better_side(name, Difference(0.5, 0.5, 0.0, low, high, "", 0.05)) == ""


def test_a_difference_of_matthews_correlations_reaches_from_minus_two_to_two() -> None:
    labels = np.arange(12) % 2
    names = [("no", "yes")[label] for label in labels]
    ids = [str(row) for row in range(12)]
    sure = np.where(labels == 1, 0.9, 0.1)
    sure[:2] = 1 - sure[:2]
    right, wrong = (
        build_predictions(ids, names, np.column_stack([1 - one, one]), ("no", "yes")) for one in (sure, 1 - sure)
    )
    found = compare(wrong, right, draws=500, every_metric=True).metrics["mcc"]
    assert found.difference == pytest.approx(4 / 3)
    assert 1 < found.high <= 2


def test_roc_areas_of_two_positive_rows_have_no_interval_of_their_difference() -> None:
    labels = np.arange(60) < 2
    names = [("no", "yes")[int(label)] for label in labels]
    a, b = (np.random.default_rng(seed).uniform(size=60) for seed in (0, 1))
    ids = [str(row) for row in range(60)]
    tables = [build_predictions(ids, names, np.column_stack([1 - one, one]), ("no", "yes")) for one in (a, b)]
    found = compare(*tables, draws=100)
    assert found.metrics["roc_auc"].method == "none: fewer than 3 rows of a class"
    assert (found.metrics["roc_auc"].low, found.delong_p) == (None, None)

"""Intervals and tests against statsmodels, scipy and plain formulas; coverage where no library has the interval."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import special, stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.proportion import proportion_confint

from classmark.judging.comparisons import compare, mcnemar
from classmark.judging.intervals import Z, mean_interval, mean_of_shares, t_quantile, wilson
from classmark.judging.metrics import Scored, class_counts, confusion_metrics, statistics
from classmark.judging.ranking import roc_area, roc_area_difference
from classmark.judging.resampling import group_counts, matrix_counts, mean_draws, ranking_draws, row_weights
from classmark.predictions import Predictions, build_predictions

Floats = NDArray[np.float64]


@pytest.mark.parametrize(("hits", "rows"), [(0, 3), (1, 3), (3, 3), (17, 40), (22_206, 25_000), (99_999, 100_000)])
def test_wilson_is_that_of_statsmodels(hits: int, rows: int) -> None:
    found = wilson(hits, rows)
    expected = proportion_confint(hits, rows, alpha=0.05, method="wilson")
    assert (found.value, found.low, found.high) == pytest.approx((hits / rows, *expected), rel=0, abs=1e-12)


def test_normal_quantile_is_that_of_scipy() -> None:
    assert pytest.approx(stats.norm.ppf(0.975), rel=1e-14) == Z


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 7, 30, 99, 200, 201, 202, 1_000, 24_999])
def test_t_quantile_is_that_of_scipy(degrees: int) -> None:
    assert t_quantile(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=1e-9)


def test_interval_of_a_mean_is_that_of_scipy() -> None:
    terms = np.random.default_rng(0).exponential(size=400)
    found = mean_interval(terms)
    expected = stats.t.interval(0.95, len(terms) - 1, loc=terms.mean(), scale=stats.sem(terms))
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("a", "b"), [(0, 0), (1, 0), (0, 9), (5, 5), (12, 31), (130, 180), (700, 650)])
def test_mcnemar_is_that_of_statsmodels_and_its_midp_form(a: int, b: int) -> None:
    found = mcnemar(a, b)
    exact = statsmodels_mcnemar([[100, a], [b, 100]], exact=True).pvalue
    midp = 2 * stats.binom.cdf(min(a, b), a + b, 0.5) - stats.binom.pmf(min(a, b), a + b, 0.5)
    assert (found.p_exact, found.p_midp) == pytest.approx((exact, midp), rel=1e-9)
    assert (found.only_a_right, found.only_b_right) == (a, b)


def test_mcnemar_keeps_tiny_values() -> None:
    assert mcnemar(2, 1_500).p_exact == pytest.approx(stats.binomtest(2, 1_502).pvalue, rel=1e-9)


def scores(seed: int, positives: int, negatives: int, digits: int) -> tuple[NDArray[np.bool_], Floats, Floats]:
    generator = np.random.default_rng(seed)
    positive = generator.permutation(np.arange(positives + negatives) < positives)
    shared = generator.normal(size=len(positive))
    draws = [shared + generator.normal(size=len(positive)) + lift * positive for lift in (1.0, 1.4)]
    a, b = (np.round(special.expit(draw), digits) for draw in draws)
    return positive, a, b


def delong(positive: NDArray[np.bool_], columns: list[Floats]) -> tuple[Floats, Floats]:
    """Areas and their covariance, from every pair of a positive and a negative row."""
    wins = []
    for column in columns:
        differences = column[positive][:, None] - column[~positive][None, :]
        wins.append((differences > 0) + 0.5 * (differences == 0))
    areas = np.array([win.mean() for win in wins])
    by_positive = np.array([win.mean(axis=1) for win in wins])
    by_negative = np.array([win.mean(axis=0) for win in wins])
    covariance = np.cov(by_positive) / by_positive.shape[1] + np.cov(by_negative) / by_negative.shape[1]
    return areas, np.atleast_2d(covariance)


@pytest.mark.parametrize("digits", [1, 2, 12])
@pytest.mark.parametrize(("positives", "negatives"), [(4, 5), (15, 200), (150, 90)])
def test_roc_area_has_delongs_variance(digits: int, positives: int, negatives: int) -> None:
    positive, a, _ = scores(positives, positives, negatives, digits)
    areas, covariance = delong(positive, [a])
    area, found = areas[0], roc_area(positive, a)
    quantile = stats.t.ppf(0.975, min(positives, negatives) - 1)
    half = quantile * math.sqrt(covariance[0, 0]) / (area * (1 - area))
    expected = special.expit(special.logit(area) + np.array([-half, half]))
    assert found.value == pytest.approx(area, rel=0, abs=1e-12)
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=1e-9)


@pytest.mark.parametrize("digits", [1, 2, 12])
@pytest.mark.parametrize(("positives", "negatives"), [(4, 5), (15, 200), (150, 90)])
def test_difference_of_roc_areas_has_delongs_paired_variance(digits: int, positives: int, negatives: int) -> None:
    positive, a, b = scores(positives + 1, positives, negatives, digits)
    areas, covariance = delong(positive, [a, b])
    deviation = math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert roc_area_difference(positive, a, b) == pytest.approx((areas[1] - areas[0], deviation), rel=1e-9, abs=1e-12)


def table(labels: NDArray[np.bool_], column: Floats, groups: NDArray[np.int64] | None = None) -> Predictions:
    import polars as pl

    columns = None if groups is None else pl.DataFrame({"group": [str(group) for group in groups]})
    names = ["yes" if label else "no" for label in labels]
    probabilities = np.column_stack([1 - column, column])
    ids = [str(row) for row in range(len(labels))]
    return build_predictions(ids, names, probabilities, ["no", "yes"], columns=columns)


def test_compare_reports_delongs_test_and_interval() -> None:
    positive, a, b = scores(3, 120, 180, 3)
    areas, covariance = delong(positive, [a, b])
    difference = areas[1] - areas[0]
    deviation = math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    found = compare(table(positive, a), table(positive, b))
    assert found.delong_p == pytest.approx(2 * stats.norm.sf(abs(difference) / deviation), rel=1e-9)
    half = stats.norm.ppf(0.975) * deviation
    auc = found.metrics["roc_auc"]
    expected = (areas[0], areas[1], difference, difference - half, difference + half)
    assert (auc.a, auc.b, auc.difference, auc.low, auc.high) == pytest.approx(expected, rel=1e-9)


def test_compare_reports_the_paired_t_interval_of_log_loss() -> None:
    positive, a, b = scores(4, 120, 180, 3)
    a, b = np.clip(a, 0.01, 0.99), np.clip(b, 0.01, 0.99)
    losses = [-np.log(np.where(positive, column, 1 - column)) for column in (a, b)]
    expected = stats.ttest_rel(losses[1], losses[0]).confidence_interval(0.95)
    found = compare(table(positive, a), table(positive, b)).metrics["log_loss"]
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=0, abs=1e-9)


def test_compare_with_groups_has_the_cluster_robust_variance_of_statsmodels() -> None:
    positive, a, b = scores(5, 120, 180, 3)
    a, b = np.clip(a, 0.01, 0.99), np.clip(b, 0.01, 0.99)
    groups = np.random.default_rng(6).integers(0, 40, len(positive))
    terms = np.log(np.where(positive, a, 1 - a)) - np.log(np.where(positive, b, 1 - b))
    fitted = sm.OLS(terms, np.ones(len(terms))).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    low, high = fitted.conf_int()[0]
    found = compare(table(positive, a, groups), table(positive, b, groups)).metrics["log_loss"]
    assert (found.difference, found.low, found.high) == pytest.approx((fitted.params[0], low, high), rel=1e-9)


@pytest.mark.parametrize(("up", "down"), [(0.05, 0.05), (0.1, 0.05), (0.3, 0.1)])
def test_interval_of_an_accuracy_difference_covers_what_it_claims(up: float, down: float) -> None:
    """All outcomes of 60 rows, each with its probability: no simulation, so no chance."""
    rows, covered, expected = 60, 0.0, 0.0
    for gained in range(rows + 1):
        for lost in range(rows + 1 - gained):
            same = rows - gained - lost
            chance = float(stats.multinomial.pmf([gained, lost, same], rows, [up, down, 1 - up - down]))
            expected += chance
            if chance > 1e-9:
                low, high = accuracy_interval(rows, gained, lost)
                covered += chance * (low <= up - down <= high)
    assert expected == pytest.approx(1.0)
    assert 0.935 < covered < 0.995


def accuracy_interval(rows: int, gained: int, lost: int) -> tuple[float, float]:
    from classmark.judging.comparisons import _accuracy

    right_b = np.arange(rows) < rows - lost
    right_a = np.arange(rows) >= gained
    assert int((right_b & ~right_a).sum()) == gained
    found = _accuracy(right_a, right_b, None)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


@pytest.mark.parametrize(
    ("first", "second"), [((20, 0.5), (20, 0.5)), ((180, 0.92), (7, 0.8)), ((30, 0.95), (12, 0.9))]
)
def test_interval_of_a_mean_of_shares_covers_what_it_claims(
    first: tuple[int, float], second: tuple[int, float]
) -> None:
    """All outcomes of two shares, each with its probability."""
    (rows_a, true_a), (rows_b, true_b) = first, second
    covered = 0.0
    for a in range(rows_a + 1):
        for b in range(rows_b + 1):
            found = mean_of_shares(np.array([a, b]), np.array([rows_a, rows_b]))
            assert found.low is not None
            assert found.high is not None
            chance = float(stats.binom.pmf(a, rows_a, true_a) * stats.binom.pmf(b, rows_b, true_b))
            covered += chance * (found.low <= (true_a + true_b) / 2 <= found.high)
    assert 0.935 < covered < 0.985


def test_mean_of_one_share_is_that_of_wilson() -> None:
    one, wilsons = mean_of_shares(np.array([17]), np.array([40])), wilson(17, 40)
    assert (one.value, one.low, one.high) == pytest.approx((wilsons.value, wilsons.low, wilsons.high), abs=1e-15)


def scored(rows: int, classes: int, seed: int) -> Scored:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, rows)
    logits = generator.normal(size=(rows, classes)) + (np.arange(classes) == labels[:, None])
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Scored(labels, np.argmax(probabilities, axis=1), probabilities, classes)


def test_drawn_matrices_have_the_spread_of_drawn_rows() -> None:
    """Cells drawn as a multinomial against rows drawn with replacement, metric by metric."""
    rows = scored(300, 3, 0)
    from_cells = confusion_metrics(matrix_counts(rows.confusion, 4_000, 0), rows.positive)
    each = np.arange(len(rows))
    from_rows = confusion_metrics(group_counts(rows, 4_000, 1, each), rows.positive)
    for name, values in from_cells.items():
        assert values.std() == pytest.approx(from_rows[name].std(), rel=0.06), name
        assert values.mean() == pytest.approx(from_rows[name].mean(), abs=0.003), name


def test_class_counts_are_not_held_fixed() -> None:
    rows = scored(300, 2, 1)
    share = matrix_counts(rows.confusion, 4_000, 0).true[:, 1] / 300
    expected = math.sqrt(share.mean() * (1 - share.mean()) / 300)
    assert share.std() == pytest.approx(expected, rel=0.05)


def test_whole_groups_are_drawn() -> None:
    rows = scored(200, 2, 2)
    groups = np.repeat(np.arange(50), 4)
    weights = np.concatenate(list(row_weights(200, 30, 0, groups)))
    assert (weights.reshape(30, 50, 4) == weights.reshape(30, 50, 4)[:, :, :1]).all()
    assert (weights[:, ::4].sum(axis=1) == 50).all()
    expected_accuracy = (weights * (rows.labels == rows.predicted)).sum(axis=1) / weights.sum(axis=1)
    drawn = confusion_metrics(group_counts(rows, 30, 0, groups), rows.positive)
    np.testing.assert_allclose(drawn["accuracy"], expected_accuracy, rtol=0, atol=1e-12)
    losses = (weights * rows.log_losses).sum(axis=1) / weights.sum(axis=1)
    np.testing.assert_allclose(mean_draws(rows.log_losses, 30, 0, groups), losses, rtol=0, atol=1e-12)


def test_every_draw_is_the_metric_of_its_rows() -> None:
    rows = scored(150, 3, 3)
    weights = np.concatenate(list(row_weights(150, 10, 5)))
    drawn = ranking_draws(rows, 10, 5, None)
    assert rows.probabilities is not None
    for index, weight in enumerate(weights):
        kept = np.repeat(np.arange(150), weight.astype(np.int64))
        values = statistics(Scored(rows.labels[kept], rows.predicted[kept], rows.probabilities[kept], 3))
        assert drawn["roc_auc"][index] == pytest.approx(values["roc_auc"], abs=1e-12)
        assert drawn["average_precision"][index] == pytest.approx(values["average_precision"], abs=1e-12)


def test_one_matrix_is_one_draw() -> None:
    rows = scored(150, 3, 4)
    values = confusion_metrics(class_counts(rows.confusion), rows.positive)
    expected = statistics(rows)
    assert {name: float(value[0]) for name, value in values.items()} == {name: expected[name] for name in values}

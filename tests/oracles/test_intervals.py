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

from classmark.judging.comparisons.compare import compare
from classmark.judging.scored import Scored, class_counts, confusion_metrics, statistics
from classmark.judging.statistics.groups import effective_groups, group_quantile
from classmark.judging.statistics.intervals import (
    mean_interval,
    share_interval,
    share_of_rows,
    t_quantile,
    wilson,
    wilson_f1,
)
from classmark.judging.statistics.level import normal_quantile
from classmark.judging.statistics.macro import mean_of_shares
from classmark.judging.statistics.matrices import macro_f1, matthews, matthews_ends
from classmark.judging.statistics.p_values import mcnemar
from classmark.judging.statistics.ranking import newcombe_ends, roc_area, roc_area_difference
from classmark.judging.statistics.resampling import bootstrap, group_counts, ranking_draws, row_weights
from classmark.predictions import Predictions, build_predictions

Floats = NDArray[np.float64]


@pytest.mark.parametrize(("hits", "rows"), [(0, 3), (1, 3), (3, 3), (17, 40), (22_206, 25_000), (99_999, 100_000)])
def test_wilson_is_that_of_statsmodels(hits: int, rows: int) -> None:
    found = wilson(hits, rows)
    expected = proportion_confint(hits, rows, alpha=0.05, method="wilson")
    assert (found.value, found.low, found.high) == pytest.approx((hits / rows, *expected), rel=0, abs=1e-12)


def test_normal_quantile_is_that_of_scipy() -> None:
    assert pytest.approx(stats.norm.ppf(0.975), rel=1e-14) == normal_quantile()


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
    here = stats.binom.pmf(min(a, b), a + b, 0.5)
    midp = 1 - here / 2 if a == b > 0 else 2 * stats.binom.cdf(min(a, b), a + b, 0.5) - here  # Fagerland et al. 2013
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
    if min(positives, negatives) < 20:  # the wider one of it and of Newcombe's
        newcombe = newcombe_ends(area, positives, negatives)
        expected = np.array([min(expected[0], newcombe[0]), max(expected[1], newcombe[1])])
    assert (found.low, found.high) == pytest.approx(tuple(expected), rel=1e-9)


@pytest.mark.parametrize("digits", [1, 2, 12])
@pytest.mark.parametrize(("positives", "negatives"), [(4, 5), (15, 200), (150, 90)])
def test_difference_of_roc_areas_has_delongs_paired_variance(digits: int, positives: int, negatives: int) -> None:
    positive, a, b = scores(positives + 1, positives, negatives, digits)
    areas, covariance = delong(positive, [a, b])
    deviation = math.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    found = roc_area_difference(positive, a, b)
    assert found is not None
    assert found[:2] == pytest.approx((areas[1] - areas[0], deviation), rel=1e-9, abs=1e-12)
    wins = [(x[positive][:, None] > x[~positive]) + 0.5 * (x[positive][:, None] == x[~positive]) for x in (a, b)]
    parts = [(wins[1] - wins[0]).mean(axis=side).var(ddof=1) / n for side, n in ((1, positives), (0, negatives))]
    degrees = sum(parts) ** 2 / (parts[0] ** 2 / (positives - 1) + parts[1] ** 2 / (negatives - 1))
    assert found.degrees == pytest.approx(degrees, rel=1e-9)


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
    auc = found.metrics["roc_auc"]
    assert auc.degrees is not None
    assert found.delong_p == pytest.approx(2 * stats.t.sf(abs(difference) / deviation, auc.degrees), rel=1e-9)
    half = stats.t.ppf(0.975, auc.degrees) * deviation
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
    fitted = sm.OLS(terms, np.ones(len(terms))).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    found = compare(table(positive, a, groups), table(positive, b, groups)).metrics["log_loss"]
    effective = effective_groups(groups)
    degrees = degrees_of_sums(np.bincount(groups, weights=terms - terms.mean()), effective)
    half = stats.t.ppf(0.975, degrees) * effective / (effective - 1) * fitted.bse[0]
    assert found.degrees == pytest.approx(degrees)
    assert (found.low, found.high) == pytest.approx((fitted.params[0] - half, fitted.params[0] + half), rel=1e-9)


def degrees_of_sums(sums: Floats, effective: float) -> float:
    """Satterthwaite's degrees of freedom with the kurtosis of scipy, in place of that of a normal distribution."""
    kurtosis = float(stats.kurtosis(sums, fisher=False))
    return 1 / (1 / (effective - 1) + max(0.0, (kurtosis - 1) / (2 * len(sums)) - 1 / (len(sums) - 1)))


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
    from classmark.judging.comparisons.paired import share_difference

    right_b = np.arange(rows) < rows - lost
    right_a = np.arange(rows) >= gained
    assert int((right_b & ~right_a).sum()) == gained
    found = share_difference(right_a, right_b, None)
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


@pytest.mark.parametrize(("hits", "errors"), [(0, 7), (9, 0), (9, 4), (400, 90)])
def test_interval_of_f1_is_that_of_its_share(hits: int, errors: int) -> None:
    found = wilson_f1(hits, hits + errors // 2, hits + errors - errors // 2)
    ends = np.array([proportion_confint(hits, hits + errors, method=method) for method in ("wilson", "beta")])
    share = np.array([ends[:, 0].min(), ends[:, 1].max()]) if errors < 10 else ends[0]
    assert found.value == pytest.approx(2 * hits / (2 * hits + errors), rel=0, abs=1e-12)
    assert (found.low, found.high) == pytest.approx(tuple(2 * share / (1 + share)), rel=0, abs=1e-12)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_intervals_of_macro_f1_and_mcc_have_the_deviation_of_numeric_slopes(classes: int) -> None:
    confusion = scored(300, classes, 9).confusion
    step = 1e-4 * np.eye(classes**2).reshape(classes**2, classes, classes)
    more, less = (
        [confusion_metrics(class_counts(confusion + sign * one), 1) for one in step]  # type: ignore[arg-type]
        for sign in (1, -1)
    )
    for name, found in (("f1_macro", macro_f1(confusion)), ("mcc", matthews(confusion))):
        slopes = np.array([(up[name][0] - down[name][0]) / 2e-4 for up, down in zip(more, less, strict=True)])
        half = normal_quantile() * math.sqrt(float((confusion.ravel() * slopes**2).sum()))
        value = found.value
        assert value is not None
        ends = (found.low, found.high)
        if name == "mcc":
            expected = np.tanh(np.arctanh(value) + np.array([-half, half]) / (1 - value**2))
            ends = matthews_ends(confusion.astype(np.float64))
            assert found.low is not None
            assert found.high is not None
            assert found.low <= ends[0] < ends[1] <= found.high
        else:
            expected = special.expit(special.logit(value) + np.array([-half, half]) / (value * (1 - value)))
        assert ends == pytest.approx(tuple(expected), rel=0, abs=1e-7), name


def shares_of(prevalence: float, right: float) -> Floats:
    """The chance of each cell of a matrix of two classes, both with this share of right predictions."""
    rows = np.array([[right, 1 - right], [1 - right, right]])
    return np.array([[1 - prevalence], [prevalence]]) * rows


@pytest.mark.parametrize(("prevalence", "right"), [(0.5, 0.7), (0.5, 0.95), (0.2, 0.85), (0.1, 0.9)])
def test_intervals_of_macro_f1_and_mcc_cover_what_they_claim(prevalence: float, right: float) -> None:
    """All matrices of 100 rows, each with its probability; percentile bootstraps cover as little as 91 % here."""
    rows, cells = 100, shares_of(prevalence, right)
    counts = np.indices((rows + 1,) * 3, dtype=np.int64).reshape(3, -1).T
    counts = counts[counts.sum(axis=1) <= rows]
    counts = np.column_stack([counts, rows - counts.sum(axis=1)])
    chances = stats.multinomial.pmf(counts, rows, cells.ravel())
    likely = np.argsort(-chances)[:10_000]
    assert chances[likely].sum() > 0.99
    true = {name: value[0] for name, value in confusion_metrics(class_counts(cells), 1).items()}  # type: ignore[arg-type]
    covered = dict.fromkeys(("f1_macro", "mcc"), 0.0)
    known = dict.fromkeys(covered, 0.0)
    for index in likely:
        one = counts[index].reshape(2, 2)
        found = {"f1_macro": macro_f1(one), "mcc": matthews(one)}
        for name in found:
            low, high = found[name].low, found[name].high
            if low is not None and high is not None:
                known[name] += chances[index]
                covered[name] += chances[index] * (low <= true[name] <= high)
    for name in covered:
        assert known[name] > 0.96, name  # fewer than five rows of a class give none
        assert 0.935 < covered[name] / known[name] < 0.985, (name, covered[name] / known[name])


def test_intervals_of_macro_f1_and_mcc_cover_with_five_classes() -> None:
    sizes, right = np.array([0.4, 0.25, 0.15, 0.1, 0.1]), 0.8
    cells = (1 - right) / 4 * (1 - np.eye(5)) + right * np.eye(5)
    cells *= sizes[:, None]
    true = confusion_metrics(class_counts(cells), 1)  # type: ignore[arg-type]
    covered = {"f1_macro": 0, "mcc": 0}
    for drawn in np.random.default_rng(0).multinomial(200, cells.ravel(), 2_000):
        found = {"f1_macro": macro_f1(drawn.reshape(5, 5)), "mcc": matthews(drawn.reshape(5, 5))}
        for name in covered:
            low, high = found[name].low, found[name].high
            covered[name] += low is not None and high is not None and low <= true[name][0] <= high
    assert all(0.935 < count / 2_000 < 0.97 for count in covered.values()), covered


def test_class_counts_are_not_held_fixed() -> None:
    rows = scored(300, 2, 1)
    share = group_counts(rows, 4_000, 0, np.arange(300)).true[:, 1] / 300
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
    np.testing.assert_allclose(bootstrap(rows, 30, 0, groups)["log_loss"], losses, rtol=0, atol=1e-12)


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


def test_a_share_of_groups_of_one_size_is_what_leaving_out_each_changes() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(3 * np.arange(40), 10)  # numbers with gaps
    hits = rng.uniform(size=400) < np.where(groups % 2 == 0, 0.8, 0.4)
    without = [hits[groups != group].mean() for group in np.unique(groups)]
    deviation = np.sqrt(((np.array(without) - hits.mean()) ** 2).sum())
    found, half = share_interval(hits, groups), stats.t.ppf(0.975, 39) * deviation
    np.testing.assert_allclose((found.low, found.high), (hits.mean() - half, hits.mean() + half), rtol=1e-9)
    assert found.method == "t interval by group sums (40 groups)"
    assert share_interval(hits) == wilson(float(hits.sum()), 400)


def test_unequal_groups_have_the_deviation_of_statsmodels_and_fewer_degrees_of_freedom() -> None:
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(30), 200 // np.arange(1, 31))
    hits = rng.uniform(size=len(groups)) < rng.uniform(0.3, 0.9, 30)[groups]
    fitted = sm.OLS(hits.astype(float), np.ones(len(hits))).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    sizes = np.bincount(groups)
    effective = sizes.sum() ** 2 / (sizes**2).sum()
    assert effective_groups(groups) == pytest.approx(effective)
    found = share_interval(hits, groups)
    assert found.method == f"t interval by group sums (30 groups, as good as {effective:.0f} of equal size)"
    degrees = degrees_of_sums(np.bincount(groups, weights=hits - hits.mean()), effective)
    half = stats.t.ppf(0.975, degrees) * effective / (effective - 1) * fitted.bse[0]
    assert found.high - found.value == pytest.approx(
        half, rel=2e-3
    )  # the quantile is interpolated between whole degrees
    assert degrees < effective - 2


@pytest.mark.parametrize(("hits", "rows"), [(0, 3), (1, 3), (3, 3), (9, 400), (391, 400), (10, 40), (1, 1_000_000)])
def test_shares_near_0_and_1_have_the_wider_end_of_two_intervals(hits: int, rows: int) -> None:
    ends = [proportion_confint(hits, rows, alpha=0.05, method=method) for method in ("wilson", "beta")]
    found = share_of_rows(hits, rows)
    kept = ends if min(hits, rows - hits) < 10 else ends[:1]
    expected = min(low for low, _ in kept), max(high for _, high in kept)
    assert (found.low, found.high) == pytest.approx(expected, rel=0, abs=1e-12)


def test_shares_near_0_and_1_are_covered() -> None:
    """All outcomes of 200 rows, each with its probability: Wilson's interval alone covers 84 to 100 %."""
    hits = np.arange(201)
    ends = [share_of_rows(each, 200) for each in hits.tolist()]
    lows, highs = np.array([one.low for one in ends]), np.array([one.high for one in ends])
    shares = np.linspace(0.0005, 0.5, 800)
    inside = (lows <= shares[:, None]) & (shares[:, None] <= highs)
    covered = (stats.binom.pmf(hits, 200, shares[:, None]) * inside).sum(axis=1)
    assert covered.min() > 0.932


@pytest.mark.parametrize("count", [5, 20, 100])
@pytest.mark.parametrize("equal", [True, False])
def test_means_of_groups_of_any_size_cover(count: int, equal: bool) -> None:
    sizes = np.full(count, 20) if equal else 500 // np.arange(1, count + 1)
    means = np.random.default_rng(0).normal(size=(4_000, count))
    weights = sizes / sizes.sum()
    values = means @ weights
    deviations = np.sqrt((((means - values[:, None]) * weights) ** 2).sum(axis=1))
    effective = effective_groups(np.repeat(np.arange(count), sizes))
    covered = np.mean(np.abs(values) < group_quantile(effective) * deviations)
    assert 0.925 < covered < 0.985
    if not equal and count > 5:  # as many degrees of freedom as groups cover too rarely
        assert np.mean(np.abs(values) < stats.t.ppf(0.975, count - 1) * deviations) < 0.92


def test_one_group_that_holds_most_rows_gives_no_interval() -> None:
    groups = np.array([0] * 90 + [1] * 5 + [2] * 5)
    found = share_interval(np.arange(100) % 3 > 0, groups)
    assert (found.low, found.high, found.method) == (None, None, "none: one group holds most of the rows")


@pytest.mark.parametrize("degrees", [2.5, 4.2, 17.3])
def test_t_quantile_between_whole_degrees(degrees: float) -> None:
    assert t_quantile(degrees) == pytest.approx(stats.t.ppf(0.975, degrees), rel=0.02 if degrees < 4 else 1e-3)

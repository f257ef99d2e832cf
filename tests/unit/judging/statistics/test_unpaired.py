from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.proportion import confint_proportions_2indep

from classmark.judging.statistics.unpaired import fisher_p, grouped_mean, share_gap


def rows_of(hits: tuple[int, int], rows: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    right = np.concatenate([np.arange(count) < hit for hit, count in zip(hits, rows, strict=True)])
    return right, np.arange(sum(rows)) < rows[0]


@pytest.mark.parametrize(
    ("hits", "rows"), [((40, 900), (60, 1000)), ((30, 500), (30, 500)), ((0, 7), (40, 60)), ((45, 10), (50, 40))]
)
def test_independent_rows(hits: tuple[int, int], rows: tuple[int, int]) -> None:
    found = share_gap(*rows_of(hits, rows))
    expected = confint_proportions_2indep(hits[0], rows[0], hits[1], rows[1], method="newcomb")
    assert (found.low, found.high) == pytest.approx(expected, abs=1e-12)
    table = [[hits[0], rows[0] - hits[0]], [hits[1], rows[1] - hits[1]]]
    assert found.p == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-9)
    assert found.difference == pytest.approx(hits[0] / rows[0] - hits[1] / rows[1])


@given(st.integers(1, 200), st.integers(0, 200), st.data())
@settings(max_examples=80, deadline=None)
def test_fisher_is_scipys(rows: int, others: int, data: st.DataObject) -> None:
    own, rest = data.draw(st.integers(0, rows)), data.draw(st.integers(0, others))
    expected = stats.fisher_exact([[own, rows - own], [rest, others - rest]]).pvalue
    assert fisher_p(own, rows, own + rest, rows + others) == pytest.approx(expected, rel=1e-7)


def test_fisher_of_a_million_rows_keeps_its_digits() -> None:
    table = [[90_400, 9_600], [810_000, 90_000]]
    expected = stats.fisher_exact(table).pvalue
    assert fisher_p(90_400, 100_000, 900_400, 1_000_000) == pytest.approx(expected, rel=1e-5)


def test_groups_on_both_sides_are_a_regression_with_clustered_errors() -> None:
    rng = np.random.default_rng(0)
    groups = rng.integers(0, 50, 600)
    groups[:50] = np.arange(50)
    here = rng.uniform(size=600) < 0.3 + 0.4 * (groups < 25)
    hits = rng.uniform(size=600) < 0.6 + 0.3 * rng.uniform(size=50)[groups] - 0.1 * here
    fitted = OLS(hits.astype(float), np.column_stack([np.ones(600), here])).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False}
    )
    deviation = fitted.bse[1] * np.sqrt(50 / 49)
    found = share_gap(hits, here, groups)
    fewer = min(len(set(groups[here])), len(set(groups[~here])))
    half = stats.t.ppf(0.975, fewer - 1) * deviation
    assert found.difference == pytest.approx(fitted.params[1])
    assert (found.low, found.high) == pytest.approx((found.difference - half, found.difference + half))
    assert found.p == pytest.approx(2 * stats.t.sf(abs(found.difference) / deviation, fewer - 1))


def test_a_side_of_one_group_has_no_interval() -> None:
    groups = np.repeat([0, 1, 2], 10)
    found = share_gap(np.arange(30) % 3 > 0, groups == 0, groups)
    assert (found.low, found.p) == (None, None)


def test_the_mean_of_groups() -> None:
    terms, groups = np.random.default_rng(0).exponential(size=60), np.arange(60) // 3
    found = grouped_mean(terms, 7 * groups)
    means = terms.reshape(20, 3).mean(axis=1)
    degrees = 1 / (1 / 19 + max(0, (stats.kurtosis(means, fisher=False) - 1) / 40 - 1 / 19))
    half = stats.t.ppf(0.975, degrees) * stats.sem(means) * np.sqrt(20 / 19)  # the deviation CR3
    assert degrees < 19
    assert (found.low, found.high) == pytest.approx((means.mean() - half, means.mean() + half), rel=1e-3)
    assert grouped_mean(terms, np.zeros(60, np.int64)).low is None

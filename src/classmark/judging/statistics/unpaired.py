"""Means over rows or groups, and the difference of two shares of separate rows."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.judging.comparisons.paired import Difference
from classmark.judging.rows import row_groups
from classmark.judging.statistics.intervals import Estimate, Floats, grouped_half, mean_interval, t_quantile, wilson
from classmark.judging.statistics.p_values import t_p
from classmark.judging.statistics.resampling import Groups
from classmark.predictions import Predictions

NO_SPREAD = 1e-12


def grouped_mean(terms: Floats, groups: Groups = None) -> Estimate:
    """The mean of one term a row, none below 0: a t interval from the rows, or from the sums over groups.

    Args:
        terms: shape (N,).
        groups: group number of each row, not every number used.

    Source: the delta method for a mean; Liang & Zeger 1986 with groups.
    """
    if groups is None:
        return mean_interval(terms)
    value = float(terms.mean())
    half, method = grouped_half(terms - value, groups)
    if half is None:
        return Estimate(value, None, None, method)
    return Estimate(value, max(0.0, value - half), value + half, method)


def share_gap(hits: NDArray[np.bool_], here: NDArray[np.bool_], groups: Groups = None) -> Difference:
    """The difference of two shares of separate rows: A the other rows, B those that are here; some of both.

    Independent rows: Newcombe's interval from both Wilson intervals, and Fisher's exact p. With groups, which may have
    rows on both sides: the sums over groups of what each row adds to the difference, by Student's t with one degree of
    freedom less than the side with fewer groups has groups.

    Args:
        hits: shape (N,).
        here: shape (N,).
        groups: group number of each row.

    Source: Newcombe 1998, method 10; Fisher 1935; with groups the linearised variance, as Liang & Zeger 1986.
    """
    rows, own_hits, all_hits = (int(np.count_nonzero(part)) for part in (here, hits & here, hits))
    others = len(hits) - rows
    a, b = (all_hits - own_hits) / others, own_hits / rows
    if groups is None:
        there, own = wilson(all_hits - own_hits, others), wilson(own_hits, rows)
        assert there.low is not None
        assert there.high is not None
        assert own.low is not None
        assert own.high is not None
        low = b - a - math.hypot(b - own.low, there.high - a)
        high = b - a + math.hypot(own.high - b, a - there.low)
        p = fisher_p(own_hits, rows, all_hits, len(hits))
        return Difference(a, b, b - a, low, high, "Newcombe, p by Fisher's exact test, independent rows", p)
    units = int(groups.max()) + 1
    fewer = min(len(np.unique(groups[side])) for side in (here, ~here))
    sums = np.bincount(groups, weights=np.where(here, (hits - b) / rows, (a - hits) / others))
    deviation = math.sqrt(units / max(1, units - 1) * float((sums**2).sum()))
    if fewer < 2 or deviation < NO_SPREAD:
        return Difference(a, b, b - a, None, None, "none: a single group, or no difference between groups")
    half = t_quantile(fewer - 1) * deviation
    method = f"t interval by group sums ({units:,} groups)"
    return Difference(a, b, b - a, b - a - half, b - a + half, method, t_p((b - a) / deviation, fewer - 1))


def fisher_p(hits: int, rows: int, all_hits: int, all_rows: int) -> float:
    """Fisher's exact test, two-sided: the probability of a draw of `rows` that is as unlikely as this one, or more so.

    Source: Fisher 1935; draws as unlikely within 1e-7 count too, as in R.
    """
    counts = np.arange(max(0, rows + all_hits - all_rows), min(rows, all_hits) + 1)
    factorials = _log_factorials(all_rows)

    def ways(total: int, chosen: NDArray[np.int64]) -> Floats:
        found: Floats = factorials[total] - factorials[chosen] - factorials[total - chosen]
        return found

    logs = ways(all_hits, counts) + ways(all_rows - all_hits, rows - counts)
    logs -= factorials[all_rows] - factorials[rows] - factorials[all_rows - rows]
    seen = logs[hits - counts[0]]
    return min(1.0, float(np.exp(logs[logs <= seen + 1e-7]).sum()))


@lru_cache(maxsize=1)
def _log_factorials(most: int) -> Floats:
    """The logarithms of 0!, 1!, …, shape (most + 1,)."""
    return np.append(0.0, np.cumsum(np.log(np.arange(1, most + 1))))


def split_gap(test: Predictions, validation: Predictions) -> Difference:
    """The difference of accuracy between labelled rows of two splits: A validation, B test.

    Where a table has groups, a group in both splits is one, and rows of a table without are groups of their own.
    """
    tables = (test, validation)
    hits = np.concatenate([table.labels == table.predicted for table in tables])
    here = np.arange(len(hits)) < len(test)
    if all(row_groups(table) is None for table in tables):
        return share_gap(hits, here)
    names = [
        table.frame["group"] if "group" in table.frame.columns else pl.Series([f"{place}\0{row}" for row in table.ids])
        for place, table in enumerate(tables)
    ]
    groups = pl.concat([part.cast(pl.String).rename("group") for part in names]).rank("dense")
    return share_gap(hits, here, groups.to_numpy().astype(np.int64) - 1)

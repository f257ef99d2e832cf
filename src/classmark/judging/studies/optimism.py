"""How much too good the value is by which the best of several models was chosen, measured on rows that chose nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classmark.judging.comparisons.compare import compare
from classmark.judging.comparisons.paired import Difference
from classmark.judging.judge import judge
from classmark.judging.metric import LOWER_IS_BETTER
from classmark.judging.statistics.intervals import Estimate, Floats
from classmark.judging.studies.choice import FEWEST_LEFT_OUT, best_of_bias
from classmark.predictions import Predictions


@dataclass(frozen=True)
class Optimism:
    """The best model on the rows that chose it and on fresh rows.

    Attributes:
        chosen: the metric on the rows that chose.
        chosen_rows: how many these are.
        fresh: the metric on rows that neither trained nor chose.
        fresh_rows: how many these are.
        optimism: how much better `chosen` is than `fresh`: positive where the choice flattered. Its interval is that of
            `fresh`, since `chosen` is what it is.
        expected: how much choosing the best on the same rows is expected to add; None where that is not known.
        gain: on the fresh rows, the best model against the recipe as it was, B − A; None where that was not tried, or is best.
    """

    chosen: float
    chosen_rows: int
    fresh: Estimate
    fresh_rows: int
    optimism: Estimate
    expected: float | None = None
    gain: Difference | None = None


def measure_optimism(
    metric: str,
    chosen: float,
    tables: tuple[Predictions, Predictions],
    terms: Sequence[Floats] = (),
    before: Predictions | None = None,
    positive: str | None = None,
) -> Optimism:
    """What fresh rows say of the best model.

    Args:
        metric: that chose.
        chosen: its value for the best model.
        tables: predictions of the best model on the rows that chose, and on fresh rows.
        terms: of each model that was chosen among, the terms of the metric of the rows that chose, shape (N,) each; none
            where the metric is no mean over rows.
        before: predictions on the fresh rows of the model without tuning.
        positive: the positive class of two.
    """
    found = judge(tables[1], positive=positive, slices=()).metrics[metric]
    gain = (
        None if before is None else compare(before, tables[1], positive=positive, every_metric=True).metrics.get(metric)
    )
    rows, less = tables[0].frame.height, _less(chosen, found, metric)
    return Optimism(chosen, rows, found, tables[1].frame.height, less, _expected(metric, terms), gain)


def _less(chosen: float, fresh: Estimate, metric: str) -> Estimate:
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    if fresh.value is None:
        return Estimate(None, None, None, fresh.method)
    value = sign * (chosen - fresh.value)
    if fresh.low is None or fresh.high is None:
        return Estimate(value, None, None, fresh.method)
    ends = sorted((sign * (chosen - fresh.low), sign * (chosen - fresh.high)))
    return Estimate(value, ends[0], ends[1], f"of the value on fresh rows: {fresh.method}")


def _expected(metric: str, terms: Sequence[Floats]) -> float | None:
    if len(terms) < 2 or len(terms[0]) < FEWEST_LEFT_OUT:
        return None
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    return best_of_bias(sign * np.array(terms))

"""Figures of packages that are no test dependencies, frozen with the lines that made them.

`confidenceinterval` 1.0.5 asks for setuptools 68.2; `mlxtend` 0.25.0 for newer numpy, scipy and scikit-learn than classmark
does. The interval of macro F1 of the first is half as wide again as that of a bootstrap, and is not compared. With both
unpacked beside the rows below:

    from confidenceinterval import accuracy_score, roc_auc_score
    accuracy_score(LABELS, SAID, method="wilson"), roc_auc_score(POSITIVE, SCORES)
    from mlxtend.evaluate import mcnemar
    mcnemar(numpy.array([[500, 12], [31, 457]]), exact=True)
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from classmark.judging.statistics.intervals import wilson
from classmark.judging.statistics.p_values import mcnemar
from classmark.judging.statistics.ranking import placements

ROWS = np.arange(180)
LABELS = ROWS % 3
SAID = np.where(ROWS % 7 < 5, LABELS, (LABELS + ROWS % 2 + 1) % 3)
POSITIVE = ROWS % 4 == 0
SCORES = (37 * ROWS % 101) / 101 + 0.5 * POSITIVE


def test_wilson_is_that_of_confidenceinterval() -> None:
    found = wilson(float((LABELS == SAID).sum()), len(ROWS))
    assert (found.value, found.low, found.high) == pytest.approx((0.7222222222, 0.6526668408, 0.7824907156), abs=1e-9)


def test_delong_has_the_deviation_of_confidenceinterval() -> None:
    area, low, high = 0.8679836, 0.8108895334787214, 0.9250776257925188
    sides = placements(POSITIVE, SCORES)
    assert [side.mean() for side in sides] == pytest.approx([area, area], abs=1e-7)
    assert math.sqrt(sum(side.var(ddof=1) / len(side) for side in sides)) == pytest.approx(
        (high - low) / 2 / norm.ppf(0.975), rel=1e-6
    )


@pytest.mark.parametrize(("a", "b", "exact"), [(12, 31, 0.005401572654591291), (1, 6, 0.125)])
def test_mcnemar_is_that_of_mlxtend(a: int, b: int, exact: float) -> None:
    found = mcnemar(a, b)
    assert found.p_exact == pytest.approx(exact, rel=1e-9)
    own = math.comb(a + b, min(a, b)) / 2 ** (a + b)  # the mid-p counts the table itself by half
    assert found.p_midp == pytest.approx(exact - own, rel=1e-9)

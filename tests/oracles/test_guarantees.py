"""Thresholds with a promise against scipy's exact limits, MAPIE's p values, and samples whose truth is known."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from mapie.risk_control import BinaryClassificationController
from scipy import stats

from classmark.judging.parts.guarantees import (
    _candidates,
    fewest_rows,
    guaranteed_class,
    guaranteed_share,
    most_mistakes,
)
from classmark.judging.statistics.exact import lower_limit
from classmark.judging.statistics.intervals import Floats

MINIMUM, CONFIDENCE = 0.9, 0.9


def drawn(rows: int, seed: int) -> tuple[np.ndarray, Floats]:
    rng = np.random.default_rng(seed)
    positive = rng.random(rows) < 0.5
    return positive, 1 / (1 + np.exp(-rng.normal(4.0 * positive - 2, 1.3)))


@pytest.mark.parametrize(("hits", "rows"), [(0, 5), (1, 1), (45, 50), (50, 50), (1_870, 2_000)])
@pytest.mark.parametrize("risk", [0.1, 0.023, 0.4])
def test_the_limit_is_scipys(hits: int, rows: int, risk: float) -> None:
    limit = stats.binomtest(hits, rows).proportion_ci(1 - 2 * risk, method="exact").low
    assert lower_limit(hits, rows, risk) == pytest.approx(limit, abs=1e-12)


@pytest.mark.parametrize(("minimum", "risk"), [(0.95, 0.1), (0.9, 0.05), (0.99, 0.2), (0.5, 0.01)])
def test_as_many_mistakes_are_allowed_as_the_limit_allows(minimum: float, risk: float) -> None:
    for rows in (1, 7, 44, 45, 46, 300):
        passing = [count for count in range(rows + 1) if lower_limit(rows - count, rows, risk) >= minimum]
        assert most_mistakes(rows, minimum, risk) == max(passing, default=-1)
    for mistakes in (0, 2, 8):
        rows = fewest_rows(minimum, risk, mistakes)
        assert most_mistakes(rows, minimum, risk) >= mistakes
        assert most_mistakes(rows - 1, minimum, risk) < mistakes
    assert fewest_rows(minimum, risk) == math.ceil(math.log(risk) / math.log(minimum))


@pytest.mark.parametrize("rows", [10, 22, 60, 300, 5_000])
def test_no_more_than_the_risk_is_spent(rows: int) -> None:
    ranks, risks = _candidates(rows, MINIMUM, 1 - CONFIDENCE)
    assert risks.sum() == pytest.approx(0.1 if rows >= 22 else 0)
    assert (np.diff(ranks) > 0).all()
    assert len(ranks) == 0 or ranks[-1] == rows


@pytest.mark.parametrize("seed", range(4))
def test_recall_is_controlled_at_mapies_threshold(seed: int) -> None:
    positive, scores = drawn(600, seed)
    rising = np.sort(scores[positive])
    between = (np.append(0, rising)[:100] + rising[:100]) / 2
    found = guaranteed_class(scores[positive], MINIMUM, CONFIDENCE)
    mapie = calibrated("recall", MINIMUM, between, positive, scores)
    last = between.tolist().index(max(mapie.valid_predict_params))
    assert found.threshold in (rising[last], rising[last + 1]), "MAPIE may count a miss too many, see below"


@pytest.mark.parametrize("seed", range(4))
def test_precision_has_mapies_p_value(seed: int) -> None:
    """MAPIE gets its count of mistakes as ceil(rows × share), which rounding makes one too large at times."""
    positive, scores = drawn(600, seed)
    found = guaranteed_share(scores, positive, MINIMUM, CONFIDENCE)
    assert found.threshold is not None
    called = scores >= found.threshold
    between = (scores[called].min() + scores[~called].max()) / 2
    mapie = calibrated("precision", MINIMUM, np.array([between]), positive, scores)
    assert (found.rows, found.hits) == (called.sum(), positive[called].sum())
    ours = [stats.binom.cdf(found.rows - found.hits + more, found.rows, 1 - MINIMUM) for more in (0, 1)]
    assert float(mapie.p_values[0, 0]) in (pytest.approx(ours[0], rel=1e-9), pytest.approx(ours[1], rel=1e-9))
    assert ours[0] <= 1 - CONFIDENCE


def calibrated(
    risk: str, level: float, thresholds: Floats, positive: np.ndarray, scores: Floats
) -> BinaryClassificationController:
    """MAPIE's controller of a risk by fixed-sequence testing."""
    mapie = BinaryClassificationController(
        lambda rows: np.column_stack([1 - rows[:, 0], rows[:, 0]]),
        risk,
        level,
        confidence_level=CONFIDENCE,
        list_predict_params=thresholds,
        fwer_method="fixed_sequence",
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns where all thresholds are valid, or none
        mapie.calibrate(scores[:, None], positive.astype(int))
    return mapie


@pytest.mark.parametrize("steps", [0, 10], ids=["all scores differ", "ten scores"])
@pytest.mark.parametrize("rows", [100, 1_000])
def test_where_every_threshold_is_just_below_the_minimum_few_are_chosen(rows: int, steps: int) -> None:
    """The worst case: any threshold that is chosen breaks the promise."""
    rng = np.random.default_rng(rows + steps)
    broken, samples = 0, 600
    for _ in range(samples):
        scores = rng.random(rows)
        scores = np.floor(scores * steps) if steps else scores
        broken += guaranteed_share(scores, rng.random(rows) < MINIMUM - 1e-9, MINIMUM, CONFIDENCE).threshold is not None
    assert broken / samples <= 0.1 + 2 * math.sqrt(0.1 * 0.9 / samples)


@pytest.mark.parametrize("rows", [30, 200])
def test_recall_is_broken_as_often_as_stated_at_most(rows: int) -> None:
    rng = np.random.default_rng(0)
    thresholds = [guaranteed_class(rng.random(rows), MINIMUM, CONFIDENCE).threshold for _ in range(2_000)]
    broken = np.mean([threshold is not None and threshold > 1 - MINIMUM for threshold in thresholds])
    assert broken <= 0.1 + 2 * math.sqrt(0.1 * 0.9 / 2_000)
    assert None not in thresholds


def test_the_highest_rows_may_be_wrong_if_many_others_are_right() -> None:
    hits = np.ones(2_000, bool)
    hits[:20] = False
    found = guaranteed_share(-np.arange(2_000.0), hits, MINIMUM, CONFIDENCE)
    assert (found.threshold, found.rows, found.hits) == (0.0, 2_000, 1_980)


def test_equal_scores_stay_together() -> None:
    scores = np.repeat([0.9, 0.8, 0.1], [130, 100, 270])
    hits = np.repeat([True, True, False], [130, 100, 270])
    found = guaranteed_share(scores, hits, MINIMUM, CONFIDENCE)
    assert (found.rows, found.hits) == (230, 230)
    assert found.threshold == np.nextafter(0.1, 1), "what lies between the seen scores belongs to what was tested"

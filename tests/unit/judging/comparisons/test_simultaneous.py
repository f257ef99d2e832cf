"""Intervals for all of several models at once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from classmark.judging.comparisons.multiple import Comparisons, compare_all
from classmark.judging.comparisons.simultaneous import max_t
from classmark.judging.statistics.intervals import wilson
from classmark.predictions import Predictions, build_predictions

Z_95 = float(stats.norm.ppf(0.975))


def table(seed: int, rows: int = 400) -> Predictions:
    labels = np.arange(rows) % 2
    scores = np.random.default_rng(seed).normal(1.2 * labels - 0.6, 1)
    shares = 1 / (1 + np.exp(-scores))
    names = [("no", "yes")[label] for label in labels]
    ids = [str(row) for row in range(rows)]
    return build_predictions(ids, names, np.column_stack([1 - shares, shares]), ("no", "yes"), source=f"m{seed}")


@pytest.fixture(scope="module")
def four() -> Comparisons:
    return compare_all([table(seed) for seed in range(4)], draws=200)


def test_the_largest_of_independent_deviates_has_its_known_quantile() -> None:
    drawn = np.random.default_rng(0).standard_normal((40_000, 5))
    assert max_t(drawn) == pytest.approx(stats.norm.ppf((1 + 0.95 ** (1 / 5)) / 2), abs=0.03)
    assert max_t(np.column_stack([drawn[:, 0], 3 * drawn[:, 0], np.ones(40_000)])) == pytest.approx(Z_95, abs=0.03)


def test_every_pair_is_wider_by_one_factor_for_each_metric(four: Comparisons) -> None:
    assert len(four.simultaneous) == len(four.pairs) == 6
    for name in ("accuracy", "log_loss", "roc_auc", "average_precision", "brier", "f1", "mcc"):
        ratios = [
            (at_once[name].high - at_once[name].low) / (pair.metrics[name].high - pair.metrics[name].low)
            for at_once, pair in zip(four.simultaneous, four.pairs, strict=True)
        ]
        assert ratios == pytest.approx(
            [ratios[0]] * 6, rel=2e-3 if name == "accuracy" else 1e-6
        )  # score intervals bend
        assert 1.2 < ratios[0] < stats.norm.ppf(1 - 0.025 / 6) / Z_95 + 0.1  # at most as Bonferroni has it


def test_the_best_has_an_interval_that_allows_for_the_choice(four: Comparisons) -> None:
    values = [table(seed) for seed in range(4)]
    shares = [float((one.labels == one.predicted).mean()) for one in values]
    best = four.best
    assert best is not None
    assert (best.model, best.value) == ("ABCD"[int(np.argmax(shares))], max(shares))
    alone = wilson(400 * max(shares), 400)
    assert best.low < alone.low < alone.high < best.high
    assert four.best_sentence.startswith(f"The best of the 4 by accuracy on these rows is {best.model} (m")
    content = four.to_json()
    assert content["best"]["model"] == best.model
    assert set(content["pairs"][0]["simultaneous"]["accuracy"]) == {"low", "high"}


def test_two_models_have_neither() -> None:
    found = compare_all([table(0), table(1)], draws=50)
    assert (found.simultaneous, found.best, found.best_sentence) == ((), None, "")

"""The corrected resampled t test against scipy, against figures of baycomp 1.0.3, and with classifiers that are equally good."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray

from classmark.judging.studies.cross_validation import over_folds, paired_over_folds
from classmark.judging.studies.resampled import Folds, resampled_mean


def folds_of(folds: int, repetitions: int, rows: float = 200) -> Folds:
    return Folds(folds, repetitions, rows / folds, rows - rows / folds)


@pytest.mark.parametrize(("folds", "repetitions", "confidence"), [(5, 1, 0.95), (10, 10, 0.95), (2, 3, 0.975)])
def test_it_is_the_formula(folds: int, repetitions: int, confidence: float) -> None:
    generator = np.random.default_rng(folds)
    a, b = generator.normal(0.8, 0.05, (2, folds * repetitions))
    found = paired_over_folds(a, b, folds_of(folds, repetitions), confidence)
    count, gains = folds * repetitions, b - a
    variance = sum((gain - gains.mean()) ** 2 for gain in gains) / (count - 1) * (1 / count + 1 / (folds - 1))
    low, high = scipy.stats.t.interval(confidence, count - 1, gains.mean(), math.sqrt(variance))
    p = 2 * scipy.stats.t.sf(abs(gains.mean()) / math.sqrt(variance), count - 1)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-8)
    assert found.p == pytest.approx(p, rel=1e-9)
    assert found.method.startswith(
        f"corrected resampled t over {count} folds ({repetitions} × {folds}), variance × (1/"
    )


# `baycomp.two_on_single(a, b, runs=repetitions)[0]` of version 1.0.3, which is not installed here: it brings a package `tests`.
@pytest.mark.parametrize(("repetitions", "wrong_side"), [(1, 0.830562966352046), (4, 0.642940071203969)])
def test_it_is_what_baycomp_computes(repetitions: int, wrong_side: float) -> None:
    a, b = np.random.default_rng(1).normal(0.7, 0.04, (2, 10 * repetitions))
    found = paired_over_folds(a, b, folds_of(10, repetitions))
    assert found.p == pytest.approx(2 * min(wrong_side, 1 - wrong_side), rel=1e-9)


def test_what_does_not_vary_has_no_interval() -> None:
    same = paired_over_folds(np.array([0.1, 0.2, 0.3]), np.array([0.2, 0.3, 0.4]), folds_of(3, 1))
    assert (same.value, same.low, same.p) == (pytest.approx(0.1), None, None)
    assert same.method == "none: the same in every fold, so the spread over folds is not resolved"
    assert over_folds(np.array([0.5]), folds_of(2, 1)).method == "none: a single fold"
    assert over_folds(np.empty(0), folds_of(2, 1)).method == "undefined: no fold has it"


def differences(
    generator: np.random.Generator, sets: int, rows: int, folds: int, repetitions: int
) -> NDArray[np.float64]:
    """B − A in accuracy on each fold, shape (sets, J), of two nearest-mean classifiers whose features are equally good."""
    labels = np.tile(np.arange(rows) % 2, (sets, 1))
    features = generator.normal(size=(sets, rows, 2, 3)) + 0.3 * (2 * labels - 1)[:, :, None, None]
    found = []
    for _ in range(repetitions):
        order, fold = np.argsort(generator.random((sets, rows)), axis=1), np.empty((sets, rows), dtype=int)
        np.put_along_axis(fold, order, np.tile(np.arange(rows) % folds, (sets, 1)), 1)
        for number in range(folds):
            training = (fold != number)[:, :, None] & (labels[:, :, None] == np.arange(2))
            means = np.einsum("snc,snaf->scaf", training.astype(float), features) / training.sum(1)[:, :, None, None]
            middle = (means[:, 1] ** 2 - means[:, 0] ** 2).sum(-1) / 2
            scores = np.einsum("snaf,saf->sna", features, means[:, 1] - means[:, 0]) - middle[:, None]
            hits = ((scores > 0) == (labels[:, :, None] == 1)) & (fold == number)[:, :, None]
            shares = hits.sum(1) / (fold == number).sum(1)[:, None]
            found.append(shares[:, 1] - shares[:, 0])
    return np.array(found).T


@pytest.mark.parametrize(("folds", "repetitions", "most"), [(5, 1, 0.05), (10, 5, 0.07)])
def test_equally_good_classifiers_are_told_apart_in_one_of_twenty_at_most(
    folds: int, repetitions: int, most: float
) -> None:
    drawn = differences(np.random.default_rng(3), 300, 60, folds, repetitions)
    found = [resampled_mean(gains, folds_of(folds, repetitions)) for gains in drawn]
    wrong = np.mean([one.p is not None and one.p < 0.05 for one in found])
    plain = np.mean(scipy.stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05)
    assert wrong <= most
    assert plain > wrong

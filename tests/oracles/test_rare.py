"""Intervals where little is known: rare errors, perfect models, few rows of a class, many classes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, stats
from statsmodels.stats.proportion import proportion_confint

from classmark.judging.parts.costs import mean_cost
from classmark.judging.scored import Scored
from classmark.judging.statistics.estimates import count_intervals
from classmark.judging.statistics.intervals import Estimate, mean_interval
from classmark.judging.statistics.macro import mean_of_shares
from classmark.judging.statistics.ranking import newcombe_ends, roc_area
from classmark.judging.statistics.rare_errors import loss_interval


def ends(found: Estimate) -> tuple[float, float]:
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def holds(found: Estimate, true: float) -> bool:
    low, high = ends(found)
    return low <= true <= high


def two(labels: NDArray[np.int64], positive: NDArray[np.float64]) -> Scored:
    stated = np.column_stack([1 - positive, positive])
    return Scored(labels, np.argmax(stated, axis=1), stated, 2)


def test_a_perfect_classifier_may_still_err() -> None:
    labels = np.arange(100) % 2
    scored = two(labels, labels.astype(np.float64))
    one_error = proportion_confint(0, 100, method="wilson")[1]
    brier = loss_interval(*scored.brier_parts, 1.0)
    assert (brier.value, *ends(brier)) == pytest.approx((0, 0, one_error))
    loss = loss_interval(*scored.log_loss_parts)
    assert (loss.value, *ends(loss)) == pytest.approx((0, 0, one_error * -math.log(2.2e-16)), abs=1e-3)
    assert loss.method == (
        "the upper end by Wilson intervals of errors with their losses (MOVER), as rare errors may be missing; "
        "the lower by t, independent rows"
    )


def test_no_cost_so_far_may_become_one() -> None:
    matrix, labels = np.array([[0.0, 1.0], [5.0, 0.0]]), np.arange(100) % 2
    found = mean_cost(matrix, labels, labels)
    half = 0.5 * proportion_confint(0, 50, method="wilson")[1]
    assert (found.value, *ends(found)) == pytest.approx((0, 0, math.hypot(half, 5 * half)))


def test_the_parts_of_a_loss_make_up_its_terms() -> None:
    generator = np.random.default_rng(0)
    for classes in (2, 4):
        stated, labels = generator.dirichlet(np.ones(classes), 50), generator.integers(0, classes, 50)
        scored = Scored(labels, np.argmax(stated, axis=1), stated, classes)
        for (right, lost, wrong), terms in (
            (scored.log_loss_parts, scored.log_losses),
            (scored.brier_parts, scored.brier_terms),
        ):
            np.testing.assert_allclose(np.where(wrong, right + lost, right), terms, rtol=0, atol=1e-12)
            assert lost.min() >= 0


@pytest.mark.parametrize("share", [0.0, 0.005, 0.02])
def test_log_loss_covers_with_rare_catastrophes(share: float) -> None:
    """A share of the rows is wrong by 18 nats, the others are an ordinary or, without any, a very good model's."""
    generator, distance = np.random.default_rng(0), 2.0 if share else 4.0

    def drawn(rows: int) -> Scored:
        labels = generator.integers(0, 2, rows)
        logits = 1.3 * distance * (generator.normal(size=rows) + distance * (labels - 0.5))
        logits = np.where(generator.uniform(size=rows) < share, 18.0 * (1 - 2 * labels), logits)
        return two(labels, 1 / (1 + np.exp(-logits)))

    true = drawn(300_000).log_losses.mean()
    tables = [drawn(200) for _ in range(200)]
    assert np.mean([holds(loss_interval(*one.log_loss_parts), true) for one in tables]) > 0.94
    if share < 0.01:
        assert np.mean([holds(mean_interval(one.log_losses), true) for one in tables]) < 0.92


@pytest.mark.parametrize("area", [0.5, 0.9, 0.99, 1.0])
def test_newcombe_ends_solve_his_equation(area: float) -> None:
    m, n = 12, 70
    more, z = (m + n) / 2 - 1, stats.norm.ppf(0.975)

    def equation(true: float) -> float:
        q1, q2 = true / (2 - true), 2 * true**2 / (1 + true)
        variance = (true * (1 - true) + more * (q1 - true**2) + more * (q2 - true**2)) / (m * n)
        return float((area - true) ** 2 - z**2 * variance)

    low, high = newcombe_ends(area, m, n)
    assert low == pytest.approx(optimize.brentq(equation, 1e-9, area - 1e-9), abs=1e-9)
    assert high == (1.0 if area == 1 else pytest.approx(optimize.brentq(equation, area + 1e-9, 1 - 1e-9), abs=1e-9))


def test_scores_that_separate_the_classes_have_an_interval() -> None:
    found = roc_area(np.arange(60) >= 40, np.arange(60.0))
    assert (found.value, found.high) == (1.0, 1.0)
    assert ends(found)[0] == pytest.approx(newcombe_ends(1.0, 20, 40)[0])
    assert found.method == "Newcombe's score interval (method 5), conservative, independent rows"


@pytest.mark.parametrize("positives", [10, 100])
def test_roc_area_near_one_covers(positives: int) -> None:
    """Exponential scores: the area is 1 / (1 + rate). DeLong alone covers 61 to 87 % here."""
    generator, rate, rows = np.random.default_rng(0), 0.01, 400
    positive, held = np.arange(rows) < positives, 0
    for _ in range(300):
        scores = generator.exponential(np.where(positive, 1 / rate, 1.0))
        held += holds(roc_area(positive, scores), 1 / (1 + rate))
    assert held / 300 > 0.93


@pytest.mark.parametrize(("classes", "rows"), [(10, 2), (200, 5), (1_000, 1)])
@pytest.mark.parametrize("share", [0.7, 0.95])
def test_balanced_accuracy_covers_with_many_classes(classes: int, rows: int, share: float) -> None:
    hits = np.random.default_rng(0).binomial(rows, share, (300, classes))
    held = [holds(mean_of_shares(one, np.full(classes, rows)), share) for one in hits]
    assert 0.92 < np.mean(held) < 0.995


def test_macro_f1_and_precision_are_withheld_where_chance_biases_them() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 200, 1_000)
    decided = np.where(generator.uniform(size=1_000) < 0.7, labels, generator.integers(0, 200, 1_000))
    confusion = Scored(labels, decided, None, 200).confusion
    found, fewer = (
        count_intervals(confusion, 1),
        count_intervals(Scored(labels[:300], decided[:300], None, 200).confusion, 1),
    )
    assert found["f1_macro"].low is None
    assert found["f1_macro"].method.startswith("none: F1 of classes of few rows is too low on average")
    assert fewer["precision_macro"].low is None
    assert fewer["precision_macro"].method.startswith("none: classes of few rows are not predicted by chance")
    assert found["balanced_accuracy"].low is not None
    assert count_intervals(100 * confusion, 1)["f1_macro"].low is not None


def test_what_biases_them_is_seen_in_every_draw() -> None:
    """The expected bias counts, not the one that these rows happen to show: else only lucky draws would have intervals."""
    rng = np.random.default_rng(3)
    for classes, rows, name in ((200, 1_000, "precision_macro"), (200, 1_000, "f1_macro"), (10, 20, "f1_macro")):
        for _ in range(20):
            true = rng.integers(0, classes, rows)
            said = np.where(rng.random(rows) < 0.8, true, rng.integers(0, classes, rows))
            confusion = np.bincount(true * classes + said, minlength=classes**2).reshape(classes, classes)
            assert count_intervals(confusion, 1)[name].low is None


def test_a_class_of_few_rows_among_two_gives_no_macro_average() -> None:
    found = count_intervals(np.array([[995, 1], [2, 2]]), 1)
    for name in ("f1_macro", "precision_macro", "mcc"):
        assert (found[name].low, found[name].high) == (None, None)
        assert found[name].method == "none: a class has fewer than 5 rows or predictions"


def test_rows_of_one_class_say_nothing_of_the_mean_of_both() -> None:
    found = count_intervals(np.array([[95, 5], [0, 0]]), 1)
    for name in ("balanced_accuracy", "recall_macro", "precision_macro", "f1_macro"):
        assert (found[name].low, found[name].high) == (None, None)
        assert found[name].method == "none: a class has no rows, so that this is not the mean of both"
    assert found["balanced_accuracy"].value == 0.95


def test_macro_f1_and_mcc_of_a_rare_class_cover() -> None:
    """Ten or twenty positives of which a tenth are found: today's delta method covered 76 to 85 %."""
    cells = np.array([[0.9877, 0.0023], [0.009, 0.001]])
    shares = 2 * np.diag(cells) / (cells.sum(axis=0) + cells.sum(axis=1))
    (a, b), (c, d) = cells
    mcc = (a * d - b * c) / math.sqrt((a + b) * (c + d) * (a + c) * (b + d))
    held: dict[str, list[bool]] = {"f1_macro": [], "mcc": []}
    for drawn in np.random.default_rng(0).multinomial(2_000, cells.ravel(), 300):
        found = count_intervals(drawn.reshape(2, 2), 1)
        for name, true in (("f1_macro", shares.mean()), ("mcc", mcc)):
            if found[name].low is not None:
                held[name].append(holds(found[name], true))
    assert all(np.mean(each) > 0.94 for each in held.values()), held

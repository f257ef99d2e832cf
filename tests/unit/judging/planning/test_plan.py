"""Plans: what they say, what they refuse, and that they agree with other implementations and with simulation."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower
from statsmodels.stats.proportion import proportion_confint

import classmark
from classmark.cli.main import run
from classmark.errors import InputError
from classmark.judging.planning.areas import area_variance
from classmark.judging.planning.equivalence import (
    power_of_equal_seeds,
    power_of_equivalence,
    power_within,
)
from classmark.judging.planning.grouping import Grouping, design_effect
from classmark.judging.planning.paired_areas import area_covariance, joint_excess
from classmark.judging.planning.pairs import power_of_difference, rows_for_difference, variance_at_bound
from classmark.judging.planning.seeds import power_over_seeds, seeds_for_difference, upper_deviation
from classmark.judging.planning.shares import power_above, rows_for_minimum, rows_for_width
from classmark.judging.statistics.p_values import mcnemar
from classmark.judging.statistics.power import Z_POWER


def test_the_width_is_that_of_wilson_by_statsmodels() -> None:
    rows = rows_for_width(0.9, 0.02)
    assert rows is not None
    widths = [np.diff(proportion_confint(0.9 * n, n, method="wilson"))[0] for n in (rows - 1, rows)]
    assert widths[0] > 0.02 >= widths[1]


@pytest.mark.parametrize(("share", "minimum", "power"), [(0.92, 0.9, 0.8), (0.6, 0.5, 0.9), (0.99, 0.95, 0.8)])
def test_the_power_above_a_minimum_is_the_sum_of_binomial_chances(share: float, minimum: float, power: float) -> None:
    rows = rows_for_minimum(share, minimum, power)
    assert rows is not None
    hits = np.arange(rows + 1)
    low, _ = proportion_confint(hits, rows, method="wilson")
    exact = stats.binom.pmf(hits[low > minimum], rows, share).sum()
    assert power_above(share, minimum, rows) == pytest.approx(exact, abs=1e-10)
    assert power <= exact < power + 0.02


@pytest.mark.parametrize(("rows", "difference", "disagreement"), [(40, 0.2, 0.4), (120, 0.05, 0.1), (60, 0.1, 0.1)])
def test_the_power_of_mcnemar_is_the_sum_over_all_tables(rows: int, difference: float, disagreement: float) -> None:
    down = (disagreement - difference) / 2
    total = 0.0
    for both in range(rows + 1):
        shown = [k for k in range((both + 1) // 2) if mcnemar(k, both - k).p_midp < 0.05]
        split = stats.binom.pmf(shown, both, down / disagreement).sum() if shown else 0.0
        total += stats.binom.pmf(both, rows, disagreement) * split
    assert power_of_difference(rows, difference, disagreement) == pytest.approx(total, abs=1e-9)


def test_many_rows_agree_with_connor() -> None:
    """Connor 1987: n δ² = (1.960 √ψ + 0.842 √(ψ − δ²))²."""
    connor = (stats.norm.ppf(0.975) * math.sqrt(0.08) + Z_POWER * math.sqrt(0.08 - 0.01**2)) ** 2 / 0.01**2
    assert rows_for_difference(0.01, 0.08, 0.8) == pytest.approx(connor, rel=0.005)
    assert rows_for_difference(0.001, 0.08, 0.8) == pytest.approx(100 * connor, rel=0.005)


def test_the_variance_at_a_bound_is_that_of_the_likeliest_table() -> None:
    up, down, bound = 0.05, 0.03, -0.02
    shares = np.linspace(1e-6, 0.4, 400_001) + max(0.0, -bound)
    likelihood = up * np.log(shares + bound) + down * np.log(shares) + (1 - up - down) * np.log(1 - 2 * shares - bound)
    best = shares[likelihood.argmax()]
    assert variance_at_bound(up - down, up + down, bound) == pytest.approx(2 * best + bound - bound**2, abs=1e-5)
    assert variance_at_bound(0.02, 0.08, 0.0) == pytest.approx(0.08)


def test_seeds_agree_with_statsmodels() -> None:
    for distance, deviation, power in ((0.01, 0.008, 0.8), (0.02, 0.05, 0.9), (0.01, 0.01, 0.8)):
        found = seeds_for_difference(distance, deviation, power)
        wanted = TTestPower().solve_power(distance / deviation, alpha=0.05, power=power, alternative="two-sided")
        assert found == math.ceil(wanted)
        assert power_over_seeds(found, distance, deviation) == pytest.approx(
            TTestPower().power(distance / deviation, found, 0.05), abs=1e-4
        )


def test_the_upper_limit_of_a_deviation_holds_it_in_80_of_100_pilots() -> None:
    assert upper_deviation(1.0, 5) == pytest.approx(math.sqrt(4 / stats.chi2.ppf(0.2, 4)), rel=1e-12)
    drawn = np.random.default_rng(0).normal(size=(20_000, 5)).std(axis=1, ddof=1)
    assert (drawn * upper_deviation(1.0, 5) >= 1).mean() == pytest.approx(0.8, abs=0.01)


def test_the_variance_of_a_roc_area_is_that_of_drawn_rows() -> None:
    rng, shift = np.random.default_rng(0), math.sqrt(2) * stats.norm.ppf(0.8)
    positives, negatives = rng.normal(shift, size=(4_000, 40)), rng.normal(size=(4_000, 80))
    areas = (positives[:, :, None] > negatives[:, None]).mean(axis=(1, 2))
    assert np.var(areas) == pytest.approx(area_variance(0.8, 40, 80), rel=0.06)


def test_groups_need_as_many_more_rows_as_the_design_effect_says() -> None:
    groups = Grouping(5, design_effect(5, 0.25))
    assert groups.effect == 2
    plain, grouped = rows_for_width(0.8, 0.02), rows_for_width(0.8, 0.02, groups)
    assert plain is not None
    assert grouped == pytest.approx(2 * plain, rel=0.01)
    assert rows_for_difference(0.02, 0.1, 0.8, grouping=groups) == pytest.approx(
        2 * (rows_for_difference(0.02, 0.1, 0.8) or 0), rel=0.02
    )


def test_groups_that_are_all_right_count_as_their_independent_rows() -> None:
    groups = Grouping(10, design_effect(10, 0.5))
    assert rows_for_width(1.0, 0.05, groups) == pytest.approx(groups.effect * (rows_for_width(1.0, 0.05) or 0), abs=6)
    assert (rows_for_minimum(1.0, 0.9, 0.8, groups) or 0) > 5 * 30


def test_a_plan_says_what_to_do_and_what_is_assumed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "--recall", "0.8", "--prevalence", "0.05", "--width", "0.1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["needed"] == 4_900
    assert found["rows_of_class"] == 245
    assert found["table"][0] == {"target": 0.2, "needed": 1_200}
    assert found["sentence"] == (
        "Label 4,900 rows, of which about 245 have the class. Then the 95 % interval of the recall is about 10 points wide, "
        "if it is 80 % and 5 % of the rows have the class."
    )
    assert found["assumptions"] == [
        "Rows are drawn independently from what the model will meet.",
        "The interval of the labelled rows is a little wider in about half of all draws.",
    ]


def test_seeds_are_planned_with_the_upper_limit_of_a_pilot() -> None:
    found = classmark.plan(difference=0.01, deviation=0.008, pilot_seeds=5)
    assert (found.needed, found.at_face_value) == (15, 8)
    assert found.sentence == (
        "Run 15 seeds of both arms. Then B is shown to be better in 80 of 100 studies, if it is better by 0.01 and the "
        "differences between runs of one seed have a deviation of 0.0125. At the pilot's own figures 8 would do."
    )


def pilot(path: Path, seed: int, groups: int | None = None) -> str:
    rng = np.random.default_rng(7)
    truth, own = rng.random(400) < 0.3, np.random.default_rng(seed)
    hard = rng.random(400) < 0.1 if groups is None else np.repeat(rng.random(groups) < 0.1, 400 // groups)
    wrong = hard & (own.random(400) < 0.8) | (own.random(400) < 0.03)
    said = truth ^ wrong
    score = np.where(said, 0.8, 0.2) + own.uniform(-0.1, 0.1, 400)
    columns: dict[str, Any] = {"id": np.arange(400), "label": np.where(truth, "yes", "no"), "score": score.round(4)}
    if groups is not None:
        columns["group"] = np.repeat(np.arange(groups), 400 // groups)
    pl.DataFrame(columns).with_columns(pl.col("id").cast(pl.String)).write_csv(path)
    return str(path)


def test_a_pilot_of_one_model_gives_the_guess(tmp_path: Path) -> None:
    file = pilot(tmp_path / "a.csv", 1)
    judged = classmark.judge(file, draws=100)
    for metric in ("accuracy", "recall", "precision"):
        found = classmark.plan(file, metric=metric, width=0.05)
        value = judged.metrics[metric].value
        assert value is not None
        assert found.at_face_value is not None
        assert found.needed is not None
        assert found.needed > found.at_face_value
        guess = {metric: value} | ({} if metric == "accuracy" else {"prevalence": found.question.prevalence})
        assert classmark.plan(**guess, width=0.05).needed == found.at_face_value
    area = classmark.plan(file, metric="roc_auc", width=0.05)
    estimate = judged.metrics["roc_auc"]
    assert estimate.low is not None
    assert estimate.high is not None
    same = classmark.plan(file, metric="roc_auc", width=estimate.high - estimate.low)
    assert same.needed == pytest.approx(400, abs=4)
    assert area.question.value == pytest.approx(estimate.value)


def test_a_pilot_of_two_models_gives_their_disagreement(tmp_path: Path) -> None:
    a, b = pilot(tmp_path / "a.csv", 1), pilot(tmp_path / "b.csv", 2)
    counts = classmark.compare(a, b, draws=100).pairs[0].mcnemar
    share = (counts.only_a_right + counts.only_b_right) / 400
    found = classmark.plan(a, b, difference=0.02)
    assert found.question.disagreement > share
    assert found.at_face_value == classmark.plan(difference=0.02, disagreement=share).needed
    assert classmark.plan(a, b, not_worse_than=0.02).kind == "difference"


def test_a_pilot_with_groups_gives_their_design_effect(tmp_path: Path) -> None:
    found = classmark.plan(pilot(tmp_path / "a.csv", 1, groups=80), width=0.05)
    assert found.question.group_size == 5
    assert 2 < (found.question.effect or 0) < 5
    assert found.groups == math.ceil((found.needed or 0) / 5)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"accuracy": 90, "width": 0.1}, "accuracy: 90 is not a share from 0 to 1. Write 0.05 for 5 %."),
        ({"accuracy": 0.9}, "plan: nothing says what is wanted. Give a width (width=0.02), a value to stay above (minimum=0.9) "
         "or a difference (difference=0.01)."),
        ({"width": 0.1}, "plan: width needs a guess of the metric, or a pilot file. Give for instance accuracy=0.9."),
        ({"recall": 0.9, "width": 0.1}, "recall: it needs the share of rows of the class. Give prevalence=0.1."),
        ({"accuracy": 0.9, "minimum": 0.95},
         "minimum: 0.95 is not below the 0.9 that is expected, so no number of rows shows it."),
        ({"accuracy": 0.9, "recall": 0.9, "width": 0.1}, "recall: accuracy is guessed too. Plan one at a time."),
        ({"difference": 0.1, "disagreement": 0.05},
         "disagreement: 0.05 is below the difference of 0.1, which it cannot be."),
        ({"difference": -0.1, "disagreement": 0.2},
         "difference: a difference of -0.1 is not above 0, so no number shows that it is."),
        ({"margin": 0.01}, "margin: it needs the true difference beside it. Give difference=0.02."),
        ({"icc": 0.1, "accuracy": 0.9, "width": 0.1}, "icc: it needs group_size beside it. Give group_size=5.0."),
        ({"not_worse_than": 0, "disagreement": 0.1},
         "not_worse_than: a difference of 0 is not above 0, so no number shows that it is."),
        ({"accuracy": "high", "width": 0.1}, 'accuracy: "high" is not a number.'),
        ({"accuracy": 0.9, "width": 0.1, "label": "y"}, "label: it goes with a pilot file."),
    ],
)  # fmt: skip
def test_what_cannot_be_planned_says_why(words: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        classmark.plan(**words)
    assert str(caught.value) == message


def test_the_command_line_spells_its_own_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plan", "--recall", "0.9", "--width", "0.1"]) == 2
    assert capsys.readouterr().err == (
        "error: --recall: it needs the share of rows of the class. Give --prevalence 0.1.\n"
    )


@pytest.mark.parametrize(("degrees", "difference", "deviation"), [(3, 0.0, 0.3), (9, 0.3, 0.25), (40, -0.4, 0.2)])
def test_the_power_of_equivalence_is_that_of_drawn_studies(degrees: int, difference: float, deviation: float) -> None:
    rng, count = np.random.default_rng(degrees), 200_000
    means = rng.normal(difference, deviation, count)
    seen = deviation * np.sqrt(rng.chisquare(degrees, count) / degrees)
    inside = (np.abs(means) + stats.t.ppf(0.95, degrees) * seen < 1).mean()
    assert power_within(difference, 1.0, deviation, degrees) == pytest.approx(inside, abs=0.004)


def test_two_one_sided_tests_need_the_rows_of_the_formula() -> None:
    """Equal models: n = (1.645 + 1.282)² ψ / m² for 80 of 100 (Julious 2004, section 5), less what the margin changes."""
    found = classmark.plan(equivalent=0.01, disagreement=0.08)
    assert found.needed == pytest.approx((stats.norm.ppf(0.95) + stats.norm.ppf(0.9)) ** 2 * 0.08 / 0.01**2, rel=0.01)
    assert power_of_equivalence(found.needed or 0, 0.0, 0.08, 0.01) == pytest.approx(found.reached)
    mirrored = [power_of_equivalence(1_500, difference, 0.15, 0.04) for difference in (0.01, -0.01)]
    assert mirrored[0] == pytest.approx(mirrored[1])
    assert power_of_equal_seeds(8, 0.0, 0.008, 0.01) > 0.8 > power_of_equal_seeds(7, 0.0, 0.008, 0.01)
    assert [step.target for step in found.table] == [0.02, 0.015, 0.01, 0.0075, 0.005]


def test_the_joint_chance_of_two_normal_values_is_that_of_scipy() -> None:
    for a, b, correlation in ((0.85, 0.87, 0.6), (0.5, 0.9, -0.3), (0.99, 0.98, 0.9)):
        exact = stats.multivariate_normal.cdf(stats.norm.ppf([a, b]), cov=[[1, correlation], [correlation, 1]])
        assert joint_excess(a, b, correlation) == pytest.approx(exact - a * b, abs=1e-6)
    assert area_covariance(0.8, 0.8, 1.0, 40, 80) == pytest.approx(area_variance(0.8, 40, 80), rel=1e-6)


def test_two_roc_areas_are_planned_from_a_guess_and_from_a_pilot(tmp_path: Path) -> None:
    guessed = classmark.plan(roc_auc=0.85, difference=0.03, prevalence=0.3, correlation=0.6)
    rng, count = np.random.default_rng(3), 4_000
    positive, scores = rng.random(count) < 0.3, rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], count)
    for name, column, area in (("a.csv", 0, 0.85), ("b.csv", 1, 0.88)):
        shifted = scores[:, column] + math.sqrt(2) * stats.norm.ppf(area) * positive
        labels = np.where(positive, "yes", "no")
        pl.DataFrame({"id": np.arange(count), "label": labels, "score": stats.norm.cdf(shifted)}).write_csv(
            tmp_path / name
        )
    pilot = [tmp_path / "a.csv", tmp_path / "b.csv"]
    found = classmark.plan(*pilot, metric="roc_auc", difference=0.03, positive="yes")
    assert found.at_face_value == pytest.approx(guessed.needed, rel=0.12)
    assert (found.needed or 0) > (found.at_face_value or 0)
    assert found.assumptions[-1].startswith("The variance of the difference is the unfavourable 80 % limit from ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"equivalent": 0.02, "difference": 0.02, "disagreement": 0.1},
         "equivalent: a difference of 0.02 is not within ± 0.02, so no number shows that it is."),
        ({"equivalent": 0.02, "margin": 0.01, "disagreement": 0.1}, "margin: it contradicts equivalent. Give one of them."),
        ({"roc_auc": 0.9, "difference": 0.02, "prevalence": 0.2},
         "plan: a difference of ROC areas needs how the scores of both models correlate, or a pilot file of each. Give "
         "correlation=0.5."),
        ({"roc_auc": 0.9, "difference": 0.2, "prevalence": 0.2, "correlation": 0.5},
         "roc_auc: an area of 1.1 leaves nothing to plan. Give areas below 1."),
        ({"difference": 0.02, "disagreement": 0.2, "correlation": 0.5},
         "correlation: it is of the scores whose ROC areas differ. Guess roc_auc too."),
    ],
)  # fmt: skip
def test_what_equivalence_and_roc_areas_cannot_be_asked(words: dict[str, float], message: str) -> None:
    with pytest.raises(InputError) as caught:
        classmark.plan(**words)  # type: ignore[arg-type]
    assert str(caught.value) == message

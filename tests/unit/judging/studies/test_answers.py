"""Statistics of a study against scipy and statsmodels, and verdicts against made studies whose truth is known."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests

from classmark.judging.studies.answers import answer
from classmark.judging.studies.learning import (
    Reached,
    curve_differences,
    curve_points,
    first_there,
    horizon,
    mean_accuracy,
    reach,
    restricted_steps,
    steps_to_target,
)
from classmark.judging.studies.outcomes import Outcome, measure
from classmark.judging.studies.seeds import metric_range, over_seeds, paired_over_seeds, probability_better
from classmark.judging.studies.variance import probability_over_both, split_variance
from classmark.judging.studies.verdicts import settle
from classmark.recipes.study_schema import Arm, Study

finite = st.floats(-100, 100, allow_nan=False).map(lambda value: round(value, 4))
samples = st.lists(st.tuples(finite, finite), min_size=2, max_size=12).filter(
    lambda pairs: np.ptp([b - a for a, b in pairs]) > 0.01
)


def draws(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_mean_over_seeds_is_the_t_interval() -> None:
    for runs in (2, 5, 17):
        values = draws(runs).normal(0.8, 0.02, runs)
        found = over_seeds(values)
        low, high = scipy.stats.t.interval(0.95, runs - 1, values.mean(), scipy.stats.sem(values))
        assert (found.value, found.low, found.high) == pytest.approx((values.mean(), low, high), rel=1e-9)
    assert over_seeds(np.array([0.5])).low is None
    near = over_seeds(np.array([0.99, 1.0, 0.97]), metric_range("accuracy"))
    assert (near.high, near.low) == (1.0, over_seeds(np.array([0.99, 1.0, 0.97])).low)
    assert [metric_range(name) for name in ("mcc", "brier", "log_loss")] == [(-1, 1), (0, 2), (0, math.inf)]
    assert over_seeds(np.empty(0)).value is None


@pytest.mark.parametrize("confidence", [0.95, 0.975, 1 - 0.05 / 3, 0.999])
def test_paired_t(confidence: float) -> None:
    a, b = draws(1).normal(0, 1, (2, 7))
    found = paired_over_seeds(a, b, confidence)
    expected = scipy.stats.ttest_rel(b, a)
    span = expected.confidence_interval(confidence)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx((span.low, span.high), rel=1e-8)
    assert found.deviation == pytest.approx(np.std(b - a, ddof=1))


def test_equal_differences_have_no_interval() -> None:
    same = paired_over_seeds(np.array([0.1, 0.2, 0.3]), np.array([0.2, 0.3, 0.4]))
    assert (same.value, same.low, same.p) == (pytest.approx(0.1), None, None)
    assert "same amount" in same.method
    assert paired_over_seeds(np.array([1.0]), np.array([2.0])).low is None
    assert paired_over_seeds(np.empty(0), np.empty(0)).value is None


@given(samples)
def test_swapped_arms_mirror(pairs: list[tuple[float, float]]) -> None:
    a, b = np.array(pairs).T
    one, other = paired_over_seeds(a, b), paired_over_seeds(b, a)
    assert one.value == -(other.value or 0.0)
    assert one.low == pytest.approx(-(other.high or 0.0), abs=1e-9)
    assert one.p == other.p
    for margin in (0.0, 0.5, 20.0):
        assert settle(one.low, one.high, margin, "higher") == settle(other.low, other.high, margin, "lower")
    better, worse = probability_better(a, b, "higher"), probability_better(b, a, "higher")
    assert better.value == pytest.approx(1 - (worse.value or 0.0))
    assert better.low == pytest.approx(1 - (worse.high or 0.0))


@given(samples, finite)
def test_a_shift_of_both_arms_changes_nothing(pairs: list[tuple[float, float]], shift: float) -> None:
    a, b = np.array(pairs).T
    one, other = paired_over_seeds(a, b), paired_over_seeds(a + shift, b + shift)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-7)


@pytest.mark.parametrize("better", [0, 1, 5, 9, 10])
def test_how_often_better_is_clopper_and_pearsons_interval(better: int) -> None:
    gains = np.where(np.arange(10) < better, 1.0, -1.0)
    found = probability_better(np.zeros(10), gains, "higher")
    expected = scipy.stats.binomtest(better, 10).proportion_ci(method="exact")
    assert (found.value, found.low, found.high) == pytest.approx((better / 10, expected.low, expected.high))


@given(st.lists(st.one_of(st.none(), st.integers(1, 20)), min_size=1, max_size=9))
def test_median_steps_are_kaplan_meiers(reached: list[int | None]) -> None:
    found = [Reached(step, 20) for step in reached]
    limit = horizon(found)
    summary = steps_to_target(found, limit)
    times = np.minimum([one.step or limit for one in found], limit)
    there = [one.step is not None and one.step <= limit for one in found]
    expected = SurvfuncRight(times, there).quantile(0.5)
    # Its median is the first time at which survival is below a half; ours, as usual, at most a half.
    survival = np.mean([not seen or time > (summary.median or limit) for time, seen in zip(times, there, strict=True)])
    if summary.median is None:
        assert np.isnan(expected)
        assert sum(there) < len(there) / 2
    else:
        assert survival <= 0.5
        assert np.isnan(expected) or summary.median <= expected
        if len(reached) % 2:
            assert summary.median == expected
    assert summary.restricted.value == pytest.approx(times.mean())


def test_steps_to_target_censored() -> None:
    curves = [{10: 0.2, 20: 0.5, 30: 0.4, 40: 0.6}, {10: 0.1, 20: 0.2, 30: 0.3, 40: 0.4}, {10: 0.6}]
    found = [reach(curve, 0.5) for curve in curves]
    assert found == [Reached(20, 40), Reached(None, 40), Reached(10, 10)]
    assert horizon(found) == 40  # the third ended early, at its target
    assert restricted_steps(found, 40).tolist() == [20, 40, 10]
    assert horizon([Reached(30, 40), Reached(None, 25)]) == 25
    assert restricted_steps([Reached(30, 40)], 25).tolist() == [25]


def test_sign_test_of_who_was_first() -> None:
    a = [Reached(40, 90), Reached(40, 90), Reached(None, 90), Reached(90, 90), Reached(30, 90), Reached(None, 90)]
    b = [Reached(30, 90), Reached(20, 90), Reached(80, 90), Reached(None, 90), Reached(30, 90), Reached(None, 90)]
    found = first_there(a, b, 90)
    assert (found.b, found.a, found.ties) == (3, 1, 2)
    assert found.p == pytest.approx(scipy.stats.binomtest(3, 4).pvalue)
    assert first_there(b, a, 90).b == found.a


def test_curves_share_their_steps() -> None:
    one, other = [{10: 0.2, 20: 0.4, 30: 0.5}, {10: 0.3, 20: 0.5}], [{10: 0.3, 20: 0.3}, {10: 0.3, 20: 0.6}]
    assert [point.step for point in curve_points(one)] == [10, 20]
    point = curve_points(one)[1]
    assert (point.accuracy.value, point.lowest, point.highest) == (pytest.approx(0.45), 0.4, 0.5)
    differences = curve_differences(one, other)
    assert [step for step, _ in differences] == [10, 20]
    assert differences[1][1].value == pytest.approx(0.0)
    assert mean_accuracy(one) == pytest.approx([0.3, 0.4])
    assert curve_points([]) == []


def made_differences(generator: np.random.Generator, seeds: int, rows: int, crossed: bool) -> Any:
    seed = generator.normal(0, 0.3, (seeds, 1))
    row = generator.normal(0, 1.0, (1, rows)) if crossed else 0.0
    return 0.1 + seed + row + generator.normal(0, 0.5, (seeds, rows))


def test_crossed_variance_agrees_with_statsmodels() -> None:
    import pandas as pd

    differences = made_differences(draws(7), 4, 30, crossed=True)
    found = split_variance(differences, same_rows=True)
    places = np.indices(differences.shape)
    frame = pd.DataFrame({"y": differences.ravel(), "s": places[0].ravel(), "r": places[1].ravel()})
    table = anova_lm(ols("y ~ C(s) + C(r)", frame).fit())
    squares = table["sum_sq"] / table["df"]
    assert found.seed**2 == pytest.approx((squares["C(s)"] - squares["Residual"]) / 30)
    expected = ((squares["C(r)"] - squares["Residual"]) / 4 + squares["Residual"]) / 30
    assert found.row**2 == pytest.approx(expected)
    variance = (squares["C(s)"] + squares["C(r)"] - squares["Residual"]) / 120
    half = ((found.high or 0) - (found.low or 0)) / 2
    assert scipy.stats.t.ppf(0.975, 119) <= half / math.sqrt(variance) <= scipy.stats.t.ppf(0.975, 2)


def test_the_interval_over_both_covers() -> None:
    generator, hits, parts = draws(11), 0, []
    for _ in range(400):
        found = split_variance(made_differences(generator, 6, 40, True), same_rows=True)
        hits += (found.low or 0) <= 0.1 <= (found.high or 0)
        parts.append((found.seed**2, found.row**2 * 40))
    assert 0.92 <= hits / 400 <= 0.99
    seed, row = np.mean(parts, axis=0)
    assert seed == pytest.approx(0.3**2, rel=0.2)
    assert row == pytest.approx(1.25, rel=0.2)


def test_resplits_are_corrected() -> None:
    """Tests of 40 of 200 rows, drawn anew by each seed: the plain t interval covers far less than the corrected one."""
    generator, hits, parts = draws(12), np.zeros(2), []
    for _ in range(400):
        rows, seeds = generator.normal(0.1, 1.0, 200), generator.normal(0, 0.1, (10, 1))
        drawn = np.array([generator.permutation(200)[:40] for _ in range(10)])
        differences = rows[drawn] + seeds
        found = split_variance(differences, same_rows=False, shared=40 / 160)
        plain = paired_over_seeds(np.zeros(10), differences.mean(axis=1))
        hits += [(found.low or 0) <= 0.1 <= (found.high or 0), (plain.low or 0) <= 0.1 <= (plain.high or 0)]
        parts.append((found.seed**2, found.row**2 * 40))
        half = scipy.stats.t.ppf(0.975, 9) * differences.mean(axis=1).std(ddof=1) * math.sqrt(1 / 10 + 1 / 4)
        assert ((found.high or 0) - (found.low or 0)) / 2 == pytest.approx(half)
    assert hits[0] / 400 >= 0.93
    assert hits[1] / 400 < 0.85
    assert np.mean(parts, axis=0) == pytest.approx([0.1**2, 1.0], rel=0.3)
    unknown = split_variance(differences, same_rows=False)
    assert (unknown.low, unknown.high) == (None, None)
    assert unknown.method == ("none: seeds split one data set, and how many rows each run was trained on is not known")


def test_equal_terms_split_into_nothing() -> None:
    found = split_variance(np.zeros((3, 10)), same_rows=True)
    assert (found.seed, found.row, found.seed_share, found.low) == (0, 0, None, None)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 5), st.integers(2, 30), st.integers(0, 100))
def test_probability_over_both_mirrors_and_is_the_wider(seeds: int, rows: int, seed: int) -> None:
    differences = draws(seed).normal(0, 1, (seeds, rows))
    split, mirrored = split_variance(differences, True), split_variance(-differences, True)
    zero, means = np.zeros(seeds), differences.mean(axis=1)
    alone = probability_better(zero, means, "higher")
    one = probability_over_both(split, alone, "higher")
    other = probability_over_both(mirrored, probability_better(zero, -means, "higher"), "higher")
    assert one == probability_over_both(mirrored, probability_better(zero, -means, "lower"), "lower")
    assert one.value == pytest.approx(1 - (other.value or 0))
    assert (one.low, one.high) == pytest.approx((1 - (other.high or 0), 1 - (other.low or 0)))
    assert one.low is not None
    assert one.low <= (alone.low or 0) < (alone.high or 0) <= (one.high or 0)  # it never says 1 to 1
    assert probability_over_both(split_variance(differences, False, 0.2), alone, "higher").low is None


def made_study(**changes: Any) -> Study:
    recipe = {"name": "made", "data": {"source": "digits"}}
    arms = {
        name: Arm(recipe=recipe | {"loss": {"gamma": gamma}}) for name, gamma in (("a", 1.0), ("b", 2.0), ("c", 3.0))
    }
    given: dict[str, Any] = {"name": "made", "question": "?", "margin": 0.01, "seeds": 6, "direction": "higher"}
    return Study(arms=arms, **{**given, **changes})


def made_outcomes(study: Study, gains: dict[str, float], seed: int = 0) -> list[Outcome]:
    """Runs on 200 rows whose accuracy moves with the seed, shared by the arms, and with the arm."""
    generator, found = draws(seed), []
    for number in study.seed_list:
        base = generator.normal(0.7, 0.02)
        for arm in study.arms:
            share = base + gains[arm] + generator.normal(0, 0.004)
            hits = (np.arange(200) < round(200 * share)).astype(float)
            curve = {step: share * step / (step + 20) for step in (10, 20, 40, 80)}
            tempered = {"temperature": 1.2, "log_loss": 1 - share, "brier": 1 - share, "ece": 0.1}
            metrics = {"accuracy": share, "log_loss": 1.1 - share, "brier": 1 - share, "ece": 0.2}
            ids = tuple(map(str, range(200)))
            recipe = dict(study.arms[arm].recipe or {})  # type: ignore[arg-type]
            found.append(
                Outcome(arm, number, "done", "", 1.0, metrics, tempered, {"accuracy": hits}, ids, curve, recipe)
            )
    return found


def test_answers() -> None:
    study = made_study(target_accuracy=0.5)
    outcomes = made_outcomes(study, {"a": 0.0, "b": 0.05, "c": 0.0})
    found = answer(study, outcomes)
    b, c = found.comparisons
    assert (b.verdict, c.verdict) == ("supported", "not by the margin")
    assert b.primary.confidence == pytest.approx(0.975)  # Bonferroni over two
    assert (b.p_holm, c.p_holm) == pytest.approx(multipletests([b.p_margin, c.p_margin], method="holm")[1])
    values = {arm: [one.metrics["accuracy"] for one in outcomes if one.arm == arm] for arm in "abc"}
    assert b.metrics["accuracy"].p == pytest.approx(scipy.stats.ttest_rel(values["b"], values["a"]).pvalue)
    assert b.better["log_loss"].value == 1.0
    assert b.rows["accuracy"].split.same_rows
    assert found.arms["b"].metrics["accuracy"].value == pytest.approx(np.mean(values["b"]))
    assert found.arms["a"].steps is not None
    assert [one.code for one in found.findings if one.severity != "info"] == []
    content = found.to_json()
    assert len(content["runs"]) == 18
    import json

    json.dumps(content, allow_nan=False)


def test_swapped_reference_mirrors_the_answers() -> None:
    study = made_study()
    outcomes = made_outcomes(study, {"a": 0.0, "b": 0.05, "c": 0.2})
    swapped = study.model_copy(update={"arms": {name: study.arms[name] for name in "bac"}, "direction": "lower"})
    one, other = answer(study, outcomes).comparisons[0], answer(swapped, outcomes).comparisons[0]
    assert (one.arm, other.arm) == ("b", "a")
    assert one.verdict == other.verdict == "supported"
    assert one.primary.low == pytest.approx(-(other.primary.high or 0))


def test_failed_and_waiting_runs() -> None:
    study = made_study()
    outcomes = made_outcomes(study, {"a": 0.0, "b": 0.05, "c": 0.0})
    failed = [replace(Outcome("b", 1), state="failed", message="out of memory") if one.arm == "b" and one.seed == 1 else one
              for one in outcomes]  # fmt: skip
    found = answer(study, failed)
    assert (found.comparisons[0].missing, found.comparisons[0].waiting) == (1, 0)
    assert found.comparisons[0].verdict == "not settled"
    worst = found.comparisons[0].worst
    assert worst is not None
    assert (worst.low or 0) < 0 < (worst.high or 0)
    assert worst.verdicts == ("supported", "not settled")
    assert found.findings[0].code == "failed_runs"
    assert "b seed 1" in found.findings[0].message
    waiting = [Outcome("b", 1) if one.arm == "b" and one.seed == 1 else one for one in outcomes]
    early = answer(study, waiting)
    assert (early.comparisons[0].missing, early.comparisons[0].waiting) == (1, 1)
    assert early.comparisons[0].verdict == "not settled"
    assert early.comparisons[1].verdict == "not by the margin"
    assert [one.code for one in early.findings] == ["unfinished"]
    nothing = answer(study, [Outcome(arm, seed) for seed in study.seed_list for arm in study.arms])
    assert nothing.comparisons[0].primary.value is None
    assert nothing.comparisons[0].waiting == 6


def test_findings_of_arms_that_are_no_pair() -> None:
    study = made_study(seeds=[3, 4], target_accuracy=0.05, metric="steps_to_target", direction="lower", margin=1)
    outcomes = made_outcomes(study, {"a": 0.0, "b": 0.0, "c": 0.0})
    twin = [replace(one, arm="b", recipe=one.recipe) for one in outcomes if one.arm == "a"]
    other = [
        replace(one, ids=("x", *one.ids[1:]), recipe={**one.recipe, "train": {"precision": "bf16"}})
        for one in outcomes
        if one.arm == "c"
    ]
    found = answer(study, [one for one in outcomes if one.arm == "a"] + twin + other)
    codes = {one.code for one in found.findings}
    assert codes == {
        "few_seeds",
        "same_arms",
        "other_test_rows",
        "arms_differ_otherwise",
        "target_too_low",
        "coarse_steps",
    }
    assert found.comparisons[0].verdict == "not settled"
    assert found.comparisons[1].rows == {}


def test_a_target_that_is_never_reached() -> None:
    study = made_study(target_accuracy=0.99, metric="steps_to_target", direction="lower", margin=50)
    found = answer(study, made_outcomes(study, {"a": 0.0, "b": 0.01, "c": 0.0}))
    assert "target_never_reached" in {one.code for one in found.findings}
    assert found.comparisons[0].verdict == "not settled"
    assert found.arms["a"].steps is not None
    assert found.arms["a"].steps.median is None


def test_a_run_is_measured_as_its_judgement_does() -> None:
    from classmark.judging.judge import judge
    from classmark.predictions import build_predictions

    generator, tables = draws(2), []
    for split, rows in (("test", 300), ("validation", 200)):
        labels = generator.integers(0, 3, rows)
        logits = generator.normal(0, 1, (rows, 3)) + 2 * np.eye(3)[labels]
        probabilities = np.exp(3 * logits) / np.exp(3 * logits).sum(axis=1, keepdims=True)
        ids = [f"{split}{number}" for number in range(rows)]
        names = [("x", "y", "z")[label] for label in labels]
        tables.append(
            build_predictions(ids, names, probabilities, ("x", "y", "z"), logits=3 * logits, metadata={"split": split})
        )
    found, judged = measure(tables[0], tables[1]), judge(tables[0], validation=tables[1], draws=100)
    for name, value in found["metrics"].items():
        assert value == pytest.approx(judged.metrics[name].value)
    assert judged.recalibration is not None
    assert found["tempered"]["temperature"] == judged.recalibration.temperature
    assert found["tempered"]["ece"] == pytest.approx(judged.recalibration.tempered.error.ece)
    assert found["tempered"]["log_loss"] < found["metrics"]["log_loss"]
    assert found["terms"]["brier"].mean() == pytest.approx(found["metrics"]["brier"])
    turned = replace(tables[1], frame=tables[1].frame.with_columns(pl.col("logits", "probabilities").arr.reverse()))
    withheld = measure(tables[0], replace(turned, metadata={**turned.metadata, "classes": ["x", "y", "z"]}))
    assert withheld["tempered"] == {}
    assert withheld["untempered"].startswith("the log loss falls as far as the temperature rises")


def test_a_run_without_a_best_temperature_withholds_the_means_of_its_arm_and_says_so() -> None:
    study = made_study()
    outcomes = [
        replace(one, untempered="every row is right", tempered={})
        if (one.arm, one.seed) == ("b", study.seed_list[0])
        else replace(one, tempered={"temperature": 1.1 + one.seed / 10, "log_loss": 0.3, "brier": 0.2, "ece": 0.01})
        for one in made_outcomes(study, {"a": 0.0, "b": 0.01, "c": 0.0})
    ]
    found = answer(study, outcomes)
    assert (found.arms["b"].tempered, found.comparisons[0].tempered) == ({}, {})
    assert found.arms["a"].tempered["temperature"].value is not None
    assert set(found.comparisons[1].tempered) == {"log_loss", "brier", "ece"}
    assert [one.message for one in found.findings if one.code == "no_temperature"] == [
        f"No temperature is best for b seed {study.seed_list[0]}: on validation rows every row is right. Means of the "
        "temperature, and of what follows from it, are withheld for b."
    ]
    assert [one.get("untempered") for one in found.to_json()["runs"]].count("every row is right") == 1

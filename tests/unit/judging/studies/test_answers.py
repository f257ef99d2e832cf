"""Statistics of a study against scipy and statsmodels, and verdicts against made studies whose truth is known."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
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
from classmark.judging.studies.seeds import (
    over_seeds,
    paired_over_seeds,
    probability_better,
    quantile_of_t,
    seeds_needed,
    settle,
)
from classmark.judging.studies.variance import probability_over_both, split_variance
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


@pytest.mark.parametrize(
    ("low", "high", "margin", "expected"),
    [
        (0.02, 0.05, 0.01, "supported"),
        (0.005, 0.05, 0.01, "not settled"),
        (-0.005, 0.009, 0.01, "refuted"),  # inside the margin
        (-0.05, -0.001, 0.01, "refuted"),  # the other side of zero
        (-0.05, 0.001, 0.01, "not settled"),
        (0.001, 0.009, 0.01, "refuted"),
        (0.01, 0.02, 0.01, "not settled"),  # at the margin is not beyond it
        (0.001, 0.02, 0.0, "supported"),
        (None, None, 0.01, "not settled"),
    ],
)
def test_verdicts(low: float | None, high: float | None, margin: float, expected: str) -> None:
    assert settle(low, high, margin, "higher") == expected
    if low is not None and high is not None:
        assert settle(-high, -low, margin, "lower") == expected


@given(finite, st.floats(0, 50), st.floats(0, 50))
def test_no_interval_is_both(middle: float, half: float, margin: float) -> None:
    verdicts = {settle(middle - half, middle + half, margin, direction) for direction in ("higher", "lower")}  # type: ignore[arg-type]
    assert verdicts != {"supported"}  # both claims at once


def test_false_verdicts_are_as_rare_as_promised() -> None:
    """Of made studies whose true difference is the margin, or zero, at most 2.5 of 100 are called supported."""
    generator, studies, seeds, margin = draws(3), 4000, 5, 0.01
    half = quantile_of_t(seeds - 1, 0.95)
    for true, wrong in ((margin, "supported"), (0.0, "supported"), (margin, "refuted")):
        rows = generator.normal(true, 0.008, (studies, seeds))
        found = [settle(*_span(row, half), margin, "higher") for row in rows]
        # A true difference at the margin: `refuted` needs the interval below it, on the other tail.
        assert found.count(wrong) / studies < 0.025 + 3 * math.sqrt(0.025 * 0.975 / studies)
    clear = [settle(*_span(row, half), margin, "higher") for row in generator.normal(0.05, 0.008, (500, seeds))]
    assert clear.count("supported") > 490
    none = [settle(*_span(row, half), margin, "higher") for row in generator.normal(0.0, 0.002, (500, seeds))]
    assert none.count("refuted") > 450


def _span(row: Any, half: float) -> tuple[float, float]:
    error = half * row.std(ddof=1) / math.sqrt(len(row))
    return row.mean() - error, row.mean() + error


def test_seeds_needed_is_the_least_number() -> None:
    a, b = np.zeros(5), np.array([0.004, 0.03, 0.012, 0.02, 0.001])
    difference = paired_over_seeds(a, b)
    found = seeds_needed(difference, 0.005, "higher")
    assert found is not None
    assert found.towards == "supported"
    assert found.distance == pytest.approx(b.mean() - 0.005)

    def half(seeds: int, extra: float) -> float:
        return (scipy.stats.t.ppf(0.975, seeds - 1) + extra) * b.std(ddof=1) / math.sqrt(seeds)

    for count, extra in ((found.even, 0.0), (found.likely, scipy.stats.norm.ppf(0.8))):
        assert count is not None
        assert half(count, extra) < found.distance <= half(count - 1, extra)
    mirrored = seeds_needed(paired_over_seeds(b, a), 0.005, "lower")
    assert mirrored == found
    assert seeds_needed(paired_over_seeds(a, b), float(b.mean()), "higher").even is None  # type: ignore[union-attr]
    assert seeds_needed(paired_over_seeds(a, a + 1), 0.1, "higher") is None
    inside = seeds_needed(paired_over_seeds(a, b), 0.05, "higher")
    assert inside is not None
    assert inside.towards == "refuted"


def test_that_many_seeds_settle_about_half_and_four_in_five() -> None:
    generator = draws(5)
    found = seeds_needed(paired_over_seeds(np.zeros(2), np.array([0.0, 2.0])), 0.5, "higher")  # mean 1, deviation √2
    assert found is not None
    for seeds, expected in ((found.even, 0.5), (found.likely, 0.8)):
        assert seeds is not None
        half = quantile_of_t(seeds - 1, 0.95)
        rows = generator.normal(1, math.sqrt(2), (3000, seeds))
        share = np.mean([settle(*_span(row, half), 0.5, "higher") == "supported" for row in rows])
        assert share == pytest.approx(expected, abs=0.05)


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


@pytest.mark.parametrize("crossed", [True, False])
def test_the_interval_over_both_covers(crossed: bool) -> None:
    generator, hits, parts = draws(11), 0, []
    for _ in range(400):
        found = split_variance(made_differences(generator, 6, 40, crossed), crossed)
        hits += (found.low or 0) <= 0.1 <= (found.high or 0)
        parts.append((found.seed**2, found.row**2 * 40))
    assert 0.92 <= hits / 400 <= 0.99
    seed, row = np.mean(parts, axis=0)
    assert seed == pytest.approx(0.3**2, rel=0.2)
    assert row == pytest.approx(1.25 if crossed else 0.25, rel=0.2)


def test_equal_terms_split_into_nothing() -> None:
    found = split_variance(np.zeros((3, 10)), same_rows=True)
    assert (found.seed, found.row, found.seed_share, found.low) == (0, 0, None, None)


@settings(max_examples=20, deadline=None)
@given(st.integers(2, 5), st.integers(2, 30), st.booleans(), st.integers(0, 100))
def test_probability_over_both_mirrors(seeds: int, rows: int, same: bool, seed: int) -> None:
    differences = draws(seed).integers(-1, 2, (seeds, rows)).astype(float)
    one = probability_over_both(differences, same, "higher", 200)
    other = probability_over_both(-differences, same, "higher", 200)
    assert one == probability_over_both(-differences, same, "lower", 200)
    assert one.value == pytest.approx(1 - (other.value or 0))
    assert (one.low, one.high) == pytest.approx((1 - (other.high or 0), 1 - (other.low or 0)))


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
    assert (b.verdict, c.verdict) == ("supported", "refuted")
    assert b.primary.confidence == pytest.approx(0.975)  # Bonferroni over two
    assert (b.p_holm, c.p_holm) == pytest.approx(multipletests([b.primary.p, c.primary.p], method="holm")[1])
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
    assert found.comparisons[0].verdict == "supported"
    assert found.findings[0].code == "failed_runs"
    assert "b seed 1" in found.findings[0].message
    waiting = [Outcome("b", 1) if one.arm == "b" and one.seed == 1 else one for one in outcomes]
    early = answer(study, waiting)
    assert (early.comparisons[0].missing, early.comparisons[0].waiting) == (1, 1)
    assert early.comparisons[0].verdict == "not settled"
    assert early.comparisons[1].verdict == "refuted"
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

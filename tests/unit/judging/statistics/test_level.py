"""The level of intervals: what follows it, what keeps it, and that nothing else says 95 %."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

import classmark
from classmark.errors import InputError, RecipeError
from classmark.judging.judgement import Judgement, judgement_from_json
from classmark.judging.scored import Scored
from classmark.judging.statistics.estimates import estimate
from classmark.judging.statistics.groups import group_quantile
from classmark.judging.statistics.intervals import mean_interval, percentile_interval, spread_interval, wilson
from classmark.judging.statistics.level import at_level, level, of_100, percent, risk
from classmark.judging.statistics.power import minimum_detectable_difference
from classmark.judging.statistics.ranking import placements, roc_area
from classmark.judging.statistics.student import t_quantile
from classmark.judging.studies.seeds import paired_over_seeds, probability_better
from classmark.reading.side import GUESSED
from classmark.recipes import load_recipe
from classmark.recipes.study_load import load_study
from classmark.studies.table import answer_table

LEVELS = (0.9, 0.99)
SOURCE = Path(classmark.__file__).parent
# What may say so: quantiles of a data set's sizes, docstrings that report simulations at 95 %, and this setting itself.
NOT_OF_INTERVALS = ("report/audit.py", "templates/audit.html.j2", "statistics/level.py")


def table(seed: int, rows: int = 300, classes: int = 2) -> Scored:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    logits = rng.normal(size=(rows, classes)) + 1.2 * (np.arange(classes) == labels[:, None])
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Scored(labels, shares.argmax(axis=1), shares, classes)


def columns(seed: int, rows: int = 300) -> dict[str, Any]:
    scored = table(0, rows)
    noise = np.random.default_rng(seed).normal(size=rows)
    score = 1 / (1 + np.exp(-(1.5 * scored.labels - 0.75 + noise)))
    return {"label": [("no", "yes")[one] for one in scored.labels], "p_yes": score.round(4).tolist()}


def test_it_holds_inside_and_not_outside() -> None:
    assert (level(), risk(), percent(), of_100()) == (0.95, 0.05, "95 %", "95")
    with at_level(0.9), at_level(0.999):
        assert (level(), risk(), percent(), of_100()) == (0.999, 0.001, "99.9 %", "99.9")
    seen = []
    with at_level(0.9):
        other = threading.Thread(target=lambda: seen.append(level()))
        other.start()
        other.join()
    assert [*seen, level()] == [0.95, 0.95]


@pytest.mark.parametrize("wrong", [0.3, 1.0, 95, "0.9", True, float("nan")])
def test_what_is_no_level_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError) as caught:
        classmark.judge(["no", "yes"], [0.1, 0.9], level=wrong)
    assert (
        caught.value.spelt("python")
        == f"level: {wrong!r} is not a share from 0.5 to 0.999. Write 0.9 for 90 % intervals."
    )


@pytest.mark.parametrize("wanted", LEVELS)
def test_quantiles_and_intervals_agree_with_scipy_and_statsmodels(wanted: float) -> None:
    rng, each = np.random.default_rng(1), (1 - wanted) / 2
    terms, draws = rng.exponential(size=50), rng.uniform(0.4, 0.6, 500)
    with at_level(wanted):
        for degrees in (1, 2, 7, 40, 500):
            assert t_quantile(degrees) == pytest.approx(stats.t.ppf(1 - each, degrees), rel=1e-7)
        found = wilson(83, 100)
        assert (found.low, found.high) == pytest.approx(proportion_confint(83, 100, 1 - wanted, "wilson"), abs=1e-12)
        found = mean_interval(terms)
        assert (found.low, found.high) == pytest.approx(
            stats.t.interval(wanted, 49, terms.mean(), stats.sem(terms)), rel=1e-9
        )
        found = percentile_interval(0.5, draws, "")
        assert (found.low, found.high) == pytest.approx(np.quantile(draws, [each, 1 - each]))
        found = spread_interval(0.5, draws, "")
        half = stats.norm.ppf(1 - each) * draws.std(ddof=1) / 0.25
        assert (found.low, found.high) == pytest.approx((1 / (1 + np.exp(half)), 1 / (1 + np.exp(-half))))
        assert group_quantile(11) == pytest.approx(stats.t.ppf(1 - each, 10) * 11 / 10)


@pytest.mark.parametrize("wanted", LEVELS)
def test_delong_follows_it(wanted: float) -> None:
    scored = table(3, 80)
    above, below = placements(scored.labels == 1, scored.probabilities[:, 1])  # type: ignore[index]
    area = above.mean()
    deviation = np.sqrt(above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below)) / (area * (1 - area))
    half = stats.t.ppf((1 + wanted) / 2, min(len(above), len(below)) - 1) * deviation
    expected = [1 / (1 + np.exp(-(np.log(area / (1 - area)) + sign * half))) for sign in (-1, 1)]
    with at_level(wanted):
        found = roc_area(scored.labels == 1, scored.probabilities[:, 1])  # type: ignore[index]
    assert (found.low, found.high) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("wanted", LEVELS)
def test_intervals_over_seeds_follow_it(wanted: float) -> None:
    a, b = np.array([0.81, 0.83, 0.80, 0.82]), np.array([0.84, 0.85, 0.84, 0.83])
    low, high = stats.ttest_rel(b, a).confidence_interval(wanted)
    with at_level(wanted):
        found, better = paired_over_seeds(a, b), probability_better(a, b, "higher")
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.method == f"paired t over 4 seeds, at {100 * wanted:.4g} %"
    assert (better.low, better.high) == pytest.approx(proportion_confint(4, 4, 1 - wanted, "beta"))


def test_a_test_that_errs_more_often_shows_smaller_differences_and_needs_fewer_rows() -> None:
    assert minimum_detectable_difference(4, 2) is None
    usual = minimum_detectable_difference(500, 60)
    with at_level(0.9):
        assert minimum_detectable_difference(4, 2) is not None  # 1/16 is below 10 %
        assert minimum_detectable_difference(500, 60) < usual  # type: ignore[operator]


@pytest.mark.parametrize(("classes", "grouped"), [(2, False), (7, False), (2, True), (7, True)])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_higher_level_holds_a_lower_one_for_every_metric(classes: int, grouped: bool, seed: int) -> None:
    scored, groups = table(seed, 300, classes), np.arange(300) // 6 if grouped else None
    known: dict[str, tuple[float, float]] = {}
    for wanted in (0.999, 0.99, 0.95, 0.8, 0.5):
        with at_level(wanted):
            found = estimate(scored, tuple("abcdefg"[:classes]), 200, 0, groups)
        ends = {name: (one.low, one.high) for name, one in found.metrics.items() if one.low is not None}
        ends |= {f"{one.name} recall": (one.recall.low, one.recall.high) for one in found.per_class}
        assert len(ends) >= 10
        assert known.keys() in (set(), ends.keys())
        for name, (low, high) in known.items():
            assert low <= ends[name][0] < ends[name][1] <= high, name  # type: ignore[operator]
            assert (low, high) != ends[name], name
        known = ends  # type: ignore[assignment]


def test_a_judgement_keeps_its_level_in_its_file_and_on_its_page(tmp_path: Path) -> None:
    found = classmark.judge(columns(1), level=0.9, require="accuracy>=0.5", draws=100)
    content = json.loads(json.dumps(found.to_json()))
    assert (content["level"], content["confidence"], content["checks"][0]["confidence"]) == (0.9, 0.9, 0.9)
    assert judgement_from_json(content).level == 0.9
    assert ", 90 % interval " in content["checks"][0]["sentence"]
    page = found.report(tmp_path).read_text()
    assert page.count("90 %") > 5
    assert re.findall(r".{40}95 (?:%|of 100).{20}", page) == []
    assert "90 % interval" in str(found)
    assert "90 % interval" in found._repr_html_()
    assert r"90 % interval" in found.table("markdown")


def test_judgements_of_any_level_are_compared_at_one(tmp_path: Path) -> None:
    sides = [classmark.judge(columns(seed), level=wanted, draws=100) for seed, wanted in ((1, 0.9), (2, 0.99))]
    usual = classmark.compare(*sides, names=["old", "new"], draws=100)
    found = classmark.compare(
        *sides, names=["old", "new"], level=0.8, equivalent="accuracy:0.1", not_worse_than="accuracy:0.1", draws=100
    )
    assert (usual.level, found.level) == (0.95, 0.8)
    assert [check.confidence for check in found.checks] == [0.8, 0.6]
    for name, one in found.metrics.items():
        wide = usual.metrics[name]
        assert wide.low < one.low < one.high < wide.high  # type: ignore[operator]
        assert wide.p == one.p
    content = json.loads(json.dumps(found.to_json()))
    assert {content["level"], content["confidence"], content["pairs"][0]["level"]} == {0.8}
    page = found.report(tmp_path).read_text()
    assert re.findall(r".{40}9[05] (?:%|of 100).{20}", page.split("</style>")[1]) == []
    assert "80 % interval" in str(found)
    assert usual.checks == ()


def test_what_is_better_at_one_level_may_not_be_at_another() -> None:
    """13 rows that only the new one gets right, 5 that only the old one does: p is between 1 and 10 %."""
    labels, wrong = ["no", "yes"] * 100, ["yes", "no"] * 100
    a = classmark.judge(labels, predicted=[*wrong[:13], *labels[13:]])
    b = classmark.judge(labels, predicted=[*labels[:13], *wrong[13:18], *labels[18:]])
    sentences = {
        wanted: classmark.compare(a, b, names=["old", "new"], level=wanted).sentence for wanted in (0.9, 0.95, 0.99)
    }
    assert 0.05 < classmark.compare(a, b).metrics["accuracy"].p < 0.1  # type: ignore[operator]
    assert sentences[0.9] == "new is better than old by 4.0 points (0.5 to 7.8) of accuracy on 200 rows."
    assert sentences[0.95].startswith("These data cannot tell old (A) and new (B) apart: B − A is +4.0 points (")
    many = [classmark.compare(a, b, a, names=["old", "new", "same"], level=wanted) for wanted in (0.8, 0.95)]
    assert "B (new) is better by" in many[0].sentence
    assert "B (new) cannot be told from it" in many[1].sentence
    narrow, wide = (one.simultaneous[0]["accuracy"] for one in many)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_a_matrix_and_a_plan_follow_it() -> None:
    found = classmark.judge_matrix([[40, 10], [12, 60]], level=0.8)
    assert (found.metrics["accuracy"].low, found.metrics["accuracy"].high) == pytest.approx(
        proportion_confint(100, 122, 0.2, "wilson")
    )
    plan = classmark.plan(accuracy=0.9, width=0.02, level=0.9)
    assert (plan.needed, plan.level, plan.to_json()["level"]) == (2438, 0.9, 0.9)
    assert "the 90 % interval of accuracy" in plan.sentence


def test_a_study_follows_it_in_its_verdict_and_beside_it(tmp_path: Path) -> None:
    lines = ["arm,seed,file"]
    for number, arm in enumerate(("old", "new")):
        for seed in range(4):
            path = tmp_path / f"{arm}{seed}.csv"
            pl.DataFrame({"id": range(300), **columns(10 * seed + number)}).write_csv(path)
            lines.append(f"{arm},{seed},{path.name}")
    (tmp_path / "runs.csv").write_text("\n".join(lines))
    found = {wanted: answer_table(tmp_path / "runs.csv", [f"level={wanted}"], GUESSED)[0] for wanted in (0.9, 0.95)}
    for wanted, answers in found.items():
        one = answers.comparisons[0]
        assert answers.level == answers.to_json()["level"] == one.primary.confidence == wanted
        assert one.equivalence is not None
        assert one.equivalence.confidence == pytest.approx(2 * wanted - 1)
        assert {each.confidence for each in one.metrics.values()} == {wanted}
    narrow, wide = (one.comparisons[0].primary for one in found.values())
    ratio = stats.t.ppf(0.95, 3) / stats.t.ppf(0.975, 3)
    assert narrow.high - narrow.value == pytest.approx(ratio * (wide.high - wide.value))  # type: ignore[operator]


def test_recipes_and_studies_refuse_what_is_no_level() -> None:
    assert load_recipe("digits-quick", ["judge.level=0.9"]).judge.level == 0.9
    for load, name, key in ((load_recipe, "digits-quick", "judge.level"), (load_study, "bilstm-pooling", "level")):
        with pytest.raises(RecipeError, match=f"{key}: 1: a number from 0.5 to 0.999 is expected"):
            load(name, [f"{key}=1"])


def test_nothing_else_says_what_the_level_says() -> None:
    """Words of pages, and quantiles, outside of docstrings and comments."""
    found = []
    for path in sorted([*SOURCE.rglob("*.py"), *SOURCE.rglob("*.j2")]):
        if str(path).endswith(NOT_OF_INTERVALS):
            continue
        text = path.read_text()
        if not any(words in text for words in ("95 %", "95 of 100", "1.96", "1.645", "0.975")):
            continue
        text = re.sub(r'""".*?"""|#[^\n]*', "", text, flags=re.DOTALL)
        found += [
            f"{path.name}: {hit}" for hit in re.findall(r"[^\n]*(?:95 %|95 of 100|1\.96|1\.645|0\.975)[^\n]*", text)
        ]
    assert found == []


def test_a_judgement_made_by_hand_takes_the_level_that_holds() -> None:
    assert Judgement.__dataclass_fields__["confidence"].default_factory is level

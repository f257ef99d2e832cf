"""The page and the table of a study say what its answers hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from classmark.judging.studies.answers import Answers, answer
from classmark.judging.studies.outcomes import Outcome
from classmark.recipes.study_schema import Arm, Study
from classmark.report.screen import p_text
from classmark.report.study import shown_metrics, study_table, write_study
from classmark.report.study_charts import study_charts
from classmark.report.study_words import (
    needed_sentence,
    order_sentence,
    resplit_sentence,
    spread_sentence,
    verdict_sentence,
)
from classmark.shown.answers import shown_answers
from pages import check_vega_lite


def made(gains: list[list[float]], **changes: Any) -> Answers:
    """Answers of an arm for each list of gains in accuracy, one gain a seed."""
    recipe = {"name": "made", "data": {"source": "digits"}}
    arms = {f"arm{n}": Arm(recipe={**recipe, "loss": {"gamma": float(n)}}) for n in range(len(gains))}
    given = {
        "name": "made",
        "question": "Is it <better>?",
        "margin": 0.01,
        "direction": "higher",
        "target_accuracy": 0.5,
    }
    study = Study(arms=arms, seeds=len(gains[0]), **{**given, **changes})
    outcomes = []
    for number, seed in enumerate(study.seed_list):
        for name, own in zip(arms, gains, strict=True):
            score = 0.6 + 0.01 * number + own[number]
            outcomes.append(
                Outcome(
                    name, seed, "done", "", 61.0,
                    {"accuracy": score, "log_loss": 1.3 - score, "brier": 1 - score, "ece": 0.1 + own[number]},
                    {"temperature": 1.5 + own[number], "log_loss": 1.2 - score, "brier": 0.9 - score, "ece": 0.03},
                    {"accuracy": (np.arange(50) < 50 * score).astype(float)},
                    tuple(map(str, range(50))),
                    {10: score - 0.3, 20: score - 0.1, 30: score},
                    dict(arms[name].recipe or {}),  # type: ignore[arg-type]
                )
            )  # fmt: skip
    return answer(study, outcomes)


ZERO = [0.0, 0.0, 0.0, 0.0, 0.0]
AHEAD = [0.05, 0.055, 0.06, 0.05, 0.058]
UNSURE = [0.05, -0.03, 0.06, -0.01, 0.04]


def test_sentences() -> None:
    found = made([ZERO, AHEAD])
    one = found.comparisons[0]
    assert verdict_sentence(found, one) == (
        "Supported: arm1 less arm0 in accuracy is +5.46 points (95 % interval +4.89 to +6.03 over 5 seeds; "
        "tested against +1 points, p 2.6e-05). All of it is higher by more than 1 points."
    )
    assert needed_sentence(found, one) == ""
    assert order_sentence(found, one) == (
        "50 % of validation right: first was arm1 × 0, arm0 × 0, neither × 5 (sign test p 1). Reached by arm0 in 5 of 5 "
        "runs, median step 20; arm1 in 5 of 5 runs, median step 20."
    )
    worse = made([AHEAD, ZERO])
    assert verdict_sentence(worse, worse.comparisons[0]) == (
        "Not by the margin: arm1 less arm0 in accuracy is -5.46 points (95 % interval -6.03 to -4.89 over 5 seeds; tested "
        "against +1 points, p 5.9e-06). None of it is higher by more than 1 points. All of it lies on the other side of zero."
    )
    within = made([ZERO, AHEAD], margin=0.1)
    assert verdict_sentence(within, within.comparisons[0]).endswith(
        "None of it is higher by more than 10 points. The arms are equivalent: the 90 % interval, +5.03 to +5.89, lies within "
        "± 10 points."
    )


def test_what_is_not_settled_says_what_would() -> None:
    found = made([ZERO, UNSURE])
    one = found.comparisons[0]
    assert one.needed is not None
    assert one.needed.even is not None
    said = needed_sentence(found, one)
    assert said == (
        "If mean and spread are as they were here, it would be settled (supported) by a new study with other seeds: 45 for "
        "about an even chance, 88 for 80 of 100."
    )
    assert verdict_sentence(found, one).startswith("Not settled: ")
    assert verdict_sentence(found, one).endswith("The margin, +1 points, lies inside it.")
    near = made([ZERO, [0.004, -0.03, 0.03, -0.01, 0.012]], margin=0.02)
    assert needed_sentence(near, near.comparisons[0]) == (
        "If mean and spread are as they were here, it would be settled (not by the margin) by a new study with other seeds: 9 "
        "for about an even chance, 14 for 80 of 100. That the arms are equivalent would be shown by a new study with other "
        "seeds: 9 for about an even chance, 13 for 80 of 100."
    )


def test_a_sequential_study_says_where_it_was_settled(tmp_path: Path) -> None:
    found = made([ZERO * 2, AHEAD * 2], sequential=True)
    one = found.comparisons[0]
    assert (one.settled_at, one.primary.pairs, one.missing) == (5, 5, 0)
    assert verdict_sentence(found, one) == (
        "Supported at seed 5: arm1 less arm0 in accuracy is +5.46 points (95 % confidence sequence +4.37 to +6.55 over 5 seeds; "
        "tested against +1 points, p 0.0012). All of it is higher by more than 1 points."
    )
    stopped = answer(found.study, [*found.outcomes[:10], *(Outcome(x.arm, x.seed) for x in found.outcomes[10:])])
    assert stopped.comparisons[0].verdict == "supported"
    assert stopped.settled
    assert "unfinished" not in {finding.code for finding in stopped.findings}
    early = answer(found.study, [*found.outcomes[:8], *(Outcome(x.arm, x.seed) for x in found.outcomes[8:])])
    assert verdict_sentence(early, early.comparisons[0]) == (
        "No verdict yet: arm1 less arm0 in accuracy is +5.38 points, without an interval: a confidence sequence begins with 5 "
        "pairs of runs. 6 pairs of runs are missing, 6 of them still to run."
    )
    assert [(x.code, x.severity) for x in early.findings] == [("unfinished", "info")]
    gap = [replace(x, state="failed") if (x.arm, x.seed) == ("arm1", 3) else x for x in found.outcomes]
    broken = answer(found.study, gap).comparisons[0]
    assert (broken.verdict, broken.primary.pairs, broken.missing) == ("not settled", 2, 1)
    unsure = made([ZERO * 2, UNSURE * 2], sequential=True)
    assert needed_sentence(unsure, unsure.comparisons[0]).startswith(
        "If mean and spread stay as they are, it is settled (supported) at seed number "
    )
    page = write_study(tmp_path, stopped).read_text()
    assert "one after another until it is settled" in page
    assert "Supported at seed 5" in page


def test_resplits_are_said(tmp_path: Path) -> None:
    found = made([ZERO, AHEAD])
    drawn = [
        replace(x, ids=tuple(f"{(n + 20 * x.seed) % 150}" for n in range(50)), training_rows=100)
        for x in found.outcomes
    ]
    split = answer(found.study, drawn)
    one = split.comparisons[0]
    assert one.resplit is not None
    assert (one.resplit.test_rows, one.resplit.training_rows) == (50, 100)
    assert one.resplit.shared == pytest.approx(0.84)
    said = (
        "Every seed splits one data set anew, so this speaks of other seeds and other splits of this data set. For other data "
        "of this kind the 95 % interval is +4.40 to +6.52 (Nadeau and Bengio 2003): supported."
    )
    assert resplit_sentence(split, one) == said
    page = write_study(tmp_path, split).read_text()
    assert said in page
    assert "corrected for splits that share rows" in page
    assert [x.code for x in split.findings] == ["resplits"]
    assert split.findings[0].message == (
        "Every seed holds back its own 50 test rows of one data set, and 84% of them stand in the test of another seed too. "
        "The verdict speaks of other seeds and splits of this data set."
    )
    unknown = answer(found.study, [replace(x, training_rows=None) for x in drawn])
    assert resplit_sentence(unknown, unknown.comparisons[0]).endswith("For other data no interval is known.")
    assert unknown.findings[0].message.endswith("For other data of this kind it does not stand: arm1.")
    assert resplit_sentence(found, found.comparisons[0]) == ""


def test_how_far_the_runs_lie_apart(tmp_path: Path) -> None:
    found = made([ZERO, UNSURE])
    said = (
        "Standard deviation of accuracy over seeds, and its range: arm0 1.58 points (60.00 % to 64.00 %); arm1 4.27 points "
        "(58.00 % to 68.00 %)."
    )
    assert spread_sentence(found) == said
    assert said in write_study(tmp_path, found).read_text()
    console = Console(width=300, record=True, force_terminal=False)
    with console.capture() as shown:
        console.print(study_table(found))
    assert said in shown.get()
    assert found.to_json()["arms"]["arm0"]["spread"]["accuracy"] == pytest.approx(
        {"deviation": 0.0158113883, "lowest": 0.6, "highest": 0.64}
    )
    assert spread_sentence(answer(found.study, found.outcomes[:2])) == ""
    assert spread_sentence(made([ZERO, UNSURE], metric="steps_to_target", direction="lower", margin=15)) == ""


def test_steps_are_no_points() -> None:
    found = made([ZERO, AHEAD], metric="steps_to_target", direction="lower", margin=15, target_accuracy=0.525)
    assert shown_metrics(found)[0] == "steps_to_target"
    said = verdict_sentence(found, found.comparisons[0])
    assert (
        " in steps to target is -6.0 steps (95 % interval -12.8 to +0.8 over 5 seeds; tested against -15 steps, p 0.021)"
        in said
    )
    assert said.endswith("The arms are equivalent: the 90 % interval, -11.2 to -0.8, lies within ± 15 steps.")


def test_missing_runs_are_said() -> None:
    found = made([ZERO, AHEAD])
    broken = answer(found.study, [replace(found.outcomes[0], state="failed", message="<gone>"), *found.outcomes[1:]])
    assert verdict_sentence(broken, broken.comparisons[0]) == (
        "No verdict: arm1 less arm0 in accuracy is +5.58 points (95 % interval +4.88 to +6.27 over 4 seeds). Whatever the "
        "missing runs give, the interval of all seeds lies within -25.08 to +50.46; the verdict can be supported or not "
        "settled. 1 pair of runs is missing."
    )
    nothing = answer(found.study, [Outcome(one.arm, one.seed) for one in found.outcomes])
    assert verdict_sentence(nothing, nothing.comparisons[0]) == (
        "No verdict yet: arm1 less arm0 in accuracy is unknown; no pair of runs is done. 5 pairs of runs are missing, 5 of them "
        "still to run."
    )
    assert study_charts(nothing) == []


@pytest.mark.parametrize("gains", [[ZERO, AHEAD], [ZERO, UNSURE, AHEAD]])
def test_the_page(tmp_path: Path, gains: list[list[float]]) -> None:
    found = made(gains)
    broken = answer(found.study, [replace(found.outcomes[0], state="failed", message="<gone>"), *found.outcomes[1:]])
    page = write_study(tmp_path, broken).read_text()
    assert "Is it &lt;better&gt;?" in page
    assert "failed: &lt;gone&gt;" in page
    assert "<gone>" not in page
    charts = study_charts(broken)
    assert page.count("<svg role") == len(charts) == len(gains)
    for chart in charts:
        check_vega_lite(chart.picture())
    assert ("Bonferroni" in page) == (len(gains) > 2)
    for one in broken.comparisons:
        assert verdict_sentence(broken, one) in page.replace("&#39;", "'")
    assert page.count('<tr><th scope="row">arm0</th><td>') == 5
    assert (tmp_path / "figures" / "learning-curves.svg").exists()


def test_the_page_of_a_study_without_a_finished_run(tmp_path: Path) -> None:
    found = made([ZERO, AHEAD])
    nothing = answer(found.study, [Outcome(one.arm, one.seed) for one in found.outcomes])
    page = write_study(tmp_path, nothing).read_text()
    assert page.count("not started") == 10


def test_the_table() -> None:
    console = Console(width=200, record=True, force_terminal=False)
    with console.capture() as shown:
        console.print(study_table(made([ZERO, AHEAD, UNSURE])))
    text = shown.get()
    assert "Is it <better>?" in text
    assert "arm2 − arm0" in text
    assert "Calibration error" in text
    assert "Supported: arm1" in text
    assert "Not settled: arm2" in text


def test_the_table_of_a_paper_has_the_interval_and_the_p_value_of_the_verdict() -> None:
    found = made([ZERO, AHEAD, UNSURE])
    shown = shown_answers(found)
    lines = shown.table("markdown").splitlines()
    assert lines[0] == "| Metric | Arm | Value | arm0 | Difference from arm0 | Interval | p |"
    primary = [line.split(" | ") for line in lines if "(primary)" in line or line.startswith("|  | ")][:2]
    assert primary[0][0] == "| Accuracy (primary)"
    for cells, one in zip(primary, found.comparisons, strict=True):
        assert cells[1] == one.arm
        assert one.primary.low is not None
        assert cells[5].replace("−", "-") == f"{100 * one.primary.low:+.2f} to {100 * one.primary.high:+.2f}"
        assert cells[6].removesuffix(" |").replace("\\", "") == p_text(one.p_holm)
    assert lines[-1] == (
        "Means over 5 seeds per arm; intervals at 95 %, of the primary metric at 97.5 %. The p value of the primary metric tests "
        "a difference of exactly the margin (1 points), corrected by Holm's method; the other rows describe, and their p values "
        "are not corrected."
    )
    assert r"\begin{tabular}{llrrrrr}" in shown.table("latex")
    assert str(shown).startswith("Is it <better>?")

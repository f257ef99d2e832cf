"""The arm that validation chooses, and how much too good its figure is: against arms whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from classmark.errors import RecipeError
from classmark.judging.studies.answers import answer
from classmark.judging.studies.choice import best_of_bias, choose
from classmark.judging.studies.outcomes import Outcome
from classmark.recipes.study_load import load_study
from classmark.recipes.study_schema import Arm, Study
from classmark.report.study_choice import choice_sentence


def tuned(metric: str = "accuracy") -> Study:
    arms = {name: Arm(recipe={"name": "made", "data": {"source": "digits"}}) for name in "abc"}
    return Study(name="t", question="?", margin=0.01, metric=metric, choose_by="validation", arms=arms, seeds=4)  # type: ignore[arg-type]


def outcomes(study: Study, shares: dict[str, float]) -> list[Outcome]:
    """Runs whose accuracy on validation is about `shares`, and 0.7 on test."""
    found = []
    for seed in study.seed_list:
        for arm, share in shares.items():
            hits = (np.random.default_rng((seed, ord(arm))).random(400) < share).astype(float)
            test = 0.7 + 0.01 * (seed % 3)
            ids = tuple(f"v{row}" for row in range(400))
            values = {"accuracy": float(hits.mean()), "f1": float(hits.mean())}
            found.append(
                Outcome(
                    arm, seed, "done", metrics={"accuracy": test, "f1": test}, validation=values,
                    validation_terms={"accuracy": hits}, validation_ids=ids,
                )
            )  # fmt: skip
    return found


def test_the_best_on_validation_is_chosen_and_compared_with_test() -> None:
    study = tuned()
    runs = outcomes(study, {"a": 0.70, "b": 0.80, "c": 0.75})
    found = choose(study, runs)
    assert found is not None
    assert found.arm == "b"
    gaps = [one.validation["accuracy"] - one.metrics["accuracy"] for one in runs if one.arm == "b"]
    low, high = scipy.stats.t.interval(0.95, 3, np.mean(gaps), scipy.stats.sem(gaps))
    assert (found.optimism, found.low, found.high) == pytest.approx((np.mean(gaps), low, high))
    assert found.value == pytest.approx(found.test + found.optimism)
    assert found.expected == pytest.approx(0.0, abs=0.003)
    answers = answer(study, runs)
    assert answers.to_json()["choice"]["arm"] == "b"
    assert choice_sentence(answers).startswith("Chosen by validation: b, with accuracy 7")
    assert choice_sentence(answers).endswith("Quote the test figure.")


def test_nothing_is_chosen_before_the_last_run_and_no_mean_means_no_estimate() -> None:
    study = tuned()
    runs = outcomes(study, {"a": 0.70, "b": 0.80, "c": 0.75})
    assert choose(study, [*runs[:-1], Outcome("c", 4)]) is None
    found = choose(tuned("f1"), runs)
    assert found is not None
    assert (found.expected, found.method) == (None, "none: f1 is no mean over rows")


@pytest.mark.parametrize(("arms", "spread"), [(10, 0.0), (10, 0.02), (3, 0.0), (10, 0.1)])
def test_the_bias_of_the_best_is_found(arms: int, spread: float) -> None:
    """Over 120 sets of arms whose true shares are known, the mean estimate is near the mean bias."""
    generator, biases, estimates = np.random.default_rng(2), [], []
    for _ in range(120):
        shares = np.clip(0.75 + spread * generator.normal(size=arms), 0.05, 0.98)
        noise = np.sqrt(0.5) * (generator.normal(size=(1, 3, 200)) + generator.normal(size=(arms, 3, 200)))
        hits = (noise < scipy.stats.norm.ppf(shares)[:, None, None]).mean(axis=1)
        best = int(hits.mean(axis=1).argmax())
        biases.append(hits[best].mean() - shares[best])
        estimates.append(best_of_bias(hits, draws=100))
    assert np.mean(estimates) == pytest.approx(np.mean(biases), abs=0.007)


def test_steps_cannot_choose() -> None:
    with pytest.raises(RecipeError) as caught:
        load_study("focal-vs-ce", ["choose_by=validation"])
    assert str(caught.value) == (
        'override "choose_by=validation": choose_by: steps_to_target is no metric of test rows; choose by another metric, such '
        "as accuracy."
    )

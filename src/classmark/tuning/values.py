"""What the rows say by which trials are chosen, and those that were put aside: read from the runs of trials."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from classmark.data.fresh import FRESH
from classmark.judging.studies.optimism import Optimism, measure_optimism
from classmark.judging.studies.outcomes import measure
from classmark.judging.studies.tuned import FINISHED, Trial
from classmark.predictions import read
from classmark.recipes.schema import Recipe
from classmark.recipes.tune_load import value_of
from classmark.recipes.tune_schema import Tuning
from classmark.runs import RunFiles
from classmark.tuning.place import place_of


def validation_value(tuning: Tuning, run: RunFiles) -> float | None:
    """The metric on the rows that choose; None where it is undefined."""
    metrics: dict[str, float] = measure(read(run.predictions("validation")), positive=_positive(tuning))["metrics"]
    return metrics.get(tuning.metric)


def winners_optimism(tuning: Tuning, folder: Path, trials: Sequence[Trial], best: Trial) -> Optimism:
    """The best trial on the rows that chose it and on fresh rows."""
    done = [one for one in trials if one.state == FINISHED]
    run = _run(tuning, folder, best)
    positive = _positive(tuning)
    every = [measure(read(_run(tuning, folder, one).predictions("validation")), positive=positive) for one in done]
    terms = [one["terms"][tuning.metric] for one in every if tuning.metric in one["terms"]]
    before = next((one for one in done if is_untuned(tuning, one) and one.number != best.number), None)
    assert best.value is not None
    return measure_optimism(
        tuning.metric,
        best.value,
        (read(run.predictions("validation")), read(run.predictions(FRESH))),
        terms if len(terms) == len(done) else (),
        None if before is None else read(_run(tuning, folder, before).predictions(FRESH)),
        positive,
    )


def is_untuned(tuning: Tuning, trial: Trial) -> bool:
    """Whether a trial has the recipe's own values."""
    recipe = Recipe.model_validate(tuning.recipe)
    return all(value_of(recipe, key) == value for key, value in trial.values.items())


def _run(tuning: Tuning, folder: Path, trial: Trial) -> RunFiles:
    return place_of(folder, trial, tuning.seed).run


def _positive(tuning: Tuning) -> str | None:
    named = tuning.recipe.get("judge", {}).get("positive")
    return None if named is None else str(named)

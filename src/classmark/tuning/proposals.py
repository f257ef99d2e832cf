"""What to try next, and which trial to end early: Optuna's study in a journal that survives the end of its process.

A proposal follows from the seed, the number of the trial and the trials before it. It is drawn in memory and written in one
line, so that a process that was killed at any instant goes on with the same values.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from classmark.judging.metric import LOWER_IS_BETTER
from classmark.judging.studies.tuned import BROKEN, FINISHED, PRUNED, UNFINISHED, Trial
from classmark.recipes.schema import Recipe
from classmark.recipes.tune_load import takes_fractions, tuned_recipe, value_of
from classmark.recipes.tune_schema import Range, Tuning
from classmark.system.files import written
from classmark.system.packages import load_package

RANDOM_TRIALS = 10  # before the sampler has enough to learn from; Optuna's own number
JOURNAL, NAME = "journal.log", "tune"


class Proposals:
    """The trials of a tuning.

    Args:
        tuning: what is tuned.
        folder: that holds the journal; this process alone may use it.

    Raises:
        MissingExtraError: Optuna is not installed.
    """

    def __init__(self, tuning: Tuning, folder: Path) -> None:
        self._optuna: Any = load_package("optuna", "tune", "classmark tune")
        self._optuna.logging.set_verbosity(self._optuna.logging.WARNING)
        self.tuning = tuning
        self._recipe = Recipe.model_validate(tuning.recipe)
        path = folder / JOURNAL
        _cut_unfinished_line(path)
        journal = self._optuna.storages.journal
        lock = journal.JournalFileOpenLock(str(path))
        with written(path):
            path.with_name(f"{JOURNAL}.lock").unlink(missing_ok=True)  # of a killed process: the folder is ours alone
            storage = self._optuna.storages.JournalStorage(journal.JournalFileBackend(str(path), lock_obj=lock))
        direction = "minimize" if tuning.metric in LOWER_IS_BETTER else "maximize"
        pruner: Any = self._optuna.pruners.NopPruner()
        if tuning.pruning == "median":
            pruner = self._optuna.pruners.MedianPruner(n_startup_trials=tuning.pruning_after)
        self._storage = storage
        self._study = self._optuna.create_study(
            study_name=NAME, storage=storage, direction=direction, pruner=pruner, load_if_exists=True
        )
        self._open: dict[int, Any] = {}

    def trials(self) -> list[Trial]:
        """Every trial that was begun, in order."""
        return [self._trial(one) for one in self._frozen() if one.state.name != "WAITING"]

    def next(self) -> Trial:
        """A new trial."""
        if not any(one.state.name == "WAITING" for one in self._frozen()):
            self._study.enqueue_trial(self._drawn())
        opened = self._study.ask()
        self._suggested(opened)
        self._open[opened.number + 1] = opened
        return next(one for one in self.trials() if one.number == opened.number + 1)

    def report(self, trial: Trial, epoch: int, value: float) -> bool:
        """Write down a validation value; whether the trial is hopeless after this epoch."""
        opened = self._opened(trial)
        known = self._frozen()[trial.number - 1].intermediate_values
        if epoch not in known:
            opened.report(value, epoch)
        elif epoch < max(known):
            return False  # it was decided upon before
        return bool(opened.should_prune())

    def finish(self, trial: Trial, value: float) -> None:
        """The trial is done, with this value of the metric."""
        self._end(trial, value=value)

    def prune(self, trial: Trial) -> None:
        """The trial was ended early."""
        self._end(trial, state=self._optuna.trial.TrialState.PRUNED)

    def fail(self, trial: Trial, message: str) -> None:
        """The trial came to nothing."""
        self._opened(trial).set_user_attr("message", message)
        self._end(trial, state=self._optuna.trial.TrialState.FAIL)

    def _end(self, trial: Trial, **how: Any) -> None:
        self._study.tell(trial.number - 1, how.get("value"), state=how.get("state"))
        self._open.pop(trial.number, None)

    def _opened(self, trial: Trial) -> Any:
        """The trial as Optuna has it while it runs; one that another process began is taken up."""
        if trial.number not in self._open:
            frozen = self._frozen()[trial.number - 1]
            self._open[trial.number] = self._optuna.trial.Trial(self._study, frozen._trial_id)
        return self._open[trial.number]

    def _frozen(self) -> list[Any]:
        found: list[Any] = self._study.get_trials(deepcopy=False)
        return found

    def _trial(self, one: Any) -> Trial:
        states = {"COMPLETE": FINISHED, "PRUNED": PRUNED, "FAIL": BROKEN}
        labels = one.system_attrs.get("fixed_params", one.params)
        values = {key: self._value(self.tuning.ranges[key], label) for key, label in labels.items()}
        done = one.state.name == "COMPLETE"
        return Trial(
            one.number + 1,
            values,
            states.get(one.state.name, UNFINISHED),
            one.value if done else None,
            dict(sorted(one.intermediate_values.items())),
            one.user_attrs.get("message", ""),
        )

    def _drawn(self) -> dict[str, Any]:
        """The values of the next trial: of the first those of the recipe, if they lie in the ranges."""
        number = len(self._frozen())
        own = {key: self._label(key, value_of(self._recipe, key)) for key in self.tuning.ranges}
        if number == 0 and all(value is not None for value in own.values()):
            return own
        copied = self._optuna.storages.InMemoryStorage()
        self._optuna.copy_study(from_study_name=NAME, from_storage=self._storage, to_storage=copied)
        seed = int(np.random.SeedSequence((self.tuning.seed, number)).generate_state(1)[0])
        sampler = self._optuna.samplers.TPESampler(seed=seed, n_startup_trials=RANDOM_TRIALS)
        study = self._optuna.load_study(study_name=NAME, storage=copied, sampler=sampler)
        return self._suggested(study.ask())

    def _suggested(self, opened: Any) -> dict[str, Any]:
        return {key: self._suggest(opened, key, one) for key, one in self.tuning.ranges.items()}

    def _suggest(self, opened: Any, key: str, one: Range) -> Any:
        if one.kind == "choice":
            return opened.suggest_categorical(key, [str(value) for value in one.values])
        assert one.low is not None
        assert one.high is not None
        log = one.kind == "log"
        if one.kind == "int" or not takes_fractions(self._recipe, key):
            step = 1 if log else int(one.step or 1)
            return opened.suggest_int(key, int(one.low), int(one.high), step=step, log=log)
        return opened.suggest_float(key, one.low, one.high, step=one.step, log=log)

    def _label(self, key: str, value: Any) -> Any:
        """A value of the recipe as Optuna has it; None where it lies in no range."""
        one = self.tuning.ranges[key]
        if one.kind == "choice":
            return str(value) if value in one.values else None
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        assert one.low is not None
        assert one.high is not None
        on_grid = one.step is None or abs((value - one.low) / one.step - round((value - one.low) / one.step)) < 1e-9
        whole = one.kind != "int" or value == int(value)
        return value if one.low <= value <= one.high and on_grid and whole else None

    def _value(self, one: Range, label: Any) -> Any:
        return next(value for value in one.values if str(value) == label) if one.kind == "choice" else label


def recipe_of_trial(tuning: Tuning, values: Mapping[str, Any], number: int) -> Recipe:
    """The recipe of the run of a trial: no test row, no baselines, and rows put aside.

    Raises:
        RecipeError: the values do not go together.
    """
    recipe = tuned_recipe(tuning, values, f"trial {number}")
    train = recipe.train
    if train.threads is None:
        train = train.model_copy(update={"threads": tuning.threads})
    return recipe.model_copy(
        update={
            "name": f"{recipe.name[:80]}-trial-{number}",
            "data": recipe.data.model_copy(update={"fresh": tuning.fresh}),
            "train": train,
            "judge": recipe.judge.model_copy(
                update={"baselines": False, "mixture": False, "draws": 100, "prediction_cost": False}
            ),
        }
    )


def _cut_unfinished_line(path: Path) -> None:
    """Cut off a line that a killed process did not write to its end; Optuna refuses a journal that goes on behind one."""
    if not path.exists():
        return
    with written(path), path.open("r+b") as file:
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)
        os.fsync(file.fileno())

"""Train a recipe with `data.folds`: a run for each fold, and one table of the predictions of all of them."""

from __future__ import annotations

import time
from importlib.util import find_spec
from pathlib import Path

from classmark.errors import Interrupted, MissingExtraError, RunError
from classmark.recipes import load_recipe, write_recipe
from classmark.recipes.resolve import seen_from_anywhere
from classmark.recipes.schema import Recipe
from classmark.recipes.study_schema import Arm, Study
from classmark.runs import RunFiles, new_run
from classmark.runs.status import DONE, RUNNING, Status, owned_run, read_status, write_status
from classmark.studies.folder import places
from classmark.studies.out_of_fold import judge_folds
from classmark.studies.runs import FOLDS, Runner
from classmark.system.locks import NAME as LOCK
from classmark.system.machine import cores
from classmark.system.signals import heeded


def is_cross_validation(recipe: Recipe) -> bool:
    """Whether a recipe asks for all folds, and not for one run."""
    return recipe.data.folds is not None and recipe.data.fold is None


def cross_validate(recipe: Recipe, out: Path | None = None) -> RunFiles:
    """The finished cross-validation of a recipe, in the folder `out` or a new one under `runs/`.

    Raises:
        ClassmarkError: what the recipe names cannot be used, or a fold's run failed.
        Interrupted: after Ctrl-C or SIGTERM; it can be resumed.
    """
    run = RunFiles(out) if out else new_run(recipe.name)
    if run.path.is_file() or (run.path.is_dir() and {path.name for path in run.path.iterdir()} - {LOCK}):
        hint = f"go on with it: classmark train --resume {run.path}" if run.recipe.exists() else "name another"
        raise RunError(f"{run.path}: the folder is not empty. Give a new folder to --out, or {hint}")
    threads = recipe.train.threads or cores()
    train = recipe.train.model_copy(update={"threads": threads})
    with owned_run(run):
        write_recipe(run.recipe, seen_from_anywhere(recipe).model_copy(update={"train": train}))
        return _finished(run)


def resume_cross_validation(run: RunFiles) -> RunFiles:
    """The same cross-validation, finished: folds that are done are left alone."""
    if read_status(run).state == DONE:
        return run
    with owned_run(run):
        return _finished(run)


def _finished(run: RunFiles) -> RunFiles:
    recipe = load_recipe(str(run.recipe))
    before, started = read_status(run).seconds.get("total", 0.0), time.monotonic()

    def status(state: str, message: str = "") -> None:
        seconds = {"total": round(before + time.monotonic() - started, 2)}
        write_status(run, Status(state=state, message=message, seconds=seconds))

    if find_spec("torch") is None:
        raise MissingExtraError("torch", recipe.input.kind, "Training")
    status(RUNNING)
    study = as_study(recipe)
    every = places(study, run.path)
    came: list[int] = []
    assert recipe.train.threads is not None
    with heeded(came.append):
        Runner(study, every, run.path, (1, recipe.train.threads), came).work()
    if came:
        status("interrupted")
        raise Interrupted(f"Stopped. Continue with: classmark train --resume {run.path}", came[0])
    for place in every:
        found = read_status(place.run)
        if found.state != DONE:
            status("failed", found.message)
            raise RunError(f"{run.path}: {place.name} failed: {found.message}")
    judge_folds(run, recipe, [place.run for place in every])
    status(DONE)
    return run


def as_study(recipe: Recipe) -> Study:
    """The runs of a cross-validation as a study has them: folds, counted through the repetitions, in the place of arms."""
    arms = {}
    for fold in range(1, (recipe.data.folds or 0) * recipe.data.fold_repeats + 1):
        data = recipe.data.model_copy(update={"fold": fold})
        arms[f"fold-{fold}"] = Arm(recipe=recipe.model_copy(update={"data": data}).model_dump(mode="json"))
    asked = Study(name=FOLDS, question="none", margin=0.0, arms={"a": Arm(), "b": Arm()})
    return asked.model_copy(update={"arms": arms, "seeds": [recipe.seed]})

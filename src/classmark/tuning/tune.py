"""Tune a recipe or go on with it: the trials, what they say, the best recipe as a file.

The folder of a tuning holds `tune.yaml` (what is tuned, written before the first trial), `journal.log` (Optuna's),
`trials/trial-<n>/`, `logs/`, `started.jsonl` (a line for each start), and, once a trial is done, `tune.json`, `report.html`
and `best.yaml`.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from classmark.errors import Interrupted, MissingExtraError, Option, RecipeError, RunError
from classmark.judging.metric import LOWER_IS_BETTER, SPOKEN
from classmark.judging.statistics.level import at_level
from classmark.judging.studies.tuned import BROKEN, FINISHED, Trial, Tried, Tuned
from classmark.recipes import load_recipe
from classmark.recipes.load import dump_recipe
from classmark.recipes.overrides import Overrides
from classmark.recipes.schema import Recipe
from classmark.recipes.tune_load import dump_tuning, load_tuning, tuned_recipe
from classmark.recipes.tune_schema import Tuning
from classmark.report.tune import write_tuning
from classmark.runs.looks import looks_beside
from classmark.runs.status import read_status
from classmark.system.files import write_json, write_text
from classmark.system.locks import owned
from classmark.system.machine import cores
from classmark.system.packages import load_package
from classmark.system.progress import shown_wait
from classmark.system.signals import heeded
from classmark.tuning.place import place_of
from classmark.tuning.proposals import JOURNAL, Proposals
from classmark.tuning.trials import Trials
from classmark.tuning.values import winners_optimism

TRIALS = 20


@dataclass(frozen=True)
class Asked:
    """How a tuning is run.

    Attributes:
        space: the file of ranges; None to go on with a folder.
        trials: in all; None for 20, or for as many as the folder has begun, if these are more.
        workers: trials at the same time.
        fresh: the share of validation rows put aside; None for what the file says.
        out: the folder; None for one under `tunes/`.
        resume: the folder of a tuning to go on with.
    """

    space: Path | None = None
    trials: int | None = None
    workers: int = 1
    fresh: float | None = None
    out: Path | None = None
    resume: Path | None = None


def tune(reference: str | None, overrides: Overrides, asked: Asked) -> Tuned:
    """What the trials of a recipe say, written into the folder with the page and the best recipe.

    Args:
        reference: a shipped recipe's name or a YAML file; None to go on with a folder.
        overrides: changes to the recipe.
        asked: how.

    Raises:
        ClassmarkError: the recipe or the ranges cannot be used, the folder holds something else, or no trial was done.
        Interrupted: after Ctrl-C; what there is so far is written first.
    """
    tuning, folder = _settled(reference, overrides, asked)
    load_package("optuna", "tune", "classmark tune")
    if find_spec("torch") is None:
        raise MissingExtraError("torch", Recipe.model_validate(tuning.recipe).input.kind, "Tuning")
    came: list[int] = []
    with owned(folder, "is tuning here"), heeded(came.append):
        begun = _begin(tuning, folder, asked.workers)
        proposals = Proposals(begun, folder)
        count = max(len(proposals.trials()), asked.trials or TRIALS)
        Trials(begun, folder, proposals, (count, asked.workers), came).work()
        with shown_wait("judging the best trial"):
            found = _written(begun, folder, proposals.trials())
    if came:
        raise Interrupted(f"Stopped. Continue with: classmark tune --resume {folder}", came[0])
    if found.best is None:
        raise RunError(f"{folder}: no trial was done. {_first_failure(found)}")
    return found


def _settled(reference: str | None, overrides: Overrides, asked: Asked) -> tuple[Tuning, Path]:
    """What is tuned, and the folder."""
    if (reference is None) == (asked.resume is None):
        raise RecipeError(
            "Name a recipe, for instance: classmark tune text-csv --space ranges.yaml — or a folder: "
            "classmark tune --resume FOLDER"
        )
    if asked.resume is not None:
        if asked.out is not None or overrides or asked.space is not None or asked.fresh is not None:
            raise RecipeError(
                "it goes on with a tuning as it was begun, and takes neither ranges, fresh, out nor changes.",
                argument="resume",
            )
        path = asked.resume / "tune.yaml"
        if not path.is_file():
            raise RecipeError(f"{asked.resume}: this is not the folder of a tuning (it has no tune.yaml).")
        return load_tuning(path), asked.resume
    if asked.space is None:
        raise RecipeError(
            ("Name the file of the ranges: ", Option("space", "FILE.yaml"), "; docs/guides/tune.md has one.")
        )
    assert reference is not None
    recipe = load_recipe(reference, overrides)
    return load_tuning(asked.space, recipe, asked.fresh), asked.out or Path("tunes") / recipe.name


def _begin(tuning: Tuning, folder: Path, workers: int) -> Tuning:
    """The tuning that the folder holds, written there now if it is new.

    Raises:
        RunError: the folder holds another tuning, or something else.
    """
    path = folder / "tune.yaml"
    if path.exists():
        begun = load_tuning(path)
        keys = [key for key in Tuning.model_fields if key != "threads" and getattr(begun, key) != getattr(tuning, key)]
        if keys:
            raise RunError(
                f"{folder}: the tuning there was begun otherwise ({', '.join(keys)}). Go on with it, classmark tune --resume "
                f"{folder}, or begin this one elsewhere: --out FOLDER"
            )
        return begun
    others = {one.name for one in folder.iterdir()} - {".lock"}
    if others:
        raise RunError(f"{folder}: the folder is not empty and holds no tuning. Give a new one: --out FOLDER")
    write_text(path, dump_tuning(tuning.model_copy(update={"threads": max(1, cores() // workers)})))
    return load_tuning(path)


def _written(tuning: Tuning, folder: Path, trials: list[Trial]) -> Tuned:
    done = [one for one in trials if one.state == FINISHED]
    sign = 1.0 if tuning.metric in LOWER_IS_BETTER else -1.0
    best = min(done, key=lambda one: sign * (one.value or 0.0), default=None)
    tried = []
    for one in trials:
        status = read_status(place_of(folder, one, tuning.seed).run)
        tried.append(Tried(one, status.total_seconds, status.processor_seconds))
    looks = looks_beside(folder / "trials")
    with at_level(tuning.recipe["judge"]["level"]):
        optimism = None if best is None else winners_optimism(tuning, folder, trials, best)
    found = Tuned(tuning, folder, tuple(tried), best, optimism, looks)
    write_json(folder / "tune.json", found.to_json())
    if best is not None:
        write_text(folder / "best.yaml", _best_recipe(tuning, best, found))
    write_tuning(folder, found)
    return found


def _best_recipe(tuning: Tuning, best: Trial, found: Tuned) -> str:
    recipe = tuned_recipe(tuning, best.values, best.name)
    named = recipe.model_copy(update={"name": f"{recipe.name[:90]}-tuned"})
    said = (
        f"# {best.name} of {len(found.trials)} of `classmark tune`, with the best {SPOKEN[tuning.metric]} on validation rows: "
        f"{', '.join(tuning.ranges)}.\n"
    )
    return said + dump_recipe(named)


def _first_failure(found: Tuned) -> str:
    failed = [one.trial for one in found.trials if one.trial.state == BROKEN]
    return (
        f"The first that failed: {failed[0].message}" if failed else f"Remove {found.folder / JOURNAL} to begin again."
    )

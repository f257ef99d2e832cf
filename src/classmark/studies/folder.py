"""Run the arms of a study: seed by seed, all arms of a seed together, each run in a process of its own.

The folder of a study holds `study.yaml` (resolved, written before the first run), `runs/<arm>-seed-<n>/`, `logs/`,
`started.jsonl` (a line each time a run is started), and the answers.
"""

from __future__ import annotations

import itertools
from pathlib import Path

from classmark.errors import Interrupted, RecipeError, RunError
from classmark.judging.studies.answers import Answers, answer
from classmark.judging.studies.outcomes import Outcome
from classmark.predictions import Predictions
from classmark.recipes.study_load import dump_study, fold_count, load_study
from classmark.recipes.study_schema import Study
from classmark.runs import RunFiles
from classmark.studies.folds import answer_fold_runs
from classmark.studies.outcomes import read_outcome
from classmark.studies.runs import Place, Runner
from classmark.system.files import write_text
from classmark.system.locks import owned
from classmark.system.machine import cores
from classmark.system.signals import heeded


def begin_study(study: Study, folder: Path) -> Study:
    """The study that the folder holds, written there now if it is new; a sequential one takes more seeds.

    Raises:
        RunError: the folder holds another study, or something else; or a study beside it has answered the question with some
            of the seeds.
    """
    path = folder / "study.yaml"
    if path.exists():
        begun = load_study(str(path))
        if _is_longer(begun, study):
            begun = begun.model_copy(update={"seeds": study.seed_list})
            write_text(path, dump_study(begun))
        if _what_differs(begun, study):
            raise RunError(
                f"{folder}: the study there was begun otherwise ({_what_differs(begun, study)}). The question precedes the "
                f"result: go on with it, classmark study --resume {folder}, or begin this one elsewhere: --out FOLDER"
            )
        return begun
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise RunError(f"{folder}: the folder is not empty and holds no study. Give a new one: --out FOLDER")
    _refuse_seeds_seen(study, folder)
    whole = study.model_copy(update={"cores": study.cores or cores()})
    write_text(path, dump_study(whole))
    return load_study(str(path))


def places(study: Study, folder: Path) -> list[Place]:
    """Every run of the study, seed by seed, and in a cross-validation fold by fold."""
    count, found = fold_count(study), []
    for seed, fold in itertools.product(study.seed_list, [None] if count is None else range(1, count + 1)):
        for arm in study.arms:
            name = f"{arm}-seed-{seed}" + ("" if fold is None else f"-fold-{fold}")
            found.append(Place(arm, seed, RunFiles(folder / "runs" / name), folder / "logs" / f"{name}.log", fold))
    return found


def outcomes(study: Study, folder: Path) -> list[Outcome]:
    """How every run of the study stands."""
    return [read_outcome(place.run, place.arm, place.seed, place.fold) for place in places(study, folder)]


def answer_study(study: Study, folder: Path) -> tuple[Answers, Predictions | None]:
    """The answers as far as runs are done; of a cross-validation also the predictions whose labels were audited."""
    found = outcomes(study, folder)
    if fold_count(study) is None:
        return answer(study, found), None
    return answer_fold_runs(study, places(study, folder), found, folder)


def run_study(study: Study, folder: Path, jobs: int | None = None) -> None:
    """Run what is not done yet; runs that failed before are tried again.

    Args:
        study: that of the folder.
        folder: of the study.
        jobs: runs at the same time, instead of the study's own number; each keeps the study's number of threads, so
            that its bits do not change.

    Raises:
        Interrupted: after Ctrl-C or SIGTERM; every run is stopped first, resumable.
        RunError: another process runs this study.
    """
    threads = max(1, (study.cores or cores()) // study.workers)
    came: list[int] = []
    with owned(folder, "is running this study"), heeded(came.append):
        Runner(study, places(study, folder), folder, (jobs or study.workers, threads), came).work()
    if came:
        raise Interrupted(f"Stopped. Continue with: classmark study --resume {folder}", came[0])


def _is_longer(begun: Study, asked: Study) -> bool:
    """Whether it is the same sequential study with more seeds behind those it has."""
    seeds = asked.seed_list[: len(begun.seed_list)]
    return begun.sequential and _what_differs(begun, asked) == "seeds" and seeds == begun.seed_list


def _refuse_seeds_seen(study: Study, folder: Path) -> None:
    """A new study that adds seeds to those of an answered one would look twice; a study with the same seeds repeats it."""
    for path in sorted(folder.parent.glob("*/study.yaml")):
        if not (path.parent / "study.json").is_file():
            continue
        try:
            begun = load_study(str(path))
        except RecipeError:
            continue  # of an older version, or damaged: nothing is known about its seeds
        seen = sorted(set(begun.seed_list) & set(study.seed_list))
        if seen and set(begun.seed_list) != set(study.seed_list) and _same_arms(begun, study):
            free = max(*begun.seed_list, *study.seed_list) + 1
            first = ", ".join(map(str, range(free, free + len(study.seed_list))))
            raise RunError(
                f"{path.parent}: this study has answered the question with seeds {', '.join(map(str, seen))} already. A new one "
                f"that counts them again is wrong more often than 5 in 100: take others, for instance seeds=[{first}], or a "
                "study with sequential: true, which takes more seeds at any time."
            )


def _same_arms(one: Study, other: Study) -> bool:
    """Whether two studies measure the same of the same recipes; how these are called does not matter."""
    recipes = [
        [{**dict(arm.recipe), "name": ""} for arm in study.arms.values() if isinstance(arm.recipe, dict)]
        for study in (one, other)
    ]
    return one.metric == other.metric and recipes[0] == recipes[1]


def _what_differs(begun: Study, asked: Study) -> str:
    """The keys of two studies that differ; how many cores it runs on is no part of the question."""
    keys = [key for key in Study.model_fields if key not in ("cores", "workers")]
    return ", ".join(key for key in keys if getattr(begun, key) != getattr(asked, key))

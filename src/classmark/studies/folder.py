"""Run the arms of a study: seed by seed, all arms of a seed together, each run in a process of its own.

The folder of a study holds `study.yaml` (resolved, written before the first run), `runs/<arm>-seed-<n>/`, `logs/`,
`started.jsonl` (a line each time a run is started), and the answers.
"""

from __future__ import annotations

from pathlib import Path

from classmark.errors import Interrupted, RunError
from classmark.judging.studies.outcomes import Outcome
from classmark.recipes.study_load import dump_study, load_study
from classmark.recipes.study_schema import Study
from classmark.runs import RunFiles
from classmark.studies.outcomes import read_outcome
from classmark.studies.runs import Place, Runner
from classmark.system.files import write_text
from classmark.system.locks import owned
from classmark.system.machine import cores
from classmark.system.signals import heeded


def begin_study(study: Study, folder: Path) -> Study:
    """The study that the folder holds, written there now if it is new.

    Raises:
        RunError: the folder holds another study, or something else.
    """
    path = folder / "study.yaml"
    if path.exists():
        begun = load_study(str(path))
        if not _same_question(begun, study):
            raise RunError(
                f"{folder}: the study there was begun otherwise ({_what_differs(begun, study)}). The question precedes the "
                f"result: go on with it, classmark study --resume {folder}, or begin this one elsewhere: --out FOLDER"
            )
        return begun
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise RunError(f"{folder}: the folder is not empty and holds no study. Give a new one: --out FOLDER")
    whole = study.model_copy(update={"cores": study.cores or cores()})
    write_text(path, dump_study(whole))
    return load_study(str(path))


def places(study: Study, folder: Path) -> list[Place]:
    """Every run of the study, seed by seed."""
    found = []
    for seed in study.seed_list:
        for arm in study.arms:
            name = f"{arm}-seed-{seed}"
            found.append(Place(arm, seed, RunFiles(folder / "runs" / name), folder / "logs" / f"{name}.log"))
    return found


def outcomes(study: Study, folder: Path) -> list[Outcome]:
    """How every run of the study stands."""
    return [read_outcome(place.run, place.arm, place.seed) for place in places(study, folder)]


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


def _same_question(one: Study, other: Study) -> bool:
    return not _what_differs(one, other)


def _what_differs(begun: Study, asked: Study) -> str:
    """The keys of two studies that differ; how many cores it runs on is no part of the question."""
    keys = [key for key in Study.model_fields if key not in ("cores", "workers")]
    return ", ".join(key for key in keys if getattr(begun, key) != getattr(asked, key))

"""Where the run of a trial stands in the folder of a tuning."""

from __future__ import annotations

from pathlib import Path

from classmark.judging.studies.tuned import Trial
from classmark.runs import RunFiles
from classmark.studies.runs import Place


def place_of(folder: Path, trial: Trial, seed: int) -> Place:
    """The run folder and the log of a trial."""
    name = f"trial-{trial.number}"
    return Place(name, seed, RunFiles(folder / "trials" / name), folder / "logs" / f"{name}.log")

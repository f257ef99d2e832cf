"""A stand-in for `classmark train --resume RUN` that trains nothing: what it writes follows from the recipe alone.

It runs in a thread, so that no test waits for processes to start; the environment's MADE_SECONDS is how long an epoch takes.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from classmark.predictions import build_predictions, write
from classmark.recipes import load_recipe
from classmark.recipes.schema import BiLSTM, Recipe
from classmark.runs import RunFiles
from classmark.runs.history import write_history, write_timings
from classmark.runs.status import DONE, FAILED, INTERRUPTED, RUNNING, Status, write_status
from classmark.studies.runs import Place, Started

ROWS = {"validation": 60, "fresh": 40}


class Made:
    """What the runner sees of a process."""

    def __init__(self, run: RunFiles) -> None:
        self._run, self._code, self._signal = run, 0, 0
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def poll(self) -> int | None:
        return None if self._thread.is_alive() else self._code

    def wait(self) -> int:
        self._thread.join()
        return self._code

    def kill(self) -> None:
        self._signal = 137

    def terminate(self) -> None:
        self._signal = 143

    def _work(self) -> None:
        run, recipe = self._run, load_recipe(str(self._run.recipe))
        assert isinstance(recipe.model, BiLSTM)
        assert recipe.data.fresh is not None
        assert not recipe.judge.baselines
        distance = abs(math.log10(recipe.optimizer.learning_rate) + 2) + 0.02 * abs(recipe.model.hidden_size - 9)
        history, timings = [], []
        for epoch in range(1, recipe.train.epochs + 1):
            write_status(run, Status(state=RUNNING, epoch=epoch, step=1, steps_in_epoch=1, seconds={"total": 1.0}))
            time.sleep(float(os.environ.get("MADE_SECONDS", "0")))
            if self._signal:
                write_status(run, Status(state=INTERRUPTED))
                self._code = self._signal
                return
            loss = 0.2 + distance + 1 / epoch
            history.append({"epoch": epoch, "step": 10 * epoch, "validation_loss": loss, "validation_accuracy": 0.5})
            timings.append({"epoch": epoch, "step": 10 * epoch})
            write_history(run, history)
            write_timings(run, timings)
        self._code = self._finished(recipe, distance)

    def _finished(self, recipe: Recipe, distance: float) -> int:
        if recipe.optimizer.learning_rate == 16:
            write_status(self._run, Status(state=FAILED, message="made to fail"))
            return 2
        for split, rows in ROWS.items():
            sure = 0.5 + 0.45 * math.exp(-distance)
            labels = ["b" if row % 2 else "a" for row in range(rows)]
            right = np.where(np.random.default_rng(rows).random(rows) < sure, sure, 1 - sure)
            shares = np.column_stack([np.where(np.array(labels) == name, right, 1 - right) for name in ("a", "b")])
            ids = [f"{split}-{row}" for row in range(rows)]
            table = build_predictions(ids, labels, shares, ("a", "b"), metadata={"split": split})
            write(table, self._run.predictions(split))
        write_status(self._run, Status(state=DONE, seconds={"total": 2.0}))
        return 0


def launch(place: Place, starts: Path, line: Mapping[str, Any]) -> Started:
    """As `classmark.studies.runs.launch`."""
    place.log.parent.mkdir(parents=True, exist_ok=True)
    return Started(place, Made(place.run), place.log.open("ab"))  # type: ignore[arg-type]

"""What a tuning found: every trial, the best one, and what fresh rows say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classmark.judging.stored import to_json
from classmark.judging.studies.optimism import Optimism
from classmark.recipes.tune_schema import Tuning

UNFINISHED, FINISHED, PRUNED, BROKEN = "unfinished", "done", "ended early", "failed"
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Trial:
    """A trial as the journal has it.

    Attributes:
        number: from 1.
        values: key of the recipe → value.
        state: `unfinished`, `done`, `ended early` or `failed`.
        value: the metric on the validation rows that choose; only of a trial that is done.
        epochs: epoch → validation value that pruning goes by; a larger or smaller one is better as of the metric.
        message: why it failed, else empty.
    """

    number: int
    values: Mapping[str, Any]
    state: str = UNFINISHED
    value: float | None = None
    epochs: Mapping[int, float] = field(default_factory=dict)
    message: str = ""

    @property
    def name(self) -> str:
        return f"trial {self.number}"


@dataclass(frozen=True)
class Tried:
    """A trial with what its run cost so far; None where that is not known."""

    trial: Trial
    seconds: float | None
    core_seconds: float | None


@dataclass(frozen=True)
class Tuned:
    """What a tuning found.

    Attributes:
        tuning: what was tuned.
        folder: that holds everything.
        trials: in order.
        best: the one with the best metric on validation rows; None before one is done.
        optimism: what fresh rows say of it.
        test_looks: looks at test rows that the trials' ledger and their folders know of; none are expected.
    """

    tuning: Tuning
    folder: Path
    trials: tuple[Tried, ...]
    best: Trial | None
    optimism: Optimism | None
    test_looks: int

    @property
    def level(self) -> float:
        """Of all intervals: the recipe's `judge.level`."""
        return float(self.tuning.recipe["judge"]["level"])

    @property
    def recipe(self) -> Path:
        """The file of the best recipe, which trains: `classmark train best.yaml`."""
        return self.folder / "best.yaml"

    def to_json(self) -> dict[str, Any]:
        """The content of `tune.json`."""
        content = self.tuning.model_dump(mode="json", exclude_none=True)
        content["ranges"] = {
            key: {name: value for name, value in one.items() if value != []} for key, one in content["ranges"].items()
        }
        rows = [
            {
                "trial": one.trial.number,
                "state": one.trial.state,
                "values": dict(one.trial.values),
                "value": one.trial.value,
                "epochs": [{"epoch": epoch, "value": value} for epoch, value in one.trial.epochs.items()],
                "message": one.trial.message,
                "seconds": one.seconds,
                "core_seconds": one.core_seconds,
                "run": f"trials/trial-{one.trial.number}",
            }
            for one in self.trials
        ]
        best = None
        if self.best is not None:
            found = {} if self.optimism is None else to_json(self.optimism)
            best = {"trial": self.best.number, "values": dict(self.best.values), "recipe": "best.yaml", **found}
        return {
            "schema_version": SCHEMA_VERSION,
            **content,
            "level": self.level,
            "trials": rows,
            "best": best,
            "test_looks": self.test_looks,
        }

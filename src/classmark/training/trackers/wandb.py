"""Weights & Biases: offline files in `wandb/` of the run folder, unless WANDB_MODE or WANDB_BASE_URL says otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from classmark.runs import RunFiles
from classmark.training.trackers.tracked import Opened


class WeightsAndBiases:
    """A run of Weights & Biases; `wandb sync` sends an offline one."""

    id: str | None

    def __init__(self, opened: Opened) -> None:
        import wandb

        self._wandb: Any = wandb
        mode: Any = os.environ.get("WANDB_MODE") or ("online" if os.environ.get("WANDB_BASE_URL") else "offline")
        settings = wandb.Settings(
            console="off", silent=True, disable_git=True, disable_code=True, save_code=False, x_disable_stats=True
        )
        self._run: Any = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or "classmark",
            name=opened.run.name,
            id=opened.known,
            resume="allow" if opened.known is not None else None,
            config=dict(opened.parameters),
            dir=str(opened.run.path.absolute()),
            mode=mode,
            settings=settings,
        )
        self.id = str(self._run.id)

    def evaluated(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=step)

    def judged(self, metrics: Mapping[str, float], run: RunFiles) -> None:
        self._run.summary.update(dict(metrics))
        artefact = self._wandb.Artifact(f"report-{self.id}", type="report")
        for path in (run.report, run.judgement, run.recipe):
            artefact.add_file(str(path))
        self._run.log_artifact(artefact)

    def close(self, state: str) -> None:
        self._run.finish(exit_code=0 if state == "done" else 1)

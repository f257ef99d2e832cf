"""TensorBoard: event files in the run folder, `tensorboard/`; `tensorboard --logdir runs` shows all runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from classmark.runs import RunFiles
from classmark.training.trackers.tracked import Opened


class TensorBoard:
    """A writer of event files."""

    id: str | None = None

    def __init__(self, opened: Opened) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(str(opened.run.path / "tensorboard"))
        self._writer.add_text("recipe", f"```yaml\n{opened.recipe}\n```", 0)
        self._step = 0

    def evaluated(self, step: int, values: Mapping[str, float]) -> None:
        self._step = step
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        self._writer.flush()

    def judged(self, metrics: Mapping[str, float], run: RunFiles) -> None:
        rows = "\n".join(f"| {name} | {value:.6g} |" for name, value in metrics.items())
        self._writer.add_text("report", f"{run.report.resolve()}\n\n| metric | value |\n|---|---|\n{rows}", self._step)
        for name, value in metrics.items():
            self._writer.add_scalar(name, value, self._step)

    def close(self, state: str) -> None:
        self._writer.close()

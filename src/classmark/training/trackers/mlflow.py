"""MLflow: the server that MLFLOW_TRACKING_URI names, else `mlflow.db` and `mlartifacts/` beside the run folders."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from typing import Any

from classmark.runs import RunFiles
from classmark.training.trackers.tracked import Opened

MOST_AT_ONCE = 100  # parameters in one request
ENDED = {"done": "FINISHED", "interrupted": "KILLED"}


class MLflow:
    """A run of MLflow, written by its client."""

    id: str | None

    def __init__(self, opened: Opened) -> None:
        from mlflow import MlflowClient
        from mlflow.entities import Param

        folder, remote = opened.run.path.absolute().parent, os.environ.get("MLFLOW_TRACKING_URI")
        for noisy in ("alembic", "mlflow"):  # they tell how they make the database
            logging.getLogger(noisy).setLevel(logging.WARNING)
        self._client: Any = MlflowClient(tracking_uri=remote or f"sqlite:///{folder / 'mlflow.db'}")
        artefacts = None if remote else (folder / "mlartifacts").as_uri()
        name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or "classmark"
        if opened.known is not None:
            self.id = opened.known
            self._client.update_run(self.id, status="RUNNING")
            return
        found = self._client.get_experiment_by_name(name)
        experiment = (
            found.experiment_id
            if found is not None
            else self._client.create_experiment(name, artifact_location=artefacts)
        )
        tags = {"classmark.run": str(opened.run.path.absolute()), "classmark.recipe": opened.name}
        run_id: str = self._client.create_run(experiment, tags=tags, run_name=opened.run.name).info.run_id
        self.id = run_id
        parameters = [Param(key, str(value)) for key, value in opened.parameters.items() if str(value)]
        for start in range(0, len(parameters), MOST_AT_ONCE):
            self._client.log_batch(run_id, params=parameters[start : start + MOST_AT_ONCE])

    def evaluated(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._client.log_metric(self.id, name, value, step=step)

    def judged(self, metrics: Mapping[str, float], run: RunFiles) -> None:
        for name, value in metrics.items():
            self._client.log_metric(self.id, name, value)
        for path in (run.report, run.judgement, run.recipe):
            self._client.log_artifact(self.id, str(path))

    def close(self, state: str) -> None:
        self._client.set_terminated(self.id, ENDED.get(state, "FAILED"))

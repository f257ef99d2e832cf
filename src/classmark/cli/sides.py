"""The predictions table of a file or of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from classmark.errors import RunError
from classmark.runs import RunFiles, open_run


def read_side(path: Path, columns: Mapping[str, Any]) -> tuple[Any, RunFiles | None, dict[str, Any]]:
    """The predictions of a file, or a run's test (else validation) predictions with the run and its floors."""
    from classmark.predictions import read
    from classmark.reading.files import read_predictions
    from classmark.reading.table import ReadOptions

    if not path.is_dir():
        return read_predictions(path, ReadOptions(**columns)), None, {}
    run = open_run(path)
    split = next((name for name in ("test", "validation") if run.predictions(name).exists()), None)
    if split is None:
        raise RunError(f"{path}: the run has no predictions yet. Finish it: classmark train --resume {path}")
    return read(run.predictions(split)), run, {name: read(table) for name, table in run.floors(split).items()}

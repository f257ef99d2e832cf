"""`model/calibration.json`: the temperature that a run fitted on its validation rows, or why there is none."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from classmark.errors import Option, RunError
from classmark.runs.model import model_folder
from classmark.system.files import read_json, write_json

CALIBRATION = "calibration.json"
SCHEMA_VERSION = 1


def write_temperature(folder: Path, temperature: float | None, rows: int, withheld: str | None = None) -> None:
    """Write `calibration.json` into a model folder.

    Args:
        folder: of the model.
        temperature: the logits divided by it give calibrated probabilities; None where none is best.
        rows: how many validation rows it was fitted on.
        withheld: why there is no temperature.
    """
    content = {
        "schema_version": SCHEMA_VERSION,
        "method": "temperature",
        "temperature": temperature,
        "fitted_on": {"split": "validation", "rows": rows},
        **({} if withheld is None else {"withheld": withheld}),
    }
    write_json(folder / CALIBRATION, content)


def read_temperature(path: Path) -> float:
    """The temperature that a run fitted on its validation rows, above 0.

    Args:
        path: a run folder or its `model/` folder.

    Raises:
        RunError: there is none, none was best on the validation rows, or the file is damaged.
    """
    file = model_folder(path) / CALIBRATION
    if not file.is_file():
        raise RunError(
            f"{path}: no temperature was fitted for this model (there is no {CALIBRATION}).",
            ("Predict without ", Option("calibrated", True), "."),
        )
    content = read_json(file)
    temperature = content.get("temperature")
    if (withheld := _withheld(content)) is not None:
        raise RunError(
            f"{path}: no temperature is best for this model: on its validation rows {withheld}.",
            ("Predict without ", Option("calibrated", True), "."),
        )
    if isinstance(temperature, bool) or not isinstance(temperature, float | int) or not 0 < temperature < math.inf:
        raise RunError(f"{file}: there is no temperature in it. Copy the run's model folder again.")
    return float(temperature)


def known_temperature(path: Path) -> float | None:
    """The same; None if none was best on the validation rows.

    Raises:
        RunError: there is no file, or it is damaged.
    """
    file = model_folder(path) / CALIBRATION
    return None if file.is_file() and _withheld(read_json(file)) is not None else read_temperature(path)


def _withheld(content: Mapping[str, Any]) -> str | None:
    """Why there is no temperature."""
    withheld = content.get("withheld")
    return withheld if content.get("temperature") is None and isinstance(withheld, str) else None

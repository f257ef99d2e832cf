"""The temperature that a run fitted on its validation rows, applied to what its model says of new inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classmark.errors import RunError
from classmark.system.files import read_json

if TYPE_CHECKING:
    from classmark.inference.files import Predicts


@dataclass(frozen=True)
class Tempered:
    """A classifier whose logits are divided by a temperature."""

    classifier: Predicts
    temperature: float

    @property
    def classes(self) -> tuple[str, ...]:
        return self.classifier.classes

    def predict_logits(self, inputs: Sequence[str]) -> NDArray[np.float32]:
        """Logits of shape (N, C)."""
        return (self.classifier.predict_logits(inputs) / self.temperature).astype(np.float32)


def read_temperature(path: Path) -> float:
    """The temperature that a run fitted on its validation rows.

    Args:
        path: a run folder or its `model/` folder.

    Raises:
        RunError: it has none.
    """
    folder = path / "model" if (path / "model").is_dir() else path
    file = folder / "calibration.json"
    if not file.is_file():
        raise RunError(
            f"{path}: no temperature was fitted for this model (there is no {file.name}). Predict without --calibrated."
        )
    temperature = read_json(file).get("temperature")
    if not isinstance(temperature, float | int) or not 0 < temperature < math.inf:
        raise RunError(f"{file}: there is no temperature in it. Copy the run's model folder anew.")
    return float(temperature)

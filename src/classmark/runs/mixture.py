"""`model/mixture.json`: the mixture of a run's model and its linear baseline, fitted on its validation rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from classmark.errors import Option, RunError
from classmark.runs.model import model_folder
from classmark.system.files import read_json, write_json

MIXTURE = "mixture.json"
SCHEMA_VERSION = 1


def write_mixture(folder: Path, content: Mapping[str, Any]) -> None:
    """Write `mixture.json` into a model folder.

    Args:
        folder: of the model.
        content: `weights` by part, `biases` by class, and what they were `fitted_on`.
    """
    write_json(folder / MIXTURE, {"schema_version": SCHEMA_VERSION, **content})


def read_mixture(path: Path) -> dict[str, Any]:
    """The content that was written.

    Args:
        path: a run folder or its `model/` folder.

    Raises:
        RunError: there is none, or the file is damaged.
    """
    file = model_folder(path) / MIXTURE
    if not file.is_file():
        raise RunError(
            f"{path}: this run has no mixture (there is no {MIXTURE}); one is fitted where the recipe says judge.mixture=true.",
            ("Predict without ", Option("mixture", True), "."),
        )
    return read_json(file)

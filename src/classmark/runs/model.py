"""The folder `model/` of a run, and `model.json` in it as plain JSON; `inference.classifier` knows what its keys mean."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from classmark.system.files import read_json, write_json

DESCRIPTION = "model.json"


def model_folder(path: Path) -> Path:
    """The model folder of a run folder; a folder without `model/` is taken for the model folder itself."""
    return path / "model" if (path / "model").is_dir() else path


def has_model(folder: Path) -> bool:
    """Whether a model folder is complete; `model.json` is written last."""
    return (folder / DESCRIPTION).is_file()


def read_description(folder: Path) -> dict[str, Any]:
    """What the weights do not say: kind, classes, shape, printout; empty if there is no complete model.

    Raises:
        RunError: the file is damaged.
    """
    return read_json(folder / DESCRIPTION) if has_model(folder) else {}


def write_description(folder: Path, description: Mapping[str, Any]) -> None:
    """Write `model.json`, which makes the folder complete."""
    write_json(folder / DESCRIPTION, description)


def input_kind(path: Path) -> str:
    """What the model of a run folder takes: `text` or `images`; `text` if that is not known."""
    section = read_description(model_folder(path)).get("input")
    return "images" if isinstance(section, Mapping) and section.get("kind") == "images" else "text"

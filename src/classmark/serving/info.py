"""What `/info` says of a model: how it is served, and what its run knows of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from classmark.errors import ClassmarkError
from classmark.judging.judgement import read_judgement
from classmark.report.model_card import model_card
from classmark.runs import RunFiles
from classmark.serving.models import Served
from classmark.serving.options import ServeOptions


def describe(served: Served, options: ServeOptions) -> dict[str, Any]:
    """The facts of a model, for people and programs."""
    loaded, limits = served.loaded, options.limits
    decisions, temperature = loaded.model.decisions, loaded.model.classifier.temperature
    threshold = decisions.least_confidence if decisions.threshold is None else decisions.threshold
    return {
        "model": served.name,
        "run": loaded.run.name,
        "weights": loaded.weights,
        "loaded_at": loaded.since.isoformat(timespec="seconds"),
        "takes": loaded.kind,
        "classes": list(loaded.classes),
        "temperature": temperature,
        "mixture": options.mixture,
        "operating_point": None if decisions.at is None else {"goal": decisions.at, "threshold": threshold},
        "prediction_sets": None if decisions.sets is None else {"method": "lac", "level": decisions.sets},
        "limits": {
            "bytes": limits.body_bytes,
            "rows": limits.rows,
            "characters": limits.characters,
            "pixels": limits.pixels,
            "seconds": limits.seconds,
        },
        "judgement": _judgement(loaded.run),
        "card": _card(loaded.run),
    }


def _judgement(run: Path) -> dict[str, Any] | None:
    """The metrics of the run with their intervals, and its findings; None where it is not judged."""
    try:
        judgement = read_judgement(RunFiles(run).judgement)
    except ClassmarkError:
        return None
    content = judgement.to_json()
    return {name: content[name] for name in ("split", "rows", "level", "metrics", "findings")}


def _card(run: Path) -> str | None:
    """The model card in Markdown; None where the run is not judged."""
    try:
        return model_card(RunFiles(run))
    except ClassmarkError:
        return None

"""Predict new texts or images with a trained model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from classmark.errors import MissingExtraError
from classmark.runs.model import input_kind
from classmark.system.limits import check_room


def predict(run: Path, inputs: Sequence[str], out: Path, options: Mapping[str, Any]) -> None:
    """Predict and write a table; the number of rows and what was left out go to standard error."""
    try:
        from classmark.inference import PredictOptions, predict_files
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), input_kind(run), "Predicting") from None
    check_room()
    predicted = predict_files(run, inputs, out, PredictOptions(**options))
    for line in predicted.notes:
        typer.echo(line, err=True)
    typer.echo(f"{predicted.rows:,} row{'s' * (predicted.rows != 1)}", err=True)
    typer.echo(str(out))

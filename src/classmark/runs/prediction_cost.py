"""`prediction-cost.json`: what a prediction of a run's model costs on the machine that trained it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from classmark.errors import RunError
from classmark.runs.folder import RunFiles
from classmark.system.files import read_json, write_json

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class PredictionCost:
    """What predictions cost, measured in a fresh process that does nothing else.

    Attributes:
        one_row_p50_seconds: half of the predictions of a single row take no longer, from the raw text or image file to its
            probabilities.
        one_row_p99_seconds: 99 % take no longer; None where fewer than 100 were measured.
        one_row_calls: how many were.
        rows_per_second: of many rows in one call.
        many_rows: how many rows that call had.
        load_seconds: from the files of the model to the first prediction.
        size_bytes: of the files in `model/`.
        peak_bytes: the most memory that the process held, with Python and torch; None where the system does not say.
        gpu_peak_bytes: the most memory that torch held on the graphics card; None without one.
        training_core_seconds: what all cores together computed for the run until its model was saved; None if unknown.
        machine: the graphics card's or the processor's name.
        threads: of the processor.
        precision: of the forward pass.
        busy: whether something else was computing on these cores meanwhile, so that the times are too long.
    """

    one_row_p50_seconds: float
    one_row_p99_seconds: float | None
    one_row_calls: int
    rows_per_second: float
    many_rows: int
    load_seconds: float
    size_bytes: int
    peak_bytes: int | None
    gpu_peak_bytes: int | None
    training_core_seconds: float | None
    machine: str
    threads: int
    precision: str
    busy: bool


def write_prediction_cost(run: RunFiles, cost: PredictionCost) -> None:
    """Write `prediction-cost.json`."""
    write_json(run.prediction_cost, {"schema_version": SCHEMA_VERSION, **asdict(cost)})


def read_prediction_cost(run: RunFiles) -> PredictionCost | None:
    """What was measured; None if nothing was.

    Raises:
        RunError: the file is damaged.
    """
    if not run.prediction_cost.exists():
        return None
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(PredictionCost).validate_python(read_json(run.prediction_cost))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise RunError(f"{run.prediction_cost}: {place}: {first['msg']}; the file is damaged.") from None

"""An exported model with weights in 8 bits, and what that costs and gains beside the one in 32 bits, on the same rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.exports.loader import Predictor
from classmark.exports.rows import Rows
from classmark.exports.traced import quiet
from classmark.judging.comparisons.compare import compare
from classmark.judging.comparisons.paired import Difference
from classmark.predictions import Predictions, build_predictions

CALIBRATION_ROWS, CHOICE_ROWS, SPEED_ROWS = 128, 256, 64
LABELS_KEPT = 0.98
ROUNDS, SINGLES = 3, 20
LINEAR = ["Conv", "MatMul", "Gemm"]  # what costs the time; the rest stays as it is
Feeds = list[dict[str, Any]]


@dataclass(frozen=True)
class Speed:
    """How fast a model predicts from raw inputs on this machine: milliseconds of one row, rows a second of many."""

    one_row_ms: float
    rows_per_second: float


def quantised(folder: Path, rows: dict[str, Rows], target: Path) -> str:
    """The way that was taken to write a folder's model in 8 bits.

    Texts get weights in 8 bits and activations that are scaled as they come. For images scales that are fixed beforehand, on
    training rows, are faster; they are taken if they leave nearly all labels of validation rows as they are, else whatever leaves
    more. Test rows have no part.

    Args:
        folder: of the exported model in 32 bits.
        rows: the splits of the run.
        target: the file to write.
    """
    source = Predictor(folder)
    ways = {"dynamic": _dynamic} if source.is_text else {"static": _static, "dynamic": _dynamic}
    some = rows["validation"].first(CHOICE_ROWS)
    exact = some.predicted(source.predict_proba, "int8").argmax(axis=1)
    kept: dict[str, float] = {}
    for way, write in ways.items():
        with quiet():
            write(folder / source.about["model"]["file"], target.with_suffix(f".{way}"), _feeds(source, rows["train"]))
        labels = some.predicted(_with_model(folder, target.with_suffix(f".{way}")), "int8").argmax(axis=1)
        kept[way] = float((labels == exact).mean())
        if kept[way] >= LABELS_KEPT:
            break
    best = max(kept, key=lambda way: kept[way])
    target.with_suffix(f".{best}").replace(target)
    for way in kept:
        target.with_suffix(f".{way}").unlink(missing_ok=True)
    return best


def cost_in_quality(
    table: Predictions, exact: NDArray[np.float32], coarse: NDArray[np.float32]
) -> dict[str, Difference]:
    """Metric → int8 (B) beside 32 bits (A) on the test rows, with the paired interval.

    Args:
        table: the run's test predictions, for ids, labels and groups.
        exact: probabilities of these rows in 32 bits, shape (N, C).
        coarse: the same in 8 bits.
    """
    columns = table.frame.select([name for name in ("group",) if name in table.frame.columns])
    sides = [
        build_predictions(
            table.ids,
            table.frame["label"],
            values,
            table.classes,
            columns=columns if columns.width else None,
            source=name,
        )
        for name, values in (("fp32", exact), ("int8", coarse))
    ]
    found = compare(sides[0], sides[1]).metrics
    return {name: found[name] for name in ("accuracy", "log_loss") if name in found}


def speeds(models: dict[str, Predictor], rows: Rows) -> dict[str, Speed]:
    """The speed of each model from raw inputs on, in turns; the fastest turn counts, since others' work only slows.

    Args:
        models: name → model.
        rows: of which some are predicted.
    """
    inputs = next(rows.first(SPEED_ROWS).inputs())
    one: dict[str, list[float]] = {name: [] for name in models}
    many: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(ROUNDS):
        for name, model in models.items():
            many[name].append(_seconds(model, inputs))
            one[name].append(median(_seconds(model, [single]) for single in inputs[:SINGLES]))
    return {name: Speed(1_000 * min(one[name]), len(inputs) / min(many[name])) for name in models}


def _seconds(model: Predictor, inputs: list[Any]) -> float:
    start = time.perf_counter()
    model.predict_proba(inputs)
    return time.perf_counter() - start


def _feeds(source: Predictor, rows: Rows) -> Feeds:
    """What the model takes of some training rows, one row each."""
    inputs = [one for part in rows.first(CALIBRATION_ROWS).inputs() for one in part]
    return [source.feed([source.ids(one) if source.is_text else one]) for one in inputs]


def _with_model(folder: Path, file: Path) -> Callable[[list[Any]], NDArray[np.float32]]:
    """The prediction of a folder's loader with another file for its model."""
    import onnxruntime

    model = Predictor(folder)
    model.session = onnxruntime.InferenceSession(file)
    return model.predict_proba


def _dynamic(source: Path, target: Path, _: Feeds) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True)


def _static(source: Path, target: Path, feeds: Feeds) -> None:
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(feeds)

        def get_next(self) -> dict[str, Any] | None:
            return next(self.left, None)

    prepared = target.with_suffix(".prepared")
    quant_pre_process(source, prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared,
        target,
        Reader(),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=LINEAR,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    prepared.unlink()

"""What a prediction costs: time for one row and for many, memory, size on disk.

It is measured in a process of its own, which loads the model as a user would: the memory of a process that has just trained,
and its warm caches, say nothing about that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from classmark.runs import RunFiles
from classmark.runs.model import model_folder
from classmark.runs.prediction_cost import PredictionCost
from classmark.runs.status import read_status
from classmark.system.machine import computed_seconds, peak_bytes, processor_seconds
from classmark.system.processes import in_processes

MOST_CALLS, FEWEST_CALLS_OF_P99 = 300, 100
WARM_CALLS = 3
# After the first span, calls go on only until there are enough of them; after the second they stop.
ENOUGH_SECONDS, MOST_SECONDS = 2.0, 10.0
FEWEST_PASSES, MOST_PASSES = 3, 20
# Of a core that other processes keep busy.
BUSY_SHARE = 0.1
SIGNIFICANT_DIGITS = 4


def measure_prediction_cost(run: RunFiles, rows: Sequence[Any], threads: int, machine: str) -> PredictionCost:
    """The cost of predictions by a run's saved model.

    Args:
        run: its folder.
        rows: texts, or image files as bytes; one or more, which stand for those to come.
        threads: of the processor.
        machine: its name.

    Raises:
        RunError: the process was killed, for instance for want of memory.
        InputError: a row cannot be read.
    """
    [cost] = in_processes(_Measure(run.path, threads, machine), [list(rows)], 1)
    return cost


@dataclass(frozen=True)
class _Measure:
    """The task of the other process."""

    path: Path
    threads: int
    machine: str

    def __call__(self, rows: list[Any]) -> PredictionCost:
        import torch

        from classmark.inference.classifier import load

        torch.set_num_threads(self.threads)
        started = time.perf_counter()
        classifier = load(self.path)
        classifier.predict_proba(rows[:1])
        load_seconds = time.perf_counter() - started
        before = _others_seconds()
        started = time.perf_counter()
        one_row = one_row_seconds(classifier.predict_proba, rows)
        many = many_rows_seconds(classifier.predict_proba, rows)
        others = (_others_seconds() - before) / (time.perf_counter() - started)
        return PredictionCost(
            one_row_p50_seconds=_rounded(np.median(one_row)),
            one_row_p99_seconds=_rounded(np.quantile(one_row, 0.99)) if len(one_row) >= FEWEST_CALLS_OF_P99 else None,
            one_row_calls=len(one_row),
            rows_per_second=_rounded(len(rows) / np.median(many)),
            many_rows=len(rows),
            load_seconds=_rounded(load_seconds),
            size_bytes=folder_bytes(model_folder(self.path)),
            peak_bytes=peak_bytes(),
            gpu_peak_bytes=torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None,
            training_core_seconds=read_status(RunFiles(self.path)).processor_seconds,
            machine=self.machine,
            threads=self.threads,
            precision=classifier.precision,
            busy=others > BUSY_SHARE,
        )


def one_row_seconds(predict: Callable[[list[Any]], object], rows: Sequence[Any]) -> list[float]:
    """Seconds of each call with one row; the rows take turns."""
    for row in rows[:WARM_CALLS]:
        predict([row])
    found: list[float] = []
    started = time.perf_counter()
    while len(found) < MOST_CALLS:
        passed = time.perf_counter() - started
        if passed > MOST_SECONDS or (passed > ENOUGH_SECONDS and len(found) >= FEWEST_CALLS_OF_P99):
            break
        found.append(_seconds(predict, [rows[len(found) % len(rows)]]))
    return found


def many_rows_seconds(predict: Callable[[list[Any]], object], rows: Sequence[Any]) -> list[float]:
    """Seconds of each call with all rows."""
    started = time.perf_counter()
    found = [_seconds(predict, list(rows))]  # the first one warms up: it counts only where there is no time for another
    while len(found) <= MOST_PASSES:
        passed = time.perf_counter() - started
        if passed > MOST_SECONDS or (passed > ENOUGH_SECONDS and len(found) > FEWEST_PASSES):
            break
        found.append(_seconds(predict, list(rows)))
    return found[1:] or found


def folder_bytes(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _others_seconds() -> float:
    """Seconds that other processes have computed on these cores so far; 0 where the system does not say."""
    everyone = computed_seconds()
    return 0.0 if everyone is None else everyone - processor_seconds()


def _seconds(predict: Callable[[list[Any]], object], rows: list[Any]) -> float:
    started = time.perf_counter()
    predict(rows)
    return time.perf_counter() - started


def _rounded(value: float | np.floating[Any]) -> float:
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")

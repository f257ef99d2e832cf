"""How far repeated measurements of a prediction's cost agree, and what it is for several kinds of models.

    python benchmarks/prediction_cost.py RUN [RUN …] [--times 5] [--out docs/benchmarks.md]

Each measurement is the one that ends a run, in a process of its own. The rows are the run's validation rows as its predictions
table has them: texts are cut there, and images are thumbnails, so the figures are not those of the run itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from classmark.inference.prediction_cost import measure_prediction_cost
from classmark.predictions import read
from classmark.runs import RunFiles
from classmark.runs.prediction_cost import PredictionCost
from classmark.system.machine import cores
from classmark.training.processor import machine_name
from page import wrapped, write_section

TITLE = "## What a prediction costs"
IN_WORDS = (
    "`python benchmarks/prediction_cost.py RUN … --times {times} --out docs/benchmarks.md`: the measurement that ends each run, "
    "repeated, in turns over the runs. A spread is the largest value over the smallest."
)
MOST_ROWS = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    found: dict[Path, list[PredictionCost]] = {path: [] for path in asked.runs}
    rows = {path: shown_rows(RunFiles(path)) for path in asked.runs}
    for _ in range(asked.times):
        for path, costs in found.items():
            costs.append(measure_prediction_cost(RunFiles(path), rows[path], cores(), machine_name()))
    section = written(found, asked.times)
    print(section)
    if asked.out:
        write_section(asked.out, section)


def shown_rows(run: RunFiles) -> list[Any]:
    """Validation texts, or thumbnails as files."""
    frame = read(run.predictions("validation")).frame
    column = "text" if "text" in frame.columns else "thumbnail"
    rows: list[Any] = frame[column].drop_nulls()[:MOST_ROWS].to_list()
    return rows


def written(found: dict[Path, list[PredictionCost]], times: int) -> str:
    """The section of the page."""
    machine = next(iter(found.values()))[0]
    lines = [
        *(TITLE, "", wrapped(IN_WORDS.format(times=times)), ""),
        f"Machine: {machine.machine}, {machine.threads} threads.",
        "",
        "| run | one row, ms | spread | 99 % take less than, ms | rows/s | spread | memory, MB | spread | size, MB | busy |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for path, costs in found.items():
        one_row, many = ([getattr(cost, name) for cost in costs] for name in ("one_row_p50_seconds", "rows_per_second"))
        slowest = [1000 * cost.one_row_p99_seconds for cost in costs if cost.one_row_p99_seconds is not None]
        memory = [cost.peak_bytes or 0 for cost in costs]
        lines.append(
            f"| {path.name} | {1000 * np.median(one_row):.2f} | {max(one_row) / min(one_row):.2f} | "
            f"{f'{np.median(slowest):.2f}' if slowest else '–'} | {np.median(many):,.0f} | {max(many) / min(many):.2f} | "
            f"{np.median(memory) / 1e6:,.0f} | {max(memory) / min(memory):.2f} | {costs[0].size_bytes / 1e6:.1f} | "
            f"{sum(cost.busy for cost in costs)} of {len(costs)} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

"""What exports agree to, weigh and gain: finished runs as ONNX in 32 and in 8 bits.

python benchmarks/export.py RUN [RUN …] --out docs/export-agreement.md
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import classmark
from classmark.run import Run
from classmark.system.machine import cores
from classmark.training.processor import processor_name

HEAD = """\
# What exported models agree to, and what 8 bits cost and gain

`python benchmarks/export.py RUN … --out docs/export-agreement.md`, on finished runs. The largest difference of a probability is
over all test rows, from `predict.py` with onnxruntime to the run's own predictions in fp32; no label differs, else there is no
export. Accuracy is int8 − fp32 on the same rows, with the paired 95 % interval. Rows per second are from raw texts or image files
on, the fastest of several turns; the two models take turns.

Machine: {machine}, {cores} cores{load}. In each pair the first is fp32, the second int8.

| model | test rows | largest difference, fp32 | MB | way | int8, points of accuracy | labels differ | rows/s | one row, ms |
|---|---|---|---|---|---|---|---|---|
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--load", default="", help="What else the machine did, in words.")
    words = parser.parse_args()
    rows = [row_of(path) for path in words.runs]
    load = f", {words.load}" if words.load else ""
    head = HEAD.format(machine=processor_name(), cores=cores(), load=load)
    words.out.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


def row_of(path: Path) -> str:
    with tempfile.TemporaryDirectory() as folder:
        about = classmark.export(path, out=Path(folder) / "out", quantise="int8").about
    model, found, check = Run(path).recipe.model, about["quantised"], about["check"]
    names = [str(value) for key in ("kind", "backbone", "weights") if (value := getattr(model, key, None)) is not None]
    accuracy, speed, size = found["quality"]["accuracy"], found["speed"], found["bytes"]
    low, high = (100 * accuracy[end] for end in ("low", "high"))
    shown: list[Any] = [
        " ".join(Path(name).name for name in names),
        f"{check['rows']:,}",
        f"{check['largest_difference']:.1e}",
        " → ".join(f"{size[name] / 1e6:.2f}" for name in ("fp32", "int8")),
        found["way"],
        f"{100 * accuracy['difference']:+.2f} ({low:+.2f} to {high:+.2f})",
        f"{found['labels_differ']:,}",
        " → ".join(f"{speed[name]['rows_per_second']:,.0f}" for name in ("fp32", "int8")),
        " → ".join(f"{speed[name]['one_row_ms']:.1f}" for name in ("fp32", "int8")),
    ]
    return f"| {' | '.join(shown)} |"


if __name__ == "__main__":
    main()

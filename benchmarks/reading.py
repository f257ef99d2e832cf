"""How long reading predictions takes, beside polars reading the same file without understanding it.

    python benchmarks/reading.py [--out docs/benchmarks.md]

Both read the same file in turn, several times; the best time of each counts.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from classmark.reading.side import open_side
from classmark.system.machine import cores
from page import wrapped, write_section

TIMES = 3
FILES = (
    ("1,000,000 × 2", 1_000_000, 2, "csv"),
    ("1,000,000 × 2", 1_000_000, 2, "csv.gz"),
    ("1,000,000 × 2", 1_000_000, 2, "parquet"),
    ("200,000 × 2", 200_000, 2, "jsonl"),
    ("100,000 × 200", 100_000, 200, "csv"),
    ("100,000 × 200", 100_000, 200, "parquet"),
)
TITLE = "## Reading"
IN_WORDS = (
    "`python benchmarks/reading.py --out docs/benchmarks.md`: an id, a label and one probability per class. classmark reads the "
    "file, decides what the columns mean and checks every row; polars alone reads it into a frame. Best of {times} each."
)


def made(rows: int, classes: int) -> pl.DataFrame:
    """Predictions that tell the classes apart fairly well."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, classes, rows)
    stated = generator.normal(size=(rows, classes))
    stated[np.arange(rows), labels] += 1.5
    np.exp(stated, out=stated)
    stated /= stated.sum(axis=1, keepdims=True)
    named = {f"prob_class{index}": stated[:, index] for index in range(classes)}
    return pl.DataFrame(
        {"id": [f"row{row}" for row in range(rows)], "label": [f"class{index}" for index in labels]} | named
    )


def written(frame: pl.DataFrame, path: Path) -> Callable[[], pl.DataFrame]:
    """What polars alone does to read the file, which is written here."""
    match path.name.split(".", 1)[1]:
        case "csv":
            frame.write_csv(path)
            return lambda: pl.read_csv(path)
        case "csv.gz":
            import gzip

            path.write_bytes(gzip.compress(frame.write_csv().encode(), compresslevel=6))
            return lambda: pl.read_csv(path)
        case "parquet":
            frame.write_parquet(path)
            return lambda: pl.read_parquet(path)
    frame.write_ndjson(path)
    return lambda: pl.read_ndjson(path)


def best(act: Callable[[], object]) -> float:
    """Seconds of one call."""
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


def measure() -> str:
    """All measurements, as a section."""
    machine = f"{cores()} cores, load {os.getloadavg()[0]:.1f} before the first measurement."
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size, count, classes, ending in FILES:
            path = Path(folder) / f"file.{ending}"
            alone = written(made(count, classes), path)
            pairs = [(best(lambda path=path: open_side(path)), best(alone)) for _ in range(TIMES)]  # type: ignore[misc]
            ours, theirs = (min(times) for times in zip(*pairs, strict=True))
            rows.append(f"| {size} | .{ending} | {ours:.2f} | {theirs:.2f} | {ours / theirs:.1f} |")
            print(rows[-1], flush=True)
            path.unlink()
    head = "| rows × classes | file | classmark, s | polars alone, s | ratio |\n|---|---|---|---|---|"
    return (
        "\n\n".join([TITLE, wrapped(IN_WORDS.format(times=TIMES)), wrapped(machine), "\n".join([head, *rows])]) + "\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="write the section into this page, such as docs/benchmarks.md")
    options = parser.parse_args()
    text = measure()
    print(text)
    if options.out is not None:
        write_section(options.out, text)

"""How long judging takes, beside scikit-learn's metrics in a loop over resampled rows, and how that grows.

    python benchmarks/judge.py [--out docs/benchmarks.md]

Each measurement is a process of its own, so that its memory is its own. Both ways measure the same draws; the plain way
makes the first few, and its time is taken from there.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from classmark.judging.scored import Scored
from classmark.judging.statistics.resampling import bootstrap, row_weights
from classmark.system.machine import cores
from page import wrapped, write_section

DRAWS = 1_000
BESIDE = ((1_000_000, 2, 3), (100_000, 200, 1))  # rows, classes, draws of the plain way
GROWTH = (
    *((10_000, 2, DRAWS), (100_000, 2, DRAWS), (1_000_000, 2, 100), (1_000_000, 2, DRAWS)),
    *((100_000, 10, DRAWS), (100_000, 50, DRAWS), (100_000, 200, 100), (100_000, 200, DRAWS)),
)
WHOLE = ((10_000, 2), (1_000_000, 2), (100_000, 200))
COMMAND_ROWS, COMMAND_TIMES = 10_000, 5
MEBI = 1 << 20
TITLE = "## Judging"
IN_WORDS = (
    "`python benchmarks/judge.py --out docs/benchmarks.md`: made probabilities, independent rows. A draw is accuracy, log "
    "loss, Brier score, ROC area and average precision of rows drawn with replacement; of more than two classes the areas "
    "are the macro mean of one against the rest, and from six classes on top-5 accuracy is there too."
)
PLAIN = (
    "**Beside scikit-learn.** The plain way takes the drawn rows and calls `accuracy_score`, `log_loss`, "
    "`brier_score_loss`, `roc_auc_score` and `average_precision_score`. It made the draws that stand in the table, and its "
    "seconds are theirs times {draws:,} over their number. The difference is the largest one between the two ways over these "
    "draws and metrics."
)
GROWS = (
    "**How it grows.** Seconds by the clock and of the processor, all cores together; the peak memory of the whole process, "
    "and of it the table of probabilities in 64 bits. Time grows with rows × classes × draws. Memory does not grow with draws: "
    "a block of draws waits for each core, and each class keeps six bytes a row."
)
WHOLLY = (
    "**A whole judgement** of a table in memory, by `classmark.judging.judge.judge` with 1,000 draws where intervals need "
    "them, with curves, calibration and classes."
)
COMMANDS = "**From the command line**, each {times} times; start-up, reading and the report with its charts are in it."


def made(rows: int, classes: int) -> Scored:
    """Probabilities that tell the classes apart fairly well."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, classes, rows)
    stated = generator.normal(size=(rows, classes))
    stated[np.arange(rows), labels] += 1.5
    np.exp(stated, out=stated)
    stated /= stated.sum(axis=1, keepdims=True)
    return Scored(labels, np.argmax(stated, axis=1), stated, classes)


def plain(scored: Scored, draws: int) -> tuple[float, dict[str, list[float]]]:
    """Seconds and values of scikit-learn's metrics in a loop over the same draws."""
    from sklearn import metrics

    labels, stated = scored.labels, scored.probabilities
    assert stated is not None
    two, every = scored.classes == 2, np.arange(scored.classes)
    drawn = [
        np.repeat(np.arange(len(scored)), counts) for block in row_weights(len(scored), draws, 0) for counts in block
    ]
    found: list[dict[str, float]] = []
    started = time.perf_counter()
    for rows in drawn[:draws]:
        true, said = labels[rows], stated[rows]
        scores, binary = (said[:, 1], true) if two else (said, (true[:, None] == every).astype(np.int64))
        found.append(
            {
                "accuracy": metrics.accuracy_score(true, scored.predicted[rows]),
                "log_loss": metrics.log_loss(true, said, labels=every),
                "brier": metrics.brier_score_loss(true, scores, labels=every, scale_by_half=two),
                "roc_auc": metrics.roc_auc_score(true, scores, multi_class="ovr", labels=every),
                "average_precision": metrics.average_precision_score(binary, scores),
            }
        )
    seconds = time.perf_counter() - started
    return seconds, {name: [each[name] for each in found] for name in found[0]}


def one(way: str, rows: int, classes: int, draws: int) -> dict[str, Any]:
    """One measurement in this process."""
    scored = made(rows, classes)
    if way == "plain":
        seconds, values = plain(scored, draws)
        return {"seconds": seconds, "values": values}
    act: Callable[[], Any] = lambda: bootstrap(scored, draws, 0)  # noqa: E731
    if way == "whole":
        act = whole(scored)
    started, processor = time.perf_counter(), time.process_time()
    found = act()
    seconds, processor = time.perf_counter() - started, time.process_time() - processor
    peak = peak_mebibytes()
    first = {name: draw[: max(each[2] for each in BESIDE)].tolist() for name, draw in found.items()} if found else {}
    return {"seconds": seconds, "processor": processor, "peak_mebibytes": peak, "values": first}


def peak_mebibytes() -> float:
    """The peak of this process alone; the usual figure starts at what the parent had when it began this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def whole(scored: Scored) -> Callable[[], None]:
    """The judgement of these rows as a table."""
    from classmark.judging.judge import judge
    from classmark.predictions import build_predictions

    names = tuple(f"class {index:03}" for index in range(scored.classes))
    assert scored.probabilities is not None
    ids = [str(row) for row in range(len(scored))]
    table = build_predictions(ids, [names[index] for index in scored.labels], scored.probabilities, names)
    return lambda: judge(table, draws=DRAWS) and None


def apart(way: str, rows: int, classes: int, draws: int) -> dict[str, Any]:
    """One measurement in a process of its own."""
    command = [sys.executable, __file__, "--one", way, str(rows), str(classes), str(draws)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(way, f"{rows:,} × {classes}, {draws:,} draws:", {k: v for k, v in found.items() if k != "values"}, flush=True)
    return found


def commands() -> dict[str, list[tuple[float, float]]]:
    """Command → seconds by the clock and of the processor, each time."""
    script = str(Path(sys.executable).with_name("classmark"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        scored = made(COMMAND_ROWS, 2)
        assert scored.probabilities is not None
        lines = [f"{label},{p[0]:.9f},{p[1]:.9f}" for label, p in zip(scored.labels, scored.probabilities, strict=True)]
        path.write_text("\n".join(["label,0,1", *lines]) + "\n")
        ways = {
            "python -c 'import classmark'": [sys.executable, "-c", "import classmark"],
            "classmark --help": [script, "--help"],
            "classmark judge file.csv": [script, "judge", str(path), "--out", f"{folder}/judged"],
        }
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for _ in range(COMMAND_TIMES):
            for name, command in ways.items():
                before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
                subprocess.run(command, check=True, capture_output=True)
                seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
                spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
                found[name].append((seconds, spent))
    return found


def section(beside: list[str], growth: list[str], wholly: list[str], lines: list[str], machine: str) -> str:
    """The measurements as a Markdown section."""
    tables = [
        (PLAIN.format(draws=DRAWS), "| rows × classes | plain draws | plain, s | classmark, s | ratio | difference |", beside),
        (GROWS, "| rows | classes | draws | seconds | processor seconds | peak, MiB | table, MiB |", growth),
        (WHOLLY, "| rows × classes | seconds | processor seconds | peak, MiB |", wholly),
        (COMMANDS.format(times=COMMAND_TIMES), "| command | seconds, best | median | processor seconds, best |", lines),
    ]  # fmt: skip
    parts = [TITLE, wrapped(IN_WORDS), wrapped(machine)]
    for words, head, rows in tables:
        rule = "|" + "---|" * (head.count("|") - 1)
        parts += [wrapped(words), "\n".join([head, rule, *rows])]
    return "\n\n".join(parts) + "\n"


def measure() -> str:
    """All measurements, as a section."""
    from classmark.training.processor import processor_name  # loads torch, which would count as memory of a measurement

    machine = (
        f"Machine: {processor_name()}, {cores()} cores, load {os.getloadavg()[0]:.1f} before the first measurement."
    )
    ours = {size: apart("classmark", *size) for size in GROWTH}
    beside = []
    for rows, classes, draws in BESIDE:
        theirs, mine = apart("plain", rows, classes, draws), ours[rows, classes, DRAWS]
        seconds = theirs["seconds"] / draws * DRAWS
        apart_by = max(
            float(np.abs(np.subtract(theirs["values"][name], mine["values"][name][:draws])).max())
            for name in theirs["values"]
        )
        beside.append(
            f"| {rows:,} × {classes} | {draws} | {seconds:,.0f} | {mine['seconds']:.1f} | "
            f"{seconds / mine['seconds']:,.0f} × | {apart_by:.0e} |"
        )
    growth = [
        f"| {rows:,} | {classes} | {draws:,} | {each['seconds']:.1f} | {each['processor']:.1f} | "
        f"{each['peak_mebibytes']:,.0f} | {rows * classes * 8 / MEBI:,.0f} |"
        for (rows, classes, draws), each in ours.items()
    ]
    wholly = []
    for rows, classes in WHOLE:
        each = apart("whole", rows, classes, DRAWS)
        size = f"| {rows:,} × {classes} | {each['seconds']:.1f} | {each['processor']:.1f} | "
        wholly.append(f"{size}{each['peak_mebibytes']:,.0f} |")
    lines = []
    for name, times in commands().items():
        clock, spent = ([time[index] for time in times] for index in (0, 1))
        lines.append(f"| `{name}` | {min(clock):.2f} | {np.median(clock):.2f} | {min(spent):.2f} |")
    return section(beside, growth, wholly, lines, machine)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="write the section into this page, such as docs/benchmarks.md")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one[0], *map(int, options.one[1:]))))
        sys.exit()
    text = measure()
    print(text)
    if options.out is not None:
        write_section(options.out, text)

"""Training speed of the reference BiLSTM on this machine, side by side in one run, on the same real reviews.

    python benchmarks/bilstm_cpu.py [--batches 12] [--keras PYTHON] [--ways START] [--out docs/benchmarks.md]

The tutorial way: `pack_padded_sequence`, random batches, fp32. Keras 3 of the same size on TensorFlow and on JAX, on the
bucketed batches, each shape warmed up, in an environment of its own that `--keras` names. Two ways of classmark's padded
path, in fp32 and, where the processor has instructions for it, in bf16: the batch whole, by one OpenMP team, and in pieces,
each by one thread. Every way runs in a process of its own, so that its memory can be told, and once more while another
process keeps one core busy. All count real tokens, no padding. The limit is the machine's own large matrix product.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from page import write_section

TRAINING_FLOP_PER_TOKEN = 13.8e6
BATCH, VOCABULARY, WIDTH, HIDDEN = 64, 25_002, 100, 256
MATRIX = 4_096


def batches_of_reviews(count: int) -> tuple[list[tuple[np.ndarray, np.ndarray]], list[tuple[np.ndarray, np.ndarray]]]:
    """`count` bucketed and `count` random batches of whole reviews: (tokens of shape (T, B), lengths of shape (B,)).

    Of the bucketed batches, which come shuffled behind the largest, that largest one is left out.
    """
    from classmark.data.sources.movie_reviews import read_movie_reviews
    from classmark.inputs.batches import text_batch, training_batches
    from classmark.inputs.tokens import encode, fit_tokenizer
    from classmark.recipes.schema import Train

    texts = read_movie_reviews(("imdb",)).train["text"].to_list()
    tokens = encode(fit_tokenizer(texts, VOCABULARY - 2), texts)
    found = []
    for bucketed in (True, False):
        rows = training_batches(tokens.lengths, Train(bucketed=bucketed), 1, 1)
        drawn = (text_batch(tokens, row) for row in rows[1:] if len(row) == BATCH)
        found.append(
            [(batch.tokens.numpy(), batch.lengths.numpy()) for batch, _ in zip(drawn, range(count), strict=False)]
        )
    return found[0], found[1]


def tokens_per_second(
    step: Callable[[np.ndarray, np.ndarray], None], batches: list[tuple[np.ndarray, np.ndarray]]
) -> float:
    """Real tokens per second over the batches."""
    start = time.perf_counter()
    for tokens, lengths in batches:
        step(tokens, lengths)
    return sum(int(lengths.sum()) for _, lengths in batches) / (time.perf_counter() - start)


def torch_step(way: str) -> Callable[[np.ndarray, np.ndarray], None]:
    """A training step of `tutorial`, `whole-fp32`, `whole-bf16`, `pieces-fp32` or `pieces-bf16`."""
    import torch
    from lightning_fabric import Fabric
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence

    from classmark.inputs.examples import Batch, TextShape
    from classmark.inputs.text import TextExamples
    from classmark.losses import build_loss
    from classmark.models.build import build_model, initialise
    from classmark.models.threads import one_core_workers
    from classmark.recipes.schema import BiLSTM, Loss, Train
    from classmark.system.machine import cores
    from classmark.training.pieces import Computation, accumulate_gradients

    model = build_model(BiLSTM(), TextShape(VOCABULARY, WIDTH), 2)
    initialise(model, 0)
    optimizer = torch.optim.Adam(model.parameters(), fused=way != "tutorial")
    labels, loss = torch.arange(BATCH) % 2, build_loss(Loss(), [1, 1])
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed" if way.endswith("bf16") else "32-true")

    def tutorial(tokens: torch.Tensor, lengths: torch.Tensor) -> None:
        words = nn.functional.dropout(model.embedding(tokens), 0.5)
        _, (final, _) = model.lstm(pack_padded_sequence(words, lengths, enforce_sorted=False))
        logits = model.fc(nn.functional.dropout(torch.cat([final[-2], final[-1]], dim=1), 0.5))
        nn.functional.binary_cross_entropy_with_logits(logits.squeeze(1), labels.float()).backward()

    def whole(tokens: torch.Tensor, lengths: torch.Tensor) -> None:
        with fabric.autocast():
            logits = model(tokens, lengths)
        loss(logits, labels).backward()

    if way.startswith("pieces"):
        computation = Computation(model, loss, fabric, one_core_workers(cores()))
        torch.set_num_threads(1)

    def pieces(tokens: torch.Tensor, lengths: torch.Tensor) -> None:
        parts = TextExamples.pieces(None, Batch((tokens, lengths), labels, 0), Train().piece_tokens)  # type: ignore[arg-type]
        accumulate_gradients(computation, parts, (1,))

    forward_and_backward = {"tutorial": tutorial, "whole": whole, "pieces": pieces}[way.partition("-")[0]]

    def step(tokens: np.ndarray, lengths: np.ndarray) -> None:
        optimizer.zero_grad(set_to_none=way == "tutorial")
        forward_and_backward(torch.from_numpy(tokens), torch.from_numpy(lengths))
        optimizer.step()

    return step


def measure_here(way: str, file: Path) -> dict[str, float]:
    """Tokens per second of a way in this process, and the most memory that its steps took beside what was there before."""
    from classmark.system.machine import peak_bytes, resident_bytes
    from classmark.training.processor import prepare_processor

    if way != "tutorial":
        prepare_processor(None)
    with np.load(file) as arrays:
        batches = [(arrays[f"{i}.t"], arrays[f"{i}.l"]) for i in range(len(arrays.files) // 2)]
    step = torch_step(way)
    before = resident_bytes() or 0
    if way != "tutorial":
        tokens_per_second(step, batches)  # each shape once before the clock starts, as for Keras
    return {"rate": tokens_per_second(step, batches), "bytes": max(0, (peak_bytes() or 0) - before)}


@contextmanager
def busy(occupied: bool) -> Iterator[None]:
    """In it, if asked for, another process keeps one core busy."""
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if occupied else None
    try:
        yield
    finally:
        if other is not None:
            other.kill()
            other.wait()


def saved(batches: list[tuple[np.ndarray, np.ndarray]], file: Path) -> Path:
    """The batches in a file, for other processes."""
    np.savez(
        file, **{f"{i}.{name}": each for i, pair in enumerate(batches) for name, each in zip("tl", pair, strict=True)}
    )
    return file


def in_a_process(way: str, file: Path) -> dict[str, float]:
    """`measure_here` in a process of its own."""
    command = [sys.executable, __file__, "--way", way, "--file", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2_000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def keras_rate(python: str, backend: str, file: Path) -> dict[str, float] | None:
    """Tokens per second of Keras on a backend, in a process of its own; None where it is not installed."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [python, str(Path(__file__).with_name("bilstm_keras.py")), str(file)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 3:
        return None
    if done.returncode:
        raise SystemExit(done.stderr[-2_000:])
    return {"rate": float(done.stdout.split()[-1])}


def matrix_flops(precision: str) -> float:
    """Floating-point operations per second of the machine's large matrix product in a precision."""
    import torch

    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    a, b = (torch.randn(MATRIX, MATRIX, dtype=kind) for _ in range(2))
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - start)
    return 2 * MATRIX**3 / median(seconds[1:])


def precisions() -> tuple[str, ...]:
    """fp32, and bf16 unless the processor has no instructions for it."""
    from classmark.recipes.schema import Recipe
    from classmark.training.precision import HOPELESS, step_seconds

    seconds = step_seconds(Recipe.model_validate({"name": "x", "data": {"source": "imdb"}}))
    return ("fp32",) if seconds["bf16"] > HOPELESS * seconds["fp32"] else ("fp32", "bf16")


def measure(count: int, python: str, folder: Path, start: str = "") -> dict[str, Any]:
    """Every way whose name starts so, quiet and busy; the limit in FLOP/s, and the machine."""
    from classmark.system.machine import cores
    from classmark.training.processor import describe_environment

    bucketed, random = batches_of_reviews(count)
    file, random_file = (
        saved(bucketed, folder / "bucketed.npz"),
        saved(random[: max(2, count // 6)], folder / "random.npz"),
    )
    kinds = precisions()
    runs: dict[str, Callable[[], dict[str, float] | None]] = {"tutorial": lambda: in_a_process("tutorial", random_file)}
    runs |= {f"keras-{name}": partial(keras_rate, python, name, file) for name in ("tensorflow", "jax")}
    ways = [f"{way}-{kind}" for kind in kinds for way in ("whole", "pieces")]
    runs |= {f"classmark-{way}": partial(in_a_process, way, file) for way in ways}
    runs = {name: run for name, run in runs.items() if name.startswith(start)}
    found: dict[str, dict[str, dict[str, float] | None]] = {}
    for occupied in (False, True):
        for name, run in runs.items():
            if occupied and name == "tutorial":  # a quarter of an hour for a figure that decides nothing
                continue
            with busy(occupied):
                found.setdefault(name, {})["busy" if occupied else "quiet"] = run()
    limit = max(matrix_flops(kind) for kind in kinds)
    return {"batches": count, "ways": found, "limit": limit, "environment": describe_environment(cores())}


def page(found: dict[str, Any]) -> str:
    """The measurement as a Markdown section."""
    ways, environment, limit = found["ways"], found["environment"], found["limit"]
    best = max(ways[name]["quiet"]["rate"] for name in ways if "pieces" in name)
    keras = [name for name in ways if name.startswith("keras") and ways[name]["quiet"]]
    lines = [
        "## BiLSTM, training step on a CPU",
        "",
        f"`python benchmarks/bilstm_cpu.py --batches {found['batches']} --keras PYTHON --out docs/benchmarks.md`: one run,",
        "whole real reviews in batches of 64, real tokens a second (padding not counted), a step being forward, backward and",
        "Adam. Every way runs in a process of its own, and all but the tutorial's, which takes too long, once more while",
        "another process keeps one core busy.",
        "",
        "- **tutorial**: `pack_padded_sequence`, fp32, random batches, so that a batch is as long as its longest review.",
        *(
            [
                "- **keras**: Keras 3, the same layers and sizes, fp32, on classmark's bucketed batches, each shape warmed up;",
                "  without a mask, which spares Keras the work of one.",
            ]
            if keras
            else []
        ),
        "- **classmark-whole**: the padded path on the same bucketed batches, the whole batch by one team of OpenMP threads.",
        "- **classmark-pieces**: what classmark does: the batch in pieces, each by one thread, gradients added in their order.",
        "- **memory**: the most that the steps took beside what the process held before the first.",
        "",
        f"Machine: {environment['processor']}, {environment['threads']} threads, {environment['capability']}. "
        f"Large matrix product: {limit / 1e9:.0f} GFLOP/s.",
        "",
        "| way | tokens/s | pieces are faster by | share of the matrix product | tokens/s, one core busy | memory, GB |",
        "|---|---|---|---|---|---|",
    ]
    for name, rates in ways.items():
        if (quiet := rates["quiet"]) is None:
            lines.append(f"| {name} | not installed | | | | |")
            continue
        rate, memory = quiet["rate"], f"{quiet['bytes'] / 1e9:.1f}" if "bytes" in quiet else ""
        neighboured = f"{rates['busy']['rate']:,.0f}" if rates.get("busy") else ""
        lines.append(
            f"| {name} | {rate:,.0f} | {best / rate:.1f} × | {rate * TRAINING_FLOP_PER_TOKEN / limit:.0%} | "
            f"{neighboured} | {memory} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=12)
    parser.add_argument("--keras", default=sys.executable, metavar="PYTHON", help="the interpreter that has Keras")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--ways", default="", metavar="START", help="only ways whose names start so, such as classmark")
    parser.add_argument("--way", help="measure this way in this process")
    parser.add_argument("--file", type=Path, help="the batches of --way")
    options = parser.parse_args()
    if options.way:
        print(json.dumps(measure_here(options.way, options.file)))
        sys.exit()
    with tempfile.TemporaryDirectory() as name:
        result = measure(options.batches, options.keras, Path(name), options.ways)
    print(json.dumps(result, indent=1))
    if options.out is not None:
        write_section(options.out, page(result))

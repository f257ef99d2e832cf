"""Training speed of the reference BiLSTM on this machine, side by side in one run, on the same real reviews.

    python benchmarks/bilstm_cpu.py [--batches 12] [--keras PYTHON] [--out docs/benchmarks.md]

The tutorial way: `pack_padded_sequence`, random batches, fp32. Keras 3 of the same size on TensorFlow and on JAX, on the
bucketed batches, each shape warmed up, in an environment of its own that `--keras` names. classmark: the padded path in
fp32 and bf16, on the same bucketed batches. All count real tokens, no padding. The limit is the machine's own large matrix
product in bf16.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

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


def torch_step(kind: str) -> Callable[[np.ndarray, np.ndarray], None]:
    """A training step of `tutorial`, `fp32` or `bf16`."""
    import torch
    from torch import nn
    from torch.nn.utils.rnn import pack_padded_sequence

    from classmark.inputs.examples import TextShape
    from classmark.models.build import build_model, initialise
    from classmark.recipes.schema import BiLSTM

    model = build_model(BiLSTM(), TextShape(VOCABULARY, WIDTH), 2)
    initialise(model, 0)
    optimizer = torch.optim.Adam(model.parameters(), fused=kind != "tutorial")
    labels = torch.arange(BATCH) % 2

    def tutorial(tokens: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        words = nn.functional.dropout(model.embedding(tokens), 0.5)
        _, (final, _) = model.lstm(pack_padded_sequence(words, lengths, enforce_sorted=False))
        return model.fc(nn.functional.dropout(torch.cat([final[-2], final[-1]], dim=1), 0.5))

    def step(tokens: np.ndarray, lengths: np.ndarray) -> None:
        forward = tutorial if kind == "tutorial" else model
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=kind == "bf16"):
            logits = forward(torch.from_numpy(tokens), torch.from_numpy(lengths))
        loss = nn.functional.binary_cross_entropy_with_logits(logits.float().squeeze(1), labels.float())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step


def keras_rate(python: str, backend: str, batches: list[tuple[np.ndarray, np.ndarray]], folder: Path) -> float | None:
    """Tokens per second of Keras on a backend, in a process of its own; None where it is not installed."""
    np.savez(
        folder / "batches.npz",
        **{f"{i}.{name}": array for i, pair in enumerate(batches) for name, array in zip("tl", pair, strict=True)},
    )
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [python, str(Path(__file__).with_name("bilstm_keras.py")), str(folder / "batches.npz")],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 3:
        return None
    if done.returncode:
        raise SystemExit(done.stderr[-2_000:])
    return float(done.stdout.split()[-1])


def matrix_flops() -> float:
    """Floating-point operations per second of the machine's large matrix product in bf16."""
    import torch

    a, b = (torch.randn(MATRIX, MATRIX, dtype=torch.bfloat16) for _ in range(2))
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        a @ b
        seconds.append(time.perf_counter() - start)
    return 2 * MATRIX**3 / median(seconds[1:])


def measure(count: int, python: str, folder: Path) -> dict[str, object]:
    """All rates in tokens per second, the limit in FLOP/s, and the machine."""
    from classmark.training.processor import describe_environment, prepare_processor

    bucketed, random = batches_of_reviews(count)
    rates: dict[str, float | None] = {
        "tutorial": tokens_per_second(torch_step("tutorial"), random[: max(2, count // 6)])
    }
    rates |= {f"keras-{backend}": keras_rate(python, backend, bucketed, folder) for backend in ("tensorflow", "jax")}
    threads = prepare_processor(None)  # after the others: it is part of what classmark does
    for kind in ("fp32", "bf16"):
        step = torch_step(kind)
        tokens_per_second(step, bucketed)  # each shape once before the clock starts, as for Keras
        rates[f"classmark-{kind}"] = tokens_per_second(step, bucketed)
    return {"batches": count, "rates": rates, "limit": matrix_flops(), "environment": describe_environment(threads)}


def page(found: dict[str, object]) -> str:
    """The measurement as a Markdown section."""
    rates: dict[str, float | None] = found["rates"]  # type: ignore[assignment]
    environment: dict[str, object] = found["environment"]  # type: ignore[assignment]
    limit = float(found["limit"])  # type: ignore[arg-type]
    best = max(rates["classmark-fp32"] or 0, rates["classmark-bf16"] or 0)
    lines = [
        "## BiLSTM, training step on a CPU",
        "",
        f"`python benchmarks/bilstm_cpu.py --batches {found['batches']} --keras PYTHON --out docs/benchmarks.md`: one run,",
        "whole real reviews in batches of 64, real tokens a second (padding not counted), a step being forward, backward and",
        "Adam.",
        "",
        "- **tutorial**: `pack_padded_sequence`, fp32, random batches, so that a batch is as long as its longest review.",
        "- **keras**: Keras 3, the same layers and sizes, fp32, on classmark's bucketed batches, each shape warmed up; without",
        "  a mask, which spares Keras the work of one.",
        "- **classmark**: the padded path on the same bucketed batches, after one pass over them.",
        "",
        f"Machine: {environment['processor']}, {environment['threads']} threads, {environment['capability']}. "
        f"Large bf16 matrix product: {limit / 1e9:.0f} GFLOP/s.",
        "",
        "| way | tokens/s | classmark is faster by | share of the matrix product |",
        "|---|---|---|---|",
    ]
    for name, rate in rates.items():
        if rate is None:
            lines.append(f"| {name} | not installed | | |")
        else:
            lines.append(
                f"| {name} | {rate:,.0f} | {best / rate:.1f} × | {rate * TRAINING_FLOP_PER_TOKEN / limit:.0%} |"
            )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=12)
    parser.add_argument("--keras", default=sys.executable, metavar="PYTHON", help="the interpreter that has Keras")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        result = measure(options.batches, options.keras, Path(name))
    print(json.dumps(result, indent=1))
    if options.out is not None:
        write_section(options.out, page(result))

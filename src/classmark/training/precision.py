"""Which precision trains faster here: measured, never looked up in a rule."""

from __future__ import annotations

import time
from typing import Any, Literal

import torch
from torch import Tensor, nn

from classmark.inputs.examples import TextShape
from classmark.inputs.text import DEFAULT_EMBEDDING_SIZE
from classmark.models.build import build_model, initialise
from classmark.recipes.schema import BiLSTM, Recipe
from classmark.runs import cache_folder, measured_once, read_json
from classmark.training.processor import processor_name

Precision = Literal["fp32", "bf16", "fp16"]

BATCH, TOKENS, STEPS = 64, 128, 5
# bf16 rounds; it has to earn that.
LEAST_GAIN = 1.1


def resolve_precision(recipe: Recipe, threads: int) -> Recipe:
    """The recipe with `train.precision` fixed: `auto` becomes the faster of fp32 and bf16 for this model.

    Measured once a machine, version of torch, thread count and model; the answer is kept in the cache folder, so
    that later runs take the same.
    """
    if recipe.train.precision != "auto":
        return recipe
    facts = [processor_name(), torch.__version__, threads, recipe.model.model_dump(mode="json"), _device()]
    found = measured_once("precision", facts, lambda: _measured(recipe.model))
    return recipe.model_copy(update={"train": recipe.train.model_copy(update={"precision": found["precision"]})})


def _measured(section: BiLSTM) -> dict[str, Any]:
    seconds = step_seconds(section)
    faster = "bf16" if seconds["fp32"] > LEAST_GAIN * seconds["bf16"] else "fp32"
    return {"precision": faster, "seconds": seconds, "model": section.kind}


def step_seconds(section: BiLSTM) -> dict[str, float]:
    """The least time of a few training steps of this model on a made batch, in seconds, in fp32 and in bf16.

    The two take turns: whatever else the machine does for a while then slows down both.
    """
    device = _device()
    model = build_model(section, TextShape(1_000, section.embedding_size or DEFAULT_EMBEDDING_SIZE), 2)
    initialise(model, 0)
    model.to(device)
    tokens = torch.randint(2, 1_000, (TOKENS, BATCH), generator=torch.Generator().manual_seed(0)).to(device)
    inputs = (tokens, torch.full((BATCH,), TOKENS, device=device))
    rounds = [[_timed_step(model, inputs, precision) for precision in ("fp32", "bf16")] for _ in range(STEPS)]
    return dict(zip(("fp32", "bf16"), map(min, *rounds), strict=True))


def _timed_step(model: nn.Module, inputs: tuple[Tensor, ...], precision: str) -> float:
    start = time.perf_counter()
    with torch.autocast(_device(), dtype=torch.bfloat16, enabled=precision == "bf16"):
        logits = model(*inputs)
    logits.float().square().mean().backward()
    if _device() == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def describe_choices() -> list[tuple[str, str]]:
    """(kind of model, what was chosen and why) for each measurement in the cache, measuring the reference text
    model if there is none.
    """
    path = cache_folder() / "precision.json"
    if not path.exists():
        threads = torch.get_num_threads()
        resolve_precision(Recipe.model_validate({"name": "doctor", "data": {"source": "imdb"}}), threads)
    return [
        (
            entry["model"],
            f"{entry['precision']} (a step of {BATCH} × {TOKENS} tokens took "
            + ", ".join(f"{seconds * 1000:.0f} ms in {name}" for name, seconds in entry["seconds"].items())
            + ")",
        )
        for entry in read_json(path).values()
    ]


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"

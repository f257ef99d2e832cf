"""Which precision trains faster here: measured, never looked up in a rule."""

from __future__ import annotations

import time
from typing import Any, Literal

import torch
from torch import Tensor, nn

from classmark.inputs.examples import EncoderShape, ImageShape, Shape, TextShape
from classmark.inputs.text import DEFAULT_EMBEDDING_SIZE
from classmark.models.build import build_model, initialise
from classmark.models.encoder import EncoderClassifier
from classmark.recipes.schema import Backbone, BiLSTM, Encoder, ImageInput, Recipe
from classmark.system.cache import cache_folder, measured_once
from classmark.system.files import read_json
from classmark.training.processor import machine_name, processor_name

Precision = Literal["fp32", "bf16", "fp16"]

TEXTS, TOKENS, STEPS = 64, 128, 5
ENCODER_TEXTS = 4
# As many images as have this many pixels: some at 64 pixels a side, a few at 224.
MOST_IMAGES, PIXELS = 64, 2**18
# bf16 rounds; it has to earn that.
LEAST_GAIN = 1.1
# The share of the batch that is tried first, and how many times as long as fp32 leaves no hope for bf16.
SMALL, HOPELESS = 1 / 32, 4.0


def resolve_precision(recipe: Recipe, threads: int, shape: Shape | None = None) -> Recipe:
    """The recipe with `train.precision` fixed: `auto` becomes the faster of fp32 and bf16 for this model.

    Measured once a machine, version of torch, thread count and model; the answer is kept in the cache folder, so
    that later runs take the same. A classifier alone has nothing to gain.

    Args:
        recipe: as it was written.
        threads: that training uses.
        shape: of the inputs, which an encoder needs.
    """
    if recipe.train.precision != "auto":
        return recipe
    if not isinstance(recipe.model, BiLSTM) and recipe.model.tune == "head":
        precision = "fp32"
    else:
        precision = measured_precision(recipe, threads, shape)
    return recipe.model_copy(update={"train": recipe.train.model_copy(update={"precision": precision})})


def measured_precision(recipe: Recipe, threads: int, shape: Shape | None = None) -> str:
    """The faster one of fp32 and bf16."""
    section = recipe.model.model_dump(mode="json")
    if isinstance(recipe.model, Encoder):
        assert isinstance(shape, EncoderShape)
        section = {**{key: section[key] for key in ("kind", "tune", "checkpointing")}, "config": shape.config}
    facts = [processor_name(), torch.__version__, threads, section, _device()]
    if isinstance(recipe.input, ImageInput):
        facts += [machine_name(), recipe.input.size_px]
    found: dict[str, Any] = measured_once("precision", facts, lambda: _measured(recipe, shape))
    return str(found["precision"])


def _measured(recipe: Recipe, shape: Shape | None) -> dict[str, Any]:
    seconds = step_seconds(recipe, shape)
    faster = "bf16" if seconds["fp32"] > LEAST_GAIN * seconds["bf16"] else "fp32"
    batch = made_batch(recipe, SMALL if _is_hopeless(seconds) else 1.0)
    return {"precision": faster, "seconds": seconds, "model": recipe.model.kind, "batch": batch}


def _is_hopeless(seconds: dict[str, float]) -> bool:
    return seconds["bf16"] > HOPELESS * seconds["fp32"]


def step_seconds(recipe: Recipe, shape: Shape | None = None) -> dict[str, float]:
    """The least time of a few training steps on a made batch, in seconds, in fp32 and in bf16.

    The two take turns: whatever else the machine does for a while then slows down both. A processor without instructions
    for bf16 takes minutes for a step in it; a few examples tell that, and their times are then the answer.
    """
    small = made_step(recipe, SMALL, shape)
    for precision in ("fp32", "bf16"):
        _timed_step(*small, precision)
    quick = {precision: _timed_step(*small, precision) for precision in ("fp32", "bf16")}
    if _is_hopeless(quick):
        return quick
    model, inputs = made_step(recipe, 1.0, shape)
    rounds = [[_timed_step(model, inputs, precision) for precision in ("fp32", "bf16")] for _ in range(STEPS)]
    return dict(zip(("fp32", "bf16"), map(min, *rounds), strict=True))


def made_batch(recipe: Recipe, share: float = 1.0) -> str:
    """What is timed, in words."""
    if isinstance(recipe.input, ImageInput):
        return f"{_image_count(recipe.input.size_px, share)} images of {recipe.input.size_px} pixels"
    return f"{ENCODER_TEXTS if isinstance(recipe.model, Encoder) else TEXTS} × {_length(share)} tokens"


def made_step(recipe: Recipe, share: float = 1.0, shape: Shape | None = None) -> tuple[nn.Module, tuple[Tensor, ...]]:
    """The recipe's model, and a made batch for it, or this share of it; an encoder's shape has to be said."""
    device, generator = _device(), torch.Generator().manual_seed(0)
    match recipe.model, recipe.input:
        case BiLSTM() as section, _:
            model = build_model(section, TextShape(1_000, section.embedding_size or DEFAULT_EMBEDDING_SIZE), 2)
            length = _length(share)
            tokens = torch.randint(2, 1_000, (length, TEXTS), generator=generator)
            inputs: tuple[Tensor, ...] = (tokens, torch.full((TEXTS,), length))
        case Encoder() as section, _:
            assert isinstance(shape, EncoderShape)
            model, length = build_model(section, shape, 2), min(_length(share), shape.most_tokens)
            assert isinstance(model, EncoderClassifier)
            tokens = torch.randint(model.encoder.config.vocab_size, (length, ENCODER_TEXTS), generator=generator)
            inputs = (tokens, torch.full((ENCODER_TEXTS,), length))
        case Backbone() as section, ImageInput(size_px=size):
            model, count = build_model(section, ImageShape(size), 2), _image_count(size, share)
            inputs = (torch.randint(0, 256, (count, 3, size, size), generator=generator, dtype=torch.uint8),)
        case _:
            raise AssertionError("the schema lets only kinds through that fit")
    initialise(model, 0)
    return model.to(device), tuple(tensor.to(device) for tensor in inputs)


def _image_count(size_px: int, share: float = 1.0) -> int:
    return max(2, round(share * min(MOST_IMAGES, PIXELS // size_px**2)))


def _length(share: float) -> int:
    return max(1, round(share * TOKENS))


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
            f"{entry['precision']} (a step of {entry.get('batch', f'{TEXTS} × {TOKENS} tokens')} took "
            + ", ".join(f"{seconds * 1000:.0f} ms in {name}" for name, seconds in entry["seconds"].items())
            + ")",
        )
        for entry in read_json(path).values()
    ]


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"

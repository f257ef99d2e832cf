"""Whether what must be computed in one piece fits into the memory that there is.

That is one text, however long, a batch of images, as a batch norm looks at all of them, and an encoder with its optimiser.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from classmark.data.dataset import Dataset
from classmark.errors import InputError, Key, Message, OutsideError
from classmark.inputs.batches import PIECES, padded_length
from classmark.inputs.examples import Examples, ImageShape, Inputs, Rows, Shape, TextShape
from classmark.models.encoder import EncoderClassifier
from classmark.recipes.schema import Backbone, BiLSTM, Recipe
from classmark.system.machine import available_bytes
from classmark.system.outside import is_about_memory, outside_error

if TYPE_CHECKING:
    from classmark.training.loop import Job

# Floats that a token takes for each state of each layer and direction, measured on one text: in training what its backward
# pass needs is kept too. Those for each column of the word vectors come on top.
TRAINING_FLOATS, EVALUATION_FLOATS, VECTOR_FLOATS = 13.5, 3.5, 6.0
# Of what is available, the rest is for other pieces and programs.
SHARE = 0.6
GIB = 2**30


def check_memory(recipe: Recipe, dataset: Dataset, inputs: Inputs) -> None:
    """Refuse a text that is too long to be trained on or predicted with the memory that is available.

    Raises:
        InputError: there is one.
    """
    available = available_bytes()
    if not isinstance(recipe.model, BiLSTM) or not isinstance(inputs.shape, TextShape) or available is None:
        return
    splits: tuple[tuple[str, Examples, float], ...] = (
        ("train", inputs.train, TRAINING_FLOATS),
        ("validation", inputs.validation, EVALUATION_FLOATS),
        ("test", inputs.test, EVALUATION_FLOATS),
    )
    for split, examples, floats in splits:
        if not len(examples.sizes):
            continue
        per_token = token_bytes(recipe.model, inputs.shape.embedding_size, floats)
        row = int(examples.sizes.argmax())
        tokens = int(examples.sizes[row])
        if tokens * per_token > SHARE * available:
            place = getattr(dataset, split)["id"][row]
            verb = "training on it" if split == "train" else "predicting it"
            raise InputError(
                f'the text "{place}" ({split}) has {tokens:,} tokens; {verb} takes about {tokens * per_token / GIB:.1f} GiB of '
                f"memory, and {available / GIB:.1f} GiB are available.",
                ("Cut long texts: ", Key("input.max_tokens", str(_fitting(SHARE * available / per_token))), "."),
            )


def check_batch(job: Job, shape: Shape) -> None:
    """Refuse what cannot be trained with the memory that is available on a CPU: a batch of images, or an encoder.

    Raises:
        InputError: it cannot.
    """
    if isinstance(shape, ImageShape):
        check_images(job, shape)
    elif isinstance(job.module, EncoderClassifier) and job.computation is not None:
        check_encoder_memory(job, job.module)


def check_encoder_memory(job: Job, model: EncoderClassifier) -> None:
    """Refuse an encoder whose weights, gradients and optimiser, or whose pieces, need more memory than is available.

    Each thread computes a piece and has gradients of its own. What a piece keeps for them is counted on two texts.

    Raises:
        InputError: they do.
    """
    available, train = available_bytes(), job.recipe.train
    assert job.computation is not None
    if available is None:
        return
    threads, longest = job.computation.workers.count, padded_length(int(job.train.sizes.max()))
    trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
    # The gradient, two moments, the best epoch's weights, and the gradients of each piece that is computed or waits.
    kept = 4.0 * trained * (4 + (train.average is not None) + 2 * threads + 1)
    tokens = max(longest, min(train.piece_tokens, longest * -(-train.batch_size // PIECES)))
    pieces = threads * tokens * encoder_token_bytes(job, min(longest, model.most_tokens))
    if kept + pieces > available:
        less: Message = ("Train less of it: ", Key("model.lora", "8"), " or ", Key("model.tune", "2"), ".")
        if pieces > kept:
            smaller, fewer = (
                Key("train.piece_tokens", str(max(longest, tokens // 4))),
                Key("model.checkpointing", "true"),
            )
            less = ("Take smaller pieces: ", smaller, "; or keep less of each: ", fewer, ".")
        raise InputError(
            f"training {trained:,} weights takes about {kept / GIB:.1f} GiB of memory, and pieces of {tokens:,} tokens in "
            f"{threads} threads {pieces / GIB:.1f} GiB; {available / GIB:.1f} GiB are available.",
            less,
        )


def encoder_token_bytes(job: Job, length: int) -> float:
    """Bytes that the backward pass keeps for each token of texts of so many."""
    model = job.module.train()
    inputs = [(torch.ones(length, texts, dtype=torch.int64), torch.full((texts,), length)) for texts in (1, 2)]
    fewer, more = (_kept_bytes(model, each, job) for each in inputs)
    return (more - fewer) / length


def check_images(job: Job, shape: ImageShape) -> None:
    """Refuse a batch of images for which the memory that is available cannot be enough on a CPU.

    What its backward pass keeps is counted on a few images. A step takes more than that, so a batch that passes may still
    fail; one that is refused would have.

    Raises:
        InputError: it cannot.
    """
    recipe, available = job.recipe, available_bytes()
    trained_whole = isinstance(recipe.model, Backbone) and recipe.model.tune != "head" and not recipe.train.compile
    if not trained_whole or job.fabric.device.type != "cpu" or available is None:
        return
    per_image = image_bytes(job, shape.size_px)
    rows = min(recipe.train.batch_size, len(job.train))
    if rows * per_image > available:
        fitting = max(1, int(SHARE * available / per_image))
        raise InputError(
            f"a batch of {rows} images at {shape.size_px} × {shape.size_px} pixels takes more than "
            f"{rows * per_image / GIB:.1f} GiB of memory in training, and {available / GIB:.1f} GiB are available.",
            ("Take smaller batches: ", Key("train.batch_size", str(2 ** int(math.log2(fitting)))), "."),
        )


def image_bytes(job: Job, size_px: int) -> float:
    """Bytes that the backward pass keeps for each image of a batch."""
    model = copy.deepcopy(job.module).train()  # the running means of its batch norms must not see these images
    fewer, more = (_kept_bytes(model, (torch.zeros(images, 3, size_px, size_px),), job) for images in (2, 4))
    return (more - fewer) / 2


def _kept_bytes(model: nn.Module, inputs: tuple[Tensor, ...], job: Job) -> int:
    kept: dict[int, int] = {}

    def count(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    hooks = torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor)
    with torch.random.fork_rng(devices=[]), hooks, job.fabric.autocast():
        outputs = model(*inputs)
    del outputs
    return sum(kept.values())


@contextmanager
def longest_named(job: Job, rows: Rows) -> Iterator[None]:
    """In it, a lack of memory on these rows of the training split is told with the longest text among them.

    Raises:
        OutsideError: there is not enough memory.
    """
    try:
        yield
    except Exception as error:
        refused = outside_error(error)
        if refused is None or not is_about_memory(refused) or job.train.unit != "tokens":
            raise
        row = int(rows[job.train.sizes[rows].argmax()])
        name = f"row {row + 1}" if job.ids is None else f'"{job.ids[row]}"'
        longest = f"{refused.reason}; the longest text of the batch, {name}, has {int(job.train.sizes[row]):,} tokens"
        raise OutsideError(longest, refused.remedy, refused.place) from error


def token_bytes(model: BiLSTM, embedding_size: int, floats: float) -> float:
    """Bytes that a model needs for each token of a text."""
    states = 2 * model.layers * model.hidden_size
    return 4.0 * (floats * states + VECTOR_FLOATS * embedding_size)


def _fitting(tokens: float) -> int:
    """A round number below this, and no more than is of use."""
    most = max(2, min(int(tokens / 2), 4_096))
    step: int = 10 ** int(math.log10(most))
    return most // step * step

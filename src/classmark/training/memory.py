"""Whether the longest text fits into the memory that there is: one text cannot be computed in pieces."""

from __future__ import annotations

import math

from classmark.data.dataset import Dataset
from classmark.errors import InputError, Key
from classmark.inputs.examples import Examples, Inputs, TextShape
from classmark.recipes.schema import BiLSTM, Recipe
from classmark.system.machine import available_bytes

# Floats that a token takes for each state of each layer and direction, measured on one text: in training what its backward
# pass needs is kept too. Those for each column of the word vectors come on top.
TRAINING_FLOATS, EVALUATION_FLOATS, VECTOR_FLOATS = 13.5, 3.5, 6.0
# Of what is available, the rest is for other pieces and programs.
SHARE = 0.8
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


def token_bytes(model: BiLSTM, embedding_size: int, floats: float) -> float:
    """Bytes that a model needs for each token of a text."""
    states = 2 * model.layers * model.hidden_size
    return 4.0 * (floats * states + VECTOR_FLOATS * embedding_size)


def _fitting(tokens: float) -> int:
    """A round number below this, and no more than is of use."""
    most = max(2, min(int(tokens / 2), 4_096))
    step: int = 10 ** int(math.log10(most))
    return most // step * step

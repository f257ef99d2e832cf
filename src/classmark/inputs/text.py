"""From a data set of texts to what a model trains on: tokenizer, vectors, encoded splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import torch
from tokenizers import Tokenizer

from classmark.data.dataset import Dataset
from classmark.errors import RecipeError
from classmark.inputs.tokens import Tokens, encode, fit_tokenizer
from classmark.inputs.vectors import Vectors, load_vectors
from classmark.recipes.schema import Recipe

DEFAULT_EMBEDDING_SIZE = 100


@dataclass(frozen=True)
class EncodedSplit:
    """Texts as token ids, cut as the recipe says, with their class indices, int64 of shape (N,)."""

    tokens: Tokens
    labels: torch.Tensor


@dataclass(frozen=True)
class TextInputs:
    """What training needs of the texts.

    Attributes:
        tokenizer: fitted on the training split alone.
        vectors: pretrained, or None where the recipe names none.
        embedding_size: D, the width of the word vectors.
        description: vocabulary, unknown words, coverage by the vectors; part of `data.json`.
    """

    tokenizer: Tokenizer
    vectors: Vectors | None
    embedding_size: int
    train: EncodedSplit
    validation: EncodedSplit
    test: EncodedSplit
    description: dict[str, Any]


def prepare_text(recipe: Recipe, dataset: Dataset) -> TextInputs:
    """Tokenizer, vectors and encoded splits of a data set.

    Raises:
        InputError: the vectors cannot be read.
        RecipeError: `model.embedding_size` is not the width of the vectors.
    """
    section = recipe.input
    tokenizer = fit_tokenizer(dataset.train["text"].to_list(), section.vocabulary_size)
    vocabulary = tokenizer.get_vocab()
    train = encode(tokenizer, dataset.train["text"].to_list())
    vectors = load_vectors(section.vectors, vocabulary, recipe.seed) if section.vectors else None
    size = _embedding_size(recipe, vectors)
    counts = np.bincount(train.ids, minlength=len(vocabulary))
    description: dict[str, Any] = {
        "vocabulary": len(vocabulary),
        "tokens": len(train.ids),
        "unknown_tokens": float(counts[0] / counts.sum()),
        "longest_tokens": int(train.lengths.max()),
    }
    if vectors is not None:
        description["vectors"] = {"name": section.vectors, "width": size, **vectors.coverage(counts)}

    def split(tokens: Tokens, frame: pl.DataFrame) -> EncodedSplit:
        return EncodedSplit(tokens.cut(section.max_tokens, section.keep), class_indices(frame, dataset.classes))

    validation, test = (encode(tokenizer, frame["text"].to_list()) for frame in (dataset.validation, dataset.test))
    return TextInputs(
        tokenizer,
        vectors,
        size,
        split(train, dataset.train),
        split(validation, dataset.validation),
        split(test, dataset.test),
        description,
    )


def class_indices(frame: pl.DataFrame, classes: Sequence[str]) -> torch.Tensor:
    """Each row's class index, int64 of shape (N,)."""
    numbers = {name: index for index, name in enumerate(classes)}
    return torch.from_numpy(frame["label"].replace_strict(numbers, return_dtype=pl.Int64).to_numpy().copy())


def _embedding_size(recipe: Recipe, vectors: Vectors | None) -> int:
    asked = recipe.model.embedding_size
    if vectors is None:
        return asked or DEFAULT_EMBEDDING_SIZE
    width = int(vectors.matrix.shape[1])
    if asked not in (None, width):
        raise RecipeError(
            f"model.embedding_size: {asked}, but {recipe.input.vectors} has vectors of width {width}. "
            f"Leave embedding_size out, or set it to {width}."
        )
    return width

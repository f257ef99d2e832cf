"""From a data set of texts to what a model trains on: tokenizer, vectors, encoded splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import torch

from classmark.data.dataset import Dataset
from classmark.data.labels import class_indices
from classmark.data.writing import split_letters, writing_of
from classmark.errors import OutsideError, RecipeError
from classmark.inputs.batches import (
    TextBatch,
    batch_pieces,
    drop_words,
    evaluation_batches,
    padded_length,
    text_batch,
    training_batches,
)
from classmark.inputs.examples import Batch, Draw, Inputs, Rows, TextShape
from classmark.inputs.tokens import (
    PADDING,
    UNKNOWN,
    WORD,
    Tokens,
    characters_or_words,
    encode,
    fit_tokenizer,
    load_tokenizer,
    save_tokenizer,
)
from classmark.inputs.vectors import Vectors, load_vectors
from classmark.recipes.schema import TRAINED_VECTORS, BiLSTM, TextInput, Train

if TYPE_CHECKING:
    from tokenizers import Tokenizer

DEFAULT_EMBEDDING_SIZE = 100
TOKENIZER = "tokenizer.json"


@dataclass(frozen=True)
class TextExamples:
    """Texts as token ids, cut as the recipe says.

    Attributes:
        tokens: N texts.
        labels: class indices, int64 of shape (N,).
        word_dropout: the share of words that a draw replaces by `<unk>`.
        padding: the token that fills up shorter texts of a batch.
    """

    tokens: Tokens
    labels: torch.Tensor
    word_dropout: float = 0.0
    padding: int = PADDING
    unit = "tokens"

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def sizes(self) -> Rows:
        return self.tokens.lengths

    def training_batches(self, section: Train, seed: int, epoch: int) -> list[Rows]:
        return training_batches(self.tokens.lengths, section, seed, epoch)

    def evaluation_batches(self) -> list[Rows]:
        return evaluation_batches(self.tokens.lengths)

    def load(self, rows: Rows) -> TextBatch:
        return text_batch(self.tokens, rows, self.padding)

    def batch(self, loaded: TextBatch, device: torch.device, draw: Draw | None = None) -> Batch:
        texts = drop_words(loaded, self.word_dropout, draw) if draw and self.word_dropout else loaded
        labels = self.labels[torch.from_numpy(texts.rows)].to(device)
        return Batch((texts.tokens.to(device), texts.lengths.to(device)), labels, int(texts.lengths.sum()))

    def pieces(self, batch: Batch, most_tokens: int) -> list[Batch]:
        """At least four where there are as many texts, each with texts of like length; they follow from the batch alone."""
        tokens, lengths = batch.inputs
        found = []
        for rows in batch_pieces(lengths.cpu().numpy(), most_tokens):
            chosen = torch.from_numpy(rows).to(lengths.device)
            longest = padded_length(int(lengths[chosen].max()))
            inputs = (tokens[:longest, chosen], lengths[chosen])
            found.append(Batch(inputs, batch.labels[chosen], int(inputs[1].sum())))
        return found


@dataclass(frozen=True)
class TextEncoder:
    """A fitted tokenizer, and how long texts are cut; `section.tokens` is not `auto`."""

    tokenizer: Tokenizer
    section: TextInput

    def examples(self, inputs: Sequence[str]) -> TextExamples:
        return self.encoded(encode(self.tokenizer, inputs), torch.zeros(len(inputs), dtype=torch.int64))

    def encoded(self, tokens: Tokens, labels: torch.Tensor, word_dropout: float = 0.0) -> TextExamples:
        """The examples of texts that are whole sequences of token ids already."""
        return TextExamples(tokens.cut(self.section.max_tokens, self.section.keep), labels, word_dropout)

    def save(self, folder: Path) -> None:
        save_tokenizer(self.tokenizer, folder / TOKENIZER)


def load_text_encoder(section: TextInput, folder: Path) -> TextEncoder:
    """The encoder that `save` wrote.

    Raises:
        RunError: its file is missing or damaged.
    """
    return TextEncoder(load_tokenizer(folder / TOKENIZER), section)


def prepare_text(section: TextInput, model: BiLSTM, seed: int, dataset: Dataset) -> Inputs:
    """Tokenizer, vectors and encoded splits of a data set.

    Args:
        section: the recipe's `input`.
        model: the recipe's `model`, for the width of the vectors.
        seed: the recipe's seed, for vectors that are drawn.
        dataset: of texts.

    Raises:
        InputError: the vectors cannot be read.
        RecipeError: `model.embedding_size` is not the width of the vectors.
    """
    texts = dataset.train["text"].to_list()
    writing = writing_of(texts)
    settled = section.model_copy(update={"tokens": writing.tokens}) if section.tokens == "auto" else section
    pattern = characters_or_words(split_letters(writing)) if settled.tokens == "characters" else WORD
    encoder = TextEncoder(fit_tokenizer(texts, section.vocabulary_size, pattern), settled)
    vocabulary = encoder.tokenizer.get_vocab()
    train, validation, test = (
        encode(encoder.tokenizer, frame["text"].to_list())
        for frame in (dataset.train, dataset.validation, dataset.test)
    )
    counts = np.bincount(train.ids, minlength=len(vocabulary))
    description: dict[str, Any] = {
        "vocabulary": len(vocabulary),
        "tokens": len(train.ids),
        "tokens_are": settled.tokens,
        "writing": writing.reason,
        "unknown_tokens": float(counts[UNKNOWN] / counts.sum()),
        "unknown_tokens_in_validation": float(np.mean(validation.ids == UNKNOWN)),
        "longest_tokens": int(train.lengths.max()),
    }
    vectors = None
    if section.vectors == TRAINED_VECTORS:
        width = model.embedding_size or DEFAULT_EMBEDDING_SIZE
        vectors = own_vectors(encoder.tokenizer, train, dataset.unlabelled, width, seed)
    elif section.vectors:
        vectors = load_vectors(section.vectors, vocabulary, seed)
    if vectors is not None:
        width = int(vectors.matrix.shape[1])
        description["vectors"] = {"name": section.vectors, "width": width, **vectors.coverage(counts)}
        if section.vectors == TRAINED_VECTORS:
            description["vectors"]["texts"] = len(train) + (
                0 if dataset.unlabelled is None else len(dataset.unlabelled)
            )
    return Inputs(
        encoder,
        TextShape(len(vocabulary), embedding_size(model, vectors, section.vectors)),
        encoder.encoded(train, torch.from_numpy(class_indices(dataset.train, dataset.classes)), section.word_dropout),
        encoder.encoded(validation, torch.from_numpy(class_indices(dataset.validation, dataset.classes))),
        encoder.encoded(test, torch.from_numpy(class_indices(dataset.test, dataset.classes))),
        description,
        vectors.matrix if vectors is not None else None,
    )


def own_vectors(tokenizer: Tokenizer, train: Tokens, unlabelled: pl.Series | None, width: int, seed: int) -> Vectors:
    """Vectors trained on the training texts and those without a label.

    Raises:
        RecipeError: they are to be as wide as there are words, or wider.
        OutsideError: memory is not enough.
    """
    # scikit-learn and scipy would slow down the start of whatever reads texts.
    from classmark.inputs.trained_vectors import train_vectors

    words = tokenizer.get_vocab_size()
    if width >= words - 2:
        raise RecipeError(
            f"model.embedding_size: {width}, but the vocabulary has {words - 2:,} words, and vectors that are trained here have "
            f"fewer numbers than there are words. Set it to {max(1, words // 2 - 1)} or less, or raise input.vocabulary_size if "
            "the texts have more words."
        )
    texts = [train]
    if unlabelled is not None:
        texts.append(encode(tokenizer, unlabelled.to_list()))
    try:
        return train_vectors(texts, words, width, seed)
    except MemoryError:
        raise OutsideError(
            "there is not enough memory to train word vectors",
            "Set a smaller input.vocabulary_size, leave out data.unlabelled, or name a file: input.vectors=FILE",
        ) from None


def embedding_size(model: BiLSTM, vectors: Vectors | None, reference: str | None) -> int:
    """D, which the vectors of this reference say where there are some.

    Raises:
        RecipeError: the recipe says another.
    """
    asked = model.embedding_size
    if vectors is None:
        return asked or DEFAULT_EMBEDDING_SIZE
    width = int(vectors.matrix.shape[1])
    if asked not in (None, width):
        raise RecipeError(
            f"model.embedding_size: {asked}, but {reference} has vectors of width {width}. "
            f"Leave embedding_size out, or set it to {width}."
        )
    return width

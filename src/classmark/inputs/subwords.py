"""From a data set of texts to what a pretrained encoder trains on: subwords by its own tokenizer, special tokens around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from classmark.data.dataset import Dataset
from classmark.data.labels import class_indices
from classmark.errors import InputError, RecipeError
from classmark.inputs.examples import EncoderShape, Inputs
from classmark.inputs.text import TOKENIZER, TextExamples
from classmark.inputs.tokens import Tokens, encode, load_tokenizer, load_tokenizers, save_tokenizer
from classmark.recipes.schema import SubwordInput

if TYPE_CHECKING:
    from tokenizers import Tokenizer

PROBES = ("a", "1", ".", "the", "\u4e00")


@dataclass(frozen=True)
class SubwordEncoder:
    """A pretrained encoder's own tokenizer, and how long texts are cut; `section.max_tokens` is a number.

    Attributes:
        tokenizer: without settings for padding and truncation.
        before: the special tokens before a text.
        after: those behind it.
        padding: the token that fills up shorter texts of a batch.
    """

    tokenizer: Tokenizer
    section: SubwordInput
    before: tuple[int, ...]
    after: tuple[int, ...]
    padding: int

    def examples(self, inputs: Sequence[str]) -> TextExamples:
        return self.encoded(self.encode(inputs), torch.zeros(len(inputs), dtype=torch.int64))

    def encode(self, texts: Sequence[str]) -> Tokens:
        """The whole texts, without special tokens."""
        alone = () if self.before or self.after else (self.padding,)
        return encode(self.tokenizer, texts, alone)

    def encoded(self, tokens: Tokens, labels: torch.Tensor) -> TextExamples:
        """The examples of whole texts: cut, with special tokens around them."""
        assert self.section.max_tokens is not None
        room = self.section.max_tokens - len(self.before) - len(self.after)
        whole = tokens.cut(room, self.section.keep).between(self.before, self.after)
        return TextExamples(whole, labels, padding=self.padding)

    def save(self, folder: Path) -> None:
        save_tokenizer(self.tokenizer, folder / TOKENIZER)


def load_subword_encoder(section: SubwordInput, shape: EncoderShape, folder: Path) -> SubwordEncoder:
    """The encoder that `save` wrote.

    Raises:
        RunError: its file is missing or damaged.
    """
    return subword_encoder(load_tokenizer(folder / TOKENIZER), section, shape)


def open_subword_encoder(section: SubwordInput, shape: EncoderShape, path: Path, reference: str) -> SubwordEncoder:
    """The encoder of a pretrained model's `tokenizer.json`.

    Args:
        section: the recipe's `input`.
        shape: of the model.
        path: of the file.
        reference: the recipe's `model.weights`, for messages.

    Raises:
        InputError: the file cannot be used.
        RecipeError: `input.max_tokens` does not suit the model.
    """
    try:
        tokenizer = load_tokenizers().Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # the library raises bare Exception for a damaged file
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise InputError(
            f"model.weights: {path.name} of {reference} cannot be read ({reason}). Copy or fetch it anew."
        ) from None
    if (count := tokenizer.get_vocab_size()) > (rows := int(shape.config.get("vocab_size", count))):
        raise InputError(
            f"model.weights: {path.name} of {reference} has {count:,} tokens, but its config.json says {rows:,}. "
            "Copy both from the same model."
        )
    most = shape.most_tokens
    if section.max_tokens is not None and section.max_tokens > most:
        raise RecipeError(
            f"input.max_tokens: {section.max_tokens:,}, but {reference} has positions for {most:,}. Set it to {most} or less."
        )
    settled = section if section.max_tokens is not None else section.model_copy(update={"max_tokens": most})
    encoder = subword_encoder(tokenizer, settled, shape)
    special = len(encoder.before) + len(encoder.after)
    if settled.max_tokens is not None and settled.max_tokens <= special:
        raise RecipeError(
            f"input.max_tokens: {settled.max_tokens}, but {special} of them are the special tokens of {reference}. "
            f"Set it to {special + 1} or more."
        )
    return encoder


def subword_encoder(tokenizer: Tokenizer, section: SubwordInput, shape: EncoderShape) -> SubwordEncoder:
    """The encoder of a tokenizer, whose special tokens are those that it puts around a short text itself."""
    tokenizer.no_padding()
    tokenizer.no_truncation()
    before, after = special_tokens(tokenizer)
    return SubwordEncoder(tokenizer, section, before, after, shape.padding)


def special_tokens(tokenizer: Tokenizer) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What a tokenizer puts before and behind a text.

    Raises:
        InputError: it does more than that.
    """
    for probe in PROBES:
        own = tokenizer.encode(probe, add_special_tokens=False).ids
        whole = tokenizer.encode(probe).ids
        places = [start for start in range(len(whole) - len(own) + 1) if whole[start : start + len(own)] == own]
        if own and len(places) == 1:
            return tuple(whole[: places[0]]), tuple(whole[places[0] + len(own) :])
    raise InputError(
        "model.weights: its tokenizer.json does more than put special tokens around a text. Take another encoder."
    )


def prepare_subwords(encoder: SubwordEncoder, shape: EncoderShape, dataset: Dataset) -> Inputs:
    """The encoded splits of a data set."""
    train, validation, test = (
        encoder.encode(frame["text"].to_list()) for frame in (dataset.train, dataset.validation, dataset.test)
    )
    cut_train, cut_validation, cut_test = (
        encoder.encoded(tokens, torch.from_numpy(class_indices(frame, dataset.classes)))
        for tokens, frame in ((train, dataset.train), (validation, dataset.validation), (test, dataset.test))
    )
    unknown = unknown_token(encoder.tokenizer)
    description: dict[str, Any] = {
        "vocabulary": encoder.tokenizer.get_vocab_size(),
        "tokens": len(train.ids),
        "tokens_are": "subwords",
        "unknown_tokens": float(np.mean(train.ids == unknown)),
        "unknown_tokens_in_validation": float(np.mean(validation.ids == unknown)),
        "longest_tokens": int(train.lengths.max()),
        "max_tokens": encoder.section.max_tokens,
        "cut_texts": float(np.mean(cut_train.sizes < train.lengths + len(encoder.before) + len(encoder.after))),
    }
    return Inputs(encoder, shape, cut_train, cut_validation, cut_test, description)


def unknown_token(tokenizer: Tokenizer) -> int:
    """The token that stands for what is not in the vocabulary; -1 for a tokenizer that can spell everything."""
    name = getattr(tokenizer.model, "unk_token", None)
    found = None if name is None else tokenizer.token_to_id(name)
    return -1 if found is None else int(found)

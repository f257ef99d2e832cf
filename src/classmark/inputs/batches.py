"""Batches of texts of like length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from classmark.inputs.tokens import PADDING, UNKNOWN, Tokens
from classmark.recipes.schema import Train

POOL_BATCHES = 100
LENGTH_STEP = 16
PIECES = 4
# Of a batch without training. Four times as many tokens were 15 % slower on two cores, and take more memory.
EVALUATION_ROWS, EVALUATION_TOKENS = 256, 2**13


@dataclass(frozen=True)
class TextBatch:
    """Texts of one step.

    Attributes:
        rows: which examples, shape (B,).
        tokens: int64, shape (T, B): time first, the layout the LSTM kernels want, padded behind each text.
        lengths: int64, shape (B,).
    """

    rows: NDArray[np.int64]
    tokens: torch.Tensor
    lengths: torch.Tensor


def training_batches(lengths: NDArray[np.int64], section: Train, seed: int, epoch: int) -> list[NDArray[np.int64]]:
    """The rows of each batch of an epoch, every row once; they follow from (seed, epoch) alone.

    Bucketed: the shuffled rows are sorted by length within pools of 100 batches, and the batches shuffled, so that a
    batch holds little padding and its company still changes from epoch to epoch. The largest batch comes first: a lack
    of memory shows at once, and the memory it leaves serves every later one.

    Args:
        lengths: tokens of each of the N texts.
        section: the recipe's `train`.
        seed: the recipe's seed.
        epoch: counted from 1.
    """
    generator = np.random.default_rng((seed, epoch))
    order = generator.permutation(len(lengths))
    if section.bucketed:
        pool = POOL_BATCHES * section.batch_size
        pools = [order[start : start + pool] for start in range(0, len(order), pool)]
        order = np.concatenate([rows[np.argsort(lengths[rows], kind="stable")] for rows in pools])
    most_rows = None if section.token_budget else section.batch_size
    batches = list(_cut(order, lengths, most_rows, section.token_budget))
    if not section.bucketed:
        return batches
    shuffled = [batches[i] for i in generator.permutation(len(batches))]
    largest = max(range(len(shuffled)), key=lambda i: int(lengths[shuffled[i]].max()) * len(shuffled[i]))
    return [shuffled.pop(largest), *shuffled]


def evaluation_batches(lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows of each batch, longest texts first, so that a lack of memory shows at once."""
    order = np.argsort(-lengths, kind="stable")
    return list(_cut(order, lengths, EVALUATION_ROWS, EVALUATION_TOKENS))


def batch_pieces(lengths: NDArray[np.int64], most_tokens: int) -> list[NDArray[np.int64]]:
    """The rows of each piece of a batch, longest texts first, so that texts of like length are together.

    A piece holds no more than a quarter of the texts and of `most_tokens` padded tokens, unless one text alone is longer:
    so there is work for four threads, a thread that has to wait for its core holds up little, and memory is bounded.
    """
    order = np.argsort(-lengths, kind="stable")
    return list(_cut(order, lengths, max(1, -(-len(lengths) // PIECES)), most_tokens))


def padded_length(longest: int) -> int:
    """T of a batch whose longest text has so many tokens.

    With few different shapes freed memory fits the next batch, and the heap stops growing.
    """
    return -(-longest // LENGTH_STEP) * LENGTH_STEP


def _cut(
    order: NDArray[np.int64], lengths: NDArray[np.int64], most_rows: int | None, token_budget: int | None
) -> Iterator[NDArray[np.int64]]:
    """Runs of rows, no more than so many, and whose count times the longest stays under the budget; a text that is
    longer than the budget is a batch of its own.
    """
    start, longest = 0, 0
    for end, row in enumerate(order):
        longest = max(longest, int(lengths[row]))
        full = most_rows is not None and end - start == most_rows
        over = token_budget is not None and longest * (end - start + 1) > token_budget
        if end > start and (full or over):
            yield order[start:end]
            start, longest = end, int(lengths[row])
    yield order[start:]


def text_batch(tokens: Tokens, rows: NDArray[np.int64], padding: int = PADDING) -> TextBatch:
    """The batch of these rows, filled up with the token `padding`; T is a multiple of 16."""
    lengths = tokens.lengths[rows]
    longest = padded_length(int(lengths.max()))
    time = np.arange(longest)[:, None]
    # Reading on behind a text's end is harmless (clipped at the very end): the mask covers it with padding.
    places = np.minimum(tokens.offsets[rows] + time, len(tokens.ids) - 1)
    padded = np.where(time < lengths, tokens.ids[places], padding).astype(np.int64)
    return TextBatch(rows, torch.from_numpy(padded), torch.from_numpy(lengths.astype(np.int64)))


def drop_words(batch: TextBatch, share: float, seed: Sequence[int]) -> TextBatch:
    """The batch with this share of its words replaced by `<unk>`, drawn per token from the seed."""
    drawn = np.random.default_rng(seed).random(batch.tokens.shape, dtype=np.float32) < share
    dropped = torch.from_numpy(drawn) & (batch.tokens != PADDING)
    return TextBatch(batch.rows, batch.tokens.masked_fill(dropped, UNKNOWN), batch.lengths)

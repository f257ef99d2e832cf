"""Dropout whose mask costs a byte an element: on a CPU, torch's own draw took a fifth of an LSTM's training step."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

_draws = threading.local()


@contextmanager
def drawing_from(seed: int) -> Iterator[None]:
    """In it, and in this thread alone, dropout draws from a stream of its own that follows from the seed.

    So pieces of a batch that several threads compute have the same masks whatever order they are computed in.
    """
    _draws.generator = np.random.Generator(np.random.SFC64(seed))
    try:
        yield
    finally:
        _draws.generator = None


def same_draws() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    """For `torch.utils.checkpoint`: what is around the first pass, and around the second, which draws the same again."""
    generator = getattr(_draws, "generator", None)
    return nullcontext(), nullcontext() if generator is None else _drawing_again(generator.bit_generator.state)


@contextmanager
def _drawing_again(state: Any) -> Iterator[None]:
    before, again = getattr(_draws, "generator", None), np.random.SFC64()
    again.state = state
    _draws.generator = np.random.Generator(again)
    try:
        yield
    finally:
        _draws.generator = before


class Dropout(nn.Dropout):
    """`torch.nn.Dropout`, with masks of random bytes on a CPU.

    A byte gives 256 steps, so the share is rounded to a 256th; kept values are scaled by the rounded share, which keeps
    the expectation exact. The draw follows from `drawing_from`, else from torch's random state.
    """

    def forward(self, values: Tensor) -> Tensor:
        return dropout(values, self.p, training=self.training)


def dropout(values: Tensor, share: float, *, training: bool) -> Tensor:
    """The values with this share of them zero and the others scaled up (Srivastava et al. 2014), in training.

    Args:
        values: any shape.
        share: from 0 to 1, exclusive.
        training: whether anything is dropped.
    """
    if not training or share == 0 or values.is_cuda:
        return nn.functional.dropout(values, share, training)
    dropped = max(1, round(share * 256))
    generator = getattr(_draws, "generator", None)
    if generator is None:
        generator = np.random.Generator(np.random.SFC64(int(torch.randint(2**62, (1,)).item())))
    drawn = generator.bytes(values.numel())
    kept = torch.frombuffer(bytearray(drawn), dtype=torch.uint8).view(values.shape) >= dropped
    return values * kept.to(values.dtype).mul_(256 / (256 - dropped))

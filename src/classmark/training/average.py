"""A moving average of a model's weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from classmark.training.state import copy_of


@dataclass
class Average:
    """An exponential moving average of weights and statistics.

    After step t it is d·average + (1 − d)·weights with d = min(decay, (1 + t) / (10 + t)), so that the first random
    weights are soon forgotten.

    Source: Polyak & Juditsky 1992, in the exponential form of Tarvainen & Valpola 2017; the rising decay as in
    TensorFlow's ExponentialMovingAverage.
    """

    decay: float
    tensors: dict[str, Tensor] = field(default_factory=dict)

    @torch.no_grad()
    def update(self, model: nn.Module, step: int) -> None:
        """Take in the weights after a step, counted from 1."""
        state = model.state_dict()
        if not self.tensors:
            self.tensors.update(copy_of(state))
            return
        weight = 1 - min(self.decay, (1 + step) / (10 + step))
        floats = [name for name, tensor in state.items() if tensor.is_floating_point()]
        torch._foreach_lerp_([self.tensors[name] for name in floats], [state[name] for name in floats], weight)
        for name in state.keys() - set(floats):
            self.tensors[name].copy_(state[name])

    @contextmanager
    def in_place_of(self, model: nn.Module) -> Iterator[None]:
        """In it the model has the averaged weights; behind it, its own again."""
        own = copy_of(model.state_dict())
        model.load_state_dict(self.tensors)
        try:
            yield
        finally:
            model.load_state_dict(own)

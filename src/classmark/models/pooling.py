"""From the states of a text's tokens to one vector: padded batches, time first, and no state of padding counts."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class AdditiveAttention(nn.Module):
    """A weighted mean of the states with weights softmax(v · tanh(W s)).

    Source: Bahdanau, Cho, Bengio 2015, equations 5 and 6, without a decoder state; as Yang et al. 2016, equations
    5 to 7. The weights of the last call stay in `weights`, shape (T, B), so that they can be shown.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.project = nn.Linear(size, size)
        self.score = nn.Linear(size, 1, bias=False)
        self.weights: Tensor | None = None

    def forward(self, states: Tensor, lengths: Tensor) -> Tensor:
        scores = self.score(torch.tanh(self.project(states))).squeeze(2).float()
        weights = scores.masked_fill(~inside(states, lengths), -torch.inf).softmax(dim=0)
        self.weights = weights.detach()
        pooled: Tensor = (states * weights.to(states.dtype).unsqueeze(2)).sum(dim=0)
        return pooled


def inside(states: Tensor, lengths: Tensor) -> Tensor:
    """Whether a place of (T, B) is inside its text."""
    return torch.arange(states.shape[0], device=states.device).unsqueeze(1) < lengths


def max_states(states: Tensor, lengths: Tensor) -> Tensor:
    """The largest value of each state over the text, shape (B, 2H)."""
    outside = ~inside(states, lengths).unsqueeze(2)
    return states.masked_fill(outside, -torch.inf).max(dim=0).values


def mean_states(states: Tensor, lengths: Tensor) -> Tensor:
    """The mean of each state over the text, shape (B, 2H)."""
    outside = ~inside(states, lengths).unsqueeze(2)
    total = states.masked_fill(outside, 0.0).sum(dim=0, dtype=torch.float32)
    return (total / lengths.unsqueeze(1)).to(states.dtype)

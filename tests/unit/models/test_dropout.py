"""Dropout: the right share, the right scale, nothing outside training, the same draw for the same seed."""

from __future__ import annotations

import pytest
import torch

from classmark.models.dropout import dropout


@pytest.mark.parametrize("share", [0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_share_and_expectation(share: float, dtype: torch.dtype) -> None:
    torch.manual_seed(1)
    values = torch.ones(400, 500, dtype=dtype, requires_grad=True)
    dropped = dropout(values, share, training=True)
    rounded = round(share * 256) / 256
    assert (dropped == 0).float().mean().item() == pytest.approx(rounded, abs=0.005)
    assert dropped.float().mean().item() == pytest.approx(1, abs=0.02)
    dropped.sum().backward()
    assert values.grad is not None
    assert torch.equal(values.grad, dropped.detach())


def test_the_draw_follows_from_the_seed() -> None:
    values = torch.ones(1_000)
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(dropout(values, 0.5, training=True))
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


def test_nothing_is_dropped_outside_training() -> None:
    values = torch.ones(10)
    assert torch.equal(dropout(values, 0.5, training=False), values)
    assert torch.equal(dropout(values, 0.0, training=True), values)

"""Schedules against torch's own, and which parameters decay."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR

from classmark.recipes.schema import Optimizer, Schedule
from classmark.training.optimizers import build_optimizer, learning_rate

STEPS, HIGHEST = 137, 3e-3


def rates_of(make: type[LRScheduler], **options: float) -> list[float]:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=HIGHEST)
    schedule = make(optimizer, **options)  # type: ignore[arg-type]
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


@pytest.mark.filterwarnings("ignore:Tried to step")
@pytest.mark.parametrize("warmup", [0.0, 0.2])
def test_one_cycle_is_that_of_torch(warmup: float) -> None:
    expected = rates_of(OneCycleLR, max_lr=HIGHEST, total_steps=STEPS, pct_start=warmup or 0.3)
    found = [learning_rate(Schedule(kind="one_cycle", warmup=warmup), HIGHEST, step, STEPS) for step in range(STEPS)]
    assert found == pytest.approx(expected, rel=1e-9)


def test_cosine_is_that_of_torch() -> None:
    expected = rates_of(CosineAnnealingLR, T_max=STEPS)
    found = [learning_rate(Schedule(kind="cosine"), HIGHEST, step, STEPS) for step in range(STEPS)]
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_warm_up_rises_in_a_line_to_the_highest_rate() -> None:
    found = [learning_rate(Schedule(warmup=0.1), 1.0, step, 100) for step in range(12)]
    assert found == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.0, 1.0])


@pytest.mark.parametrize("schedule", ["constant", "one_cycle", "cosine"])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_very_short_runs_have_a_rate(schedule: str, steps: int) -> None:
    rates = [learning_rate(Schedule(kind=schedule), 1.0, step, steps) for step in range(steps)]
    assert all(0.0 <= rate <= 1.0 for rate in rates)
    assert max(rates) > 0.0


@pytest.mark.parametrize(
    ("kind", "expected"), [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD)]
)
def test_only_matrices_outside_the_embedding_decay(kind: str, expected: type) -> None:
    model = nn.ModuleDict({"embedding": nn.Embedding(5, 3), "fc": nn.Linear(3, 2)})
    model["fc"].bias.requires_grad_(False)
    optimizer = build_optimizer(Optimizer(kind=kind, weight_decay=0.1), model)
    assert type(optimizer) is expected
    decayed, spared = optimizer.param_groups
    assert [p is model["fc"].weight for p in decayed["params"]] == [True]
    assert [p is model["embedding"].weight for p in spared["params"]] == [True]
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.1, 0.0)

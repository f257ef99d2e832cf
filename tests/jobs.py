"""A job of four features, a batch norm and a linear layer, as the training loop takes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from classmark.recipes.schema import Recipe
from classmark.runs import RunFiles
from classmark.training.features import FeatureExamples
from classmark.training.loop import Job
from classmark.training.optimizers import build_optimizer

ROWS, FEATURES = 12, 4
DAMAGED = 7  # the row whose features are not finite, where there is one


class Silent:
    """A watch that stops the run after some steps."""

    def __init__(self, steps: int = 10**9) -> None:
        self.left = steps

    @property
    def interrupted(self) -> bool:
        return self.left <= 0

    def stepped(self, *_: object) -> None:
        self.left -= 1

    def evaluated(self, *_: object) -> None:
        pass


def examples(*, damaged: bool) -> Any:
    features = np.random.default_rng(0).normal(size=(ROWS, FEATURES)).astype(np.float16)
    if damaged:
        features[DAMAGED] = np.inf
    return FeatureExamples([features], torch.arange(ROWS) % 2)


def made_job(
    folder: Path, train: dict[str, Any] | None = None, *, damaged: bool = True, steps: int = 10**9,
    loss: Callable[..., Tensor] = nn.functional.cross_entropy, optimizer: dict[str, Any] | None = None,
) -> Job:  # fmt: skip
    torch.manual_seed(1)
    model = nn.Sequential(nn.BatchNorm1d(FEATURES), nn.Linear(FEATURES, 2))
    content = {"name": "x", "data": {"source": "digits"}, "optimizer": {"learning_rate": 0.01, **(optimizer or {})}}
    section = {"batch_size": 4, "epochs": 2, "precision": "fp32", **(train or {})}
    recipe = Recipe.model_validate({**content, "train": section})
    fabric = Fabric(accelerator="cpu", devices=1)
    return Job(
        recipe=recipe, run=RunFiles(folder), fabric=fabric, model=model, module=model,
        optimizer=build_optimizer(recipe.optimizer, model), loss=loss, train=examples(damaged=damaged),
        validation=examples(damaged=False), watch=Silent(steps), ids=pl.Series([f"id-{row}" for row in range(ROWS)]),
    )  # fmt: skip

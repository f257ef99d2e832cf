"""All that a resumed run needs beside its recipe: one readable JSON file and a few files of tensors.

Nothing random has to be saved: order, dropped words and dropout follow from (seed, epoch, step).
"""

from __future__ import annotations

import dataclasses
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from classmark.errors import OutsideError, RunError
from classmark.models.weights import read_tensors, write_tensors
from classmark.system.files import read_json, write_json


@dataclass(frozen=True)
class Sums:
    """Running sums over examples: loss, hits, rows."""

    loss_sum: float = 0.0
    hits: int = 0
    rows: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.loss_sum + other.loss_sum, self.hits + other.hits, self.rows + other.rows)

    @property
    def loss(self) -> float:
        """The mean loss; NaN without rows."""
        return self.loss_sum / self.rows if self.rows else math.nan

    @property
    def accuracy(self) -> float:
        """The share of hits; NaN without rows."""
        return self.hits / self.rows if self.rows else math.nan


@dataclass
class TrainState:
    """Where a run stands.

    Attributes:
        epoch: the epoch in progress, counted from 1; one more than the last when training is over.
        step: steps done in it.
        global_step: steps done since the run began.
        skipped: steps that were passed over since the run began, because they were not finite.
        sums: running sums of the epoch in progress.
        history: rows of `history.jsonl` so far.
        best_epoch: the epoch with the lowest validation loss, 0 before the first.
        best_loss: that loss.
        scaler: state of fp16 loss scaling, empty otherwise.
    """

    epoch: int = 1
    step: int = 0
    global_step: int = 0
    skipped: int = 0
    sums: Sums = Sums()
    best_epoch: int = 0
    best_loss: float | None = None
    scaler: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)


def save_checkpoint(
    folder: Path,
    state: TrainState,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    kept: Mapping[str, Mapping[str, Tensor]],
) -> None:
    """Write a complete checkpoint into `folder`, then remove the ones before it.

    A checkpoint counts once its `state.json` stands, which is written last.

    Args:
        folder: of all checkpoints of a run.
        state: where the run stands.
        model: its weights, but for those that stand still: they are put in anew before training goes on.
        optimizer: its tensors.
        kept: other weights by name: those of the best epoch, the moving average; empty ones are left out.
    """
    target = folder / f"{state.epoch:04d}-{state.step:06d}"
    if (target / "state.json").exists():
        return
    try:
        write_tensors(target / "weights.safetensors", moving_tensors(model))
        write_tensors(target / "optimizer.safetensors", optimizer_tensors(optimizer))
        for name, tensors in kept.items():
            if tensors:
                write_tensors(target / f"{name}.safetensors", tensors)
        write_json(target / "state.json", dataclasses.asdict(state))
    except OutsideError:
        shutil.rmtree(target, ignore_errors=True)  # half a checkpoint serves nobody, and a full disk is full of it
        raise
    for other in folder.iterdir():
        if other != target:
            shutil.rmtree(other, ignore_errors=True)


def load_checkpoint(
    folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[TrainState, dict[str, Tensor], dict[str, Tensor]] | None:
    """The state, the best epoch's weights and the moving average of the newest complete checkpoint, its tensors put
    into model and optimiser; None where there is none.

    Raises:
        RunError: the checkpoint is damaged or belongs to another model.
    """
    complete = sorted(path.parent for path in folder.glob("*/state.json"))
    if not complete:
        return None
    newest = complete[-1]
    try:
        put_back(model, read_tensors(newest / "weights.safetensors"))
        load_optimizer_tensors(optimizer, read_tensors(newest / "optimizer.safetensors"))
        best, average = (
            read_tensors(path) if (path := newest / f"{name}.safetensors").exists() else {}
            for name in ("best", "average")
        )
        saved = read_json(newest / "state.json")
        return TrainState(**{**saved, "sums": Sums(**saved["sums"])}), best, average
    except (OSError, ValueError, RuntimeError, TypeError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise RunError(f"{newest}: the checkpoint cannot be read ({reason}). Remove this folder and resume.") from None


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's tensors by `<parameter number>.<name>`; whatever else it keeps, it finds again by itself."""
    state = optimizer.state_dict()["state"]
    return {
        f"{number}.{name}": value
        for number, entry in state.items()
        for name, value in entry.items()
        if isinstance(value, Tensor)
    }


def load_optimizer_tensors(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put `optimizer_tensors` back."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        number, _, name = key.partition(".")
        state.setdefault(int(number), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})


def moving_tensors(model: nn.Module) -> dict[str, Tensor]:
    """The weights and statistics that training can change, by name: all but parameters that stand still."""
    still = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    return {name: tensor for name, tensor in model.state_dict().items() if name not in still}


def put_back(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put copies of `moving_tensors` into the model.

    Raises:
        RuntimeError: they are those of another model.
    """
    model.load_state_dict({**model.state_dict(), **tensors})
    if lacking := sorted(moving_tensors(model).keys() - tensors.keys()):
        raise RuntimeError(f"{lacking[0]} is missing")


def copy_of(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A copy of the weights that training will not move."""
    return {name: tensor.detach().clone() for name, tensor in weights.items()}

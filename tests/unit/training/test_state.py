"""Which weights a run ends with, and which of them a checkpoint holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from classmark.errors import RunError
from classmark.models.weights import read_tensors
from classmark.recipes.schema import Optimizer
from classmark.runs.history import read_history
from classmark.training.features import FeatureExamples
from classmark.training.loop import fit
from classmark.training.optimizers import build_optimizer
from classmark.training.prepare import restore
from classmark.training.state import TrainState, load_checkpoint, moving_tensors, put_back, save_checkpoint
from jobs import examples, made_job


def overfitting(folder: Path, train: dict[str, Any], **options: Any) -> Any:
    """A job whose validation loss rises: the labels there are the other ones."""
    job = made_job(folder, {"epochs": 4, **train}, damaged=False, **options)
    known = examples(damaged=False)
    object.__setattr__(job, "validation", FeatureExamples(known.views, 1 - known.labels))
    return job


@pytest.mark.parametrize("keep", ["best", "last"])
def test_the_best_epoch_or_the_last_is_kept_also_after_a_resumption(keep: str, tmp_path: Path) -> None:
    job = overfitting(tmp_path / "whole", {"keep": keep}, optimizer={"learning_rate": 0.003})
    kept = fit(job, TrainState(), {})
    losses = [row["validation_loss"] for row in read_history(job.run)]
    assert losses[-1] > min(losses)
    last = moving_tensors(job.module)
    assert {name: torch.equal(kept[name], last[name]) for name in ("1.weight", "1.bias")} == dict.fromkeys(
        ("1.weight", "1.bias"), keep == "last"
    )
    stopped = overfitting(tmp_path / "stopped", {"keep": keep}, optimizer={"learning_rate": 0.003}, steps=8)
    fit(stopped, TrainState(), {})
    resumed = overfitting(tmp_path / "stopped", {"keep": keep}, optimizer={"learning_rate": 0.003})
    again = fit(resumed, *restore(resumed))
    assert all(torch.equal(again[name], kept[name]) for name in kept)


def test_a_checkpoint_holds_what_moves_and_is_refused_by_another_model(tmp_path: Path) -> None:
    def model(width: int = 2) -> nn.Module:
        torch.manual_seed(2)
        found = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, width))
        found[0].requires_grad_(False)
        return found

    first = model()
    optimizer = build_optimizer(Optimizer(), first)
    with torch.no_grad():
        for parameter in first.parameters():
            parameter.add_(1)
    save_checkpoint(tmp_path, TrainState(step=1), first, optimizer, {})
    names = set(read_tensors(tmp_path / "0001-000001" / "weights.safetensors"))
    assert names == {name for name in first.state_dict() if not name.startswith("0.")}
    again = model()
    assert load_checkpoint(tmp_path, again, build_optimizer(Optimizer(), again)) is not None
    assert torch.equal(again[2].weight, first[2].weight)  # type: ignore[index]
    assert torch.equal(again[0].weight + 1, first[0].weight)  # type: ignore[index]
    wider, whole = model(5), model()
    whole.requires_grad_()
    for other in (wider, whole):
        with pytest.raises(
            RunError, match=r"0001-000001: the checkpoint cannot be read \(.*\)\. Remove this folder and resume\.$"
        ):
            load_checkpoint(tmp_path, other, build_optimizer(Optimizer(), other))


def test_tensors_of_another_name_are_not_put_back() -> None:
    with pytest.raises(RuntimeError, match="other"):
        put_back(nn.Linear(2, 1), {"weight": torch.zeros(1, 2), "bias": torch.zeros(1), "other": torch.zeros(1)})

"""Losses, gradients and weights that are not finite: the run stops and says where, or passes over the step and counts it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from classmark.errors import NonFiniteError
from classmark.runs.history import read_history
from classmark.training.average import Average
from classmark.training.finite import NotFinite, checked, clip_gradients
from classmark.training.loop import Job, fit
from classmark.training.prepare import restore
from classmark.training.state import TrainState
from jobs import DAMAGED, ROWS, examples, made_job


def batch_of_damaged(job: Job) -> tuple[int, list[str]]:
    """The step of the first epoch that has the damaged row, from 1, and the ids of its batch."""
    batches = job.train.training_batches(job.recipe.train, job.recipe.seed, 1)
    at = next(at for at, rows in enumerate(batches) if DAMAGED in rows)
    return at + 1, [f"id-{row}" for row in batches[at]]


def test_a_loss_that_is_nan_stops_the_run_with_step_rate_and_ids(tmp_path: Path) -> None:
    job = made_job(tmp_path)
    step, ids = batch_of_damaged(job)
    with pytest.raises(NonFiniteError) as caught:
        fit(job, TrainState(), {})
    assert str(caught.value) == (
        f"epoch 1, step {step}: the loss is nan (learning rate 0.01; the batch: {', '.join(ids)}). Start again with a lower "
        "optimizer.learning_rate or optimizer.clip_norm=1; train.skip_nonfinite=true passes over such steps."
    )
    assert caught.value.exit_code == 2


def test_the_advice_leaves_out_what_is_so_already_and_names_fp32(tmp_path: Path) -> None:
    job = made_job(tmp_path, {"precision": "bf16"}, optimizer={"clip_norm": 1.0})
    with pytest.raises(NonFiniteError) as caught:
        fit(job, TrainState(), {})
    assert "Start again with a lower optimizer.learning_rate or train.precision=fp32; train.skip" in str(caught.value)


@pytest.mark.parametrize("clip_norm", [None, 1.0])
def test_a_gradient_that_is_nan_stops_the_run(tmp_path: Path, clip_norm: float | None) -> None:
    def flat(logits: Tensor, _: Tensor) -> Tensor:
        return (logits * 0).sum().sqrt() + 1  # the slope of the root is infinite at 0

    job = made_job(tmp_path, damaged=False, loss=flat, optimizer={"clip_norm": clip_norm})
    before = [parameter.clone() for parameter in job.module.parameters()]
    with pytest.raises(
        NonFiniteError, match=r"^epoch 1, step 1: the norm of the gradient is nan \(learning rate 0\.01;"
    ):
        fit(job, TrainState(), {})
    for old, new in zip(before, job.module.parameters(), strict=True):
        torch.testing.assert_close(old, new, rtol=0, atol=0)


def test_large_gradients_whose_norm_overflows_are_finite(tmp_path: Path) -> None:
    job = made_job(tmp_path)
    for parameter in job.module.parameters():
        parameter.grad = torch.full_like(parameter, 1e30)
    clip_gradients(job, 1.0)
    next(job.module.parameters()).grad[0] = torch.inf  # type: ignore[index]
    with pytest.raises(NotFinite, match="the norm of the gradient is inf"):
        clip_gradients(job, 1.0)


def test_weights_that_overflow_keep_the_last_good_checkpoint(tmp_path: Path) -> None:
    job = made_job(tmp_path, {"checkpoint_every_steps": 1}, damaged=False)
    wanted = 3

    def spoiling(logits: Tensor, labels: Tensor) -> Tensor:
        if len(list(job.run.checkpoints.glob("*-000002/state.json"))):
            job.module[1].bias.data.fill_(torch.inf)  # type: ignore[index, union-attr, operator]
        return nn.functional.cross_entropy(logits, labels)

    object.__setattr__(job, "loss", spoiling)
    with pytest.raises(
        NonFiniteError, match=rf"^epoch 1, step {wanted}: model weights are no longer finite numbers \("
    ):
        fit(job, TrainState(), {})
    assert [path.name for path in job.run.checkpoints.iterdir()] == ["0001-000002"]


def test_averaged_weights_are_checked_too(tmp_path: Path) -> None:
    job = made_job(tmp_path, damaged=False)
    average = Average(0.9)
    object.__setattr__(job, "average", average)
    fit(job, TrainState(), {})
    average.tensors["1.bias"].fill_(torch.nan)
    with pytest.raises(NonFiniteError, match=r"^epoch 2, step 3: model weights are no longer finite"):
        fit(job, TrainState(epoch=2), {})


def test_a_validation_loss_that_is_nan_never_reaches_json(tmp_path: Path) -> None:
    job = made_job(tmp_path, damaged=False)
    object.__setattr__(job, "validation", examples(damaged=True))
    with pytest.raises(NonFiniteError, match=r"^epoch 1, step 3: the validation loss is nan \("):
        fit(job, TrainState(), {})
    assert read_history(job.run) == []


def test_steps_are_passed_over_and_counted_alike_after_a_resumption(tmp_path: Path) -> None:
    section = {"skip_nonfinite": True, "epochs": 3}
    whole = made_job(tmp_path / "whole", section)
    fit(whole, TrainState(), {})
    assert [row["skipped_steps"] for row in read_history(whole.run)] == [1, 2, 3]
    assert all(np.isfinite([row["train_loss"], row["validation_loss"]]).all() for row in read_history(whole.run))

    stopped = made_job(tmp_path / "stopped", section, steps=5)
    fit(stopped, TrainState(), {})
    resumed = made_job(tmp_path / "stopped", section)
    fit(resumed, *restore(resumed))
    assert read_history(resumed.run) == read_history(whole.run)
    for (name, one), other in zip(whole.module.state_dict().items(), resumed.module.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0, msg=name)
        assert torch.isfinite(one).all(), name  # the statistics of the passed-over batch too


def test_an_epoch_of_which_nothing_is_left(tmp_path: Path) -> None:
    job = made_job(tmp_path, {"skip_nonfinite": True, "batch_size": ROWS})
    with pytest.raises(NonFiniteError) as caught:
        fit(job, TrainState(), {})
    assert str(caught.value).startswith(
        "epoch 1, step 1: no step of this epoch had a finite loss and finite gradients ("
    )
    assert "skip_nonfinite" not in str(caught.value)


def test_fp16_steps_that_overflow_are_the_scalers(tmp_path: Path) -> None:
    job = made_job(tmp_path, {"precision": "fp16"})
    scale = {"scale": 65_536.0}
    job.fabric.strategy.precision.state_dict = lambda: scale  # type: ignore[method-assign, assignment, return-value]
    for parameter in job.module.parameters():
        parameter.grad = torch.full_like(parameter, torch.inf)
    clip_gradients(job, 1.0)
    scale["scale"] = 0.5
    with pytest.raises(NotFinite, match=r"gradients overflow in fp16 even at a loss scale of 0\.5"):
        clip_gradients(job, 1.0)


def test_rows_without_ids_are_numbered(tmp_path: Path) -> None:
    job = made_job(tmp_path)
    object.__setattr__(job, "ids", None)

    def fails() -> None:
        with checked(job, TrainState(), np.arange(20)):
            raise NotFinite("the loss is inf")

    with pytest.raises(NonFiniteError, match=r"the batch: row 1, row 2, .*, row 8, … \(20 in all\)\)"):
        fails()

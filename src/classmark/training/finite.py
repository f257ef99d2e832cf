"""Losses, gradients and weights that are not finite: the run stops there, or passes over the step if its recipe says so.

What is checked costs next to nothing: the loss is known anyway, and of the gradients their norm, which clipping needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from classmark.errors import NonFiniteError, shortened
from classmark.inputs.examples import Rows
from classmark.training.state import Sums, TrainState, copy_of

if TYPE_CHECKING:
    from classmark.training.loop import Job

LEAST_SCALE = 1.0  # of fp16 losses; below it they overflow by themselves


class NotFinite(Exception):  # noqa: N818 - it says what, and is caught by `checked`
    """What of a step is not finite, such as `the loss is nan`."""


def clip_gradients(job: Job, loss: float) -> None:
    """Clip the gradients as the recipe says, after checking them and the loss.

    In fp16, gradients may overflow: the scaler leaves out such steps by itself and lowers its scale.

    Raises:
        NotFinite: the loss or a gradient is not finite.
    """
    if not math.isfinite(loss):
        raise NotFinite(f"the loss is {loss}")
    most = job.recipe.optimizer.clip_norm
    norm = None
    if most is not None:
        norm = job.fabric.clip_gradients(job.model, job.optimizer, max_norm=most, error_if_nonfinite=False)
    if job.recipe.train.precision == "fp16":
        scale = job.fabric.strategy.precision.state_dict().get("scale", LEAST_SCALE)
        if scale < LEAST_SCALE:
            raise NotFinite(f"gradients overflow in fp16 even at a loss scale of {scale:g}")
        return
    gradients = [parameter.grad for parameter in job.module.parameters() if parameter.grad is not None]
    norm = torch.nn.utils.get_total_norm(gradients) if norm is None else norm
    if not math.isfinite(norm) and not _are_finite(gradients):
        raise NotFinite(f"the norm of the gradient is {float(norm)}")


@contextmanager
def checked(job: Job, state: TrainState, rows: Rows) -> Iterator[None]:
    """In it a step is made on these rows of the training split.

    Raises:
        NonFiniteError: something of it is not finite, and `train.skip_nonfinite` is not set.
    """
    skips = job.recipe.train.skip_nonfinite
    buffers = copy_of(dict(job.module.named_buffers())) if skips else {}
    try:
        yield
    except NotFinite as fault:
        if not skips:
            skipping = "; train.skip_nonfinite=true passes over such steps"
            raise error_at(job, (state.epoch, state.step + 1), rows, str(fault), skipping) from None
        for name, buffer in job.module.named_buffers():  # statistics of the batch are no better than its loss
            buffer.copy_(buffers[name])
        state.skipped += 1


def check_evaluation(job: Job, state: TrainState, validation: Sums) -> None:
    """Refuse an evaluation that is not finite.

    Raises:
        NonFiniteError: it is not, or every step so far was passed over.
    """
    if state.sums.rows == 0:
        raise _error_now(job, state, "no step of this epoch had a finite loss and finite gradients")
    if not math.isfinite(validation.loss):
        check_weights(job, state, {})
        raise _error_now(job, state, f"the validation loss is {validation.loss}")


def check_weights(job: Job, state: TrainState, kept: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Refuse to keep weights that are not finite; the checkpoint before them stays.

    Args:
        job: whose model is checked.
        state: where the run stands.
        kept: other weights by name.

    Raises:
        NonFiniteError: they are not.
    """
    for name, tensors in {"": job.module.state_dict(), **kept}.items():
        if not _are_finite(list(tensors.values())):
            raise _error_now(job, state, f"{name or 'model'} weights are no longer finite numbers")


def error_at(job: Job, at: tuple[int, int], rows: Rows, fault: str, also: str = "") -> NonFiniteError:
    """What went wrong in the step `at` an epoch, in which batch, and what to try."""
    rate = max(group["lr"] for group in job.optimizer.param_groups)
    ids = [str(job.ids[int(row)]) if job.ids is not None else f"row {row + 1}" for row in rows]
    advice = ["a lower optimizer.learning_rate"]
    if job.recipe.optimizer.clip_norm is None:
        advice.append("optimizer.clip_norm=1")
    if job.recipe.train.precision != "fp32":
        advice.append("train.precision=fp32")
    return NonFiniteError(
        f"epoch {at[0]}, step {at[1]}: {fault} (learning rate {rate:.3g}; the batch: {shortened(ids)}).",
        f"Start again with {' or '.join(advice)}{also}.",
    )


def _error_now(job: Job, state: TrainState, fault: str) -> NonFiniteError:
    """The same after the last step that was made."""
    section, seed = job.recipe.train, job.recipe.seed
    epoch = state.epoch if state.step else max(1, state.epoch - 1)
    batches = job.train.training_batches(section, seed, epoch)
    step = state.step or len(batches)
    return error_at(job, (epoch, step), batches[step - 1], fault)


def _are_finite(tensors: list[Tensor]) -> bool:
    floats = [tensor for tensor in tensors if tensor.is_floating_point()]
    return not floats or bool(torch.stack([tensor.isfinite().all() for tensor in floats]).all())

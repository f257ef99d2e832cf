"""The training loop: fit → train_epoch → step. What happens every epoch is a line in `fit`."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Protocol

import polars as pl
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from classmark.inputs.examples import Batch, Draw, Examples
from classmark.inputs.prefetch import prefetched
from classmark.losses import LossFunction
from classmark.models.build import derived_seed
from classmark.recipes.schema import Recipe
from classmark.runs import RunFiles
from classmark.runs.history import write_history
from classmark.training.average import Average
from classmark.training.finite import check_evaluation, check_weights, checked, clip_gradients
from classmark.training.memory import longest_named
from classmark.training.optimizers import learning_rate
from classmark.training.pieces import Computation, accumulate_gradients, batch_sums, evaluate_pieces, targets_of
from classmark.training.processor import KeptMemory
from classmark.training.state import Sums, TrainState, copy_of, moving_tensors, save_checkpoint


class Watch(Protocol):
    """What the loop tells the outside (a progress bar, `status.json`), and whether it should stop."""

    @property
    def interrupted(self) -> bool: ...

    def stepped(self, state: TrainState, steps_in_epoch: int, pace: Pace) -> None: ...
    def evaluated(self, row: dict[str, Any], pace: Pace | None) -> None: ...


@dataclass
class Pace:
    """How fast an epoch goes in this process.

    Attributes:
        unit: what `size` counts, such as `tokens`.
        size: how many were trained on, in so many `steps`.
        waiting_seconds: how long the model waited for its inputs.
    """

    unit: str
    size: int = 0
    steps: int = 0
    waiting_seconds: float = 0.0
    started: float = field(default_factory=time.perf_counter)
    ended: float | None = None

    @property
    def seconds(self) -> float:
        """Since the epoch began, up to its last step."""
        return (self.ended or time.perf_counter()) - self.started

    @property
    def per_second(self) -> float:
        return self.size / self.seconds


@dataclass(frozen=True)
class Job:
    """What a run trains and on what; everything here follows from the recipe.

    `model` is `module` as Fabric wraps it: on its device, in the precision of training. `average`, where the recipe
    asks for one, holds the moving average of its weights, which is what is evaluated and kept. `ids` are those of the
    training rows, for messages. Where there is a `computation`, batches are computed by it in pieces; else whole.
    """

    recipe: Recipe
    run: RunFiles
    fabric: Fabric
    model: nn.Module
    module: nn.Module
    optimizer: Any
    loss: LossFunction
    train: Examples
    validation: Examples
    watch: Watch
    average: Average | None = None
    computation: Computation | None = None
    kept_memory: KeptMemory = field(default_factory=KeptMemory)
    ids: pl.Series | None = None


def fit(job: Job, state: TrainState, best: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of the epoch that `train.keep` names, after training from `state` on.

    Returns early, with a checkpoint written, when `job.watch` is interrupted.
    """
    section = job.recipe.train
    while state.epoch <= section.epochs and not _patience_is_over(state, section.patience):
        pace = Pace(job.train.unit)
        train_epoch(job, state, pace, lambda: _save(job, state, best))
        if job.watch.interrupted:
            break
        with averaged(job):
            row = evaluate(job, state)
            better = state.best_loss is None or row["validation_loss"] < state.best_loss
            if better:
                state.best_loss, state.best_epoch = row["validation_loss"], state.epoch
            if better or section.keep == "last":
                best.update(copy_of(moving_tensors(job.module)))
        job.watch.evaluated(row, pace)
        state.epoch, state.step, state.sums = state.epoch + 1, 0, Sums()
        _save(job, state, best)
    return best


def train_epoch(job: Job, state: TrainState, pace: Pace, save: Callable[[], None]) -> None:
    """One pass over the training split from `state.step` on, or up to an interruption."""
    section, seed = job.recipe.train, job.recipe.seed
    batches = job.train.training_batches(section, seed, state.epoch)
    saved = time.monotonic()
    for loaded, waited in prefetched(job.train.load, batches[state.step :]):
        draw, started = Draw(seed, state.epoch, state.step), time.perf_counter()
        batch = job.train.batch(loaded, job.fabric.device, draw)
        pace.waiting_seconds += waited + time.perf_counter() - started
        torch.manual_seed(derived_seed(*draw))
        _set_rate(job, state.global_step, len(batches) * section.epochs)
        with longest_named(job, batches[state.step]), checked(job, state, batches[state.step]):
            state.sums += step(job, batch, draw)
        state.step, state.global_step = state.step + 1, state.global_step + 1
        if job.average is not None:
            job.average.update(job.module, state.global_step)
        pace.size, pace.steps = pace.size + batch.size, pace.steps + 1
        job.kept_memory.release()
        job.watch.stepped(state, len(batches), pace)
        if _due(section.evaluate_every_steps, state.step) and state.step < len(batches):
            with averaged(job):
                job.watch.evaluated(evaluate(job, state), None)
        old = time.monotonic() - saved > 60 * section.checkpoint_minutes
        if job.watch.interrupted or old or _due(section.checkpoint_every_steps, state.step):
            save()
            saved = time.monotonic()
        if job.watch.interrupted:
            break
    pace.ended = time.perf_counter()


def evaluate(job: Job, state: TrainState) -> dict[str, Any]:
    """A row of `history.jsonl`, which is rewritten each time: how training stands, and a pass over validation."""
    sums = measure(job)
    check_evaluation(job, state, sums)
    row = {
        "epoch": state.epoch,
        "step": state.global_step,
        "learning_rate": max(group["lr"] for group in job.optimizer.param_groups),
        "train_loss": state.sums.loss,
        "train_accuracy": state.sums.accuracy,
        "validation_loss": sums.loss,
        "validation_accuracy": sums.accuracy,
    }
    if job.recipe.train.skip_nonfinite:
        row["skipped_steps"] = state.skipped
    state.history.append(row)
    write_history(job.run, state.history)
    return row


def step(job: Job, batch: Batch, draw: Draw) -> Sums:
    """Update the weights by one batch; its loss and hits before that are returned."""
    job.model.train()
    # Gradients stay where they are: anew at each step they would pin holes in the heap.
    job.optimizer.zero_grad(set_to_none=False)
    if job.computation is not None:
        pieces = job.train.pieces(batch, job.recipe.train.piece_tokens)
        sums = accumulate_gradients(job.computation, pieces, draw)
    else:
        logits, loss = _forward(job, batch)
        job.fabric.backward(loss)
        sums = batch_sums(loss, logits, batch)
    clip_gradients(job, sums.loss)
    job.optimizer.step()
    return sums


@torch.no_grad()
def measure(job: Job) -> Sums:
    """Loss and hits over the validation split."""
    job.model.eval()
    examples, device = job.validation, job.fabric.device
    rows = examples.evaluation_batches()
    if job.computation is not None:
        return evaluate_pieces(job.computation, rows, lambda part: examples.batch(examples.load(part), device))
    sums = Sums()
    for loaded, _ in prefetched(examples.load, rows):
        job.kept_memory.release()
        batch = examples.batch(loaded, device)
        logits, loss = _forward(job, batch)
        sums += batch_sums(loss, logits, batch)
    return sums


def _forward(job: Job, batch: Batch) -> tuple[Tensor, Tensor]:
    logits = job.model(*batch.inputs)
    return logits, job.loss(logits, targets_of(batch))


def averaged(job: Job) -> AbstractContextManager[None]:
    """In it the model has the averaged weights, where the recipe asks for them."""
    return nullcontext() if job.average is None else job.average.in_place_of(job.module)


def _set_rate(job: Job, step: int, steps: int) -> None:
    rate = learning_rate(job.recipe.schedule, job.recipe.optimizer.learning_rate, step, steps)
    for group in job.optimizer.param_groups:
        group["lr"] = rate * group["share"]


def _patience_is_over(state: TrainState, patience: int | None) -> bool:
    return patience is not None and state.best_epoch > 0 and state.epoch - 1 - state.best_epoch >= patience


def _due(every: int | None, step: int) -> bool:
    return every is not None and step % every == 0


def _save(job: Job, state: TrainState, best: dict[str, Tensor]) -> None:
    state.scaler = job.fabric.strategy.precision.state_dict()
    average = {} if job.average is None else job.average.tensors
    kept = {"best": best, "average": average}
    check_weights(job, state, kept)
    save_checkpoint(job.run.checkpoints, state, job.module, job.optimizer, kept)

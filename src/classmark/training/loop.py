"""The training loop: fit → run_epoch → step. What happens every epoch is a line in `fit`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from classmark.inputs.batches import TextBatch, drop_words, evaluation_batches, text_batch, training_batches
from classmark.inputs.text import EncodedSplit
from classmark.losses import LossFunction, two_sided
from classmark.models.build import derived_seed
from classmark.recipes.schema import Recipe
from classmark.runs import Run, write_jsonl
from classmark.training.optimizers import learning_rate
from classmark.training.processor import release_memory
from classmark.training.state import Sums, TrainState, copy_of, save_checkpoint


class Watch(Protocol):
    """What the loop tells the outside (a progress bar, `status.json`), and whether it should stop."""

    @property
    def interrupted(self) -> bool: ...

    def stepped(self, state: TrainState, steps_in_epoch: int, tokens: int) -> None: ...
    def evaluated(self, row: dict[str, Any], seconds: float, tokens: int) -> None: ...


@dataclass(frozen=True)
class Job:
    """What a run trains and on what; everything here follows from the recipe.

    `model` is `module` as Fabric wraps it: on its device, in the precision of training.
    """

    recipe: Recipe
    run: Run
    fabric: Fabric
    model: nn.Module
    module: nn.Module
    optimizer: Any
    loss: LossFunction
    train: EncodedSplit
    validation: EncodedSplit
    watch: Watch


def fit(job: Job, state: TrainState, best: dict[str, Tensor]) -> dict[str, Tensor]:
    """The weights of the epoch with the lowest validation loss, after training from `state` on.

    Returns early, with a checkpoint written, when `job.watch` is interrupted.
    """
    section = job.recipe.train
    while state.epoch <= section.epochs and not _patience_is_over(state, section.patience):
        started = time.perf_counter()
        tokens = train_epoch(job, state, lambda: _save(job, state, best))
        if job.watch.interrupted:
            break
        row = evaluate(job, state)
        if state.best_loss is None or row["validation_loss"] < state.best_loss:
            state.best_loss, state.best_epoch = row["validation_loss"], state.epoch
            best.update(copy_of(job.module.state_dict()))
        job.watch.evaluated(row, time.perf_counter() - started, tokens)
        state.epoch, state.step, state.sums = state.epoch + 1, 0, Sums()
        _save(job, state, best)
    return best


def train_epoch(job: Job, state: TrainState, save: Callable[[], None]) -> int:
    """The tokens seen, after one pass over the training split from `state.step` on, or up to an interruption."""
    section, seed = job.recipe.train, job.recipe.seed
    batches = training_batches(job.train.tokens.lengths, section, seed, state.epoch)
    tokens, saved = 0, time.monotonic()
    for rows in batches[state.step :]:
        batch = text_batch(job.train.tokens, rows)
        if job.recipe.input.word_dropout:
            batch = drop_words(batch, job.recipe.input.word_dropout, (seed, state.epoch, state.step))
        torch.manual_seed(derived_seed(seed, state.epoch, state.step))
        _set_rate(job, state.global_step, len(batches) * section.epochs)
        state.sums += step(job, job.train, batch, training=True)
        state.step, state.global_step = state.step + 1, state.global_step + 1
        tokens += int(batch.lengths.sum())
        release_memory()
        job.watch.stepped(state, len(batches), tokens)
        if _due(section.evaluate_every_steps, state.step) and state.step < len(batches):
            job.watch.evaluated(evaluate(job, state), 0.0, 0)
        old = time.monotonic() - saved > 60 * section.checkpoint_minutes
        if job.watch.interrupted or old or _due(section.checkpoint_every_steps, state.step):
            save()
            saved = time.monotonic()
        if job.watch.interrupted:
            break
    return tokens


def evaluate(job: Job, state: TrainState) -> dict[str, Any]:
    """A row of `history.jsonl`, which is written anew with it: how training stands, and a pass over validation."""
    sums = Sums()
    for rows in evaluation_batches(job.validation.tokens.lengths):
        release_memory()
        sums += step(job, job.validation, text_batch(job.validation.tokens, rows), training=False)
    row = {
        "epoch": state.epoch,
        "step": state.global_step,
        "learning_rate": job.optimizer.param_groups[0]["lr"],
        "train_loss": state.sums.loss,
        "train_accuracy": state.sums.accuracy,
        "validation_loss": sums.loss,
        "validation_accuracy": sums.accuracy,
    }
    state.history.append(row)
    write_jsonl(job.run.history, state.history)
    return row


def step(job: Job, split: EncodedSplit, batch: TextBatch, *, training: bool) -> Sums:
    """Loss and hits on one batch; in training, after which the weights are updated."""
    job.model.train(training)
    device = job.fabric.device
    labels = split.labels[torch.from_numpy(batch.rows)].to(device)
    with torch.set_grad_enabled(training):
        logits = job.model(batch.tokens.to(device), batch.lengths.to(device))
        loss = job.loss(logits, labels)
    if training:
        # Gradients stay where they are: anew at each step they would pin holes in the heap.
        job.optimizer.zero_grad(set_to_none=False)
        job.fabric.backward(loss)
        if job.recipe.optimizer.clip_norm is not None:
            job.fabric.clip_gradients(job.model, job.optimizer, max_norm=job.recipe.optimizer.clip_norm)
        job.optimizer.step()
    hits = int((two_sided(logits).argmax(dim=1) == labels).sum())
    return Sums(loss.item() * len(labels), hits, len(labels))


def _set_rate(job: Job, step: int, steps: int) -> None:
    for group in job.optimizer.param_groups:
        group["lr"] = learning_rate(job.recipe.schedule, job.recipe.optimizer.learning_rate, step, steps)


def _patience_is_over(state: TrainState, patience: int | None) -> bool:
    return patience is not None and state.best_epoch > 0 and state.epoch - 1 - state.best_epoch >= patience


def _due(every: int | None, step: int) -> bool:
    return every is not None and step % every == 0


def _save(job: Job, state: TrainState, best: dict[str, Tensor]) -> None:
    state.scaler = job.fabric.strategy.precision.state_dict()
    save_checkpoint(job.run.checkpoints, state, job.module, job.optimizer, best)

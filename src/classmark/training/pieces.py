"""One training step on a batch in pieces: each computed by one thread, gradients added in their order.

A piece bounds the memory of a step, however long the texts. A thread that computes a whole piece waits for no other one at
every time step, as the threads of one large kernel do: a busy core slows down its own piece alone. And since the pieces
follow from the batch, each is computed by a single thread, and their sum has a fixed order, the number of threads does not
change a digit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from classmark.inputs.examples import Batch, Rows
from classmark.losses import LossFunction, two_sided
from classmark.models.build import derived_seed
from classmark.models.dropout import drawing_from
from classmark.system.workers import Workers
from classmark.training.state import Sums


@dataclass(frozen=True)
class Computation:
    """What computes a piece, the same for the whole run.

    Attributes:
        model: in training mode, not wrapped.
        loss: the mean over a batch.
        fabric: knows the precision.
        workers: threads of one core each.
    """

    model: nn.Module
    loss: LossFunction
    fabric: Fabric
    workers: Workers


@dataclass(frozen=True)
class _Piece:
    batch: Batch
    share: float
    seed: int


def accumulate_gradients(given: Computation, pieces: list[Batch], seeds: tuple[int, ...]) -> Sums:
    """Loss and hits of a batch, after its gradients were added to those that the parameters have.

    Args:
        given: model and loss.
        pieces: of the batch.
        seeds: where training stands; with the number of a piece, dropout follows from it.
    """
    parameters = [parameter for parameter in given.model.parameters() if parameter.requires_grad]
    weights = [given.loss.total_weight(targets_of(piece)) for piece in pieces]
    parts = [
        _Piece(piece, weight / sum(weights), derived_seed(*seeds, number))
        for number, (piece, weight) in enumerate(zip(pieces, weights, strict=True))
    ]
    sums, rows = Sums(), sum(len(piece.labels) for piece in pieces)
    for (loss, hits, count), gradients in given.workers.map(partial(_gradients, given, parameters), parts):
        sums += Sums(loss * rows, hits, count)
        _add(parameters, gradients)
    return sums


def _add(parameters: list[nn.Parameter], gradients: Sequence[Tensor]) -> None:
    for parameter, gradient in zip(parameters, gradients, strict=True):
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        parameter.grad.add_(gradient)


Outcome = tuple[tuple[float, int, int], tuple[Tensor, ...]]


def _gradients(given: Computation, parameters: list[nn.Parameter], piece: _Piece) -> Outcome:
    """Its share of the batch's loss, hits and rows; and the gradient of each parameter."""
    with drawing_from(piece.seed), given.fabric.autocast():
        logits = given.model(*piece.batch.inputs)
    counts = hits_of(logits, piece.batch.labels), len(piece.batch.labels)
    loss = given.loss(logits, targets_of(piece.batch)) * piece.share
    return (loss.item(), *counts), torch.autograd.grad(loss, parameters)


def evaluate_pieces(given: Computation, parts: Sequence[Rows], batch_of: Callable[[Rows], Batch]) -> Sums:
    """Loss and hits over batches that train nothing; each is made and computed by one thread.

    Args:
        given: model, in evaluation mode, and loss.
        parts: the rows of each batch.
        batch_of: makes one.
    """
    return sum(given.workers.map(lambda rows: _evaluated(given, batch_of(rows)), parts), Sums())


@torch.no_grad()
def _evaluated(given: Computation, batch: Batch) -> Sums:
    with given.fabric.autocast():
        logits = given.model(*batch.inputs)
    return batch_sums(given.loss(logits, targets_of(batch)), logits, batch)


def batch_sums(loss: Tensor, logits: Tensor, batch: Batch) -> Sums:
    """Loss and hits of a batch that was computed whole."""
    return Sums(loss.item() * len(batch.labels), hits_of(logits, batch.labels), len(batch.labels))


def hits_of(logits: Tensor, labels: Tensor) -> int:
    """How many rows the class with the largest logit is right for."""
    return int((two_sided(logits).argmax(dim=1) == labels).sum())


def targets_of(batch: Batch) -> Tensor:
    """What the loss compares with: shares of classes if examples are mixed, else labels."""
    return batch.labels if batch.targets is None else batch.targets

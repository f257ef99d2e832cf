"""A batch in pieces gives the gradients of the batch whole, and the same digits on any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from classmark.inputs.batches import batch_pieces
from classmark.inputs.examples import Batch, TextShape
from classmark.inputs.text import TextExamples
from classmark.inputs.tokens import Tokens
from classmark.losses import build_loss
from classmark.models.build import build_model, initialise
from classmark.models.threads import one_core_workers
from classmark.recipes.schema import BiLSTM, Loss
from classmark.training.pieces import Computation, accumulate_gradients, evaluate_pieces

FABRIC = Fabric(accelerator="cpu", devices=1)
LENGTHS = np.array([5, 40, 17, 1, 33, 16, 90, 8, 64, 3, 12])


def made_examples(classes: int = 2) -> TextExamples:
    generator = np.random.default_rng(3)
    offsets = np.concatenate([[0], np.cumsum(LENGTHS)])
    tokens = Tokens(generator.integers(2, 50, LENGTHS.sum()).astype(np.int32), offsets)
    return TextExamples(tokens, torch.arange(len(LENGTHS)) % classes)


def whole_batch(examples: TextExamples) -> Batch:
    return examples.batch(examples.load(np.arange(len(examples))), torch.device("cpu"))


def made_model(classes: int = 2, dropout: float = 0.0) -> torch.nn.Module:
    section = BiLSTM(hidden_size=8, layers=2, dropout=dropout, pooling="concat")
    model = build_model(section, TextShape(50, 6), classes)
    initialise(model, 1)
    return model.train()


def gradients(
    model: torch.nn.Module, loss: Any, examples: TextExamples, most_tokens: int, threads: int
) -> dict[str, torch.Tensor]:
    model.zero_grad()
    with one_core_workers(threads) as workers:
        computation = Computation(model, loss, FABRIC, workers)
        pieces = examples.pieces(whole_batch(examples), most_tokens)
        sums = accumulate_gradients(computation, pieces, (1, 2, 3))
    found = {name: parameter.grad.clone() for name, parameter in model.named_parameters() if parameter.grad is not None}
    return found | {"loss": torch.tensor([sums.loss, sums.accuracy, float(sums.rows)], dtype=torch.float64)}


@pytest.mark.parametrize(
    ("classes", "section"),
    [
        (2, Loss()),
        (2, Loss(label_smoothing=0.1)),
        (3, Loss(class_weights=(0.2, 3.0, 1.0), label_smoothing=0.1)),
        (3, Loss(class_weights="balanced")),
        (3, Loss(kind="focal", gamma=2.0, alpha=(1.0, 2.0, 0.5))),
    ],
)
@pytest.mark.parametrize("most_tokens", [16, 100, 100_000])
def test_gradients_are_those_of_the_whole_batch(classes: int, section: Loss, most_tokens: int) -> None:
    examples, model = made_examples(classes), made_model(classes)
    loss = build_loss(section, [4, 4, 3][:classes] if classes == 3 else [6, 5])
    batch = whole_batch(examples)
    expected_loss = loss(model(*batch.inputs), batch.labels)
    expected_loss.backward()
    expected = {name: parameter.grad.clone() for name, parameter in model.named_parameters()}  # type: ignore[union-attr]
    found = gradients(model, loss, examples, most_tokens, 2)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-4, atol=1e-6)
    assert found["loss"][0].item() == pytest.approx(expected_loss.item(), rel=1e-5)
    assert found["loss"][2].item() == len(LENGTHS)


def test_threads_change_no_digit_and_dropout_follows_from_the_step() -> None:
    examples, loss = made_examples(), build_loss(Loss(), [6, 5])
    model = made_model(dropout=0.5)
    found = [gradients(model, loss, examples, 64, threads) for threads in (1, 2, 3, 2)]
    for other in found[1:]:
        assert all(torch.equal(found[0][name], other[name]) for name in found[0])
    model.eval()
    without = gradients(model, loss, examples, 64, 1)
    assert not torch.equal(without["fc.weight"], found[0]["fc.weight"])


def test_frozen_vectors_have_no_gradient() -> None:
    examples, model = made_examples(), made_model()
    model.embedding.weight.requires_grad_(False)  # type: ignore[union-attr, operator]
    found = gradients(model, build_loss(Loss(), [6, 5]), examples, 64, 2)
    assert "embedding.weight" not in found
    assert found["fc.weight"].abs().sum() > 0


def test_evaluation_in_threads_gives_the_loss_and_hits_of_one_pass() -> None:
    examples, model = made_examples(), made_model().eval()
    loss, batch = build_loss(Loss(), [6, 5]), whole_batch(examples)
    parts = [np.array([0, 3, 5]), np.array([1, 2, 4, 6]), np.array([7, 8, 9, 10])]
    with one_core_workers(2) as workers:
        computation = Computation(model, loss, FABRIC, workers)
        sums = evaluate_pieces(
            computation, parts, lambda rows: examples.batch(examples.load(rows), torch.device("cpu"))
        )
    logits = model(*batch.inputs)
    assert sums.loss == pytest.approx(loss(logits, batch.labels).item(), rel=1e-5)
    assert sums.hits == int(((logits.squeeze(1) > 0).long() == batch.labels).sum())


@pytest.mark.parametrize("most_tokens", [1, 50, 10_000])
def test_pieces_hold_every_text_once_and_keep_to_their_bounds(most_tokens: int) -> None:
    lengths = np.random.default_rng(0).integers(1, 400, 63)
    pieces = batch_pieces(lengths, most_tokens)
    assert sorted(np.concatenate(pieces)) == list(range(63))
    assert len(pieces) >= 4
    for rows in pieces:
        assert len(rows) <= 16
        assert len(rows) == 1 or len(rows) * lengths[rows].max() <= most_tokens
        assert lengths[rows[0]] == lengths[rows].max()


def test_one_text_is_one_piece() -> None:
    assert [list(rows) for rows in batch_pieces(np.array([7]), 16)] == [[0]]

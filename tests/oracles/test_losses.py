"""The losses against torchvision's, torch's, and their formulas in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional
from torchvision.ops import sigmoid_focal_loss

from classmark.losses import build_loss, cross_entropy, focal
from classmark.recipes.schema import Loss

GENERATOR = torch.Generator().manual_seed(5)
LOGITS = {1: 3 * torch.randn(40, 1, generator=GENERATOR), 5: 3 * torch.randn(40, 5, generator=GENERATOR)}
LABELS = {1: torch.arange(40) % 2, 5: torch.arange(40) % 5}


def float64_focal(logits: torch.Tensor, labels: torch.Tensor, gamma: float, alpha: list[float] | None) -> float:
    scores = logits.double().numpy()
    scores = np.concatenate([np.zeros_like(scores), scores], axis=1) if scores.shape[1] == 1 else scores
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    true = p[np.arange(len(p)), labels.numpy()]
    weight = np.ones(len(p)) if alpha is None else np.array(alpha)[labels.numpy()]
    return float((-weight * (1 - true) ** gamma * np.log(true)).mean())


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0, 5.0])
@pytest.mark.parametrize("alpha", [None, 0.25])
def test_binary_focal_is_torchvisions(gamma: float, alpha: float | None) -> None:
    ours = focal(LOGITS[1], LABELS[1], gamma, None if alpha is None else [1 - alpha, alpha])
    theirs = sigmoid_focal_loss(
        LOGITS[1].squeeze(1), LABELS[1].float(), alpha=-1 if alpha is None else alpha, gamma=gamma, reduction="mean"
    )
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("outputs", [1, 5])
def test_focal_is_its_formula(gamma: float, outputs: int) -> None:
    alpha = [0.2, 0.8] if outputs == 1 else [0.1, 0.5, 1.0, 2.0, 3.0]
    found = focal(LOGITS[outputs], LABELS[outputs], gamma, alpha).item()
    assert found == pytest.approx(float64_focal(LOGITS[outputs], LABELS[outputs], gamma, alpha), rel=1e-5)


@pytest.mark.parametrize("outputs", [1, 5])
def test_focal_without_focus_is_cross_entropy(outputs: int) -> None:
    torch.testing.assert_close(
        focal(LOGITS[outputs], LABELS[outputs], 0.0), cross_entropy(LOGITS[outputs], LABELS[outputs])
    )


def test_one_logit_is_binary_cross_entropy() -> None:
    theirs = functional.binary_cross_entropy_with_logits(LOGITS[1].squeeze(1), LABELS[1].float())
    torch.testing.assert_close(cross_entropy(LOGITS[1], LABELS[1]), theirs)


def test_smoothing_and_weights_are_torchs() -> None:
    weights = [1.0, 2.0, 0.5, 1.5, 3.0]
    theirs = functional.cross_entropy(LOGITS[5], LABELS[5], torch.tensor(weights), label_smoothing=0.1)
    torch.testing.assert_close(cross_entropy(LOGITS[5], LABELS[5], 0.1, weights), theirs)


SECTIONS = [
    Loss(),
    Loss(label_smoothing=0.1),
    Loss(class_weights="balanced"),
    Loss(kind="focal"),
    Loss(kind="focal", gamma=0.5),
    Loss(kind="focal", class_weights="balanced"),
]


@pytest.mark.parametrize("section", SECTIONS, ids=str)
@pytest.mark.parametrize("outputs", [1, 5])
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_losses_are_finite_and_never_negative(section: Loss, outputs: int, scale: float, dtype: torch.dtype) -> None:
    logits = (scale * LOGITS[outputs]).to(dtype).requires_grad_()
    loss = build_loss(section, [30, 10] if outputs == 1 else [8] * 5)(logits, LABELS[outputs])
    loss.backward()
    assert logits.grad is not None
    assert torch.isfinite(loss)
    assert loss >= 0
    assert torch.isfinite(logits.grad).all()


def made_shares(classes: int) -> torch.Tensor:
    """Targets as mixing makes them: two classes share a row, some rows belong to one."""
    shares = torch.linspace(0, 1, 40)[:, None]
    own, other = torch.arange(40) % classes, (torch.arange(40) * 3 + 1) % classes
    return shares * functional.one_hot(own, classes) + (1 - shares) * functional.one_hot(other, classes)


def float64_log_probabilities(logits: torch.Tensor) -> np.ndarray:
    scores = logits.double().numpy()
    scores = np.concatenate([np.zeros_like(scores), scores], axis=1) if scores.shape[1] == 1 else scores
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("outputs", [1, 5])
def test_cross_entropy_of_shares_is_its_formula(outputs: int, weighted: bool, smoothing: float) -> None:
    classes = max(2, outputs)
    weights = [1.0, 2.0, 0.5, 1.5, 3.0][:classes] if weighted else None
    shares = made_shares(classes)
    smoothed = (1 - smoothing) * shares.double().numpy() + smoothing / classes
    terms = np.array(weights or [1.0] * classes) * smoothed * float64_log_probabilities(LOGITS[outputs])
    found = cross_entropy(LOGITS[outputs], shares, smoothing, weights).item()
    assert found == pytest.approx(-terms.sum(axis=1).mean(), rel=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("outputs", [1, 5])
def test_focal_of_shares_is_its_formula(outputs: int, weighted: bool, gamma: float) -> None:
    classes = max(2, outputs)
    alpha = [0.2, 0.8, 1.0, 2.0, 3.0][:classes] if weighted else None
    log_p = float64_log_probabilities(LOGITS[outputs])
    terms = -np.array(alpha or [1.0] * classes) * (1 - np.exp(log_p)) ** gamma * log_p
    expected = (made_shares(classes).double().numpy() * terms).sum(axis=1).mean()
    found = focal(LOGITS[outputs], made_shares(classes), gamma, alpha).item()
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("section", SECTIONS, ids=str)
@pytest.mark.parametrize("outputs", [1, 5])
def test_shares_of_one_class_are_labels(section: Loss, outputs: int) -> None:
    classes = max(2, outputs)
    loss = build_loss(section.model_copy(update={"class_weights": None}), [1] * classes)
    shares = functional.one_hot(LABELS[outputs], classes).float()
    torch.testing.assert_close(loss(LOGITS[outputs], shares), loss(LOGITS[outputs], LABELS[outputs]))


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0])
def test_focal_gradient_of_shares_is_that_of_its_formula(gamma: float) -> None:
    shares = made_shares(5)
    logits = LOGITS[5].clone().requires_grad_()
    focal(logits, shares, gamma).backward()
    exact = LOGITS[5].double().requires_grad_()
    p = exact.softmax(dim=1)
    (-shares.double() * (1 - p) ** gamma * p.log()).sum(dim=1).mean().backward()
    assert logits.grad is not None
    assert exact.grad is not None
    torch.testing.assert_close(logits.grad.double(), exact.grad, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("section", SECTIONS, ids=str)
@pytest.mark.parametrize("outputs", [1, 5])
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_losses_of_shares_are_finite_and_never_negative(
    section: Loss, outputs: int, scale: float, dtype: torch.dtype
) -> None:
    classes = max(2, outputs)
    logits = (scale * LOGITS[outputs]).to(dtype).requires_grad_()
    loss = build_loss(section, [8] * classes)(logits, made_shares(classes))
    loss.backward()
    assert logits.grad is not None
    assert torch.isfinite(loss)
    assert loss >= 0
    assert torch.isfinite(logits.grad).all()

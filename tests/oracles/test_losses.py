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

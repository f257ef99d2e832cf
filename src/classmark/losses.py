"""Cross-entropy and focal loss on logits, for one logit (two classes) and for C.

Targets are class indices of shape (B,), or, where examples are mixed, the share of each class, shape (B, C).
All in float32 and in log-sum-exp form, so that extreme logits give finite values and gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from classmark.errors import RecipeError
from classmark.recipes.schema import Loss


@dataclass(frozen=True)
class LossFunction:
    """A loss: (logits of shape (B, C) or (B, 1), targets) → scalar, a weighted mean over rows.

    Attributes:
        mean: the loss of a batch.
        weights: how much a row of each class counts in that mean, where they do not count alike.
    """

    mean: Callable[[Tensor, Tensor], Tensor]
    weights: tuple[float, ...] | None = None

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        return self.mean(logits, targets)

    def total_weight(self, targets: Tensor) -> float:
        """What these rows count together, so that the loss of a batch is the mean of its pieces' weighted so."""
        if self.weights is None or targets.is_floating_point():
            return float(len(targets))
        return float(torch.tensor(self.weights, dtype=torch.float64)[targets.cpu()].sum())


def build_loss(section: Loss, class_counts: Sequence[int]) -> LossFunction:
    """The loss of a recipe.

    Args:
        section: the recipe's `loss`.
        class_counts: training rows of each of the C classes, for `class_weights: balanced`.

    Raises:
        RecipeError: as many weights as classes are needed.
    """
    classes = len(class_counts)
    weights = _class_weights(section, class_counts)
    if section.kind == "focal":
        alpha = _checked(section.alpha, classes, "loss.alpha") or weights
        return LossFunction(lambda logits, targets: focal(logits, targets, section.gamma, alpha))
    counted = None if weights is None else tuple(weights)
    return LossFunction(
        lambda logits, targets: cross_entropy(logits, targets, section.label_smoothing, weights), counted
    )


def cross_entropy(
    logits: Tensor, targets: Tensor, label_smoothing: float = 0.0, weights: Sequence[float] | None = None
) -> Tensor:
    """The mean cross-entropy; with weights, the weighted mean Σ w·l / Σ w over the rows' classes.

    Of shares, the mean over rows of −Σ_c w_c t_c log p_c: torch's definition, in which weights scale the loss.

    One logit is the second class's against zero, which makes this binary cross-entropy. Smoothing mixes the label
    with the uniform distribution (Szegedy et al. 2016, section 7); with weights it follows torch's definition.
    """
    scores, weight = two_sided(logits), _tensor(weights, logits)
    return functional.cross_entropy(scores, targets, weight, label_smoothing=label_smoothing)


def focal(logits: Tensor, targets: Tensor, gamma: float = 2.0, alpha: Sequence[float] | None = None) -> Tensor:
    """The mean focal loss −α (1 − p)^γ log p, with p the probability of the true class.

    Of shares, the mean over rows of Σ_c t_c · −α_c (1 − p_c)^γ log p_c: each class's loss, weighted with its share.

    Source: Lin et al. 2017, equations 4 and 5; α is one weight a class, and the mean is over rows. They have no shares.
    """
    log_p, weight = two_sided(logits).log_softmax(dim=1), _tensor(alpha, logits)
    if targets.is_floating_point():
        losses = -torch.exp(gamma * _log_others(log_p)) * log_p * targets
        return (losses if weight is None else weight * losses).sum(dim=1).mean()
    log_true = log_p.gather(1, targets.unsqueeze(1)).squeeze(1)
    # 1 − p from the other classes' log-sum-exp: exact where p rounds to one, and its gradient stays finite.
    others = log_p.scatter(1, targets.unsqueeze(1), -torch.inf).logsumexp(dim=1)
    losses = -torch.exp(gamma * others) * log_true
    return (losses if weight is None else weight[targets] * losses).mean()


def _log_others(log_p: Tensor) -> Tensor:
    """log(1 − p) of every class, shape (B, C)."""
    # Only the likeliest class can round to one: it needs the others' log-sum-exp, the rest have p of at most a half.
    likeliest = log_p.argmax(dim=1, keepdim=True)
    rest = log_p.scatter(1, likeliest, -torch.inf)
    return torch.log1p(-rest.exp()).scatter(1, likeliest, rest.logsumexp(dim=1, keepdim=True))


def two_sided(logits: Tensor) -> Tensor:
    """Logits of shape (B, C) in float32; a single logit z becomes [0, z]."""
    scores = logits.float()
    return torch.cat([torch.zeros_like(scores), scores], dim=1) if scores.shape[1] == 1 else scores


def _class_weights(section: Loss, counts: Sequence[int]) -> Sequence[float] | None:
    if section.class_weights == "balanced":
        inverse = [1.0 / max(1, count) for count in counts]
        return [value * len(counts) / sum(inverse) for value in inverse]
    return _checked(section.class_weights, len(counts), "loss.class_weights")


def _checked(weights: Sequence[float] | None, classes: int, name: str) -> Sequence[float] | None:
    if weights is not None and len(weights) != classes:
        raise RecipeError(f"{name}: {len(weights)} weights for {classes} classes. Give one weight a class.")
    return weights


def _tensor(weights: Sequence[float] | None, logits: Tensor) -> Tensor | None:
    return None if weights is None else torch.tensor(weights, dtype=torch.float32, device=logits.device)

"""The optimiser and the learning rate of each step."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from classmark.models.stages import layer_depths
from classmark.recipes.schema import Optimizer, Schedule
from classmark.system.packages import load_package

# One-cycle starts at a 25th of the highest rate and ends at a 10,000th of that (Smith & Topin 2019, as in torch).
START_DIVISOR, END_DIVISOR, ONE_CYCLE_WARMUP = 25.0, 1e4, 0.3


def build_optimizer(
    section: Optimizer, model: nn.Module, layer_decay: float | None = None, head_rate: float = 1.0
) -> torch.optim.Optimizer:
    """The optimiser over all trained parameters; weight decay on weight matrices only.

    Word vectors and other embeddings are spared from decay: one that is not in the batch would shrink all the same.

    Args:
        section: the recipe's `optimizer`.
        model: whose parameters are trained.
        layer_decay: of a pretrained model: each stage learns at this share of the rate of the one behind it. A group's
            `share` is what it takes of the rate; a `spared` one does not decay.
        head_rate: of a pretrained model: the classifier learns at this multiple of the rate.

    Raises:
        MissingExtraError: `muon` without timm.
    """
    trained = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    depths = layer_depths(model) if layer_decay or head_rate != 1.0 else {}
    embeddings = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    found: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, parameter in trained:
        spared = parameter.ndim <= 1 or id(parameter) in embeddings
        found.setdefault((depths.get(name, 0), spared), []).append(parameter)
    groups = [
        {
            "params": parameters,
            "weight_decay": 0.0 if spared else section.weight_decay,
            "share": (layer_decay or 1.0) ** depth * (head_rate if depths and depth == 0 else 1.0),
            "spared": spared,
        }
        for (depth, spared), parameters in sorted(found.items(), key=lambda entry: entry[0])
    ]
    match section.kind:
        case "adam":
            return torch.optim.Adam(groups, section.learning_rate, section.betas, fused=True)
        case "adamw":
            return torch.optim.AdamW(groups, section.learning_rate, section.betas, fused=True)
        case "muon":
            return build_muon(section, groups)
        case _:
            nesterov = section.momentum > 0
            return torch.optim.SGD(groups, section.learning_rate, section.momentum, nesterov=nesterov, fused=True)


def build_muon(section: Optimizer, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
    """Muon of timm (Jordan et al. 2024): the momentum of a matrix, a convolution's laid flat, made orthogonal.

    Its steps are scaled to the size of AdamW's (Liu et al. 2025, section 2.2). Vectors and embeddings, which do not
    decay, take steps of NAdamW at the same rate, and so do depthwise and very oblong convolutions.

    Raises:
        MissingExtraError: timm is not installed.
    """
    for group in groups:
        group["use_fallback"] = group["spared"]
    found: torch.optim.Optimizer = load_package("timm.optim.muon", "images", "optimizer.kind muon").Muon(
        groups, section.learning_rate, momentum=section.momentum, nesterov=True, betas=section.betas
    )
    return found


def learning_rate(section: Schedule, highest: float, step: int, steps: int) -> float:
    """The learning rate of a step.

    `constant` (after a linear warm-up); `cosine`: linear warm-up, then half a cosine down to zero (Loshchilov &
    Hutter 2017, equation 5, one period); `one_cycle`: cosine up from a 25th of the highest rate and cosine down to
    a 250,000th of it (Smith & Topin 2019, in torch's two-phase form).

    Args:
        section: the recipe's `schedule`.
        highest: the recipe's `optimizer.learning_rate`.
        step: counted from 0, over the whole run.
        steps: steps of the whole run.
    """
    if section.kind == "one_cycle":
        low, end = highest / START_DIVISOR, highest / START_DIVISOR / END_DIVISOR
        rising = max(1.0, (section.warmup or ONE_CYCLE_WARMUP) * steps - 1)
        if step <= rising:
            return _cosine(low, highest, step / rising)
        return _cosine(highest, end, (step - rising) / max(1.0, steps - 1 - rising))
    rising = section.warmup * steps
    if step < rising:
        return highest * (step + 1) / rising
    if section.kind == "cosine":
        return _cosine(highest, 0.0, (step - rising) / max(1.0, steps - rising))
    return highest


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(share, 1.0))) / 2

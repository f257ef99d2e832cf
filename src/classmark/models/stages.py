"""The stages of a backbone, from the stem to the classifier, as timm groups its layers."""

from __future__ import annotations

from itertools import chain
from typing import Any

from torch import nn

from classmark.errors import RecipeError


def stage_numbers(backbone: Any) -> dict[str, int]:
    """The stage of every parameter and module by name: 0 is the stem, the largest the classifier alone.

    timm's coarse groups; what it leaves without one (a final norm, a pooling) belongs to the last stage before the
    classifier, and a module with parts to the last stage of its parts.

    Args:
        backbone: a timm model with one linear classifier.
    """
    from timm.models._manipulate import group_with_matcher

    modules = dict(backbone.named_modules())
    classifier = next(name for name, module in modules.items() if module is backbone.get_classifier())
    leaves = [(name, module) for name, module in modules.items() if not any(module.children())]
    named = chain(backbone.named_parameters(), leaves)
    groups = group_with_matcher(named, backbone.group_matcher(coarse=True), reverse=True)
    last = groups[classifier]
    numbers = {name: min(number, last - 1) for name, number in groups.items()}
    numbers |= {name: last for name in numbers if name == classifier or name.startswith(f"{classifier}.")}
    for name in modules:
        parts = [numbers[leaf] for leaf, _ in leaves if name in ("", leaf) or leaf.startswith(f"{name}.")]
        numbers[name] = max(parts, default=last - 1)
    return numbers


def layer_depths(model: nn.Module) -> dict[str, int]:
    """How many stages stand behind each parameter: 0 for the classifier, 1 for the last stage, and so on.

    Args:
        model: a `BackboneClassifier`; the names are those of its `named_parameters`.
    """
    numbers = stage_numbers(model.backbone)
    last = max(numbers.values())
    return {name: last - numbers[name.removeprefix("backbone.")] for name, _ in model.named_parameters()}


def hold_still(backbone: nn.Module, tune: str | int, *, freeze_norm: bool) -> list[nn.Module]:
    """The modules that must stay in evaluation mode, after the gradients of what is not tuned are switched off.

    Args:
        backbone: a timm model.
        tune: the recipe's `model.tune`.
        freeze_norm: whether batch-norm layers stand still wherever they are.

    Raises:
        RecipeError: more stages are to be tuned than there are.
    """
    numbers = stage_numbers(backbone)
    last = max(numbers.values())
    if isinstance(tune, int) and tune > last:
        raise RecipeError(
            f"model.tune: {tune} stages, but this backbone has {last} (its stem is one); set it to 1 to {last}, or to all"
        )
    first = last - tune if isinstance(tune, int) else {"all": 0, "head": last}[tune]
    still = []
    for name, module in backbone.named_modules():
        norm = freeze_norm and isinstance(module, nn.modules.batchnorm._BatchNorm)
        if numbers[name] < first or norm:
            still.append(module)
        for own, parameter in module.named_parameters(name, recurse=False):
            parameter.requires_grad_(parameter.requires_grad and numbers[own] >= first and not norm)
    return still

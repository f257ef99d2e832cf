"""The stages of a pretrained model, from the stem or the embeddings to the classifier, and which of them are trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from torch import nn


def stage_numbers(backbone: Any) -> dict[str, int]:
    """The stage of every parameter and module of an image backbone by name: 0 is the stem, the largest the classifier alone.

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


def layer_numbers(model: nn.Module, layers: str, head: Sequence[str]) -> dict[str, int]:
    """The layer of every parameter and module of a text encoder's classifier by name: 0 are the embeddings and all else
    that the first layer needs, 1 to L the layers, L + 1 the head.

    Args:
        model: an `EncoderClassifier`.
        layers: the name of the list of layers in it.
        head: the names of the modules behind the encoder.
    """
    count = len(list(model.get_submodule(layers).children()))

    def number(name: str, module: nn.Module) -> int:
        if name.split(".")[0] in head:
            return count + 1
        if name.startswith(f"{layers}."):
            return int(name.removeprefix(f"{layers}.").split(".")[0]) + 1
        # A norm of the encoder's own, not one of its embeddings, is the last thing that it computes.
        return count if "Norm" in type(module).__name__ and name.count(".") == 1 else 0

    numbers = {name: number(name, module) for name, module in model.named_modules()}
    for name, module in model.named_modules():
        numbers |= {parameter: numbers[name] for parameter, _ in module.named_parameters(name, recurse=False)}
        numbers[name] = max(numbers[inner] for inner, _ in module.named_modules(prefix=name))
    return numbers


def layer_depths(model: Any) -> dict[str, int]:
    """How many stages stand behind each parameter: 0 for the classifier, 1 for the last stage, and so on.

    Args:
        model: with `stage_numbers`, by the names of its `named_parameters`.
    """
    numbers = model.stage_numbers()
    last = max(numbers.values())
    return {name: last - numbers[name] for name, _ in model.named_parameters()}


def first_tuned(tune: str | int, last: int) -> int:
    """The first stage that is trained.

    Args:
        tune: the recipe's `model.tune`.
        last: the number of the classifier.
    """
    return last - tune if isinstance(tune, int) else {"all": 0, "head": last}[tune]


def hold_still(
    module: nn.Module, numbers: Mapping[str, int], first: int, *, freeze_norm: bool = False
) -> list[nn.Module]:
    """The modules that must stay in evaluation mode, after the gradients of what is not tuned are switched off.

    Args:
        module: with all stages.
        numbers: the stage of each of its parameters and modules.
        first: the first stage that is trained.
        freeze_norm: whether batch-norm layers stand still wherever they are.
    """
    still = []
    for name, part in module.named_modules():
        norm = freeze_norm and isinstance(part, nn.modules.batchnorm._BatchNorm)
        if numbers[name] < first or norm:
            still.append(part)
        for own, parameter in part.named_parameters(name, recurse=False):
            parameter.requires_grad_(parameter.requires_grad and numbers[own] >= first and not norm)
    return still

"""Build a model from its recipe section, with initial weights that follow from (seed, parameter name)."""

from __future__ import annotations

import hashlib
import math

import torch
from torch import nn

from classmark.inputs.examples import EncoderShape, ImageShape, Shape, TextShape
from classmark.models.backbone import BackboneClassifier
from classmark.models.bilstm import BiLSTMClassifier
from classmark.models.encoder import EncoderClassifier
from classmark.recipes.schema import Backbone, BiLSTM, Encoder


def build_model(section: BiLSTM | Encoder | Backbone, shape: Shape, classes: int) -> nn.Module:
    """The model that a recipe names, with random weights: `initialise` draws those of the seed.

    Args:
        section: the recipe's `model`.
        shape: of its inputs.
        classes: C; a text model for two classes gives one logit, that of the second, an image model always C.

    Raises:
        MissingExtraError: a package that the model needs is not installed.
        RecipeError: the model cannot be as the recipe says.
    """
    match section, shape:
        case BiLSTM(), TextShape(vocabulary_size, embedding_size):
            return BiLSTMClassifier(section, vocabulary_size, embedding_size, 1 if classes == 2 else classes)
        case Encoder(), EncoderShape():
            return EncoderClassifier(section, shape, 1 if classes == 2 else classes)
        case Backbone(), ImageShape():
            return BackboneClassifier(section, shape, classes)
        case _:
            raise AssertionError(f"{section.kind} takes no {type(shape).__name__}")


@torch.no_grad()
def initialise(model: nn.Module, seed: int) -> None:
    """Draw every parameter anew, each from a generator of its own that follows from (seed, parameter name).

    Two models that share a parameter's name and shape so share its initial value, whatever else differs.
    LSTM: U(±1/√H), but forget gates start open, their bias is one in all (Jozefowicz, Zaremba, Sutskever 2015, section
    2.2; Keras does so too). Linear: U(±1/√inputs) for weight and bias. Embedding: N(0, 1), padding zero. Convolution:
    N(0, 2/inputs) (He et al. 2015, equation 10), bias zero. What is constant stays: norms, biases that timm zeroes,
    scales. Anything else is normal with the mean and deviation that it has, rounded to the deviation's first digit.
    """
    for prefix, module in model.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            if not is_constant(parameter):
                generator = torch.Generator().manual_seed(derived_seed(seed, f"{prefix}.{name}"))
                draw(module, name, parameter, generator)


def draw(module: nn.Module, name: str, parameter: nn.Parameter, generator: torch.Generator) -> None:
    """Give a parameter of a module its initial values."""
    match module:
        case nn.Embedding():
            parameter.normal_(generator=generator)
            if module.padding_idx is not None:
                parameter[module.padding_idx].zero_()
        case nn.LSTM():
            bound = 1 / math.sqrt(module.hidden_size)
            parameter.uniform_(-bound, bound, generator=generator)
            if name.startswith("bias"):
                _, forget_gate, _, _ = parameter.chunk(4)
                forget_gate.fill_(1.0 if name.startswith("bias_ih") else 0.0)
        case nn.Linear():
            bound = 1 / math.sqrt(module.in_features)
            parameter.uniform_(-bound, bound, generator=generator)
        case nn.Conv2d() if name == "weight":
            parameter.normal_(0.0, math.sqrt(2 / parameter[0].numel()), generator=generator)
        case nn.Conv2d():
            parameter.zero_()
        case _:
            deviation = parameter.std().item()
            digits = -math.floor(math.log10(deviation))
            parameter.normal_(round(parameter.mean().item(), digits), round(deviation, digits), generator=generator)


def is_constant(parameter: nn.Parameter) -> bool:
    """Whether all its values are equal; one alone is constant where it is zero or one."""
    first = parameter.flatten()[0]
    return bool((parameter == first).all()) and (parameter.numel() > 1 or first.item() in (0.0, 1.0))


def derived_seed(*parts: object) -> int:
    """A 63-bit seed that follows from the parts, the same on every machine."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1

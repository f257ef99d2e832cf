"""Build a model from its recipe section, with initial weights that follow from (seed, parameter name)."""

from __future__ import annotations

import hashlib
import math

import torch
from torch import nn

from classmark.models.bilstm import BiLSTMClassifier
from classmark.recipes.schema import BiLSTM


def build_model(section: BiLSTM, vocabulary_size: int, embedding_size: int, classes: int) -> nn.Module:
    """The model that a recipe names, with torch's own random initial weights.

    Args:
        section: the recipe's `model`.
        vocabulary_size: V, with `<unk>` and `<pad>`.
        embedding_size: D.
        classes: C; two classes get one logit, that of the second.
    """
    return BiLSTMClassifier(section, vocabulary_size, embedding_size, 1 if classes == 2 else classes)


@torch.no_grad()
def initialise(model: nn.Module, seed: int) -> None:
    """Draw every parameter anew from torch's default distributions, each from a generator of its own; forget gates of
    an LSTM start open, their bias is one in all (Jozefowicz, Zaremba, Sutskever 2015, section 2.2; Keras does so too).

    Two models that share a parameter's name and shape so share its initial value, whatever else differs.
    LSTM: U(±1/√H). Linear: U(±1/√inputs) for weight and bias. Embedding: N(0, 1), padding zero.
    """
    for prefix, module in model.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            generator = torch.Generator().manual_seed(derived_seed(seed, f"{prefix}.{name}"))
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
                case _:
                    raise AssertionError(f"no initial distribution for {type(module).__name__}")


def derived_seed(*parts: object) -> int:
    """A 63-bit seed that follows from the parts, the same on every machine."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1

"""LoRA by peft: small matrices beside the encoder's, trained in their place, and added to them when training is over."""

from __future__ import annotations

import math
import warnings

import torch
from torch import nn

from classmark.models.build import derived_seed
from classmark.models.encoder import EncoderClassifier
from classmark.system.packages import load_package

SCALE = 2.0


@torch.no_grad()
def add_lora(model: EncoderClassifier, rank: int, seed: int) -> None:
    """Put a pair of matrices of this rank beside every linear layer of the encoder that would be trained; the encoder itself
    stands still.

    A layer's output W x becomes W x + 2 · B A x. B begins with zeros, A with U(±1/√inputs) that follows from (seed, name).

    Source: Hu et al. 2022, section 4.1, with α = 2 r, for all linear layers as Dettmers et al. 2023, section 4.

    Raises:
        MissingExtraError: peft is not installed.
    """
    peft = load_package("peft", "encoders", "model.lora")
    names = [
        name
        for name, module in model.encoder.named_modules()
        if isinstance(module, nn.Linear) and module.weight.requires_grad
    ]
    config = peft.LoraConfig(r=rank, lora_alpha=SCALE * rank, target_modules=names, lora_dropout=0.0, bias="none")
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peft.inject_adapter_in_model(config, model.encoder)
    for name, parameter in model.encoder.named_parameters():
        if ".lora_A." in name:
            generator = torch.Generator().manual_seed(derived_seed(seed, name))
            bound = 1 / math.sqrt(parameter.shape[1])
            parameter.uniform_(-bound, bound, generator=generator)


def merge_lora(model: EncoderClassifier) -> None:
    """Add the trained matrices to the weights, which leaves the plain encoder."""
    adapted = [(name, module) for name, module in model.encoder.named_modules() if hasattr(module, "lora_A")]
    for name, module in adapted:
        module.merge()
        model.encoder.set_submodule(name, module.get_base_layer())

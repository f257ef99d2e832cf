"""An encoder with its linear classifier as the model for sequence classification that `transformers` has of its architecture.

The heads there have a layer more than ours, between the first token's state and the classifier, with a function that bends. What
it bends can be kept straight: tanh is the identity for small numbers, ReLU and GELU are for large ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch

from classmark.models.encoder import EncoderClassifier, configuration, load_transformers, quiet

SMALL = 2.0**-13  # tanh(x) is x but for x²/3 of it: at x = 10 · SMALL, 5e-7
LARGE = 64.0  # beyond what a layer norm gives, so that all numbers are above zero


@dataclass(frozen=True)
class Head:
    """Where an architecture has its two layers, and what bends between them."""

    before: str
    after: str
    bends: Literal["tanh", "rectifier"]


TANH = Head("classifier.dense", "classifier.out_proj", "tanh")
HEADS = {
    "bert": Head("bert.pooler.dense", "classifier", "tanh"),
    "roberta": TANH,
    "xlm-roberta": TANH,
    "camembert": TANH,
    "distilbert": Head("pre_classifier", "classifier", "rectifier"),
    "electra": Head("classifier.dense", "classifier.out_proj", "rectifier"),
}


def is_expressible(model: EncoderClassifier) -> bool:
    """Whether `transformers` has a model for sequence classification that computes the same."""
    return model.pooling == "first" and model.encoder.config.model_type in HEADS


@torch.no_grad()
def sequence_classifier(model: EncoderClassifier, classes: tuple[str, ...], config: dict[str, Any]) -> Any:
    """The same model as one for sequence classification of `transformers`.

    Args:
        model: one that is expressible.
        classes: C names.
        config: the content of the encoder's `config.json`.
    """
    settled = labelled(config, classes)
    with torch.random.fork_rng(devices=[]), quiet():
        whole = load_transformers().AutoModelForSequenceClassification.from_config(settled).eval()
    whole.base_model.load_state_dict(model.encoder.state_dict(), strict=False)
    head = HEADS[settled.model_type]
    before, after = whole.get_submodule(head.before), whole.get_submodule(head.after)
    weight, bias = (_two_sided(values) for values in (model.classifier.weight, model.classifier.bias))
    scale, shift = (SMALL, 0.0) if head.bends == "tanh" else (1.0, LARGE)
    before.weight.copy_(scale * torch.eye(before.weight.shape[0]))
    before.bias.fill_(shift)
    after.weight.copy_(weight / scale)
    after.bias.copy_(bias - shift * weight.sum(dim=1))
    return whole


def labelled(config: dict[str, Any], classes: tuple[str, ...]) -> Any:
    """The configuration of `transformers` with the names of the classes."""
    names = dict(enumerate(classes))
    found = configuration({**config, "id2label": names, "label2id": {name: index for index, name in names.items()}})
    found.problem_type = "single_label_classification"
    return found


def _two_sided(values: torch.Tensor) -> torch.Tensor:
    """The rows of a classifier with C outputs; one output is the second class's, against zero."""
    return torch.cat([torch.zeros_like(values), values]) if len(values) == 1 else values

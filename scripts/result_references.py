"""Published figures that docs/results.md sets beside classmark's own, with where they are from if that is known."""

from __future__ import annotations

from dataclasses import dataclass

EXERCISE = "the reference exercise"


@dataclass(frozen=True)
class Published:
    """An accuracy on the official test rows.

    Attributes:
        model: what was trained.
        accuracy: a share.
        source: paper or exercise; empty where none is known.
        loss: None where none is given.
    """

    model: str
    accuracy: float
    source: str = ""
    loss: float | None = None


# Source of the data → its official test rows, which the archive at hand may hold a part of, and the figures on them.
TEST_ROWS = {"imdb": 25_000, "tiny-imagenet": 10_000}
PUBLISHED = {
    "imdb": (
        Published("BiLSTM with GloVe", 0.8883, EXERCISE, 0.284),
        Published("LSTM with word2vec", 0.900, "Dai & Le 2015"),
        Published("NB-SVM", 0.912, "Wang & Manning 2012"),
        Published("BERT-small", 0.917),
        Published("NB-SVM with RNN", 0.926, "Mesnil et al. 2014"),
        Published("DistilBERT", 0.928, "Sanh et al. 2019"),
        Published("BERT-base", 0.939),
    ),
    "tiny-imagenet": (
        Published("DenseNet-121 from ImageNet weights, five epochs", 0.366, EXERCISE),
        Published("DenseNet-121 from scratch, trained to the end", 0.608),
        Published("the best ResNet-18 from scratch, trained to the end", 0.689),
    ),
}
# Recipe → the figure that README sets beside it, the one whose model is most like the recipe's.
NEAREST = {
    "imdb-bilstm": "BiLSTM with GloVe",
    "imdb-bilstm-best": "LSTM with word2vec",
    "imdb-best": "DistilBERT",
    "tiny-imagenet-densenet121": "DenseNet-121 from ImageNet weights, five epochs",
    "tiny-imagenet-densenet121-focal": "DenseNet-121 from ImageNet weights, five epochs",
    "tiny-imagenet-lite": "DenseNet-121 from ImageNet weights, five epochs",
    "tiny-imagenet-lite-tuned": "DenseNet-121 from ImageNet weights, five epochs",
    "tiny-imagenet-scratch": "DenseNet-121 from scratch, trained to the end",
}


def nearest(recipe: str) -> Published | None:
    """The published figure that is set beside a recipe; None where no model is like it."""
    return next((one for every in PUBLISHED.values() for one in every if one.model == NEAREST.get(recipe)), None)

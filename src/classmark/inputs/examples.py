"""What training and prediction need of a split, and nothing of what its examples are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from classmark.recipes.schema import Train

Rows = NDArray[np.int64]
Interpolation = Literal["bilinear", "bicubic"]


class Draw(NamedTuple):
    """Where training stands; with the row of an example, every random choice about it follows from this."""

    seed: int
    epoch: int
    step: int


@dataclass(frozen=True)
class Batch:
    """The examples of one step, on the device of the model.

    Attributes:
        inputs: what the model's `forward` takes.
        labels: class indices, int64 of shape (B,).
        size: tokens of texts, or the number of images: what speed is counted in.
        targets: where examples are mixed, each class's share, float32 of shape (B, C); `labels` are then the largest.
    """

    inputs: tuple[Tensor, ...]
    labels: Tensor
    size: int
    targets: Tensor | None = None


class Examples(Protocol):
    """A split that a model can be trained on or predict."""

    @property
    def unit(self) -> str:
        """What the size of a batch counts: `tokens` or `images`."""
        ...

    def __len__(self) -> int: ...

    @property
    def sizes(self) -> Rows:
        """The size of each example in that unit, shape (N,)."""
        ...

    def training_batches(self, section: Train, seed: int, epoch: int) -> list[Rows]:
        """The rows of each batch of an epoch; they follow from (seed, epoch) alone."""
        ...

    def evaluation_batches(self) -> list[Rows]:
        """The rows of each batch of a pass without training."""
        ...

    def load(self, rows: Rows) -> Any:
        """What `batch` takes, in main memory; it may be called from another thread."""
        ...

    def batch(self, loaded: Any, device: torch.device, draw: Draw | None = None) -> Batch:
        """The batch of loaded rows, varied as the recipe says where there is a draw."""
        ...

    def pieces(self, batch: Batch, most_tokens: int) -> list[Batch]:
        """A batch in parts that are computed one by one and whose gradients add up to that of the whole."""
        ...


class Encoder(Protocol):
    """How raw inputs become examples; part of a saved model."""

    def examples(self, inputs: Sequence[Any]) -> Examples:
        """Examples without known labels."""
        ...

    def save(self, folder: Path) -> None:
        """Write the files beside the weights that `load` of the same kind reads."""
        ...


@dataclass(frozen=True)
class TextShape:
    """What a text model must know of its inputs: V with `<unk>` and `<pad>`, and D, the width of the vectors."""

    vocabulary_size: int
    embedding_size: int


@dataclass(frozen=True)
class Preprocessing:
    """What the weights of a backbone expect of an image.

    Attributes:
        mean: of red, green and blue, on the scale from 0 to 1.
        std: likewise.
        interpolation: how an image is resized.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    interpolation: Interpolation


@dataclass(frozen=True)
class ImageShape:
    """What an image model must know of its inputs: the side of the square; without `preprocessing`, timm's own."""

    size_px: int
    preprocessing: Preprocessing | None = None


@dataclass(frozen=True)
class EncoderShape:
    """What a pretrained encoder of texts is, and what it must know of them.

    Attributes:
        config: its `config.json`.
        padding: the token that fills up shorter texts of a batch.
        most_tokens: how many positions it has, for a text with its special tokens.
    """

    config: dict[str, Any]
    padding: int
    most_tokens: int


Shape = TextShape | ImageShape | EncoderShape


@dataclass(frozen=True)
class Inputs:
    """What a model is trained on and judged by.

    Attributes:
        encoder: fitted on the training split alone.
        shape: what the model must know of them.
        description: what is known about the inputs; part of `data.json`.
        vectors: pretrained word vectors, float32 of shape (V, D), or None.
    """

    encoder: Encoder
    shape: Shape
    train: Examples
    validation: Examples
    test: Examples
    description: dict[str, Any]
    vectors: NDArray[np.float32] | None = None

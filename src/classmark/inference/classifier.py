"""A trained model with all it needs to take raw inputs; `model/` of a run folder, and nothing else, makes one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import nn

from classmark.errors import InputError, RunError
from classmark.inputs.examples import Encoder, Examples, ImageShape, Shape, TextShape
from classmark.inputs.images import ImageEncoder, load_image_encoder
from classmark.inputs.prefetch import prefetched
from classmark.inputs.text import load_text_encoder
from classmark.losses import two_sided
from classmark.models.build import build_model
from classmark.models.weights import read_tensors, write_tensors
from classmark.recipes.schema import Input, Model, Recipe, TextInput
from classmark.system.files import read_json, write_json

SCHEMA_VERSION = 2


class Description(BaseModel):
    """What `model.json` holds: all that the weights do not say."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    schema_version: int = SCHEMA_VERSION
    kind: str
    classes: tuple[str, ...]
    shape: TextShape | ImageShape
    parameters: int
    printout: str
    predict_precision: Literal["fp32", "bf16"]
    model: Model
    input: Input


@dataclass(frozen=True)
class Classifier:
    """A model that takes texts or images.

    Attributes:
        model: in evaluation mode.
        encoder: makes examples of raw inputs.
        classes: C class names, in the order of the probabilities.
        precision: `fp32` or `bf16`, of the forward pass.
    """

    model: nn.Module
    encoder: Encoder
    classes: tuple[str, ...]
    precision: Literal["fp32", "bf16"] = "fp32"

    @property
    def kind(self) -> Literal["text", "images"]:
        """What it takes."""
        return "images" if isinstance(self.encoder, ImageEncoder) else "text"

    def predict_logits(self, inputs: Sequence[Any]) -> NDArray[np.float32]:
        """Logits of shape (N, C); a model with one logit z gives [0, z].

        Args:
            inputs: N texts; or N images: paths, files as bytes, or uint8 pixels of shape (H, W, 3).

        Raises:
            InputError: it is no list, or an image cannot be read.
        """
        if isinstance(inputs, str | bytes | Path):
            raise InputError(f"{type(inputs).__name__}: give a list, even of one: predict_proba([…])")
        if len(inputs) == 0:
            return np.empty((0, len(self.classes)), np.float32)
        return self.logits(self.encoder.examples(inputs))

    def predict_proba(self, inputs: Sequence[Any]) -> NDArray[np.float32]:
        """Probabilities of shape (N, C); rows sum to one."""
        return softmax(self.predict_logits(inputs))

    @torch.no_grad()
    def logits(self, examples: Examples) -> NDArray[np.float32]:
        """Logits of shape (N, C) of encoded examples."""
        device = next(self.model.parameters()).device
        logits = np.empty((len(examples), len(self.classes)), np.float32)
        self.model.eval()
        batches = examples.evaluation_batches()
        for rows, (loaded, _) in zip(batches, prefetched(examples.load, batches), strict=True):
            batch = examples.batch(loaded, device)
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=self.precision == "bf16"):
                output = self.model(*batch.inputs)
            logits[rows] = two_sided(output).cpu().numpy()
        return logits


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities from logits of shape (N, C), computed in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    probabilities: NDArray[np.float32] = (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32)
    return probabilities


def save(classifier: Classifier, recipe: Recipe, shape: Shape, folder: Path) -> None:
    """Write `model/`: weights, the encoder's files, and `model.json` last, which makes it complete."""
    write_tensors(folder / "weights.safetensors", classifier.model.state_dict())
    classifier.encoder.save(folder)
    description = Description(
        kind=recipe.model.kind,
        classes=classifier.classes,
        shape=shape,
        parameters=sum(parameter.numel() for parameter in classifier.model.parameters()),
        printout=str(classifier.model),
        predict_precision=classifier.precision,
        model=recipe.model,
        input=recipe.input,
    )
    write_json(folder / "model.json", description.model_dump(mode="json"))


def load(path: Path | str, precision: Literal["fp32", "bf16"] | None = None) -> Classifier:
    """The classifier of a run folder, or of its `model/` folder alone.

    Args:
        path: the folder.
        precision: of the forward pass; without it, what the run's recipe says.

    Raises:
        RunError: there is no finished model in the folder, or it is damaged.
    """
    folder = Path(path) / "model" if (Path(path) / "model").is_dir() else Path(path)
    if not (folder / "model.json").is_file():
        raise RunError(
            f"{path}: there is no trained model in this folder. Finish the run: classmark train --resume {path}"
        )
    try:
        found = Description.model_validate(read_json(folder / "model.json"))
        model = build_model(found.model, found.shape, len(found.classes))
        model.load_state_dict(read_tensors(folder / "weights.safetensors"))
    except (OSError, ValueError, RuntimeError) as error:
        reason = _reason(error)
        raise RunError(f"{folder}: the model cannot be loaded ({reason}). Copy the run's model folder anew.") from None
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return Classifier(
        model.to(device).eval(), _load_encoder(found.input, folder), found.classes, precision or found.predict_precision
    )


def _load_encoder(section: Input, folder: Path) -> Encoder:
    return load_text_encoder(section, folder) if isinstance(section, TextInput) else load_image_encoder(folder)


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"model.json, {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"
    return str(error).splitlines()[0]

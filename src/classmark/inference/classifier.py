"""A trained model with all it needs to take raw inputs; `model/` of a run folder is enough to make one."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from torch import nn

from classmark.data.images.files import ImageFiles
from classmark.errors import RunError
from classmark.inference.rows import input_rows
from classmark.inputs.examples import Batch, Encoder, EncoderShape, Examples, ImageShape, Shape, TextShape
from classmark.inputs.images import ImageEncoder, load_image_encoder
from classmark.inputs.prefetch import prefetched
from classmark.inputs.subwords import load_subword_encoder
from classmark.inputs.text import load_text_encoder
from classmark.losses import two_sided
from classmark.models.build import build_model
from classmark.models.threads import one_core_workers
from classmark.models.weights import read_tensors, write_tensors
from classmark.recipes.problems import first_fault
from classmark.recipes.schema import Input, Model, Recipe, SubwordInput, TextInput
from classmark.runs import RunFiles
from classmark.runs.calibration import read_temperature
from classmark.runs.model import has_model, model_folder, read_description, write_description

SCHEMA_VERSION = 2


class HasPath(Protocol):
    """A run: anything that names its folder."""

    @property
    def path(self) -> Path: ...


class Description(BaseModel):
    """What `model.json` holds: all that the weights do not say."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    schema_version: int = SCHEMA_VERSION
    kind: str
    classes: tuple[str, ...]
    shape: TextShape | ImageShape | EncoderShape
    parameters: int
    printout: str
    predict_precision: Literal["fp32", "bf16"]
    model: Model
    input: Input


@dataclass(frozen=True)
class Classifier:
    """A model that takes texts or images.

    Inputs are N texts, or N images: paths, files as bytes, or uint8 pixels of shape (H, W, 3); in a list, an array, or a
    polars or pandas series.

    Attributes:
        model: in evaluation mode.
        encoder: makes examples of raw inputs.
        classes: C class names, in the order of the probabilities.
        precision: `fp32` or `bf16`, of the forward pass.
        temperature: what the logits are divided by; None if they are as the model gives them.
        threads: of the processor, for texts; their number changes no digit.
    """

    model: nn.Module
    encoder: Encoder
    classes: tuple[str, ...]
    precision: Literal["fp32", "bf16"] = "fp32"
    temperature: float | None = None
    threads: int = field(default_factory=torch.get_num_threads)

    @property
    def classes_(self) -> NDArray[np.str_]:
        """The class names, shape (C,), under the name that scikit-learn gives them."""
        return np.array(self.classes)

    @property
    def kind(self) -> Literal["text", "images"]:
        """What it takes."""
        return "images" if isinstance(self.encoder, ImageEncoder) else "text"

    def predict(self, inputs: Any) -> NDArray[np.str_]:
        """Class names of shape (N,): the class with the largest probability, the first one at ties.

        Raises:
            InputError: the inputs are no list, a row is missing, or an image cannot be read.
        """
        names: NDArray[np.str_] = self.classes_[self.predict_proba(inputs).argmax(axis=1)]
        return names

    def predict_proba(self, inputs: Any) -> NDArray[np.float32]:
        """Probabilities of shape (N, C); rows sum to one.

        Raises:
            InputError: the inputs are no list, a row is missing, or an image cannot be read.
        """
        return softmax(self.predict_logits(inputs))

    def predict_logits(self, inputs: Any) -> NDArray[np.float32]:
        """Logits of shape (N, C); a model with one logit z gives [0, z].

        Raises:
            InputError: the inputs are no list, a row is missing, or an image cannot be read.
        """
        rows = input_rows(inputs, self.kind)
        if not rows:
            return np.empty((0, len(self.classes)), np.float32)
        return self.logits(self.encoder.examples(rows))

    def file_logits(self, files: ImageFiles) -> NDArray[np.float32]:
        """Logits of shape (N, C) of image files.

        Raises:
            InputError: an image cannot be read.
        """
        assert isinstance(self.encoder, ImageEncoder)
        if not len(files):
            return np.empty((0, len(self.classes)), np.float32)
        return self.logits(self.encoder.file_examples(files))

    def file_faults(self, files: ImageFiles) -> list[str | None]:
        """Why each of these images cannot be read; None where it can."""
        assert isinstance(self.encoder, ImageEncoder)
        return self.encoder.file_examples(files).images.faults()

    def logits(self, examples: Examples) -> NDArray[np.float32]:
        """Logits of shape (N, C) of encoded examples."""
        device = next(self.model.parameters()).device
        logits = np.empty((len(examples), len(self.classes)), np.float32)
        self.model.eval()
        parts = examples.evaluation_batches()
        if self.kind == "text" and device.type == "cpu":
            with one_core_workers(self.threads) as workers:
                found = workers.map(lambda rows: self._output(examples.batch(examples.load(rows), device)), parts)
                for rows, output in zip(parts, found, strict=True):
                    logits[rows] = output
        else:
            for rows, (loaded, _) in zip(parts, prefetched(examples.load, parts), strict=True):
                logits[rows] = self._output(examples.batch(loaded, device))
        return logits if self.temperature is None else (logits / self.temperature).astype(np.float32)

    @torch.no_grad()
    def _output(self, batch: Batch) -> NDArray[np.float32]:
        """Logits of shape (B, C) of a batch."""
        kind = batch.inputs[0].device.type
        with torch.autocast(kind, dtype=torch.bfloat16, enabled=self.precision == "bf16"):
            output = self.model(*batch.inputs)
        found: NDArray[np.float32] = two_sided(output).cpu().numpy()
        return found


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
    write_description(folder, description.model_dump(mode="json"))


def load(
    run: str | Path | HasPath, precision: Literal["fp32", "bf16"] | None = None, *, calibrated: bool = False
) -> Classifier:
    """The classifier of a run.

    Args:
        run: a run, the path of its folder, or that of its `model/` folder alone.
        precision: of the forward pass; without it, what the run's recipe says.
        calibrated: divide the logits by the temperature that the run fitted on its validation rows.

    Raises:
        RunError: there is no finished model in the folder, it is damaged, or it has no temperature.
    """
    path = Path(run) if isinstance(run, str | Path) else run.path
    folder = model_folder(path)
    if not has_model(folder):
        if RunFiles(path).cross_validation.exists():
            raise RunError(
                f"{path}: a cross-validation has a model for each fold, in runs/, and none of its own.",
                f"Train one on all rows: classmark train {path / 'recipe.yaml'} data.folds=null data.fold_repeats=1",
            )
        if not RunFiles(path).recipe.exists():
            raise RunError(
                f"{path}: this is neither a run folder nor a model folder.", "`classmark runs` lists the runs."
            )
        raise RunError(
            f"{path}: there is no trained model in this folder. Finish the run: classmark train --resume {path}"
        )
    temperature = read_temperature(path) if calibrated else None
    try:
        found = Description.model_validate(read_description(folder))
        model = build_model(found.model, found.shape, len(found.classes))
        model.load_state_dict(read_tensors(folder / "weights.safetensors"))
    except (OSError, ValueError, RuntimeError) as error:
        reason = _reason(error)
        raise RunError(f"{folder}: the model cannot be loaded ({reason}). Copy the run's model folder anew.") from None
    device = "cuda" if torch.cuda.is_available() else "cpu"
    encoder = _load_encoder(found, folder)
    return Classifier(
        model.to(device).eval(), encoder, found.classes, precision or found.predict_precision, temperature
    )


def _load_encoder(description: Description, folder: Path) -> Encoder:
    match description.input, description.shape:
        case TextInput() as section, _:
            return load_text_encoder(section, folder)
        case SubwordInput() as section, EncoderShape() as shape:
            return load_subword_encoder(section, shape, folder)
        case _:
            return load_image_encoder(folder)


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return f"model.json: {first_fault(error)}"
    return str(error).splitlines()[0]

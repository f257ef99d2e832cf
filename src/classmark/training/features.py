"""Training the classifier alone: the features of a backbone that stands still are computed once and kept."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from classmark.errors import InputError, OutsideError, RunError
from classmark.inputs.draws import Draws, Stream
from classmark.inputs.examples import Batch, Draw, Inputs, Rows
from classmark.inputs.images import ImageExamples, parts
from classmark.inputs.prefetch import prefetched
from classmark.models.backbone import BackboneClassifier
from classmark.models.build import build_model
from classmark.models.folded import BATCH, Way, fastest_way, frozen_features
from classmark.recipes.schema import Backbone, Recipe, Train
from classmark.system.cache import cache_folder
from classmark.system.files import atomic_path, read_json, write_json
from classmark.system.progress import shown_progress
from classmark.training.processor import machine_name

CACHE_VERSION = 2  # of these files and of how features are computed
EVALUATION_ROWS = 4_096


@dataclass(frozen=True)
class FeatureExamples:
    """The features of images, and of their mirror images where training varies them so.

    Attributes:
        views: float16 arrays of shape (N, F): plain, and perhaps mirrored.
        labels: class indices, int64 of shape (N,).
    """

    views: list[NDArray[np.float16]]
    labels: Tensor
    unit = "images"

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def sizes(self) -> Rows:
        return np.ones(len(self), np.int64)

    def training_batches(self, section: Train, seed: int, epoch: int) -> list[Rows]:
        return parts(np.random.default_rng((seed, epoch)).permutation(len(self)), section.batch_size)

    def evaluation_batches(self) -> list[Rows]:
        return parts(np.arange(len(self)), EVALUATION_ROWS)

    def load(self, rows: Rows) -> tuple[Rows, list[NDArray[np.float16]]]:
        return rows, [view[rows] for view in self.views]

    def batch(
        self, loaded: tuple[Rows, list[NDArray[np.float16]]], device: torch.device, draw: Draw | None = None
    ) -> Batch:
        rows, views = loaded
        features = views[0]
        if draw is not None and len(views) > 1:
            mirrored = Draws(draw.seed, draw.epoch, rows).uniforms(Stream.FLIP, 1) < 0.5
            features = np.where(mirrored, views[1], features)
        labels = self.labels[torch.from_numpy(rows)].to(device)
        return Batch((torch.from_numpy(features.astype(np.float32)).to(device),), labels, len(rows))

    def pieces(self, batch: Batch, most_tokens: int) -> list[Batch]:
        return [batch]


def settle_features(recipe: Recipe, inputs: Inputs) -> Recipe:
    """The recipe with `model.features` fixed: `auto` becomes the fastest way here, where features are computed at all."""
    section = recipe.model
    if not isinstance(section, Backbone) or section.tune != "head" or section.features != "auto":
        return recipe
    assert isinstance(inputs.train, ImageExamples)
    model = build_model(section, inputs.shape, 2)
    assert isinstance(model, BackboneClassifier)
    images = len(inputs.train) * len(views_of(inputs.train)) + len(inputs.validation)
    way = fastest_way(model.to("cuda" if torch.cuda.is_available() else "cpu"), machine_name(), images)
    return recipe.model_copy(update={"model": section.model_copy(update={"features": way})})


def feature_splits(
    model: BackboneClassifier, inputs: Inputs, way: Way | Literal["auto"]
) -> tuple[FeatureExamples, FeatureExamples]:
    """The features of the training and the validation split, computed in a settled way."""
    assert way != "auto"
    train, validation = inputs.train, inputs.validation
    assert isinstance(train, ImageExamples)
    assert isinstance(validation, ImageExamples)
    return feature_examples(model, train, way), feature_examples(model, validation, way)


def feature_examples(model: BackboneClassifier, examples: ImageExamples, way: Way) -> FeatureExamples:
    """The features of a split, from the cache folder where they have been computed before.

    Args:
        model: whose backbone stands still.
        examples: of the split; mirrored too where its augmentation flips.
        way: how they are computed.

    Raises:
        InputError: the cache folder cannot be written, or has no room.
    """
    key = _key(model, examples, way)
    views = [_view(model, examples, way, key, mirrored) for mirrored in views_of(examples)]
    return FeatureExamples(views, examples.labels)


def views_of(examples: ImageExamples) -> list[bool]:
    """Whether each view is mirrored."""
    return [False, True] if examples.augmentation.flip else [False]


def _view(
    model: BackboneClassifier, examples: ImageExamples, way: Way, key: str, mirrored: bool
) -> NDArray[np.float16]:
    path = cache_folder() / "features" / f"{key}-{'mirrored' if mirrored else 'plain'}.npy"
    shape = (len(examples), model.classifier.in_features)
    if (known := _read(path, shape)) is not None:
        return known
    done, features = 0, np.empty(shape, np.float16)
    with shown_progress("mirrored features" if mirrored else "features", len(examples)) as advance:
        for found in frozen_features(model, image_batches(examples, model.mean.device, mirrored), way):
            features[done : done + len(found)] = found
            done += len(found)
            advance(len(found))
    _write(path, features)
    return features


def image_batches(examples: ImageExamples, device: torch.device, mirrored: bool = False) -> Iterator[Tensor]:
    """The images of all examples, not varied, as `frozen_features` takes them."""
    for loaded, _ in prefetched(examples.load, parts(np.arange(len(examples)), BATCH)):
        (images,) = examples.batch(loaded, device).inputs
        yield images.flip(3) if mirrored else images


def _write(path: Path, features: NDArray[np.float16]) -> None:
    try:
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.save(file, features)
        write_json(path.with_suffix(".json"), {"crc32": zlib.crc32(features.data)})
    except OutsideError as error:
        raise InputError(
            f"{path.parent}: {features.nbytes:,} bytes of features cannot be kept there ({error.reason}). "
            "Name a folder with room for them: CLASSMARK_CACHE=…"
        ) from None


def _read(path: Path, shape: tuple[int, int]) -> NDArray[np.float16] | None:
    """The mapped features; None where they are missing or damaged."""
    try:
        expected = read_json(path.with_suffix(".json"))["crc32"]
        features: NDArray[np.float16] = np.lib.format.open_memmap(path, mode="r").view(np.ndarray)
    except (RunError, OSError, KeyError, ValueError):
        return None
    whole = features.shape == shape and features.dtype == np.float16 and zlib.crc32(features.data) == expected
    return features if whole else None


def _key(model: BackboneClassifier, examples: ImageExamples, way: Way) -> str:
    """Changes with all that the features follow from."""
    digest = hashlib.sha256()
    head = {id(parameter) for parameter in model.classifier.parameters()}
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if id(tensor) not in head:
            digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    facts = [
        CACHE_VERSION,
        torch.__version__,
        torch.get_num_threads(),
        str(model.mean.device),
        way,
        str(model.backbone),
    ]
    facts += [examples.size_px, examples.interpolation, examples.images.side_px, examples.images.files.identity()]
    digest.update(json.dumps(facts).encode() + examples.places.tobytes())
    return digest.hexdigest()[:24]

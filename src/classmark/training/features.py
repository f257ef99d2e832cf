"""Training the classifier alone: the features of a backbone or an encoder that stands still are computed once and kept."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from classmark.errors import InputError, OutsideError, RunError
from classmark.inference.classifier import Classifier
from classmark.inputs.draws import Draws, Stream
from classmark.inputs.examples import Batch, Draw, Examples, Inputs, Rows
from classmark.inputs.images import ImageExamples, parts
from classmark.inputs.prefetch import prefetched
from classmark.inputs.text import TextExamples
from classmark.models.backbone import BackboneClassifier
from classmark.models.build import build_model
from classmark.models.encoder import EncoderClassifier, load_transformers
from classmark.models.folded import BATCH, Way, fastest_way, frozen_features
from classmark.models.threads import one_core_workers
from classmark.recipes.schema import Backbone, Encoder, Model, Recipe, Train
from classmark.system.cache import data_cache
from classmark.system.files import atomic_path, read_json, write_json
from classmark.system.progress import shown_progress
from classmark.training.processor import machine_name

CACHE_VERSION = 2  # of these files and of how features are computed
Array = NDArray[np.floating[Any]]
EVALUATION_ROWS = 4_096


@dataclass(frozen=True)
class FeatureExamples:
    """The features of texts or images, and of mirror images where training varies them so.

    Attributes:
        views: arrays of shape (N, F), float16 of images and float32 of texts: plain, and perhaps mirrored.
        labels: class indices, int64 of shape (N,).
        unit: what N counts.
    """

    views: Sequence[Array]
    labels: Tensor
    unit: str = "images"

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def sizes(self) -> Rows:
        return np.ones(len(self), np.int64)

    def training_batches(self, section: Train, seed: int, epoch: int) -> list[Rows]:
        return parts(np.random.default_rng((seed, epoch)).permutation(len(self)), section.batch_size)

    def evaluation_batches(self) -> list[Rows]:
        return parts(np.arange(len(self)), EVALUATION_ROWS)

    def load(self, rows: Rows) -> tuple[Rows, list[Array]]:
        return rows, [view[rows] for view in self.views]

    def batch(self, loaded: tuple[Rows, list[Array]], device: torch.device, draw: Draw | None = None) -> Batch:
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
    images = len(inputs.train) * len(views_of(model, inputs.train)) + len(inputs.validation)
    way = fastest_way(model.to("cuda" if torch.cuda.is_available() else "cpu"), machine_name(), images)
    return recipe.model_copy(update={"model": section.model_copy(update={"features": way})})


def feature_splits(model: nn.Module, inputs: Inputs, recipe: Recipe) -> tuple[FeatureExamples, FeatureExamples]:
    """The features of the training and the validation split, computed in a settled way.

    Those of texts are computed in the precision of predicting.
    """
    train, validation = inputs.train, inputs.validation
    if isinstance(model, EncoderClassifier):
        assert isinstance(train, TextExamples)
        assert isinstance(validation, TextExamples)
        assert recipe.train.threads is not None
        given = (recipe.train.predict_precision, recipe.train.threads)
        return text_features(model, train, *given), text_features(model, validation, *given)
    assert isinstance(model, BackboneClassifier)
    assert isinstance(recipe.model, Backbone)
    way = recipe.model.features
    assert way != "auto"
    assert isinstance(train, ImageExamples)
    assert isinstance(validation, ImageExamples)
    return feature_examples(model, train, way), feature_examples(model, validation, way)


def predicted_examples(classifier: Classifier, examples: Examples, section: Model) -> Examples:
    """What a trained model predicts a split from: the kept features of its texts if its encoder stood still.

    Runs that share the rows, such as the arms of a study, share this work.

    Args:
        classifier: with the trained model.
        examples: of the split.
        section: the recipe's `model`.
    """
    if not isinstance(section, Encoder) or section.tune != "head":
        return examples
    assert isinstance(classifier.model, EncoderClassifier)
    assert isinstance(examples, TextExamples)
    return text_features(classifier.model, examples, classifier.precision, classifier.threads)


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
    views = [_view(model, examples, way, key, mirrored) for mirrored in views_of(model, examples)]
    return FeatureExamples(views, examples.labels)


def views_of(model: BackboneClassifier, examples: ImageExamples) -> list[bool]:
    """Whether each view is mirrored; where features are means over both, there is but one."""
    return [False, True] if examples.augmentation.flip and not model.test_time_flip else [False]


def _view(model: BackboneClassifier, examples: ImageExamples, way: Way, key: str, mirrored: bool) -> Array:
    def compute(features: Array) -> Iterator[int]:
        done = 0
        for found in frozen_features(model, image_batches(examples, model.mean.device, mirrored), way):
            features[done : done + len(found)] = found
            done += len(found)
            yield len(found)

    path = data_cache() / "features" / f"{key}-{'mirrored' if mirrored else 'plain'}.npy"
    shape = (len(examples), model.classifier.in_features)
    return _kept(path, np.empty(shape, np.float16), "mirrored features" if mirrored else "features", compute)


def text_features(model: EncoderClassifier, examples: TextExamples, precision: str, threads: int) -> FeatureExamples:
    """The features of a split of texts, float32, from the cache folder where they have been computed before.

    Args:
        model: whose encoder stands still.
        examples: of the split.
        precision: `fp32` or `bf16`, of the forward pass.
        threads: of the processor, each of which computes whole batches; their number changes no digit.

    Raises:
        InputError: the cache folder cannot be written, or has no room.
    """
    device, parts = model.classifier.weight.device, examples.evaluation_batches()

    @torch.no_grad()
    def features_of(rows: Rows) -> Array:
        batch = examples.batch(examples.load(rows), device)
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16"):
            found: Array = model.features(*batch.inputs).float().cpu().numpy()
        return found

    def compute(features: Array) -> Iterator[int]:
        model.eval()
        with one_core_workers(threads if device.type == "cpu" else 1) as workers:
            for rows, found in zip(parts, workers.map(features_of, parts), strict=True):
                features[rows] = found
                yield len(rows)

    library = load_transformers().__version__
    facts = [library, str(device), precision, model.pooling, model.most_tokens, str(model.encoder)]
    key = _digest(model, model.classifier, facts, examples.tokens.ids, examples.tokens.offsets)
    features = np.empty((len(examples), model.classifier.in_features), np.float32)
    view = _kept(data_cache() / "features" / f"{key}.npy", features, "features", compute)
    return FeatureExamples([view], examples.labels, "texts")


def _kept(path: Path, empty: Array, what: str, compute: Callable[[Array], Iterable[int]]) -> Array:
    """What is in a file of the cache; where it is not, `empty` after `compute` has filled it, row count by row count."""
    if (known := _read(path, empty)) is not None:
        return known
    with shown_progress(what, len(empty)) as advance:
        for count in compute(empty):
            advance(count)
    _write(path, empty)
    return empty


def image_batches(examples: ImageExamples, device: torch.device, mirrored: bool = False) -> Iterator[Tensor]:
    """The images of all examples, not varied, as `frozen_features` takes them."""
    for loaded, _ in prefetched(examples.load, parts(np.arange(len(examples)), BATCH)):
        (images,) = examples.batch(loaded, device).inputs
        yield images.flip(3) if mirrored else images


def _write(path: Path, features: Array) -> None:
    try:
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.save(file, features)
        write_json(path.with_suffix(".json"), {"crc32": zlib.crc32(features.data)})
    except OutsideError as error:
        raise InputError(
            f"{path.parent}: {features.nbytes:,} bytes of features cannot be kept there ({error.reason}). "
            "Name a folder with room for them: CLASSMARK_CACHE=…"
        ) from None


def _read(path: Path, like: Array) -> Array | None:
    """The mapped features; None where they are missing, damaged or of another shape."""
    try:
        expected = read_json(path.with_suffix(".json"))["crc32"]
        features: Array = np.lib.format.open_memmap(path, mode="r").view(np.ndarray)
    except (RunError, OSError, KeyError, ValueError):
        return None
    whole = features.shape == like.shape and features.dtype == like.dtype
    return features if whole and zlib.crc32(features.data) == expected else None


def _key(model: BackboneClassifier, examples: ImageExamples, way: Way) -> str:
    facts = [torch.get_num_threads(), str(model.mean.device), way, str(model.backbone), model.test_time_flip]
    facts += [examples.size_px, examples.interpolation, examples.images.side_px, examples.images.files.identity()]
    return _digest(model, model.classifier, facts, examples.places)


def _digest(model: nn.Module, classifier: nn.Module, facts: list[Any], *arrays: NDArray[Any]) -> str:
    """Changes with all that features follow from: weights, facts, and which examples."""
    digest = hashlib.sha256()
    head = {id(parameter) for parameter in classifier.parameters()}
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        if id(tensor) not in head:
            digest.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    digest.update(json.dumps([CACHE_VERSION, torch.__version__, *facts]).encode())
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()[:24]

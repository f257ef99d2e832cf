"""From a data set of images to what a model trains on: squares of bytes, varied where they are trained on."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from pydantic import PositiveInt, TypeAdapter, ValidationError
from torch import Tensor

from classmark.data.dataset import Dataset
from classmark.data.images.files import ImageFiles
from classmark.data.images.pixels import Images
from classmark.data.labels import class_indices
from classmark.errors import InputError, RunError
from classmark.inputs.augment import augment, resize
from classmark.inputs.draws import Draws, Stream
from classmark.inputs.examples import Batch, Draw, ImageShape, Inputs, Interpolation, Preprocessing, Rows
from classmark.inputs.mixing import mix
from classmark.recipes.problems import first_fault
from classmark.recipes.schema import Augmentation, ImageInput, Train
from classmark.system.files import read_json, write_json

PREPROCESSING = "preprocessing.json"
PLAIN = Augmentation()
# Pixels of one image in a pass without training, times this many rows: what fits into a processor's caches and more.
EVALUATION_ROWS, EVALUATION_PIXELS = 256, 2**20
# Crops are cut from squares that are larger by this, as usual (256 for 224, Krizhevsky et al. 2012).
CROP_MARGIN = 256 / 224
STEP_PX = 8


class LoadedImages(NamedTuple):
    """The images of some rows: which, shape (B,), and their pixels, uint8 of shape (B, 3, S, S)."""

    rows: Rows
    pixels: Tensor


@dataclass(frozen=True)
class ImageExamples:
    """Images with their classes.

    Attributes:
        images: those of the whole data set.
        places: which of them the N examples are, shape (N,).
        labels: class indices, int64 of shape (N,).
        classes: C.
        size_px: the side of the square that the model sees.
        interpolation: how a square of another size becomes one of that.
        augmentation: how a draw varies the images.
        sizes_px: the side in each epoch of training, where it grows.
    """

    images: Images
    places: Rows
    labels: Tensor
    classes: int
    size_px: int
    interpolation: Interpolation = "bicubic"
    augmentation: Augmentation = PLAIN
    sizes_px: tuple[int, ...] = ()
    unit = "images"

    def __len__(self) -> int:
        return len(self.places)

    @property
    def sizes(self) -> Rows:
        return np.ones(len(self.places), np.int64)

    def training_batches(self, section: Train, seed: int, epoch: int) -> list[Rows]:
        order = np.random.default_rng((seed, epoch)).permutation(len(self))
        found = parts(order, section.batch_size)
        # A batch norm has nothing to average over in a single image whose map is down to one pixel.
        if len(found) > 1 and len(found[-1]) == 1 < section.batch_size:
            found[-2:] = [np.concatenate(found[-2:])]
        return found

    def evaluation_batches(self) -> list[Rows]:
        return parts(np.arange(len(self)), min(EVALUATION_ROWS, max(1, EVALUATION_PIXELS // self.size_px**2)))

    def load(self, rows: Rows) -> LoadedImages:
        pixels = self.images.read(self.places[rows]).transpose(0, 3, 1, 2)
        return LoadedImages(rows, torch.from_numpy(np.ascontiguousarray(pixels)))

    def batch(self, loaded: LoadedImages, device: torch.device, draw: Draw | None = None) -> Batch:
        labels = self.labels[torch.from_numpy(loaded.rows)].to(device)
        images = loaded.pixels.to(device)
        if draw is None:
            return Batch((resize(images, self.size_px, self.interpolation),), labels, len(labels))
        size_px = self.sizes_px[draw.epoch - 1] if self.sizes_px else self.size_px
        draws = Draws(draw.seed, draw.epoch, loaded.rows)
        images = augment(images, draws, self.augmentation, size_px, self.interpolation)
        generator = np.random.default_rng((*draw, int(Stream.MIX)))
        images, targets = mix(images, labels, self.classes, self.augmentation, generator)
        if targets.ndim == 1:
            return Batch((images,), labels, len(labels))
        return Batch((images,), targets.argmax(dim=1), len(labels), targets)

    def pieces(self, batch: Batch, most_tokens: int) -> list[Batch]:
        """The batch whole: a batch norm looks at all its images."""
        return [batch]


def parts(rows: Rows, size: int) -> list[Rows]:
    """The rows cut into runs of this size, the last one perhaps shorter."""
    return [rows[start : start + size] for start in range(0, len(rows), size)]


@dataclass(frozen=True)
class ImageEncoder:
    """How an image file becomes what the model sees.

    Attributes:
        side_px: images are first scaled and cut to a square of this side, as those of training were.
        size_px: the side of the square that the model sees.
        interpolation: how the one becomes the other.
    """

    side_px: PositiveInt
    size_px: PositiveInt
    interpolation: Interpolation

    def examples(self, inputs: Sequence[str | Path | bytes | NDArray[np.uint8]]) -> ImageExamples:
        """Examples of image files: their paths, their bytes, or their pixels of shape (H, W, 3).

        Raises:
            InputError: an input is none of these, or a file among bytes and pixels cannot be read.
        """
        if all(isinstance(each, str | Path) for each in inputs):
            files = ImageFiles(Path(), tuple(map(str, inputs)))
        else:
            names = tuple(
                str(each) if isinstance(each, str | Path) else f"image {row}" for row, each in enumerate(inputs, 1)
            )
            contents = tuple(_bytes(each, name) for each, name in zip(inputs, names, strict=True))
            files = ImageFiles(Path(), names, contents)
        return self.file_examples(files)

    def file_examples(self, files: ImageFiles) -> ImageExamples:
        """Examples of image files, in a folder, a zip or memory; they are read when they are needed."""
        labels = torch.zeros(len(files), dtype=torch.int64)
        return self.encoded(Images(files, self.side_px), np.arange(len(files)), labels, 0)

    def encoded(self, images: Images, places: Rows, labels: Tensor, classes: int) -> ImageExamples:
        """The examples at these places of a data set's images."""
        return ImageExamples(images, places, labels, classes, self.size_px, self.interpolation)

    def save(self, folder: Path) -> None:
        write_json(folder / PREPROCESSING, asdict(self))


def load_image_encoder(folder: Path) -> ImageEncoder:
    """The encoder that `save` wrote.

    Raises:
        RunError: its file is missing or damaged.
    """
    path = folder / PREPROCESSING
    try:
        return TypeAdapter(ImageEncoder).validate_python(read_json(path))
    except ValidationError as error:
        raise RunError(
            f"{path}: not what belongs there ({first_fault(error)}). Copy the run's model folder anew."
        ) from None


def stored_px(section: ImageInput) -> int:
    """The side of the squares that images are kept as."""
    scale = CROP_MARGIN if section.augmentation.crop_scale else 1.0
    return round(section.size_px * scale)


def growing_sizes(section: ImageInput, epochs: int) -> tuple[int, ...]:
    """The side in each epoch: from `grow_from_px` to `size_px` in multiples of 8; none where it does not grow."""
    if section.grow_from_px is None:
        return ()
    first, last = section.grow_from_px, section.size_px
    between = (first + (last - first) * epoch / (epochs - 1) for epoch in range(1, epochs - 1))
    sizes = (first, *(min(last, max(first, STEP_PX * round(size / STEP_PX))) for size in between))
    return (*sizes[: epochs - 1], last)


def prepare_images(section: ImageInput, preprocessing: Preprocessing, dataset: Dataset, epochs: int) -> Inputs:
    """The splits of a data set as examples.

    Args:
        section: the recipe's `input`.
        preprocessing: what the backbone's weights expect.
        dataset: of images.
        epochs: of training.
    """
    images = dataset.images
    assert images is not None
    encoder = ImageEncoder(images.side_px, section.size_px, preprocessing.interpolation)
    train, validation, test = (
        encoder.encoded(images, frame["row"].to_numpy(), torch.from_numpy(labels), len(dataset.classes))
        for frame in (dataset.train, dataset.validation, dataset.test)
        for labels in (class_indices(frame, dataset.classes),)
    )
    train = replace(train, augmentation=section.augmentation, sizes_px=growing_sizes(section, epochs))
    description = {
        "size_px": section.size_px,
        "stored_px": images.side_px,
        "augmentation": section.augmentation.model_dump(mode="json"),
        "pixels": _sizes(dataset),
    }
    return Inputs(encoder, ImageShape(section.size_px, preprocessing), train, validation, test, description)


def _sizes(dataset: Dataset) -> dict[str, Any]:
    """The smallest and largest width and height, in pixels."""
    sizes = pl.concat([frame.select("width", "height") for frame in (dataset.train, dataset.validation, dataset.test)])
    smallest, largest = sizes.min().row(0), sizes.max().row(0)
    return dict(zip(("min_width", "min_height", "max_width", "max_height"), smallest + largest, strict=True))


def _bytes(image: str | Path | bytes | NDArray[np.uint8], name: str) -> bytes:
    if isinstance(image, bytes):
        return image
    if isinstance(image, str | Path):
        found = ImageFiles(Path(), (name,)).reader()(0)
        if isinstance(found, str):
            raise InputError(f"{name}: the image cannot be read ({found}).")
        return found
    if (
        isinstance(image, np.ndarray)
        and image.dtype == np.uint8
        and image.ndim == 3
        and image.shape[2] == 3
        and image.size
    ):
        from PIL import Image

        stream = io.BytesIO()
        Image.fromarray(image).save(stream, "PNG")
        return stream.getvalue()
    what = f"{image.dtype} of shape {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
    raise InputError(f"{name}: {what}; give the path of an image, its bytes, or uint8 pixels of shape (H, W, 3).")

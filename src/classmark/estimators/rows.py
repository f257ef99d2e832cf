"""What an estimator is given: texts, images and labels, in the forms that scikit-learn's tools pass on."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets

from classmark.data.images.files import ImageFiles
from classmark.errors import EstimatorError, MissingExtraError
from classmark.reading.arrays import is_frame


@dataclass(frozen=True)
class Labels:
    """The labels of N training rows.

    Attributes:
        classes: the C different labels, sorted, as they were given.
        names: of the classes, as a run knows them: C different texts.
        codes: which class each row is of, shape (N,).
    """

    classes: NDArray[Any]
    names: tuple[str, ...]
    codes: NDArray[np.int64]

    @property
    def of_rows(self) -> list[str]:
        """The name of each row's class."""
        return [self.names[code] for code in self.codes.tolist()]


def read_labels(y: Any) -> Labels:
    """The labels of training rows: of any type that can be sorted.

    Raises:
        ValueError: they are missing, no classes, or of one class alone.
    """
    if y is None:
        raise EstimatorError("it requires y to be passed, but the target y is None.", argument="y")
    listed = y if isinstance(y, list | tuple) else []  # numpy would make the text "nan" of a NaN among texts
    values = column_or_1d(y, warn=True)
    missing = values.dtype.kind in "Of" and any(value is None or value != value for value in values.tolist())
    if missing or any(isinstance(value, float) and value != value for value in listed):
        raise EstimatorError("a label is missing (None or NaN).", "Leave these rows out.", argument="y")
    try:
        classes, codes = np.unique(values, return_inverse=True)
    except TypeError:
        kinds = ", ".join(sorted({type(value).__name__ for value in values.tolist()}))
        raise EstimatorError(f"labels of several types: {kinds}.", "Give all of them one type.", argument="y") from None
    check_classification_targets(values)
    if len(classes) < 2:
        what = f'every row has the label "{classes[0]}"' if len(classes) else "there are no rows"
        raise EstimatorError(f"{what}; a classifier needs more than one class.", argument="y")
    names = tuple(map(str, classes.tolist()))
    names = names if len(set(names)) == len(names) else tuple(map(repr, classes.tolist()))
    return Labels(classes, names, codes.reshape(-1))


def text_rows(given: Any) -> list[str]:
    """N texts of a list, an array or a series; of shape (N, 1) too, as frames and arrays of one column have it.

    Raises:
        InputError: it is something else, or a text is missing.
    """
    return [str(text) for text in _listed(given, "text")]


def image_rows(given: Any) -> ImageFiles:
    """N images: paths, PIL images, files as bytes, or uint8 pixels of shape (H, W) or (H, W, 3), also as one array.

    Raises:
        InputError: they are something else, or an image is missing.
    """
    rows = _listed(given, "images")
    if all(isinstance(row, str | Path) for row in rows):
        return ImageFiles(Path(), tuple(map(str, rows)))
    names = tuple(f"image {number}" for number in range(1, len(rows) + 1))
    return ImageFiles(Path(), names, tuple(_file(row, name) for row, name in zip(rows, names, strict=True)))


def _listed(given: Any, kind: Literal["text", "images"]) -> list[Any]:
    """The rows as a list, none of them missing."""
    try:
        from classmark.inference.rows import input_rows  # whose package loads torch
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), kind, "The estimator") from None
    return input_rows(_only_column(given), kind)


def _only_column(given: Any) -> Any:
    """The one column of a frame, or of a two-dimensional array of other things than numbers; all else as it is."""
    if is_frame(given):
        if given.shape[1] != 1:
            raise EstimatorError(f"a table of {given.shape[1]} columns.", "Give one of them: X = table[COLUMN]")
        name = given.columns[0]
        return given[name]
    if isinstance(given, np.ndarray) and given.ndim == 2 and given.shape[1] == 1 and given.dtype.kind in "OUT":
        return given[:, 0]
    return given


def _file(image: Any, name: str) -> bytes:
    """An image in memory as a file."""
    if isinstance(image, bytes):
        return image
    if isinstance(image, str | Path):
        return Path(image).read_bytes()
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise MissingExtraError("Pillow", "images", "Images in memory") from None
    if not isinstance(image, Image.Image):
        image = Image.fromarray(_pixels(image, name))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _pixels(image: Any, name: str) -> NDArray[np.uint8]:
    """Pixels of shape (H, W) or (H, W, 3)."""
    if isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.size:
        if image.ndim == 3 and image.shape[2] == 1:
            return image[:, :, 0]
        if image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (3, 4)):
            return image
    what = f"{image.dtype} of shape {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
    raise EstimatorError(
        f"{name}: {what}.", "Give a path, a PIL image, a file as bytes, or uint8 pixels of shape (H, W) or (H, W, 3)."
    )

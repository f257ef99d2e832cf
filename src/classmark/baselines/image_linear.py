"""The linear baseline of images: logistic regression on their pixels, or on what a pretrained backbone sees in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classmark.baselines.logistic import Logistic, fit_logistic
from classmark.baselines.pixels import pixel_matrix
from classmark.baselines.sample import sampled_rows
from classmark.data.dataset import Dataset

# A linear model has little use for detail: on Tiny ImageNet and on ten of its classes 8 pixels a side did better on
# validation than 16, and 32 never did. The strokes of a pen may need more than 8.
SIDES_PX = (8, 16)
# Rows times classes, up to which the fit on pixels takes minutes: 90,000 of 200, say.
MOST_WORK = 20_000_000
MOST_ROWS = 100_000

Labels = Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True)
class Features:
    """Numbers that describe the images of a data set.

    Attributes:
        name: what they are, such as `pixels`.
        rows: the training rows that they are of, ascending.
        train: those rows' features, float32 of shape (R, F).
        validation: every row's, float32 of shape (N, F).
        test: likewise.
    """

    name: str
    rows: NDArray[np.int64]
    train: NDArray[np.float32]
    validation: NDArray[np.float32]
    test: NDArray[np.float32]


@dataclass(frozen=True)
class ImageLinear:
    """A fitted linear baseline of images.

    Attributes:
        method: the name of the features that did better on validation.
        scores: that name → `accuracy` and `log_loss` on validation, the penalty `C`, `features` and `training_rows`.
        probabilities: split → class probabilities, shape (N, C).
    """

    method: str
    scores: dict[str, dict[str, float]]
    probabilities: dict[str, NDArray[np.float64]]


def fit_image_linear(dataset: Dataset, labels: Labels, seed: int, features: Features | None = None) -> ImageLinear:
    """The better one of the regressions on pixels, at two sizes, and on these features: validation accuracy, then log loss.

    Args:
        dataset: of images.
        labels: split → class indices, shape (N,).
        seed: draws the training rows of the pixels, where there are too many.
        features: of a backbone that has not seen these labels.
    """
    images, classes = dataset.images, len(dataset.classes)
    assert images is not None
    rows = sampled_rows(dataset.train["label"], min(MOST_ROWS, MOST_WORK // classes), seed)
    best: dict[str, tuple[Logistic, Features]] = {}
    for side_px in sorted({min(side_px, images.side_px) for side_px in SIDES_PX}):
        _keep_better(best, _pixels(dataset, rows, side_px), labels, classes)
    if features is not None:
        _keep_better(best, features, labels, classes)
    method = min(best, key=lambda name: best[name][0].score)
    regression, chosen = best[method]
    scores = {
        name: {**found.scores(), "features": given.train.shape[1], "training_rows": len(given.rows)}
        for name, (found, given) in best.items()
    }
    probabilities = {
        "validation": regression.probabilities(chosen.validation),
        "test": regression.probabilities(chosen.test),
    }
    return ImageLinear(method, scores, probabilities)


def _keep_better(best: dict[str, tuple[Logistic, Features]], features: Features, labels: Labels, classes: int) -> None:
    """Fit on these features, and keep that unless others of the same name have done as well."""
    found = fit_logistic(
        features.train, labels["train"][features.rows], features.validation, labels["validation"], classes
    )
    if features.name not in best or found.score < best[features.name][0].score:
        best[features.name] = (found, features)


def _pixels(dataset: Dataset, rows: NDArray[np.int64], side_px: int) -> Features:
    assert dataset.images is not None
    train, validation, test = (
        pixel_matrix(dataset.images, frame["row"].to_numpy()[chosen], side_px)
        for frame, chosen in ((dataset.train, rows), (dataset.validation, slice(None)), (dataset.test, slice(None)))
    )
    return Features("pixels", rows, train, validation, test)

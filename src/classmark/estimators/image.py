"""Images as scikit-learn's classifiers take them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classmark.data.images.files import ImageFiles
from classmark.data.sources.memory import image_source
from classmark.data.sources.source import Source
from classmark.estimators.classifier import RunClassifier
from classmark.estimators.rows import Labels, image_rows

if TYPE_CHECKING:
    from sklearn.utils import Tags

    from classmark.inference import Classifier


class ImageClassifier(RunClassifier):
    """A scikit-learn classifier of images that trains a recipe.

    Images are paths, PIL images, files as bytes, or uint8 pixels of shape (H, W) or (H, W, 3), in a list, an array or a
    series. Labels are of any type that can be sorted.

    Args:
        recipe: a shipped recipe's name, the path of a YAML file, or a dictionary of sections. Its `data` is not used.
        random_state: the seed; None for the recipe's own, which is the same each time.
        calibrated: divide the logits by the temperature that was fitted on the validation rows.
        run_folder: where each fit leaves its run folder, such as `runs`; None to leave nothing behind.
        verbose: whether progress goes to standard error.
        changes: of the recipe, with `__` for the dot: `train__epochs=3`, `input__size_px=64`.

    Example:
        >>> from classmark.sklearn import ImageClassifier
        >>> model = ImageClassifier("digits-quick").fit(pixels, digits)  # doctest: +SKIP
        >>> model.predict(pixels[:1])  # doctest: +SKIP
        array([0])
    """

    source = "image-table"

    def __init__(
        self,
        recipe: str | Mapping[str, Any] = "image-csv",
        *,
        random_state: Any = None,
        calibrated: bool = False,
        run_folder: str | Path | None = None,
        verbose: bool = False,
        **changes: Any,
    ) -> None:
        super().__init__(recipe, random_state, calibrated, run_folder, verbose, **changes)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.one_d_array = True
        tags.input_tags.two_d_array = False
        tags.input_tags.three_d_array = True
        return tags

    def _rows(self, given: Any) -> ImageFiles:
        return image_rows(given)

    def _source(self, rows: ImageFiles, labels: Labels) -> Source:
        return image_source(rows, labels.of_rows)

    def _logits(self, classifier: Classifier, rows: ImageFiles) -> NDArray[np.float32]:
        return classifier.file_logits(rows)

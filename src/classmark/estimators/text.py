"""Texts as scikit-learn's classifiers take them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from classmark.data.sources.memory import text_source
from classmark.data.sources.source import Source
from classmark.estimators.classifier import RunClassifier
from classmark.estimators.rows import Labels, text_rows

if TYPE_CHECKING:
    from sklearn.utils import Tags

    from classmark.inference import Classifier


class TextClassifier(RunClassifier):
    """A scikit-learn classifier of texts that trains a recipe.

    Texts are a list, an array of shape (N,), a series, or one column of a frame. Labels are of any type that can be sorted.

    Args:
        recipe: a shipped recipe's name, the path of a YAML file, or a dictionary of sections. Its `data` is not used.
        random_state: the seed; None for the recipe's own, which is the same each time.
        calibrated: divide the logits by the temperature that was fitted on the validation rows.
        run_folder: where each fit leaves its run folder, such as `runs`; None to leave nothing behind.
        verbose: whether progress goes to standard error.
        changes: of the recipe, with `__` for the dot: `train__epochs=3`, `data__validation=0.1`.

    Example:
        >>> from classmark.sklearn import TextClassifier
        >>> model = TextClassifier(train__epochs=3).fit(texts, labels)  # doctest: +SKIP
        >>> model.predict(["A good film"])  # doctest: +SKIP
        array(['positive'], dtype='<U8')
    """

    source = "table"

    def __init__(
        self,
        recipe: str | Mapping[str, Any] = "text-csv",
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
        return tags

    def _rows(self, given: Any) -> list[str]:
        return text_rows(given)

    def _source(self, rows: list[str], labels: Labels) -> Source:
        return text_source(rows, labels.of_rows)

    def _logits(self, classifier: Classifier, rows: list[str]) -> NDArray[np.float32]:
        return classifier.predict_logits(rows)

"""The mixture of a run's model and its linear baseline, as a classifier of texts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from classmark.baselines.linear import Linear
from classmark.baselines.saved import has_linear, load_linear
from classmark.errors import InputError, Option, RunError
from classmark.inference.classifier import Classifier, HasPath, load, softmax
from classmark.inference.rows import input_rows
from classmark.judging.parts.mixture import Mixture, mixture_from_json
from classmark.runs.mixture import MIXTURE, read_mixture
from classmark.runs.model import model_folder

PARTS = ("model", "linear")


@dataclass(frozen=True)
class MixedClassifier:
    """A classifier of texts like `Classifier`, whose predictions are those of a mixture.

    Attributes:
        model: the run's model.
        baseline: its linear baseline.
        mixture: weights and biases.
    """

    model: Classifier
    baseline: Linear
    mixture: Mixture

    kind: Literal["text", "images"] = "text"
    temperature: float | None = None

    @property
    def classes(self) -> tuple[str, ...]:
        """C class names, in the order of the probabilities."""
        return self.model.classes

    @property
    def classes_(self) -> NDArray[np.str_]:
        """The class names, shape (C,), under the name that scikit-learn gives them."""
        return self.model.classes_

    def predict(self, inputs: Any) -> NDArray[np.str_]:
        """Class names of shape (N,): the class with the largest probability, the first one at ties.

        Raises:
            InputError: the inputs are no list, or a row is missing.
        """
        names: NDArray[np.str_] = self.classes_[self.predict_proba(inputs).argmax(axis=1)]
        return names

    def predict_proba(self, inputs: Any) -> NDArray[np.float32]:
        """Probabilities of shape (N, C); rows sum to one.

        Raises:
            InputError: the inputs are no list, or a row is missing.
        """
        return softmax(self.predict_logits(inputs))

    def predict_logits(self, inputs: Any) -> NDArray[np.float32]:
        """Logits of shape (N, C): the weighted log-probabilities of both, and the biases.

        Raises:
            InputError: the inputs are no list, or a row is missing.
        """
        texts = input_rows(inputs, "text")
        if not texts:
            return np.empty((0, len(self.classes)), np.float32)
        # Both in 32 bits, as in the tables that the mixture was fitted on.
        of_baseline = self.baseline.probabilities(texts).astype(np.float32)
        return self.mixture.logits([softmax(self.model.predict_logits(texts)), of_baseline])


def load_any(
    run: str | Path | HasPath, *, calibrated: bool = False, mixture: bool = False
) -> Classifier | MixedClassifier:
    """The model of a run, or its mixture with the linear baseline.

    Args:
        run: a run, the path of its folder, or that of its `model/` folder alone.
        calibrated: divide the model's logits by the temperature that the run fitted on its validation rows.
        mixture: mix the model with the linear baseline.

    Raises:
        InputError: both are asked for.
        RunError: there is no finished model in the folder, it is damaged, or it has no temperature or mixture.
    """
    if not mixture:
        return load(run, calibrated=calibrated)
    if calibrated:
        raise InputError(
            ("Use either ", Option("calibrated", True), " or ", Option("mixture", True), ", not both."),
            "A mixture has weights of its own, which are fitted on validation too.",
        )
    model = load(run)
    path = Path(run) if isinstance(run, str | Path) else run.path
    folder, content = model_folder(path), read_mixture(path)
    try:
        found = mixture_from_json(content)
    except (KeyError, TypeError, ValueError, AttributeError):
        found = None
    if found is None or found.parts != PARTS or found.classes != model.classes:
        raise RunError(
            f"{folder / MIXTURE}: it holds no mixture of this model's classes.", "Copy the run's model folder again."
        )
    if model.kind == "images" or not has_linear(folder):
        why = "a run does not keep the baseline of images" if model.kind == "images" else "its baseline is not there"
        raise RunError(
            f"{path}: the mixture of this run cannot predict: {why}.",
            ("Predict without ", Option("mixture", True), "."),
        )
    baseline, classes = load_linear(folder)
    if classes != model.classes:
        raise RunError(
            f"{folder}: the baseline has other classes than the model.", "Copy the run's model folder again."
        )
    return MixedClassifier(model, baseline, found)

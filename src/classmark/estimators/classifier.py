"""A run as a scikit-learn classifier: what texts and images share."""

from __future__ import annotations

import tempfile
import warnings
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted, check_random_state

from classmark.data.sources.source import Source
from classmark.errors import EstimatorError, RunError
from classmark.estimators.fitting import fit_run, value_errors, write_files
from classmark.estimators.rows import Labels, read_labels
from classmark.recipes.load import recipe_of_rows
from classmark.recipes.overrides import read_overrides
from classmark.recipes.schema import Recipe

if TYPE_CHECKING:
    from classmark.inference import Classifier

OF_DATA = ("validation", "examples_per_class", "split_seed", "limit", "skip_unreadable")
VALIDATION = 0.2
NOT_CALIBRATED = "no temperature is best on its validation rows, all of which are right, or no better than by chance"
# Models that were loaded to predict with, beside the estimators: these hold the files alone, which is what pickles have.
_LOADED: WeakKeyDictionary[RunClassifier, tuple[Classifier, float | None]] = WeakKeyDictionary()


class RunClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Trains a recipe on the rows that it is given; the fitted object holds the run's files and nothing else.

    Attributes of a fitted object:
        classes_: the labels in the order of the probabilities, shape (C,).
        run_files_: path in the run folder → content.
    """

    source: ClassVar[str]  # the recipe's `data.source` that has such rows

    def __init__(
        self,
        recipe: str | Mapping[str, Any],
        random_state: Any,
        calibrated: bool,
        run_folder: str | Path | None,
        verbose: bool,
        **changes: Any,
    ) -> None:
        self.recipe = recipe
        self.random_state = random_state
        self.calibrated = calibrated
        self.run_folder = run_folder
        self.verbose = verbose
        for name, value in changes.items():
            if not _is_change(name):
                raise TypeError(
                    f"{type(self).__name__}: there is no parameter {name}. Changes of the recipe are written as train__epochs=1."
                )
            setattr(self, name, value)

    @abstractmethod
    def _rows(self, given: Any) -> Any:
        """The N texts or images."""

    @abstractmethod
    def _source(self, rows: Any, labels: Labels) -> Source:
        """The rows as training takes them."""

    @abstractmethod
    def _logits(self, classifier: Classifier, rows: Any) -> NDArray[np.float32]:
        """Logits of shape (N, C)."""

    @property
    def changes(self) -> dict[str, Any]:
        """The changes of the recipe, by names such as `train__epochs`."""
        return {name: value for name, value in vars(self).items() if _is_change(name)}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {**super().get_params(deep), **self.changes}

    def set_params(self, **params: Any) -> RunClassifier:
        known = self._get_param_names()
        for name in params:
            if name not in known and not _is_change(name):
                raise ValueError(
                    f"{type(self).__name__}: there is no parameter {name}. There are {', '.join(known)}, and changes of the "
                    "recipe such as train__epochs."
                )
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def fit(self, X: Any, y: Any) -> RunClassifier:  # noqa: N803 - scikit-learn's name
        """Train on all rows but those that are held back for validation.

        Raises:
            ValueError: the rows or the recipe cannot be used.
            MissingExtraError: what the recipe needs is not installed.
        """
        with value_errors():
            labels = read_labels(y)
            rows = self._rows(X)
            check_consistent_length(rows, labels.codes)
            runs = None if self.run_folder is None else Path(self.run_folder)
            recipe = self._recipe(len(labels.codes), len(labels.classes))
            files = fit_run(recipe, self._source(rows, labels), runs, verbose=self.verbose)
        _LOADED.pop(self, None)
        self.classes_, self.class_names_, self.run_files_ = labels.classes, labels.names, files
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float32]:  # noqa: N803
        """Probabilities of shape (N, C) in the order of `classes_`; rows sum to one.

        Raises:
            NotFittedError: `fit` comes first.
            ValueError: a row cannot be used.
        """
        from classmark.inference.classifier import softmax

        check_is_fitted(self)
        with value_errors():
            rows = self._rows(X)
            classifier, temperature = self._classifier()
            logits = self._logits(classifier, rows)
        if self.calibrated and temperature is not None:
            logits = (logits / temperature).astype(np.float32)
        elif self.calibrated:
            warnings.warn(f"The probabilities are as the model gives them: {NOT_CALIBRATED}.", stacklevel=2)
        return softmax(logits)[:, [classifier.classes.index(name) for name in self.class_names_]]

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """The labels, shape (N,): the class with the largest probability, the first one at ties.

        Raises:
            NotFittedError: `fit` comes first.
            ValueError: a row cannot be used.
        """
        found: NDArray[Any] = self.predict_proba(X).argmax(axis=1)
        labels: NDArray[Any] = self.classes_[found]
        return labels

    def write_run(self, folder: str | Path) -> Path:
        """The path of the run folder, written: `classmark.load` and `classmark predict` take it.

        Raises:
            NotFittedError: `fit` comes first.
            RunError: the folder is not empty.
        """
        check_is_fitted(self)
        path = Path(folder)
        if path.exists() and (path.is_file() or any(path.iterdir())):
            raise RunError(f"{path}: the folder is not empty. Name a new one.")
        write_files(self.run_files_, path)
        return path

    def _recipe(self, rows: int, classes: int) -> Recipe:
        """The recipe of so many rows, with all changes."""
        changes = self.changes
        for name in changes:
            section, _, key = name.partition("__")
            if section == "judge" or (section == "data" and key not in OF_DATA):
                why = "fit judges nothing" if section == "judge" else "the rows are those that fit is given"
                raise EstimatorError(f"{why}.", "Leave it out.", argument=name)
        if isinstance(self.recipe, Mapping) and {"data", "seed"} & set(self.recipe):
            name, instead = ("data", "data__validation") if "data" in self.recipe else ("seed", "random_state")
            raise EstimatorError(f"it has {name}.", f"Leave that out; there is {instead}.", argument="recipe")
        if self.random_state is not None:
            changes["seed"] = _seed(self.random_state)
        held_back = VALIDATION if round(VALIDATION * rows) >= classes else classes
        data = {"source": self.source, "validation": held_back, "test": 0}
        return recipe_of_rows(self.recipe, read_overrides(changes), data)

    def _classifier(self) -> tuple[Classifier, float | None]:
        """The model, loaded once, and its temperature; None if none was best on the validation rows."""
        if self not in _LOADED:
            from classmark.inference.classifier import load
            from classmark.runs.calibration import known_temperature

            with tempfile.TemporaryDirectory(prefix="classmark-") as folder:
                write_files(self.run_files_, Path(folder))
                _LOADED[self] = load(folder), known_temperature(Path(folder))
        return _LOADED[self]


def _is_change(name: str) -> bool:
    section, dots, key = name.partition("__")
    return bool(section and dots and key) and not name.endswith("_")


def _seed(random_state: Any) -> int:
    """An integer as it is; of a generator, its next draw."""
    if isinstance(random_state, int | np.integer):
        return int(random_state)
    return int(check_random_state(random_state).randint(2**31 - 1))

"""The folds of a cross-validation of anyone's estimator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.errors import EstimatorError

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Fold:
    """Which rows a model is trained on and tested on.

    Attributes:
        repetition, number: both from 1; in a repetition a row is tested once at most.
        train, test: places of rows.
    """

    repetition: int
    number: int
    train: Places
    test: Places


@dataclass(frozen=True)
class Resampling:
    """How rows are put into folds.

    Attributes:
        cv: a number of folds, by class (and in whole groups), or a splitter of scikit-learn.
        repeats: how often, with a number of folds.
        seed: of the folds.
        jobs: folds that are trained at the same time; None for one.
    """

    cv: Any = 5
    repeats: int = 1
    seed: int = 0
    jobs: int | None = None

    def folds(self, rows: Any, labels: NDArray[Any], groups: Any = None) -> list[Fold]:
        """The folds of these rows.

        Raises:
            EstimatorError: there are too few rows of a class, or the splitter gives no folds.
        """
        found = list[Fold]()
        repetition, number, tested = 1, 0, set[int]()
        for train, test in self._splits(rows, labels, groups):
            places = set(test.tolist())
            if tested & places:
                repetition, number, tested = repetition + 1, 0, set()
            number, tested = number + 1, tested | places
            found.append(Fold(repetition, number, train, test))
        if not found:
            raise EstimatorError("the splitter gives no folds.", argument="cv")
        return found

    def _splits(self, rows: Any, labels: NDArray[Any], groups: Any) -> Iterator[tuple[Places, Places]]:
        from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

        if isinstance(self.cv, bool) or not isinstance(self.cv, int):
            yield from self._checked_splitter().split(rows, labels, groups)
            return
        if self.cv < 2 or self.repeats < 1:
            raise EstimatorError(
                f"{self.cv} folds, {self.repeats} times.", "Two folds, once, are the least.", argument="cv"
            )
        values, counts = np.unique(labels, return_counts=True)
        if (least := int(counts.min())) < self.cv:
            label = values[counts.argmin()]
            raise EstimatorError(
                f'the class "{label}" has {least} rows, too few for {self.cv} folds.', "Use fewer folds.", argument="cv"
            )
        kind = StratifiedKFold if groups is None else StratifiedGroupKFold
        for repetition in range(self.repeats):
            splitter = kind(self.cv, shuffle=True, random_state=self.seed + repetition)
            yield from splitter.split(np.zeros(len(labels)), labels, groups)

    def _checked_splitter(self) -> Any:
        if not hasattr(self.cv, "get_n_splits"):
            raise EstimatorError(
                f"{self.cv!r}.", "Give a number of folds, a splitter of scikit-learn, or prefit.", argument="cv"
            )
        if self.repeats != 1:
            raise EstimatorError(
                "it goes with a number of folds; a splitter says itself how often it splits.", argument="repeats"
            )
        return self.cv

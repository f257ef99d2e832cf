"""What is said of a row beside its probabilities: the class at a threshold, whether to answer at all, a prediction set.

All of it is chosen on the validation rows of the run, by the code that judges: the same goal gives the same threshold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classmark.errors import InputError, Option, PredictionsError, RunError
from classmark.judging.parts.conformal_scores import conformal_quantile, set_scores, true_scores
from classmark.judging.parts.operating import choose_point
from classmark.judging.parts.selective import choose_threshold
from classmark.judging.parts.thresholds import fewest_behind, read_goal
from classmark.judging.rows import labelled, positive_index, scored_rows
from classmark.predictions import Predictions, read
from classmark.runs import RunFiles

if TYPE_CHECKING:
    from classmark.inference.classifier import Classifier
    from classmark.inference.mixed import MixedClassifier

SET_METHOD = "lac"


@dataclass(frozen=True)
class Decisions:
    """How probabilities become a class, an answer and a set.

    Attributes:
        classes: C names, in the order of the probabilities.
        at: the goal of the threshold, such as `f1` or `error<=0.02`; None for the largest probability.
        positive: of two classes, the one that the threshold is on.
        threshold: from which probability of it on a row is called positive; None where the largest probability decides.
        least_confidence: from which largest probability on a row is answered; None where every row is.
        sets: the share of rows whose set is to hold the true class; None without sets.
        set_threshold: the largest 1 − p of a class in a set; infinite where the validation rows are too few.
    """

    classes: tuple[str, ...]
    at: str | None = None
    positive: int = 1
    threshold: float | None = None
    least_confidence: float | None = None
    sets: float | None = None
    set_threshold: float = math.inf

    def indices(self, probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
        """The class of each row, shape (N,), of probabilities of shape (N, C)."""
        indices: NDArray[np.int64] = probabilities.argmax(axis=1)
        if self.threshold is None:
            return indices
        called = probabilities[:, self.positive].astype(np.float64) >= self.threshold
        return np.where(called, self.positive, 1 - self.positive)

    def answered(self, probabilities: NDArray[np.float32]) -> NDArray[np.bool_] | None:
        """Whether each row is sure enough to be answered, shape (N,); None where every row is answered."""
        if self.least_confidence is None:
            return None
        sure: NDArray[np.bool_] = probabilities.max(axis=1).astype(np.float64) >= self.least_confidence
        return sure

    def held(self, probabilities: NDArray[np.float32]) -> list[list[str]] | None:
        """The classes in each row's set, the likeliest first; an empty set says that none is likely enough."""
        if self.sets is None:
            return None
        scores = set_scores(probabilities.astype(np.float64), np.zeros(len(probabilities)), [SET_METHOD])[SET_METHOD]
        inside, order = scores <= self.set_threshold, np.argsort(scores, axis=1, kind="stable")
        return [[self.classes[place] for place in row if inside[number, place]] for number, row in enumerate(order)]


@dataclass(frozen=True)
class DecidingModel:
    """A classifier, and what is decided by its probabilities."""

    classifier: Classifier | MixedClassifier
    decisions: Decisions


def load_deciding(
    run: Path, *, calibrated: bool = False, mixture: bool = False, at: str | None = None, sets: float | None = None
) -> DecidingModel:
    """The model of a run with its decisions.

    Args:
        run: a run folder; its `model/` folder alone, where neither a goal nor sets are asked for.
        calibrated: divide the logits by the temperature that the run fitted on its validation rows.
        mixture: the mixture of the model and its linear baseline.
        at: a goal of a threshold.
        sets: the share of rows whose set is to hold the true class.

    Raises:
        InputError: options exclude each other, or the validation rows allow no threshold for the goal.
        RunError: there is no finished model in the folder, or not what is asked for.
    """
    from classmark.inference.mixed import load_any

    if mixture and (at is not None or sets is not None):
        raise InputError(
            ("Use either ", Option("mixture", True), " or ", Option("sets" if at is None else "at"), ", not both."),
            "A run keeps no predictions of its mixture on validation rows.",
        )
    classifier = load_any(run, calibrated=calibrated, mixture=mixture)
    return DecidingModel(classifier, fit_decisions(run, classifier.classes, classifier.temperature, at, sets))


def fit_decisions(
    run: Path, classes: tuple[str, ...], temperature: float | None, at: str | None, sets: float | None
) -> Decisions:
    """The decisions that a goal and a promised coverage ask for, chosen on the run's validation rows.

    Args:
        run: the run folder.
        classes: of the model.
        temperature: of the probabilities that are decided on; None if they are as the model gives them.
        at: a goal as `classmark judge --at` takes it: `f1`, `precision>=0.95`, or `error<=0.02`.
        sets: the share of rows whose set is to hold the true class, above 0 and below 1.

    Raises:
        InputError: the goal cannot be read, or the validation rows allow no threshold for it.
        RunError: the run has no predictions of validation rows.
    """
    found = Decisions(classes)
    if at is None and sets is None:
        return found
    if sets is not None and not 0 < sets < 1:
        raise InputError(f"{sets:g} is not a share above 0 and below 1.", "Write for instance 0.9.", argument="sets")
    goal = None if at is None else read_goal(at)
    validation = _validation(run, classes, temperature, "sets" if at is None else "at")
    if sets is not None:
        scores = true_scores(validation, np.zeros(len(validation)), [SET_METHOD])[SET_METHOD]
        found = replace(found, sets=sets, set_threshold=conformal_quantile(scores, sets))
    if goal is None:
        return found
    positive = positive_index(validation, None)
    if goal.maximum is not None:
        least = choose_threshold(scored_rows(validation, positive), goal.maximum)
        fewest = fewest_behind(1 - goal.maximum)
        why = f"no threshold keeps {100 * goal.maximum:g} % on at least {fewest:,} validation rows"
        return replace(found, at=str(goal), least_confidence=_chosen(str(goal), least, why))
    if len(classes) > 2:
        raise InputError(
            f"a threshold is for two classes; this model has {len(classes)}.",
            ("To answer only where the model is sure: ", Option("at", "error<=0.05")),
            argument="at",
        )
    point = choose_point(goal, scored_rows(validation, positive))
    threshold = _chosen(point.goal, point.threshold, point.missing)
    return replace(found, at=point.goal, positive=positive, threshold=threshold)


def _chosen(goal: str, threshold: float | None, why: str | None) -> float:
    if threshold is None:
        raise InputError(f"no threshold for {goal}: {why}.", "Ask for less, or leave it out.", argument="at")
    return threshold


def _validation(run: Path, classes: tuple[str, ...], temperature: float | None, argument: str) -> Predictions:
    """The labelled validation rows, with the probabilities that the model gives with this temperature."""
    from classmark.inference.classifier import softmax

    path = RunFiles(run).predictions("validation")
    if not path.is_file():
        raise RunError(
            f"{run}: it holds no predictions of validation rows, on which thresholds and sets are chosen.",
            ("Name the run folder, not its model/ folder, or leave out ", Option(argument), "."),
        )
    try:
        table = labelled(read(path))
    except PredictionsError as error:
        raise RunError(str(error)) from None
    if table.classes != classes:
        raise RunError(f"{path}: its classes are not those of the model.", "Copy the run folder again.")
    if temperature is None:
        return table
    logits = np.log(np.maximum(table.probabilities, 1e-38)) if table.logits is None else table.logits
    scaled = softmax((logits.astype(np.float32) / temperature).astype(np.float32))
    return replace(table, frame=table.frame.drop("logits", strict=False).with_columns(probabilities=scaled))

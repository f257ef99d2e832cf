"""Models that are clearly worse than a random guess: a class is then likely flipped in the file."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from classmark.judging.findings.finding import Finding
from classmark.judging.scored import Scored
from classmark.judging.statistics.intervals import Estimate, share_interval
from classmark.judging.statistics.resampling import Groups
from classmark.judging.statistics.weighted import roc_area_of

HIGHEST_AREA = 0.4
MARGIN = 0.05  # of accuracy
FLIPPED = "The score may be reversed: check which class it speaks of, and how labels are coded."
CODED = "A class may be flipped: check how labels and predictions are coded, and that they stand in the same rows."


def below_chance(metrics: Mapping[str, Estimate], confusion: NDArray[np.int64]) -> tuple[Finding, ...]:
    """That a model is worse than a random guess.

    With the scores of two classes the ROC area decides. Else it is accuracy, below guessing at random by the classes'
    shares; as a model of rare classes may miss that and still be useful, its mean recall must be below chance too.

    Args:
        metrics: `accuracy`, and `roc_auc` if there is one.
        confusion: counts of rows, true by predicted, shape (C, C).
    """
    area = metrics.get("roc_auc")
    if area is not None and len(confusion) == 2:
        if area.value is None or area.high is None or area.high >= HIGHEST_AREA:
            return ()
        message = f"The ROC area is {area.value:.3f} ({area.low:.3f} to {area.high:.3f}), far below 0.5, that of a random guess."
        return (Finding("below_chance", "warning", f"{message} {FLIPPED}"),)
    accuracy, rows = metrics["accuracy"], confusion.sum(axis=1)
    chance = float(((rows / rows.sum()) ** 2).sum())
    present = rows > 0
    recall = float((np.diag(confusion)[present] / rows[present]).mean())
    if (
        accuracy.value is None
        or accuracy.high is None
        or accuracy.high >= chance - MARGIN
        or recall >= 1 / present.sum()
    ):
        return ()
    message = (
        f"Accuracy is {100 * accuracy.value:.1f} % ({100 * (accuracy.low or 0):.1f} to {100 * accuracy.high:.1f}), below the "
        f"{100 * chance:.1f} % of a random guess by the classes' shares."
    )
    return (Finding("below_chance", "warning", f"{message} {CODED}"),)


def side_below_chance(scored: Scored, groups: Groups) -> tuple[Finding, ...]:
    """The same of one side of a comparison; intervals are made only where the values ask for them."""
    metrics = {"accuracy": share_interval(scored.predicted == scored.labels, groups)}
    if scored.probabilities is not None and scored.classes == 2:
        metrics["roc_auc"] = roc_area_of(scored, groups)
    return below_chance(metrics, scored.confusion)

"""Tables that name predicted classes beside their probabilities: how far the two agree, and whether a threshold says why."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classmark.judging.findings.finding import Finding
from classmark.judging.parts.thresholds import sweep
from classmark.judging.statistics.intervals import Floats
from classmark.predictions import Predictions

MANY = 0.1
UNEXPLAINED = 0.01


def find_decisions(rows: Predictions, positive: int) -> tuple[Finding, ...]:
    """What is to be said of labelled rows with decisions of their own; nothing of others.

    Args:
        rows: labelled.
        positive: class index, of two.
    """
    if not rows.has_own_decisions:
        return ()
    count, total = int((rows.predicted != rows.largest).sum()), len(rows)
    if count == 0:
        message = "The predicted classes in the file are the classes with the largest probability, in every row."
        return (Finding("own_decisions", "info", message),)
    message = (
        f"In {count:,} of {total:,} rows the predicted class in the file is not the class with the largest probability"
    )
    threshold = None
    if len(rows.classes) == 2:
        threshold = explaining_threshold(rows.predicted == positive, rows.probabilities[:, positive])
    if threshold is not None:
        message += (
            f"; a threshold of about {threshold:.3g} on the probability of {rows.classes[positive]} explains that"
        )
    found = (Finding("own_decisions", "info", f"{message}."),)
    if count <= MANY * total or threshold is not None:
        return found
    message = (
        f"Predicted classes and probabilities disagree in {100 * count / total:.0f} % of the rows, and no single threshold "
        "explains it. The columns of probabilities may be in another order than the classes."
    )
    return (*found, Finding("decisions_differ", "warning", message))


def explaining_threshold(called: NDArray[np.bool_], scores: Floats) -> float | None:
    """The threshold on the score that gives these calls but for 1 % of the rows, or None.

    It is named halfway between the scores of rows on its two sides.

    Args:
        called: whether the row is called positive, shape (N,).
        scores: probability of the positive class, shape (N,).
    """
    if called.all() or not called.any():
        return None
    found = sweep(called, scores)
    wrong = found.counts.alarms + found.counts.positives - found.counts.hits
    place = int(np.argmin(wrong))
    if wrong[place] > UNEXPLAINED * len(called):
        return None
    low = found.thresholds[place + 1] if place + 1 < len(found.thresholds) else 0.0
    return float((min(1.0, found.thresholds[place]) + low) / 2)

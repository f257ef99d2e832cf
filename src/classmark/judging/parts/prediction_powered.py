"""What few labels and many predictions say together: accuracy, and the share of each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from classmark.errors import InputError, PredictionsError
from classmark.judging.rows import example, in_class_order, row_groups, row_keys, some
from classmark.judging.statistics.intervals import Estimate, share_interval
from classmark.judging.statistics.prediction_powered import Powered, Units, powered_share, same_source
from classmark.predictions import Predictions

ASSUMED = (
    "This holds if labelled and unlabelled rows are draws from the same source: which rows were labelled must not depend on "
    "what they are or on what the model says of them."
)


@dataclass(frozen=True)
class PoweredShare:
    """A share of rows, from the labelled rows alone and from all.

    Attributes:
        name: `accuracy`, or a class.
        labelled_only: from the labelled rows, with their usual interval.
        powered: from labelled and unlabelled rows.
        worth: how many labelled rows alone would give as narrow an interval; None without intervals.
    """

    name: str
    labelled_only: Estimate
    powered: Powered
    worth: int | None


@dataclass(frozen=True)
class PredictionPowered:
    """What unlabelled rows add.

    Attributes:
        rows: labelled.
        unlabelled: rows without a label.
        accuracy: with the probability of the predicted class for rows without a label.
        class_shares: of each class, with its probability for rows without a label.
        source_p: of equal mean probabilities in labelled and unlabelled rows, as random draws have: the least of accuracy's
            and the classes', times their number (Bonferroni).
        assumed: what has to hold, in a sentence.
    """

    rows: int
    unlabelled: int
    accuracy: PoweredShare
    class_shares: tuple[PoweredShare, ...]
    source_p: float = 1.0
    assumed: str = ASSUMED


def power_by_predictions(rows: Predictions, unlabelled: Predictions) -> PredictionPowered:
    """Accuracy and the shares of the classes, from labelled rows and predictions of many others.

    Raises:
        InputError: there are no probabilities, or rows have weights.
        PredictionsError: the classes differ, or rows stand in both.
    """
    others = in_class_order(_checked(rows, unlabelled), rows.classes)
    units, why = _units(rows, others)
    classes = len(rows.classes)
    right = rows.predicted == rows.labels
    confidence, expected = _confidence(rows), _confidence(others)
    pairs = [(confidence, expected), *((rows.probabilities[:, k], others.probabilities[:, k]) for k in range(classes))]

    def share(name: str, outcomes: np.ndarray, proxies: np.ndarray, unseen: np.ndarray) -> PoweredShare:
        alone = share_interval(outcomes, row_groups(rows))
        both = powered_share(outcomes.astype(np.float64), proxies, unseen, units)
        if why:
            both = Powered(None, None, None, why)
        return PoweredShare(name, alone, both, _worth(len(rows), alone, both))

    return PredictionPowered(
        rows=len(rows),
        unlabelled=len(others),
        accuracy=share("accuracy", right, confidence, expected),
        class_shares=tuple(share(name, rows.labels == k, *pairs[k + 1]) for k, name in enumerate(rows.classes)),
        source_p=min(1.0, len(pairs) * min(same_source(*pair, units) for pair in pairs)),
    )


def _confidence(table: Predictions) -> np.ndarray:
    """The probability of each row's predicted class, shape (N,)."""
    found: np.ndarray = table.probabilities[np.arange(len(table)), table.predicted]
    return found


def _worth(rows: int, alone: Estimate, both: Powered) -> int | None:
    if alone.low is None or alone.high is None or both.low is None or both.high is None:
        return None
    return round(rows * ((alone.high - alone.low) / (both.high - both.low)) ** 2)


def _checked(rows: Predictions, unlabelled: Predictions) -> Predictions:
    for table in (rows, unlabelled):
        if not table.has_probabilities:
            problem = f"{table.source} has predicted labels only; what a model expects of a row is its probability."
            raise InputError(problem, "Give probabilities.", argument="unlabelled")
    if set(rows.classes) != set(unlabelled.classes):
        only = sorted(set(rows.classes) ^ set(unlabelled.classes))
        raise PredictionsError(
            f"{unlabelled.source}: other classes than {rows.source}: {some(only)} only in one of them. "
            "Give predictions of the same model."
        )
    if not rows.numbered and not unlabelled.numbered:
        shared = unlabelled.ids.filter(row_keys(unlabelled).is_in(row_keys(rows).implode())).to_list()
        if shared:
            raise PredictionsError(
                f"{unlabelled.source}: {len(shared):,} rows stand in {rows.source} too, with a label{example(shared)}. "
                "Remove them from the unlabelled rows."
            )
    return unlabelled


def _units(rows: Predictions, others: Predictions) -> tuple[Units, str]:
    """The groups of both, or why these rows allow no interval."""
    groups = row_groups(rows)
    if groups is None and row_groups(others) is None:
        return Units(), ""
    if "group" not in rows.frame.columns or "group" not in others.frame.columns:
        return Units(), "none: only the labelled or only the unlabelled rows name their groups"
    if others.frame["group"].is_in(rows.frame["group"].implode()).any():
        return Units(), "none: groups have rows of both kinds"
    return Units(rows.groups, others.groups), ""

"""What errors cost: a matrix of costs, and the decision with the smallest expected cost."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classmark.errors import InputError, Option, nearest
from classmark.judging.comparisons.paired import Difference, mean_difference
from classmark.judging.parts.recalibration import LIMITS, fit_temperature, table_logits, tempered
from classmark.judging.statistics.intervals import Estimate, Floats, share_interval
from classmark.judging.statistics.rare_errors import loss_interval, without_rare_errors
from classmark.judging.statistics.resampling import Groups
from classmark.judging.statistics.unpaired import grouped_mean
from classmark.predictions import Predictions

HIGHEST_COST = 1e12
BLOCK_VALUES = 1 << 22  # expected costs that are held at once


@dataclass(frozen=True)
class Decision:
    """The class with the smallest expected cost, on test rows.

    Attributes:
        cost: mean a row.
        difference: of that mean, A the predictions as given, B this decision.
        accuracy: of this decision.
        moved: rows for which it is another class than the predicted one.
    """

    cost: Estimate
    difference: Difference
    accuracy: Estimate
    moved: int


@dataclass(frozen=True)
class Costs:
    """What predictions cost on test rows.

    Attributes:
        matrix: cost of a row, true class by predicted class.
        given: mean a row of the predictions as they are.
        expected: deciding by the probabilities as given; None without probabilities.
        tempered: the same after the temperature that validation rows give; None without these.
        temperature: that temperature; None where none is best.
    """

    matrix: tuple[tuple[float, ...], ...]
    given: Estimate
    expected: Decision | None = None
    tempered: Decision | None = None
    temperature: float | None = None


def read_costs(text: str) -> dict[str, float]:
    """`true:predicted` → cost, from `no:yes=1,yes:no=5`; a part with a comma stands in double quotes.

    Raises:
        InputError: a part has no number, or one that is below 0 or not finite.
    """
    found = {}
    for part in next(csv.reader([text], skipinitialspace=True)):
        pair, _, number = (piece.strip() for piece in part.rpartition("="))
        try:
            found[pair] = float(number)
        except ValueError:
            found[pair] = float("nan")
        if not pair or not 0 <= found[pair] < float("inf"):
            raise InputError(
                f'"{part.strip()}" is not a cost of 0 or more.',
                ("Write true:predicted=cost, comma-separated: ", Option("costs", "no:yes=1,yes:no=5")),
                argument="costs",
            )
    return found


def cost_matrix(costs: Mapping[str, float], classes: tuple[str, ...]) -> Floats:
    """The cost of a row, true class by predicted class, shape (C, C); an error that is not named costs 1.

    Raises:
        InputError: a pair is none of two classes, a cost is below 0 or not finite, or nothing costs anything.
    """
    matrix = 1 - np.eye(len(classes))
    places = {
        f"{true}:{predicted}": (row, column)
        for row, true in enumerate(classes)
        for column, predicted in enumerate(classes)
    }
    for pair, cost in costs.items():
        if pair not in places:
            raise InputError(
                f'costs: "{pair}" is no pair true:predicted of the classes {", ".join(classes[:6])}'
                f"{', …' if len(classes) > 6 else ''}.{nearest(pair, places)}"
            )
        if not isinstance(cost, int | float) or not 0 <= cost <= HIGHEST_COST:
            raise InputError(
                f'costs: "{pair}" costs {cost}. Give a number from 0 to {HIGHEST_COST:g}; a benefit is a lower cost.'
            )
        matrix[places[pair]] = cost
    if not matrix.any():
        raise InputError("costs: every cost is 0, so that no decision is better than another. Give an error a cost.")
    return matrix


def judge_costs(test: Predictions, validation: Predictions | None, matrix: Floats, groups: Groups = None) -> Costs:
    """What predictions cost, and what deciding by expected cost changes.

    Args:
        test: labelled rows.
        validation: labelled rows of the same model, to which a temperature is fitted: expected costs are right only
            for calibrated probabilities.
        matrix: cost of a row, true class by predicted class, shape (C, C).
        groups: group number of each test row.
    """
    found = Costs(tuple(map(tuple, matrix.tolist())), mean_cost(matrix, test.labels, test.predicted, groups))
    if not test.has_probabilities:
        return found
    expected = _decision(test, least_cost(test.probabilities, matrix), matrix, groups)
    if validation is None:
        return Costs(found.matrix, found.given, expected)
    temperature = fit_temperature(table_logits(validation), validation.labels)
    if temperature in LIMITS:
        return Costs(found.matrix, found.given, expected)
    decided = least_cost(tempered(table_logits(test), temperature), matrix)
    return Costs(found.matrix, found.given, expected, _decision(test, decided, matrix, groups), temperature)


def least_cost(probabilities: Floats, matrix: Floats) -> NDArray[np.int64]:
    """The class with the smallest expected cost of each row, the first at ties, shape (N,).

    Source: Elkan 2001, equation 1.
    """
    rows = max(1, BLOCK_VALUES // len(matrix))
    parts = (probabilities[start : start + rows] @ matrix for start in range(0, len(probabilities), rows))
    return np.concatenate([part.argmin(axis=1) for part in parts])


def mean_cost(matrix: Floats, labels: NDArray[np.int64], decided: NDArray[np.int64], groups: Groups = None) -> Estimate:
    """The mean cost a row; of independent rows its upper end allows for errors that cost the most and are not there.

    Args:
        matrix: cost of a row, true class by predicted class, shape (C, C).
        labels: class index, shape (N,).
        decided: class index, shape (N,).
        groups: group number of each row.
    """
    costs = matrix[labels, decided]
    if groups is not None:
        return without_rare_errors(grouped_mean(costs, groups))
    right = np.minimum(matrix[labels, labels], costs)
    wrong = costs > right
    lost = np.where(wrong, costs, matrix.max(axis=1)[labels]) - right
    return loss_interval(right, lost, wrong, float(matrix.max()))


def _decision(test: Predictions, decided: NDArray[np.int64], matrix: Floats, groups: Groups) -> Decision:
    before, after = matrix[test.labels, test.predicted], matrix[test.labels, decided]
    return Decision(
        cost=mean_cost(matrix, test.labels, decided, groups),
        difference=mean_difference(before, after, groups),
        accuracy=share_interval(decided == test.labels, groups),
        moved=int((decided != test.predicted).sum()),
    )

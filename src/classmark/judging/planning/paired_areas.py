"""How many rows a difference of two ROC areas needs, both models predicting the same rows."""

from __future__ import annotations

import math

import numpy as np

from classmark.judging.planning.areas import area_variance
from classmark.judging.planning.equivalence import power_within
from classmark.judging.planning.grouping import least_count, power_of_t
from classmark.judging.planning.question import Question

NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)
FEWEST_ROWS = 6


def area_covariance(a: float, b: float, correlation: float, positives: float, negatives: float) -> float:
    """The covariance of two ROC areas on the same rows, if the scores of both models are jointly normal in each class.

    Args:
        a: the area of one model, between 0 and 1.
        b: that of the other.
        correlation: of the scores of both models within a class.
        positives: rows of that class.
        negatives: the other rows.

    Source: DeLong et al. 1988, equation 5, for normal scores: a positive and a negative row of both, or one of the two in
    common.
    """
    whole, half = joint_excess(a, b, correlation), joint_excess(a, b, correlation / 2)
    return (whole + (positives + negatives - 2) * half) / (positives * negatives)


def joint_excess(a: float, b: float, correlation: float) -> float:
    """By how much P(U < Φ⁻¹(a), V < Φ⁻¹(b)) exceeds a b, for normal U and V with this correlation.

    Source: Plackett 1954: the derivative by the correlation r is the density, here integrated over asin r.
    """
    from scipy.special import ndtri

    h, k = float(ndtri(a)), float(ndtri(b))
    end = math.asin(correlation)
    angle = end * (NODES + 1) / 2
    heights = np.exp(-(h**2 + k**2 - 2 * h * k * np.sin(angle)) / (2 * np.cos(angle) ** 2))
    return float(end / 2 * (WEIGHTS @ heights) / (2 * math.pi))


def power_of_area_difference(rows: int, question: Question) -> float:
    """How often the difference B − A of two ROC areas is shown to lie above the bound, or within ± the margin.

    Args:
        rows: of both classes, that both models predict.
        question: with the prevalence, A's area, and the correlation or a pilot's variance.

    Source: DeLong et al. 1988, with Student's t at Satterthwaite's degrees of freedom of the two classes, as `compare`.
    """
    assert question.prevalence is not None
    difference = question.difference or 0.0
    positives, negatives = rows * question.prevalence, rows * (1 - question.prevalence)
    if min(positives, negatives) < 3:
        return 0.0
    parts = 1 / positives, 1 / negatives
    degrees = sum(parts) ** 2 / (parts[0] ** 2 / (positives - 1) + parts[1] ** 2 / (negatives - 1))
    deviation = math.sqrt(_variance(rows, question, difference))
    if question.equivalent is not None:
        return power_within(difference, question.equivalent, deviation, int(degrees))
    return power_of_t(difference - question.bound, deviation, int(degrees))


def rows_for_area_difference(question: Question) -> int | None:
    """The least number of rows that shows what is asked with the power that is asked for."""
    return least_count(lambda rows: power_of_area_difference(rows, question) >= question.power, first=FEWEST_ROWS)


def _variance(rows: int, question: Question, difference: float) -> float:
    """Of the difference of both areas."""
    if question.area_rows is not None:
        return question.area_rows / rows
    assert question.prevalence is not None
    assert question.value is not None
    assert question.correlation is not None
    a, b = question.value, question.value + difference
    counts = rows * question.prevalence, rows * (1 - question.prevalence)
    shared = area_covariance(a, b, question.correlation, *counts)
    return max(0.0, area_variance(a, *counts) + area_variance(b, *counts) - 2 * shared)

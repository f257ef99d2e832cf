"""Which shape a table has: each of them, as often as it deserves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator

from .columns import Precision
from .problem import Problem
from .programs import h2o, hugging_face, mlnet, one_hot_truth, pycaret, rapidminer, spark, tidymodels, weka
from .shapes import (
    Pen,
    Said,
    confidence,
    decisions_only,
    logit_columns,
    one_dictionary,
    one_list,
    one_logit,
    one_named_score,
    one_score,
    probability_columns,
    scored_labels,
    scores_as_predictions,
)

ANY: tuple[tuple[Any, float], ...] = (
    (probability_columns, 10), (decisions_only, 5), (one_list, 3), (one_dictionary, 2), (scored_labels, 2),
    (confidence, 3), (logit_columns, 2), (tidymodels, 1), (rapidminer, 1), (h2o, 1), (weka, 0.7), (one_hot_truth, 0.7),
    (spark, 0.7), (pycaret, 0.7), (hugging_face, 0.7),
)  # fmt: skip
OF_TWO: tuple[tuple[Any, float], ...] = (
    (one_score, 7), (one_named_score, 3), (scores_as_predictions, 1), (one_logit, 2), (mlnet, 0.7),
)  # fmt: skip


USUAL: tuple[tuple[Any, float], ...] = ((probability_columns, 3), (decisions_only, 2), (one_list, 1))


def draw_said(rng: Generator, problem: Problem, precision: Precision, usual: bool = False) -> Said:
    """One of the shapes that suit the number of classes, of the usual ones where that is asked."""
    pen = Pen(rng, problem, precision, usual)
    choices = ANY + OF_TWO if pen.count == 2 else ANY
    if usual:
        lone = pen.count == 2 and problem.classes.kind in ("int", "bool")
        choices = (*USUAL, (one_score, 2)) if lone else USUAL
    weights = np.array([weight for _, weight in choices])
    drawn = choices[int(rng.choice(len(choices), p=weights / weights.sum()))][0]
    said: Said = drawn(pen)
    return said

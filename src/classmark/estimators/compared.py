"""Anyone's estimators on the same folds, compared by the corrected resampled t test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from classmark.errors import EstimatorError, RecipeError
from classmark.estimators.folds import Resampling
from classmark.estimators.judged import fitted_folds
from classmark.estimators.tables import Rows
from classmark.judging.studies.answers import Answers
from classmark.judging.studies.cross_validation import answer_folds
from classmark.judging.studies.outcomes import Outcome, measure
from classmark.recipes.study_question import load_question
from classmark.runs.status import DONE
from classmark.studies.matched import match_folds

NAME = "estimators"


def answer_estimators(
    estimators: Mapping[str, Any], rows: Rows, how: Resampling, asked: Mapping[str, Any], positive: str | None = None
) -> Answers:
    """The answers of estimators that are trained and tested on the same folds.

    Args:
        estimators: name → estimator, two or more.
        rows: all of them.
        how: the folds.
        asked: `metric`, `margin`, `direction`, `reference`.
        positive: the positive class of two.

    Raises:
        ClassmarkError: the estimators, the folds or the question cannot be used.
    """
    if not isinstance(estimators, Mapping) or len(estimators) < 2:
        raise EstimatorError(
            "two or more are needed to compare.", "Give a dictionary: name → estimator.", argument="estimators"
        )
    arms = [str(name) for name in estimators]
    study = load_question(Path(NAME), asked, arms)
    folds = how.folds(rows.inputs, rows.labels.classes[rows.labels.codes], rows.groups)
    outcomes = [
        Outcome(
            arm,
            fold.repetition,
            DONE,
            fold=fold.number,
            training_rows=len(fold.train),
            **measure(table, None, positive),
        )
        for arm, estimator in zip(arms, estimators.values(), strict=True)
        for fold, scores in zip(folds, fitted_folds(estimator, rows, folds, how.jobs), strict=True)
        for table in [rows.table(fold.test, scores)]
    ]
    for one in outcomes:
        if study.metric not in one.metrics:
            known = ", ".join(sorted(one.metrics))
            raise RecipeError(f"metric: {study.metric} is undefined for {one.arm}, fold {one.fold}; it has {known}.")
    study = study.model_copy(update={"seeds": sorted({fold.repetition for fold in folds})})
    return answer_folds(study, outcomes, match_folds(outcomes, NAME))

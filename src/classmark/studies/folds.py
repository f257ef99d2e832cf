"""A study whose recipes have `data.folds`: each seed is a repetition, which puts the rows into folds of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from classmark.judging.parts.label_errors import find_label_errors
from classmark.judging.rows import in_class_order
from classmark.judging.studies.answers import Answers
from classmark.judging.studies.cross_validation import answer_folds
from classmark.judging.studies.outcomes import Outcome
from classmark.judging.studies.resampled import Folds
from classmark.predictions import Predictions, read
from classmark.recipes.study_load import fold_count
from classmark.recipes.study_schema import Study
from classmark.studies.averaged import averaged
from classmark.studies.matched import match_folds, match_runs
from classmark.studies.runs import Place


def answer_fold_runs(
    study: Study, every: Sequence[Place], outcomes: Sequence[Outcome], folder: Path
) -> tuple[Answers, Predictions | None]:
    """The answers as far as runs are done, and the mean predictions of every row, whose labels were audited.

    Labels are audited once all runs are done, so that each row is predicted by as many models.

    Args:
        study: resolved.
        every: place of its runs.
        outcomes: of these runs.
        folder: of the study, for messages.

    Raises:
        InputError: an arm was tested on other rows than the reference.
    """
    matched = match_runs(outcomes, [f"{folder}: {place.name}" for place in every], study.reference)
    if not all(one.done for one in outcomes):
        return answer_folds(study, matched, _folds_so_far(study, matched)), None
    found = answer_folds(study, matched, match_folds(matched, str(folder)))
    tables = [read(place.run.predictions("test")) for place in every]
    audited = averaged([in_class_order(table, tables[0].classes) for table in tables])
    return replace(found, label_errors=find_label_errors(audited)), audited


def _folds_so_far(study: Study, outcomes: Sequence[Outcome]) -> Folds:
    """The folds of a study with missing runs, by the mean size of those that are done."""
    count, sizes = fold_count(study) or 2, [len(one.ids) for one in outcomes if one.done]
    rows = sum(sizes) / len(sizes) if sizes else 0.0
    return Folds(count, len(study.seed_list), rows, (count - 1) * rows)

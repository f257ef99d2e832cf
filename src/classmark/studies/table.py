"""A study of anyone's runs: a table says which predictions are of which arm and seed, and nothing is trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from classmark.errors import InputError, RecipeError, RunError
from classmark.judging.parts.label_errors import find_label_errors
from classmark.judging.rows import in_class_order, labelled, row_weights
from classmark.judging.studies.answers import Answers, answer
from classmark.judging.studies.cross_validation import answer_folds
from classmark.judging.studies.outcomes import Outcome, measure
from classmark.predictions import Predictions
from classmark.reading.options import ReadOptions
from classmark.reading.side import Side, open_side
from classmark.recipes.overrides import Overrides
from classmark.recipes.study_question import load_question
from classmark.recipes.study_schema import Arm, Study
from classmark.runs.status import DONE, FAILED
from classmark.studies.averaged import averaged
from classmark.studies.matched import match_folds, match_runs
from classmark.studies.outcomes import read_outcome
from classmark.studies.table_rows import TableRow, read_table_rows

NO_FILE = "the table names no file for it"


def answer_table(path: Path, overrides: Overrides, options: ReadOptions) -> tuple[Answers, Predictions | None]:
    """The answers of the runs that a table lists: over seeds, or with a column `fold` of a cross-validation.

    Beside the latter stand the mean predictions of every row, whose labels were audited; None where there are none.

    Args:
        path: a table with the columns arm, seed and file, and if there are such, fold, validation and training_rows.
        overrides: what is asked: `metric`, `margin`, `direction`, `reference`, and other keys of a study.
        options: what the columns of the predictions mean.

    Raises:
        ClassmarkError: the table, a file or the question cannot be used, or runs of a seed have other rows in each arm.
    """
    rows = read_table_rows(path)
    study = load_question(path, overrides, list(dict.fromkeys(row.arm for row in rows)))
    seeds = list(dict.fromkeys(row.seed for row in rows))
    folds = rows[0].fold is not None
    if folds and study.sequential:
        raise RecipeError("sequential: folds of one data set are judged together; leave it out.")
    if len(seeds) < 2 and not folds:
        raise InputError(
            f"{path}: every run has the seed {seeds[0]}.",
            "An interval over seeds needs two at least; 5 or more tell more.",
        )
    tables: list[Predictions] = []
    outcomes = _outcomes(rows, options, tables)
    if all(one.state == FAILED for one in outcomes):
        raise RunError(f"{path}: no run has a file.")
    if study.choose_by and not all(one.validation for one in outcomes if one.done):
        raise RecipeError(
            "choose_by: not every run has validation predictions; name them in the table's column validation."
        )
    study = study.model_copy(update={"seeds": seeds, "arms": _arms(study, outcomes)})
    _check_metric(study, outcomes, path)
    matched = match_runs(outcomes, [row.place for row in rows], study.reference)
    if not folds:
        return replace(answer(study, matched), runs_table=path.name), None
    found = answer_folds(study, matched, match_folds(matched, str(path)))
    scored = bool(tables) and all(table.has_probabilities for table in tables)
    audited = averaged(tables) if scored else None
    errors = None if audited is None else find_label_errors(audited)
    return replace(found, runs_table=path.name, label_errors=errors), audited


def _outcomes(rows: Sequence[TableRow], options: ReadOptions, tables: list[Predictions]) -> list[Outcome]:
    """What each run gives; recipes and learning curves only where all are runs of classmark. Adds the tables of folds."""
    found: list[Outcome] = []
    classes: tuple[str, ...] | None = None
    for row in rows:
        if row.file is None:
            found.append(Outcome(row.arm, row.seed, FAILED, NO_FILE, fold=row.fold))
            continue
        side = open_side(row.file, options)
        if side.run is not None and row.validation is None:
            found.append(read_outcome(side.run, row.arm, row.seed, row.fold))
            classes = classes or side.table.classes
            if row.fold is not None:
                tables.append(_usable(side, row, classes))
            continue
        validation = side.validation if row.validation is None else open_side(row.validation, options).table
        table = _usable(side, row, classes)
        classes = table.classes
        measured = measure(table, validation)
        if row.fold is not None:
            tables.append(table)
        found.append(Outcome(row.arm, row.seed, DONE, fold=row.fold, training_rows=row.training_rows, **measured))
    if not all(one.recipe for one in found if one.done):
        found = [replace(one, recipe={}, curve={}) for one in found]
    return found


def _usable(side: Side, row: TableRow, classes: tuple[str, ...] | None) -> Predictions:
    """The table of a run, with the classes in the order of the others."""
    table = side.table
    if row_weights(labelled(table)) is not None:
        raise InputError(
            f"{row.place}: {side.name} has weights, which a study does not use.", "Leave the column out of the files."
        )
    if row.fold is not None and table.numbered:
        raise InputError(
            f"{row.place}: {side.name} has no ids, by which folds are checked.", "Give each row of the data an id."
        )
    if classes is not None and set(classes) != set(table.classes):
        other = sorted(set(classes) ^ set(table.classes))
        raise InputError(
            f'{row.place}: {side.name} has other classes than the runs above: "{other[0]}" is in one of them only.',
            "Name all classes, for instance in a column of probabilities each.",
        )
    return table if classes is None else in_class_order(table, classes)


def _arms(study: Study, outcomes: Sequence[Outcome]) -> dict[str, Arm]:
    """The arms, with the recipe of their first run where all are runs of classmark."""
    recipes = {arm: [one.recipe for one in outcomes if one.arm == arm and one.done] for arm in study.arms}
    known = all(each and each[0] for each in recipes.values())
    return {arm: Arm(recipe=dict(each[0])) if known else Arm() for arm, each in recipes.items()}


def _check_metric(study: Study, outcomes: Sequence[Outcome], path: Path) -> None:
    if study.metric == "steps_to_target":
        if not any(one.curve for one in outcomes):
            raise RecipeError(f"metric: steps are counted in runs of classmark; {path} lists predictions only.")
        return
    for one in outcomes:
        if one.done and study.metric not in one.metrics:
            run = f"arm {one.arm}, seed {one.seed}" + ("" if one.fold is None else f", fold {one.fold}")
            raise RecipeError(
                f"metric: {study.metric} is undefined for {run}; it has {', '.join(sorted(one.metrics))}."
            )

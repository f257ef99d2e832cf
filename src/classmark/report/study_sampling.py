"""What the runs of a study are drawn over, in words: seeds, or the folds of a cross-validation."""

from __future__ import annotations

from classmark.judging.studies.answers import Answers


def over(answers: Answers) -> str:
    """`seeds` or `folds`."""
    return "seeds" if answers.folds is None else "folds"


def runs_words(answers: Answers) -> str:
    """How many arms and runs there are, and how they are paired."""
    arms, seeds = len(answers.study.arms), answers.study.seed_list
    if answers.folds is not None:
        times = "" if answers.folds.repetitions == 1 else f", {answers.folds.repetitions} times"
        runs = "" if answers.runs_table is None else f"; runs of {answers.runs_table}"
        return f"{arms} arms, {answers.folds.folds}-fold cross-validation{times}, paired by fold{runs}"
    if answers.runs_table is not None:
        return f"{arms} arms, {len(seeds)} seeds, paired by seed on the same test rows; runs of {answers.runs_table}"
    return f"{arms} arms, {len(seeds)} seeds, paired by seed (same split, initial weights and order)"


def interval_words(answers: Answers) -> str:
    """Which interval the verdict rests on."""
    if answers.folds is None:
        return "confidence sequence over seeds" if answers.study.sequential else "paired-t interval over seeds"
    return "interval of the corrected resampled t test over folds (Nadeau & Bengio 2003, Bouckaert & Frank 2004)"


def scope_words(answers: Answers) -> str:
    """What intervals cover, for the foot of the page."""
    if answers.folds is None:
        return (
            "Intervals over seeds cover the luck of the training run on this data set; where they speak of other test rows or "
            "other data, the page says so."
        )
    return (
        "Intervals over folds are about other samples of rows like these, of this size; they are corrected for the training "
        "rows that folds share, by a rule that holds about."
    )


def audit_sentence(answers: Answers) -> str:
    """How many labels the models of a cross-validation disagree with; empty without an audit."""
    found = answers.label_errors
    if found is None:
        return ""
    return (
        f"The models disagree with the label of {found.count:,} of {found.audited:,} rows, by the mean of those that did not "
        "learn from the row. They are listed in label-errors.csv, to be read and not to be deleted: hard rows and the models' "
        "own errors are among them."
    )

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
        return (
            f"{arms} arms, {answers.folds.folds}-fold cross-validation{times}, paired by fold; runs of {answers.table}"
        )
    if answers.table is not None:
        return f"{arms} arms, {len(seeds)} seeds, paired by seed on the same test rows; runs of {answers.table}"
    return f"{arms} arms, {len(seeds)} seeds, paired by seed (same split, initial weights and order)"


def interval_words(answers: Answers) -> str:
    """Which interval the verdict rests on."""
    if answers.folds is None:
        return "paired-t interval over seeds"
    return "interval of the corrected resampled t test over folds (Nadeau & Bengio 2003, Bouckaert & Frank 2004)"


def scope_words(answers: Answers) -> str:
    """What intervals cover, for the foot of the page."""
    if answers.folds is None:
        return (
            "Intervals over seeds cover the luck of the training run on the same test rows; where test rows are drawn anew too, "
            "the page says so."
        )
    return (
        "Intervals over folds are about other samples of rows like these, of this size; they are corrected for the training "
        "rows that folds share, by a rule that holds about."
    )

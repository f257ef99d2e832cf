"""What a study that tunes says of its winner."""

from __future__ import annotations

from classmark.judging.metric import SHARES
from classmark.judging.statistics.level import percent
from classmark.judging.studies.answers import Answers
from classmark.report.headline import amount
from classmark.report.study_sampling import over
from classmark.report.study_words import metric_words, unit
from classmark.report.words import value_text


def choice_sentence(answers: Answers) -> str:
    """Which arm validation chooses, its test result, and how much too good validation was; empty if nothing is chosen."""
    study, found = answers.study, answers.choice
    if study.choose_by is None:
        return ""
    if found is None:
        return "No arm is chosen by validation before every run is done."
    metric, name = study.metric, metric_words(study.metric)
    points = f" {unit(metric)}" if metric in SHARES else ""
    span = (
        ""
        if found.low is None
        else f" ({percent()} interval {amount(found.low, metric)} to {amount(found.high, metric)})"
    )
    says = (
        f"Chosen by validation: {found.arm}, with {name} {value_text(found.value, metric)} on validation rows and "
        f"{value_text(found.test, metric)} on test rows, means over {over(answers)}. On validation it looked better than on test "
        f"by {amount(found.optimism, metric)}{points}{span}."
    )
    if found.expected is None:
        reason = found.method.removeprefix("none: ")
        return f"{says} How much choosing the best of {len(study.arms)} adds is not estimated: {reason}."
    added = f"{amount(found.expected, metric)}{points}"
    return f"{says} Being the best of {len(study.arms)} on the same rows is expected to add {added}. Quote the test figure."

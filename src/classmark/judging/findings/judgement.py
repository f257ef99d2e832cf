"""What a reader must know about a judgement or a comparison, found by looking at it and at its tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from classmark.errors import shortened
from classmark.judging.comparisons.baseline import AgainstBaseline, against_baseline, agreement, disagreement
from classmark.judging.findings.chance import below_chance
from classmark.judging.findings.choices import find_choices, find_gap, find_slices, find_source
from classmark.judging.findings.decisions import find_decisions
from classmark.judging.findings.finding import Finding as Finding
from classmark.judging.findings.mixture import find_mixture
from classmark.judging.metric import SPOKEN
from classmark.judging.parts.recalibration import HIGHEST_TEMPERATURE
from classmark.judging.rows import labelled, row_groups, row_weights
from classmark.judging.scored import TOP_K_CLASSES
from classmark.judging.statistics.intervals import share_of_rows
from classmark.judging.statistics.level import percent
from classmark.judging.statistics.p_values import holm
from classmark.judging.statistics.weighted import find_weighted
from classmark.predictions import Predictions

if TYPE_CHECKING:
    from classmark.judging.judgement import Judgement

FEW_ROWS = 100
FEW_ROWS_OF_A_CLASS = 10
FEW_GROUPS = 10  # of equal size
MANY_LOOKS = 4  # the expected largest of 4 standard normal draws is 1.03, of 3 it is 0.85
WARNINGS = ("many_unknown_tokens",)  # of what a table says of itself
MOSTLY = 0.8  # of the rows, of one class: from there on accuracy says little
SURE = 0.025  # below which p the sets of a judgement, together, are said to miss their promise
SMALL_ERROR = 0.01  # a calibration error below this is no warning
COMPARED_SCORES = ", ".join(SPOKEN[name] for name in ("log_loss", "roc_auc", "average_precision", "brier"))
SCORE_METRICS = f"{COMPARED_SCORES}, calibration"


def find(judgement: Judgement, predictions: Predictions | None = None) -> tuple[Finding, ...]:
    """The findings, the gravest first.

    Args:
        judgement: complete but for its findings.
        predictions: the table as it was given, unlabelled rows included; None for a published matrix.
    """
    found = _baseline(judgement)
    found += find_mixture(judgement.mixture.comparisons) if judgement.mixture else []
    found += _looks(judgement) + _leaked(judgement) + _classes(judgement) + _size(judgement)
    found += _calibration(judgement) + _coverage(judgement)
    found += _chance(judgement)
    found += find_choices(judgement) + find_gap(judgement) + find_slices(judgement) + find_source(judgement)
    if predictions is not None:
        found += _table(judgement, predictions)
    gravity = ("problem", "warning", "info")
    return tuple(sorted(found, key=lambda finding: gravity.index(finding.severity)))


def find_reading(tables: Sequence[Predictions], names: Sequence[str]) -> tuple[Finding, ...]:
    """What the reader of each table remarked, with the table's name in front."""
    return tuple(
        Finding(one.code, one.severity, f"{name}: {one.message}")
        for name, table in zip(names, tables, strict=True)
        for one in table.remarks
    )


def find_left_out(a: Predictions, b: Predictions, names: tuple[str, str]) -> tuple[Finding, ...]:
    """Which metrics a comparison leaves out, as one table or both have no scores."""
    without = [name for name, table in zip(names, (a, b), strict=True) if not table.has_probabilities]
    if not without:
        return ()
    who = "Both tables have" if len(without) == 2 else f"{without[0]} has"
    scores = COMPARED_SCORES + (", top-5 accuracy" if len(a.classes) >= TOP_K_CLASSES else "")
    message = f"{who} predicted labels only, so these are left out: {scores}."
    return (Finding("scores_left_out", "info", message),)


def _baseline(judgement: Judgement) -> list[Finding]:
    """What each baseline says of the model: nothing where the model is better."""
    found = []
    for name, comparison in judgement.baseline_comparison.items():
        told = against_baseline(comparison)
        on = f"on the same {comparison.rows:,} rows, with {percent()} intervals"
        if told.verdict == "worse":
            message = (
                f"The model is worse than the {name} baseline in {agreement(comparison, told)}, {on}. Use the baseline."
            )
            found.append(Finding("worse_than_baseline", "problem", message))
        elif told.verdict == "not shown":
            message = (
                f"The model is not shown to be better than the {name} baseline in {agreement(comparison, told)}, {on}."
            )
            found.append(Finding("not_better_than_baseline", "warning", message))
        elif told.verdict == "disagree":
            message = f"Beside the {name} baseline the model {disagreement(comparison, told)}, {on}."
            severity = "info" if told.first in told.better else "warning"
            found.append(Finding("disagrees_with_baseline", severity, f"{message}{_why(judgement, told)}"))
    return found


def _why(judgement: Judgement, told: AgainstBaseline) -> str:
    """What such a disagreement usually comes from, as a sentence with a space before it; empty where that is not known."""
    if "accuracy" in told.worse and max(one.rows for one in judgement.per_class) >= MOSTLY * judgement.rows:
        return " Where one class is rare, accuracy favours a model that never predicts it."
    if told.worse == ("log_loss",):
        return " Its probabilities are too far from the shares of rows that are right: see its calibration."
    return ""


def _looks(judgement: Judgement) -> list[Finding]:
    looks = judgement.test_looks
    if looks is None or looks.count < 2:
        return []
    by = ", ".join(f"{name} {count}" for name, count in looks.recipes.items())
    message = f"This test split has been read {looks.count:,} times by models of other weights ({by})."
    if looks.count < MANY_LOOKS:
        return [Finding("test_read_again", "info", f"{message} Choose among models on validation.")]
    message += (
        f" The best of {MANY_LOOKS} equally good models scores too high on average: by a standard error if they err "
        "independently, by less the more they err on the same rows. Choose on validation, and take new test rows for the last "
        "word."
    )
    return [Finding("test_read_again", "warning", message)]


def _leaked(judgement: Judgement) -> list[Finding]:
    if judgement.leaked is None:
        return []
    count, severity = judgement.leaked.rows, "warning"
    message = f"{count:,} of {judgement.rows:,} rows stand in the training data"
    without, whole = judgement.leaked.metrics_without.get("accuracy"), judgement.metrics["accuracy"]
    if without is None or without.value is None or whole.value is None:
        return [Finding("leaked_rows", "problem", f"{message}: nothing here says how the model does on new rows.")]
    message += f"; accuracy is {100 * whole.value:.2f} % with them and {100 * without.value:.2f} % without."
    return [Finding("leaked_rows", severity, message)]


def _classes(judgement: Judgement) -> list[Finding]:
    absent = [one.name for one in judgement.per_class if one.rows == 0]
    claimed = [sum(row[index] for row in judgement.confusion) for index in range(len(judgement.classes))]
    pairs = zip(judgement.per_class, claimed, strict=True)
    never = [one.name for one, count in pairs if one.rows > 0 and count == 0]
    found = []
    if never:
        message = f"Never predicted: {shortened(never)}. Recall is 0 there, and precision is set to 0."
        found.append(Finding("class_never_predicted", "warning", message))
    if absent:
        message = f"No row has the class {shortened(absent)}; macro averages leave it out."
        if len(absent) > 1:
            message = f"No row has the classes {shortened(absent)}; macro averages leave them out."
        found.append(Finding("absent_classes", "warning", message))
    return found


def _size(judgement: Judgement) -> list[Finding]:
    found = []
    if judgement.rows < FEW_ROWS:
        message = f"Only {judgement.rows:,} labelled rows: read the intervals, not the values."
        found.append(Finding("too_few_rows", "warning", message))
    small = [one.name for one in judgement.per_class if 0 < one.rows < FEW_ROWS_OF_A_CLASS]
    if small and judgement.rows >= FEW_ROWS:
        message = f"Fewer than {FEW_ROWS_OF_A_CLASS} rows each: {shortened(small)}. What is said of them is uncertain."
        found.append(Finding("small_classes", "info", message))
    return found + _groups(judgement)


def _groups(judgement: Judgement) -> list[Finding]:
    groups = judgement.groups
    if groups is None or (effective := groups.effective or groups.count) >= FEW_GROUPS:
        return []
    message = f"{groups.count:,} groups"
    if effective < 0.9 * groups.count:
        message += f" of unequal size, which say as much as {effective:.1f} of equal size"
    message += f": with fewer than {FEW_GROUPS}, intervals are wide and rest on what these few groups have in common."
    return [Finding("few_groups", "warning", message)]


def _calibration(judgement: Judgement) -> list[Finding]:
    """Whether a temperature makes the test rows' log loss better beyond noise, or the calibration error is beyond chance."""
    calibration, recalibration = judgement.calibration, judgement.recalibration
    if calibration is None or calibration.confidence is None or judgement.rows < FEW_ROWS:
        return []
    severity = "warning" if calibration.ece_debiased >= SMALL_ERROR else "info"
    if _chance(judgement):  # a reversed score is no matter of a temperature
        return []
    tempered = recalibration.tempered if recalibration else None
    gain = tempered.metrics["log_loss"] if tempered else None
    if recalibration and tempered and gain and gain.low is not None and gain.high is not None and gain.high < 0:
        if (recalibration.temperature or 1) >= HIGHEST_TEMPERATURE:
            message = (
                f"The probabilities say less than equal ones would: no temperature up to {HIGHEST_TEMPERATURE:.0f} is too high "
                f"for the {recalibration.rows:,} validation rows. Check which class they speak of, and whether the rows are "
                "those of the labels."
            )
            return [Finding("miscalibrated", severity, message)]
        lean = "Over-confident" if (recalibration.temperature or 1) > 1 else "Under-confident"
        message = (
            f"{lean}: a temperature of {recalibration.temperature:.2f}, fitted on {recalibration.rows:,} validation rows, "
            f"lowers the log loss by {-(gain.difference or 0):.4f} ({-gain.high:.4f} to {-gain.low:.4f}) and takes the "
            f"partly debiased calibration error from {calibration.ece_debiased:.4f} to "
            f"{tempered.error.ece_debiased:.4f}."
        )
        return [Finding("miscalibrated", severity, message)]
    chance, high = calibration.ece_by_chance, calibration.ece_by_chance_high
    if chance is None or high is None or calibration.ece <= high or severity == "info" or judgement.groups:
        return []
    accuracy = share_of_rows((calibration.accuracy or 0) * judgement.rows, judgement.rows)
    lean = "Miscalibrated"
    if accuracy.low is not None and accuracy.high is not None:
        over, under = calibration.confidence > accuracy.high, calibration.confidence < accuracy.low
        lean = "Over-confident" if over else "Under-confident" if under else lean
    message = (
        f"{lean}: its mean confidence is {100 * calibration.confidence:.1f} %, its accuracy "
        f"{100 * (calibration.accuracy or 0):.1f} %, and its calibration error {calibration.ece:.4f}; a calibrated model "
        f"would show {chance:.4f} by chance."
    )
    return [Finding("miscalibrated", severity, message)]


def _coverage(judgement: Judgement) -> list[Finding]:
    """Prediction sets that hold the true class in fewer rows than the luck of both drawn sets of rows explains."""
    if judgement.conformal is None:
        return []
    known = [(sets, sets.luck) for sets in judgement.conformal.sets if sets.luck is not None]
    corrected = holm([luck.p for _, luck in known])
    missed = [
        f"{100 * sets.level:.0f} % ({sets.method.upper()}): {100 * (sets.coverage.value or 0):.1f} %, by luck "
        f"{100 * luck.seen_low:.1f} % or more"
        for (sets, luck), p in zip(known, corrected, strict=True)
        if p < SURE
    ]
    if not missed:
        return []
    message = (
        f"Prediction sets hold the true class less often than promised: {'; '.join(missed)}. The validation rows, which "
        "they were fitted on, are easier for this model or of another kind than the test rows."
    )
    return [Finding("coverage_below_promise", "warning", message)]


def _chance(judgement: Judgement) -> list[Finding]:
    return list(below_chance(judgement.metrics, np.array(judgement.confusion)))


def _table(judgement: Judgement, predictions: Predictions) -> list[Finding]:
    rows = labelled(predictions)
    index = 1 if judgement.positive is None else rows.classes.index(judgement.positive)
    found = [*find_decisions(rows, index), *find_weighted(row_weights(rows), row_groups(rows))]
    unlabelled = len(predictions) - judgement.rows
    if unlabelled:
        message = f"{unlabelled:,} of {len(predictions):,} rows have no label and are left out."
        found.append(Finding("unlabelled_rows", "warning", message))
    if not predictions.has_probabilities:
        message = f"The table has predicted labels only, so these are left out: {SCORE_METRICS}."
        found.append(Finding("scores_left_out", "info", message))
    for code, sentence in predictions.caveats.items():
        found.append(Finding(code, "warning" if code in WARNINGS else "info", sentence))
    return found + [Finding(one.code, one.severity, one.message) for one in predictions.remarks]

"""Numbers and sentences as reports and terminals show them."""

from __future__ import annotations

from collections.abc import Sequence

from classmark.judging.comparisons.baseline import against_baseline, disagreement
from classmark.judging.comparisons.paired import Difference
from classmark.judging.judgement import Judgement
from classmark.judging.metric import METRICS, SHARES, TITLES
from classmark.judging.statistics.intervals import Estimate

MOST_CHARACTERS = 24  # of a class in a title
BALANCED = (0.4, 0.6)


def metric_title(name: str, positive: str | None = None) -> str:
    """A metric's title, with the class that it speaks of where it is one of two."""
    title = TITLES.get(name, name)
    if positive is None or name not in METRICS or not METRICS[name].of_one_class:
        return title
    shown = positive if len(positive) <= MOST_CHARACTERS else f"{positive[: MOST_CHARACTERS - 1]}…"
    return f"{title} ({shown})"


def decisions_sentence(judgements: Sequence[Judgement]) -> str:
    """What comes from predicted classes and what from probabilities, where a file has both; empty otherwise."""
    if all(judgement.own_decisions is None for judgement in judgements):
        return ""
    return (
        "Accuracy, F1 and the confusion matrix come from the predicted classes in the file; ranking and calibration come "
        "from the probabilities."
    )


def value_text(value: float | None, name: str) -> str:
    """A metric's value: shares of rows in percent, the others with four decimals."""
    if value is None:
        return "–"
    return f"{100 * value:.2f} %" if name in SHARES else f"{value:.4f}"


def interval_text(estimate: Estimate | Difference, name: str) -> str:
    """`88.42 to 89.21 %`, or a dash where there is no interval."""
    if estimate.low is None or estimate.high is None:
        return "–"
    if name in SHARES:
        return f"{100 * estimate.low:.2f} to {100 * estimate.high:.2f} %"
    return f"{estimate.low:.4f} to {estimate.high:.4f}"


def share_text(estimate: Estimate) -> str:
    """`90.0 % (89.2 to 90.8)`, without the interval where there is none."""
    if estimate.value is None:
        return "–"
    text = f"{100 * estimate.value:.1f} %"
    if estimate.low is None or estimate.high is None:
        return text
    return f"{text} ({100 * estimate.low:.1f} to {100 * estimate.high:.1f})"


def number_text(value: float | int | None) -> str:
    """A whole number with thousands separators."""
    return "–" if value is None else f"{value:,.0f}"


def seconds_text(seconds: float | None) -> str:
    """`48 s`, `3 min 20 s`, `1 h 5 min`."""
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def baseline_sentence(judgement: Judgement) -> str:
    """Whether the model is worth its trouble against the linear baseline; empty where none was judged."""
    comparison = judgement.baseline_comparison.get("linear")
    if comparison is None:
        return ""
    accuracy, baseline = comparison.metrics["accuracy"], linear_baseline(judgement.baseline_methods.get("linear"))
    if accuracy.difference is None or accuracy.low is None or accuracy.high is None:
        return f"Too few rows to compare the model with {baseline}."
    points, low, high = (100 * value for value in (accuracy.difference, accuracy.low, accuracy.high))
    span = f"{points:+.1f} points of accuracy ({low:+.1f} to {high:+.1f})"
    found = against_baseline(comparison)
    match found.verdict:
        case "worse":
            return f"On the same rows the model is worse than {baseline}: {span}. The linear one is the better choice."
        case "not shown":
            return f"These rows cannot tell the model from {baseline}: {span}."
    if found.verdict == "better" and "accuracy" in found.better:
        return f"On the same rows the model is better than {baseline} by {span}."
    return f"Beside {baseline}, on the same rows the model {disagreement(comparison, found)}."


def verdict_sentence(judgement: Judgement) -> str:
    """What matters first: of a mixture whether it beats its parts, of a model what the linear baseline says of it."""
    mixed = judgement.mixture
    return mixed.sentence if mixed and mixed.is_judged else baseline_sentence(judgement)


def linear_baseline(method: str | None) -> str:
    """What the linear baseline is, from the method that its table names."""
    match method:
        case None:
            return "a linear model"
        case "naive-bayes" | "tf-idf":
            return "a linear model on words and word pairs"
        case "pixels":
            return "a linear model on raw pixels"
    return f"a linear model on the frozen features of {method}"


def curve_advice(judgement: Judgement) -> str:
    """Which of ROC and precision-recall to read at this class balance, and why."""
    if judgement.positive is not None:
        index = judgement.classes.index(judgement.positive)
        share = judgement.per_class[index].rows / judgement.rows
        if BALANCED[0] <= share <= BALANCED[1]:
            return (
                f"With {share:.0%} of the rows {judgement.positive}, the classes are balanced: read the ROC curve first; it "
                "treats both classes alike."
            )
        rare = "rare" if share < BALANCED[0] else "frequent"
        return (
            f"With {share:.0%} of the rows {judgement.positive}, that class is {rare}: read precision and recall first, since "
            "the ROC curve hides how many of the rows called positive are wrong when one class outnumbers the other."
        )
    counts = [entry.rows for entry in judgement.per_class if entry.rows]
    if max(counts) <= 2 * min(counts):
        return "The classes are of like size: read the ROC curves first; the micro average is over all pairs of row and class."
    return (
        "The classes are of unlike size: read precision and recall first, since with one class against the rest the many "
        "negative rows make every ROC curve look good."
    )

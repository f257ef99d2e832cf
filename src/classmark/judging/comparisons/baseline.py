"""What a comparison with a baseline says over log loss, average precision and accuracy together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from classmark.judging.comparisons.paired import Difference, better_side
from classmark.judging.metric import SPOKEN

if TYPE_CHECKING:
    from classmark.judging.comparisons.compare import Comparison

# The log loss decides, as a proper score that every probability counts in; a baseline is recommended only if all agree.
DECIDING = ("log_loss", "average_precision", "accuracy")
Verdict = Literal["better", "disagree", "not shown", "worse"]


@dataclass(frozen=True)
class AgainstBaseline:
    """The verdict on a model (B) beside a baseline (A).

    Attributes:
        verdict: `worse` if all metrics that both have say so; `better` if the first says so and none says worse; `disagree`
            if one is better and either the first is not, or another is worse.
        first: the metric that decides: log loss, of predicted labels accuracy.
        better, worse: the metrics in which the model is better, or worse.
        undecided: those that cannot tell.
    """

    verdict: Verdict
    first: str
    better: tuple[str, ...]
    worse: tuple[str, ...]
    undecided: tuple[str, ...]


def against_baseline(comparison: Comparison) -> AgainstBaseline:
    """The verdict of a comparison whose A is the baseline and whose B is the model.

    Accuracy alone recommends the majority class over a useful ranking where one class is rare.

    Source: Gneiting & Raftery 2007 (the logarithmic score is proper); Saito & Rehmsmeier 2015 (average precision where
    a class is rare). That all must agree before a baseline is recommended is an intersection-union test (Berger 1982).
    """
    metrics = {
        name: comparison.metrics[name]
        for name in DECIDING
        if name in comparison.metrics and comparison.metrics[name].difference is not None
    }
    sides = {name: better_side(name, difference) for name, difference in metrics.items()}
    better, worse, undecided = (
        tuple(name for name, side in sides.items() if side == wanted) for wanted in ("B", "A", "")
    )
    first = next(iter(metrics))
    verdict: Verdict = "not shown"
    if first in better and not worse:
        verdict = "better"
    elif better:
        verdict = "disagree"
    elif worse and not undecided:
        verdict = "worse"
    return AgainstBaseline(verdict, first, better, worse, undecided)


def agreement(comparison: Comparison, found: AgainstBaseline) -> str:
    """`log loss (+0.0210, +0.0169 to +0.0251) and accuracy (…)`: each metric that both have, with its difference."""
    return _told(comparison, [name for name in DECIDING if name in found.better + found.worse + found.undecided])


def disagreement(comparison: Comparison, found: AgainstBaseline) -> str:
    """`is better in log loss (…) and worse in accuracy (…)`, with what cannot tell."""
    parts = [
        f"{words} {_told(comparison, names)}"
        for words, names in (("better in", found.better), ("worse in", found.worse))
        if names
    ]
    told = f"is {' and '.join(parts)}"
    if found.undecided:
        told += f"; {_listed([SPOKEN[name] for name in found.undecided])} cannot tell them apart"
    return told


def _told(comparison: Comparison, names: Sequence[str]) -> str:
    return _listed([f"{SPOKEN[name]} ({_amount(name, comparison.metrics[name])})" for name in names])


def _amount(name: str, difference: Difference) -> str:
    assert difference.difference is not None
    factor, digits, unit = (100, 2, " points") if name == "accuracy" else (1, 4, "")
    span = "without an interval"
    if difference.low is not None and difference.high is not None:
        span = f"{factor * difference.low:+.{digits}f} to {factor * difference.high:+.{digits}f}"
    return f"{factor * difference.difference:+.{digits}f}{unit}, {span}"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))

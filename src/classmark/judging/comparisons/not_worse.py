"""Whether a model is not worse than another by more than a margin, or equivalent to it within one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from classmark.errors import InputError, nearest
from classmark.judging.checks import Check, Kind, Verdict
from classmark.judging.comparisons.paired import Difference, against_b, better_side
from classmark.judging.metric import LOWER_IS_BETTER, SHARES, SPOKEN
from classmark.judging.statistics.level import doubled_tails, level, percent
from classmark.judging.statistics.p_values import McNemar, deviate
from classmark.judging.statistics.tango import tango_interval

if TYPE_CHECKING:
    from classmark.judging.comparisons.compare import Comparison


@dataclass(frozen=True)
class Asked:
    """What is asked of every model beside the first.

    Attributes:
        fail_if_worse: metrics in which no model may be shown to be worse.
        not_worse_than: metric → margin; the model must be shown to be worse by less than that.
        equivalent: metric → margin; the difference must be shown to be inside it, on both sides.
    """

    fail_if_worse: Sequence[str] = ()
    not_worse_than: Mapping[str, float] = field(default_factory=dict)
    equivalent: Mapping[str, float] = field(default_factory=dict)


def check_pairs(pairs: Sequence[Comparison], letters: Sequence[str], asked: Asked) -> tuple[Check, ...]:
    """Each check of each model against the first.

    Args:
        pairs: the first model as A, each of the others as B.
        letters: of the others.
        asked: the checks.

    Raises:
        InputError: a metric is not compared in each of the pairs.
    """
    for argument in ("fail_if_worse", "not_worse_than", "equivalent"):
        for metric in getattr(asked, argument):
            _check_compared(metric, pairs, argument)
    found = []
    for letter, pair in zip(letters, pairs, strict=True):
        found += [_not_shown_worse(pair, letter, metric) for metric in dict.fromkeys(asked.fail_if_worse)]
        found += [
            _within(pair, letter, name, margin, "not_worse_than") for name, margin in asked.not_worse_than.items()
        ]
        found += [_within(pair, letter, name, margin, "equivalent") for name, margin in asked.equivalent.items()]
    return tuple(found)


def _check_compared(metric: str, pairs: Sequence[Comparison], argument: str) -> None:
    for pair in pairs:
        if metric not in pair.metrics:
            raise InputError(
                f'"{metric}" is not compared between {pair.a} and {pair.b}; {", ".join(pair.metrics)} '
                f"are.{nearest(metric, pair.metrics)}",
                argument=argument,
            )


def difference_at(name: str, pair: Comparison, confidence: float) -> Difference:
    """The difference of a metric with an interval of this confidence.

    Of accuracy over independent rows it is made anew; of others the distance of its ends from the value follows the
    quantile.
    """
    found = pair.metrics[name]
    if confidence == pair.confidence:
        return found
    if name == "accuracy" and pair.groups is None and isinstance(pair.mcnemar, McNemar):
        counts = pair.mcnemar.only_b_right, pair.mcnemar.only_a_right, pair.rows
        low, high = tango_interval(*counts, deviate(confidence))
        return replace(found, low=low, high=high)
    if found.difference is None or found.low is None or found.high is None:
        return found
    ratio = deviate(confidence, found.degrees) / deviate(pair.confidence, found.degrees)
    low, high = (found.difference + ratio * (end - found.difference) for end in (found.low, found.high))
    return replace(found, low=low, high=high)


def _within(pair: Comparison, letter: str, name: str, margin: float, kind: Kind) -> Check:
    """Non-inferiority by the two-sided interval (at 95 % one-sided 2.5 %), equivalence by two one-sided tests (at 5 %).

    Source: Blackwelder 1982 (not worse than a margin); Schuirmann 1987 (two one-sided tests).
    """
    confidence = doubled_tails(level()) if kind == "equivalent" else level()
    found = difference_at(name, pair, confidence)
    verdict: Verdict = "cannot tell"
    if found.low is not None and found.high is not None:
        worst, best = (-found.high, -found.low) if name in LOWER_IS_BETTER else (found.low, found.high)
        if kind == "equivalent":
            outside = best < -margin or worst > margin
            verdict = "failed" if outside else "passed" if -margin < worst and best < margin else "cannot tell"
        else:
            verdict = "passed" if worst > -margin else "failed" if best < -margin else "cannot tell"
    return Check(
        kind, name, letter, margin, found.difference, found.low, found.high, confidence, found.method, verdict,
        _margin_sentence(pair, letter, name, margin, kind, found, verdict),
    )  # fmt: skip


def _margin_sentence(
    pair: Comparison, letter: str, name: str, margin: float, kind: Kind, found: Difference, verdict: Verdict
) -> str:
    by, confidence = _amount(margin, name, sign=""), doubled_tails(level()) if kind == "equivalent" else level()
    who = f"{letter} ({pair.b})"
    if found.difference is None or found.low is None or found.high is None:
        seen = f"the difference has no interval ({found.method})"
    else:
        low, high = (_amount(end, name, unit=False) for end in (found.low, found.high))
        seen = f"{letter} − A is {_amount(found.difference, name)}, {percent(confidence)} interval {low} to {high}"
    if kind == "equivalent":
        return {
            "passed": f"{who} is equivalent to A within {by}: {seen}.",
            "failed": f"{who} differs from A by more than {by}: {seen}.",
            "cannot tell": f"These rows cannot tell whether {who} is equivalent to A within {by}: {seen}.",
        }[verdict]
    return {
        "passed": f"{who} is not worse than A by more than {by}: {seen}.",
        "failed": f"{who} is worse than A by more than {by}: {seen}.",
        "cannot tell": f"These rows cannot tell whether {who} is worse than A by more than {by}: {seen}.",
    }[verdict]


def _amount(value: float, name: str, sign: str = "+", *, unit: bool = True) -> str:
    """`+1.20 points of accuracy`, `+0.0100 in log loss`."""
    if name in SHARES:
        return f"{100 * value:{sign}.2f}" + (f" points of {SPOKEN[name]}" if unit else "")
    return f"{value:{sign}.4f}" + (f" in {SPOKEN[name]}" if unit else "")


def _not_shown_worse(pair: Comparison, letter: str, name: str) -> Check:
    """Failed where the interval of the difference lies wholly against the model, or is worse without an interval."""
    found = pair.metrics[name]
    verdict, said = "passed", f"{letter} is not shown to be worse in {name}."
    if better_side(name, found) == "A":
        verdict, said = "failed", f"{letter} is worse in {name}: the interval of the difference lies wholly against it."
    elif found.low is None and against_b(name, found):
        verdict, said = "failed", f"{letter} is worse in {name}, and the difference has no interval ({found.method})."
    return Check(
        "fail_if_worse", name, letter, None, found.difference, found.low, found.high, level(), found.method,
        verdict, said,  # type: ignore[arg-type]
    )  # fmt: skip

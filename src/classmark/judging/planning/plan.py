"""How many rows or seeds a question needs, in numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from classmark.judging.planning.areas import rows_for_area
from classmark.judging.planning.equivalence import (
    power_of_equal_seeds,
    power_of_equivalence,
    rows_for_equivalence,
    seeds_for_equivalence,
)
from classmark.judging.planning.paired_areas import power_of_area_difference, rows_for_area_difference
from classmark.judging.planning.pairs import power_of_difference, rows_for_difference
from classmark.judging.planning.question import Kind, Question, check
from classmark.judging.planning.seeds import power_over_seeds, seeds_for_difference, upper_deviation
from classmark.judging.planning.shares import power_above, rows_for_minimum, rows_for_width
from classmark.judging.planning.words import plan_assumptions, plan_sentence
from classmark.judging.statistics.level import level

STEPS = (2.0, 1.5, 1.0, 0.75, 0.5)  # of what was asked for, in the table


@dataclass(frozen=True)
class Step:
    """A row of a plan's table: what is asked for (see `target_of`), and the number that it needs."""

    target: float
    needed: int | None


@dataclass(frozen=True)
class Plan:
    """The answer to a question before labels are bought.

    Attributes:
        kind: what is planned: the `width` of an interval, a value above a `minimum`, a `difference` of two models, or the
            `seeds` of a study.
        question: the figures that were said, or that a pilot gave.
        needed: rows, or seeds per arm; None above a thousand million.
        rows_of_class: of these the rows that count: of the class for recall, called so for precision; None for others.
        groups: how many groups the rows are; None without groups.
        at_face_value: what would be needed if the pilot's own figures were the true ones; None without a pilot.
        reached: the power at that number, which may be above the one asked for; None for a width.
        table: the same for wider and narrower targets.
        pilot: what the figures come from; None for a guess.
        confidence: of the intervals.
    """

    kind: Kind
    question: Question
    needed: int | None
    rows_of_class: int | None = None
    groups: int | None = None
    at_face_value: int | None = None
    reached: float | None = None
    table: tuple[Step, ...] = ()
    pilot: str | None = None
    confidence: float = field(default_factory=level)

    @property
    def level(self) -> float:
        """The level of the intervals, which is called `confidence` too."""
        return self.confidence

    @property
    def sentence(self) -> str:
        """What to do, and what that gives."""
        return plan_sentence(self)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What has to hold for it, a sentence each."""
        return plan_assumptions(self)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "level": self.level, "sentence": self.sentence, "assumptions": list(self.assumptions)}


def make_plan(question: Question, face_value: Question | None = None, pilot: str | None = None) -> Plan:
    """The plan of a question.

    Args:
        question: with the figures to plan for; of a pilot, their unfavourable 80 % limits.
        face_value: with the pilot's own figures.
        pilot: what it is called.

    Raises:
        InputError: a figure is out of range, is missing, or contradicts another.
    """
    check(question)
    kind = question.kind
    if kind == "seeds" and question.pilot_seeds is not None:
        face_value, pilot = question, pilot or f"{question.pilot_seeds} pairs of runs"
        question = replace(question, deviation=upper_deviation(_said(question.deviation), question.pilot_seeds))
    count = counter(question)
    target = target_of(question)
    counted = count(target)
    grouping = question.grouping
    return Plan(
        kind=kind,
        question=question,
        needed=_of_all(counted, question),
        rows_of_class=counted if question.metric in ("recall", "precision") else None,
        groups=None if grouping is None or counted is None else math.ceil(counted / grouping.size),
        at_face_value=None if face_value is None else _of_all(counter(face_value)(target_of(face_value)), face_value),
        reached=None if counted is None else _power(question, counted),
        table=tuple(
            Step(target * factor, _of_all(count(target * factor), question))
            for factor in STEPS
            if _possible(question, target * factor)
        ),
        pilot=pilot,
    )


def target_of(question: Question) -> float:
    """What the table varies: the width, the distance from the minimum, the difference, or the margin around it."""
    match question.kind:
        case "width":
            return _said(question.width)
        case "minimum":
            return _said(question.value) - _said(question.minimum)
    if question.equivalent is not None:
        return question.equivalent
    return question.difference or 0.0 if question.not_worse_than is None else question.not_worse_than


def counter(question: Question) -> Callable[[float], int | None]:
    """From a target to the number that it needs: of rows that count, or of seeds; None if none is enough."""
    grouping, power = question.grouping, question.power
    difference, fixed = question.difference or 0.0, question.bound
    allowing, alike = question.not_worse_than is not None, question.equivalent is not None
    match question.kind:
        case "width" if question.metric == "roc_auc":
            area, prevalence = _said(question.value), _said(question.prevalence)
            return lambda target: rows_for_area(area, prevalence, target, question.area_rows)
        case "width":
            value = _said(question.value)
            return lambda target: rows_for_width(value, target, grouping)
        case "minimum":
            value = _said(question.value)
            return lambda target: rows_for_minimum(value, value - target, power, grouping)
        case "seeds" if alike:
            deviation = _said(question.deviation)
            return lambda target: seeds_for_equivalence(difference, deviation, power, target)
        case "seeds":
            deviation = _said(question.deviation)
            return lambda target: seeds_for_difference(
                difference + target if allowing else target - fixed, deviation, power
            )
    if question.metric == "roc_auc":
        return lambda target: rows_for_area_difference(_asking(question, target))
    share = _said(question.disagreement)
    if alike:
        return lambda target: rows_for_equivalence(difference, share, power, target, grouping)
    if allowing:
        return lambda target: rows_for_difference(difference, share, power, -target, grouping)
    return lambda target: rows_for_difference(target, share, power, fixed, grouping)


def _power(question: Question, count: int) -> float | None:
    """The power at a number of rows that count, or of seeds; None for a width."""
    difference, grouping = question.difference or 0.0, question.grouping
    match question.kind:
        case "width":
            return None
        case "minimum":
            return power_above(_said(question.value), _said(question.minimum), count, grouping)
        case "seeds" if question.equivalent is not None:
            return power_of_equal_seeds(count, difference, _said(question.deviation), question.equivalent)
        case "seeds":
            return power_over_seeds(count, difference - question.bound, _said(question.deviation))
    if question.metric == "roc_auc":
        return power_of_area_difference(count, question)
    if question.equivalent is not None:
        return power_of_equivalence(count, difference, _said(question.disagreement), question.equivalent, grouping)
    return power_of_difference(count, difference, _said(question.disagreement), question.bound, grouping)


def _asking(question: Question, target: float) -> Question:
    """The same question with another target of the table."""
    if question.equivalent is not None:
        return replace(question, equivalent=target)
    if question.not_worse_than is not None:
        return replace(question, not_worse_than=target)
    return replace(question, difference=target)


def _possible(question: Question, target: float) -> bool:
    """Whether a target of the table can be asked for."""
    match question.kind:
        case "width":
            return target < 1
        case "minimum":
            return target < _said(question.value)
    if question.equivalent is not None:
        return abs(question.difference or 0.0) < target and (question.kind == "seeds" or target < 1)
    if question.not_worse_than is not None:
        return (question.difference or 0.0) > -target and (question.kind == "seeds" or target < 1)
    if question.metric == "roc_auc":
        return target > question.bound and (question.value or 0.0) + target < 1
    return target > question.bound and (question.kind == "seeds" or target <= _said(question.disagreement))


def _said(value: float | None) -> float:
    """A figure that `check` has seen to."""
    assert value is not None
    return value


def _of_all(counted: int | None, question: Question) -> int | None:
    """All rows, of which a share counts for recall and precision."""
    if counted is None or question.metric not in ("recall", "precision"):
        return counted
    return math.ceil(counted / _said(question.prevalence) - 1e-9)

"""From the arguments of `plan` to a question."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, get_args

from classmark.errors import InputError, nearest
from classmark.judging.planning.pairs import disagreement_if_independent
from classmark.judging.planning.question import DIFFERENCES, PlanMetric, Question

GIVEN_BY_PILOT = ("prevalence", "disagreement", "deviation", "pilot_seeds", "group_size", "icc", "correlation")


def read_question(
    guesses: Mapping[str, float | None], figures: Mapping[str, Any], metric: str | None, pilots: int
) -> Question:
    """The question of these arguments, of which a pilot may still give some figures.

    Args:
        guesses: metric → its guessed value, one at most.
        figures: the other numbers by name.
        metric: of a pilot.
        pilots: how many files there are, two at most.

    Raises:
        InputError: an argument is no number, or contradicts another.
    """
    numbers = {name: _number(name, value) for name, value in {**guesses, **figures}.items() if value is not None}
    known = [name for name in guesses if name in numbers]
    if len(known) > 1:
        raise InputError(f"{known[0]} is guessed too.", "Plan one at a time.", argument=known[1])
    if pilots > 2:
        raise InputError(f"plan: {pilots} pilot files.", "Give one, or two of models on the same rows.")
    if pilots and (said := [name for name in (*guesses, *GIVEN_BY_PILOT) if name in numbers]):
        raise InputError("the pilot file gives it.", "Leave one of them out.", argument=said[0])
    if metric is not None and not pilots:
        raise InputError(
            "it goes with a pilot file.", "Guess the metric instead: accuracy, recall, …", argument="metric"
        )
    names = get_args(PlanMetric)
    if metric is not None and metric not in names:
        raise InputError(f'"{metric}" is none of {", ".join(names)}.{nearest(metric, names)}', argument="metric")
    one, two = ("width", "minimum"), DIFFERENCES
    if pilots and not any(name in numbers for name in (two if pilots == 2 else one)):
        *first, last = two if pilots == 2 else one
        wanted = f"{', '.join(first)} or {last}"
        whose = "two models" if pilots == 2 else "one model"
        raise InputError(f"plan: a pilot of {whose} needs {wanted}.", "Say what is wanted.")
    value = numbers.pop(known[0]) if known else None
    if value is not None and known[0] == "accuracy" and "disagreement" not in numbers and _is_difference(numbers):
        numbers |= {"disagreement": _independent(value, numbers.get("difference", 0.0)), "independent_errors": True}
        value = None
    chosen: Any = metric or (known[0] if known else "accuracy")
    return Question(metric=chosen, value=value, **numbers)


def _is_difference(numbers: Mapping[str, float]) -> bool:
    return "deviation" not in numbers and any(name in numbers for name in DIFFERENCES)


def _independent(accuracy: float, difference: float) -> float:
    if not 0 <= accuracy <= 1 or not 0 <= accuracy + difference <= 1:
        raise InputError(
            f"{accuracy:g}, and {accuracy + difference:g} with the difference, are not both shares from 0 to 1.",
            "Write 0.9 for 90 %.",
            argument="accuracy",
        )
    return disagreement_if_independent(accuracy, difference)


def _number(name: str, value: Any) -> Any:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        raise InputError(f'"{value}" is not a number.', argument=name) from None
    if not math.isfinite(number):
        raise InputError(f"{value} is not a finite number.", argument=name)
    if name == "pilot_seeds" and number != int(number):
        raise InputError(f"{value} is not a whole number.", argument=name)
    return int(number) if name == "pilot_seeds" else number

"""Checks that a user asks for, for a build that must not go on with a worse model: passed, failed, or not to be told."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from classmark.errors import InputError, nearest
from classmark.judging.metric import METRICS, SHARES, SPOKEN
from classmark.judging.statistics.intervals import Estimate
from classmark.judging.statistics.level import level, percent

Kind = Literal["fail_if_worse", "not_worse_than", "equivalent", "require"]
Verdict = Literal["passed", "failed", "cannot tell"]
EXIT_CODES: dict[Verdict, int] = {"failed": 1, "cannot tell": 3, "passed": 0}
REQUIREMENT = re.compile(r"\s*([a-z0-9_]+)\s*(>=|<=)\s*([-+.0-9eE]+)\s*")


@dataclass(frozen=True)
class Check:
    """A check and its result.

    Attributes:
        kind: which option asked for it.
        metric: its name.
        model: the letter of the model that is checked against A; None for a model alone.
        bound: the margin, or the value that is required; None for `fail_if_worse`.
        value, low, high: the difference, model − A, or the metric, with the interval that decides.
        confidence: of that interval.
        method: how it is made, or why there is none.
        verdict: `cannot tell` where these rows do not decide.
        sentence: the result in plain words.
    """

    kind: Kind
    metric: str
    model: str | None
    bound: float | None
    value: float | None
    low: float | None
    high: float | None
    confidence: float
    method: str
    verdict: Verdict
    sentence: str


def exit_code(checks: Sequence[Check]) -> int:
    """1 if a check failed, else 3 if these rows cannot decide one, else 0."""
    codes = [EXIT_CODES[check.verdict] for check in checks]
    return 1 if 1 in codes else max(codes, default=0)


@dataclass(frozen=True)
class Requirement:
    """The words `accuracy>=0.9`, read."""

    metric: str
    sign: str
    bound: float


def read_requirements(words: str | Sequence[str]) -> tuple[Requirement, ...]:
    """Requirements from their words.

    Raises:
        InputError: one cannot be read.
    """
    found = []
    for word in (words,) if isinstance(words, str) else words:
        match = REQUIREMENT.fullmatch(word)
        number = None if match is None else _number(match[3])
        if match is None or number is None:
            raise InputError(
                f'"{word}" is not a metric, a sign and a number.',
                "Write for instance: accuracy>=0.9",
                argument="require",
            )
        _check_bounds(match[1], number, word)
        found.append(Requirement(match[1], match[2], number))
    return tuple(found)


def _number(word: str) -> float | None:
    try:
        value = float(word)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _check_bounds(name: str, number: float, word: str) -> None:
    if name not in METRICS:
        return
    least, most = METRICS[name].bounds
    if number < least or (most is not None and number > most):
        remedy = f"Write a fraction: {name}>=0.9" if name in SHARES else "Give a value that it can have."
        raise InputError(f'"{word}": no {SPOKEN[name]} is {number:g}.', remedy, argument="require")


def check_requirements(metrics: Mapping[str, Estimate], asked: Sequence[Requirement]) -> tuple[Check, ...]:
    """Whether the whole interval of each metric keeps what is required, at 95 % a test at one-sided 2.5 %.

    Raises:
        InputError: a metric is not among these.
    """
    for one in asked:
        if one.metric not in metrics:
            raise InputError(
                f'"{one.metric}" is not judged here; {", ".join(metrics)} are.{nearest(one.metric, metrics)}',
                argument="require",
            )
    return tuple(_required(one, metrics[one.metric]) for one in asked)


def _required(one: Requirement, found: Estimate) -> Check:
    at_least = one.sign == ">="
    verdict: Verdict = "cannot tell"
    if found.low is not None and found.high is not None:
        near, far = (found.low, found.high) if at_least else (-found.high, -found.low)
        bound = one.bound if at_least else -one.bound
        verdict = "passed" if near >= bound else "failed" if far < bound else "cannot tell"
    asked = f"{SPOKEN[one.metric]} {'≥' if at_least else '≤'} {one.bound:g}"
    seen = "it is undefined" if found.value is None else f"it is {found.value:.4g}"
    if found.low is None or found.high is None:
        said = f"These rows cannot tell whether {asked} holds: {seen}, without an interval ({found.method})."
    else:
        seen += f", {percent()} interval {found.low:.4f} to {found.high:.4f}"
        said = {
            "passed": f"{asked} holds: {seen}, all of it on that side.",
            "failed": f"{asked} does not hold: {seen}, all of it on the other side.",
            "cannot tell": f"These rows cannot tell whether {asked} holds: {seen}, with {one.bound:g} inside.",
        }[verdict]
        said = said[0].upper() + said[1:]
    return Check(
        "require",
        one.metric,
        None,
        one.bound,
        found.value,
        found.low,
        found.high,
        level(),
        found.method,
        verdict,
        said,
    )


def read_margins(given: Mapping[str, float] | str | Sequence[str] | None, argument: str) -> dict[str, float]:
    """Margins by metric, from `accuracy:0.01` or a dictionary.

    Raises:
        InputError: one cannot be read, or is no margin.
    """
    if given is None:
        return {}
    pairs: list[tuple[str, Any]]
    if isinstance(given, Mapping):
        pairs = list(given.items())
    else:
        pairs = [_pair(word, argument) for word in ((given,) if isinstance(given, str) else given)]
    found = {}
    for name, value in pairs:
        number = _number(str(value))
        if number is None or number <= 0:
            raise InputError(
                f"{name}: {value} is not a margin above 0.", "Write for instance: accuracy:0.01", argument=argument
            )
        if name in SHARES and number >= 1:
            raise InputError(
                f"{name}: a margin of {value} lets every model pass.",
                f"Write a fraction; {name}:0.01 is one point.",
                argument=argument,
            )
        found[str(name)] = number
    return found


def _pair(word: str, argument: str) -> tuple[str, str]:
    name, colon, value = word.partition(":")
    if not colon:
        raise InputError(
            f'"{word}" is not a metric and a margin.', "Write for instance: accuracy:0.01", argument=argument
        )
    return name.strip(), value.strip()

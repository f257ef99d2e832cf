"""The level of every interval that is computed or worded: 95 %, unless `at_level` says otherwise for what runs inside it.

A setting of the context, as the precision of `decimal` and numpy's `errstate` are: so no function between a judgement and
its quantiles can forget to hand it on. `judge`, `compare` and the answers of a study set it once; what they give keeps its
level and is shown at it. Whatever caches by its arguments must not read it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from statistics import NormalDist
from typing import Any, TypeVar

from classmark.errors import InputError

DEFAULT = 0.95
LOWEST, HIGHEST = 0.5, 0.999
_level: ContextVar[float] = ContextVar("level", default=DEFAULT)
Made = TypeVar("Made", bound=Callable[..., Any])


def level() -> float:
    """How often an interval is to hold the true value."""
    return _level.get()


def risk() -> float:
    """How often it may miss; a test tells two apart if its p is below this."""
    return round(1 - level(), 12)


def tail() -> float:
    """How often it may miss on each side."""
    return (1 - level()) / 2


def normal_quantile() -> float:
    """What the absolute value of a standard normal variable stays below in so many cases: 1.96 at 95 %."""
    return NormalDist().inv_cdf(0.5 + level() / 2)


def doubled_tails(confidence: float) -> float:
    """The confidence of two one-sided tests that each err as often as one end of such an interval: 90 % for 95 %."""
    return round(2 * confidence - 1, 12)


def percent(confidence: float | None = None) -> str:
    """`95 %`, of the level that holds unless another is given."""
    return f"{of_100(confidence)} %"


def of_100(confidence: float | None = None) -> str:
    """`95`, for "in 95 of 100 draws"."""
    return f"{100 * (level() if confidence is None else confidence):.4g}"


@contextmanager
def at_level(value: float) -> Iterator[None]:
    """Everything inside is computed, and worded, at this level.

    Raises:
        InputError: it is not between 0.5 and 0.999.
    """
    token = _level.set(checked_level(value))
    try:
        yield
    finally:
        _level.reset(token)


def checked_level(value: float) -> float:
    """The level, if it is one.

    Raises:
        InputError: it is not a number from 0.5 to 0.999.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not LOWEST <= value <= HIGHEST:
        raise InputError(
            f"{value!r} is not a share from {LOWEST} to {HIGHEST}.", "Write 0.9 for 90 % intervals.", argument="level"
        )
    return float(value)


def at_level_of(name: str) -> Callable[[Made], Made]:
    """Lets a function run at the level of its argument of this name, which has a `level` itself."""

    def decorate(function: Made) -> Made:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def run(*positional: Any, **named: Any) -> Any:
            with at_level(signature.bind(*positional, **named).arguments[name].level):
                return function(*positional, **named)

        return run  # type: ignore[return-value]

    return decorate

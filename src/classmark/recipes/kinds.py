"""What a key of the schema holds, seen from its annotation, and how a message says it."""

from __future__ import annotations

import types
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

LARGEST = 2**31 - 1  # of numbers whose key sets no lower limit


@dataclass(frozen=True)
class KeyPath:
    """Marks a key of the schema that names something on this machine.

    Attributes:
        rule: what it can be besides a path; `recipes.resolve` knows the rules.
    """

    rule: Literal["data", "vectors", "weights", "encoder"]


@dataclass(frozen=True)
class Span:
    """The least and the most that an argument may be, named as pydantic names them."""

    ge: float
    le: float


@dataclass(frozen=True)
class Kind:
    """What a key holds: a type, and what its annotation says beside it."""

    type: Any
    marks: tuple[Any, ...] = ()

    @property
    def options(self) -> tuple[Kind, ...]:
        """The kinds that it can be; itself if it is one only."""
        if get_origin(self.type) in (Union, types.UnionType):
            return tuple(kind_of(option, self.marks) for option in get_args(self.type) if option is not type(None))
        return (self,)

    @property
    def may_be_unset(self) -> bool:
        return get_origin(self.type) in (Union, types.UnionType) and type(None) in get_args(self.type)

    @property
    def path(self) -> KeyPath | None:
        return next((mark for mark in self.marks if isinstance(mark, KeyPath)), None)

    def bound(self, name: str) -> Any:
        return next((found for mark in self.marks if (found := getattr(mark, name, None)) is not None), None)


def kind_of(annotation: Any, marks: Sequence[Any] = ()) -> Kind:
    """The kind that an annotation of the schema stands for."""
    while get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        marks = [
            *marks,
            *(inner for mark in more for inner in (mark.metadata if isinstance(mark, FieldInfo) else [mark])),
        ]
    return Kind(annotation, tuple(marks))


def expected(kind: Kind) -> str:
    """What a key accepts, such as `a whole number of at least 1`."""
    if len(kind.options) > 1:
        return " or ".join(dict.fromkeys(map(expected, kind.options)))
    only = kind.options[0]
    match only.type:
        case _ if get_origin(only.type) is Literal:
            choices = get_args(only.type)
            return (f"one of {', '.join(choices)}") if len(choices) > 1 else choices[0]
        case _ if get_origin(only.type) in (tuple, list):
            return _expected_list(only)
        case type() if only.type is bool:
            return "true or false"
        case type() if only.type in (int, float):
            return f"a {'whole ' * (only.type is int)}number{_span(only)}"
        case type() if only.type is str:
            return "a path" if only.path else "a text"
    return "a section of keys"


def _expected_list(kind: Kind) -> str:
    items = [item for item in get_args(kind.type) if item is not ...]
    item = kind_of(items[0])
    if len(items) > 1:
        return f"a list of {len(items)} numbers{_span(item)} such as [{', '.join(['0.5'] * len(items))}]"
    if item.type is str:
        return "a list of names such as [a, b]"
    if get_origin(item.type) is Literal:
        return f"a list of {', '.join(get_args(item.type))}"
    return f"a list of {'whole ' * (item.type is int)}numbers{_span(item)}" if item.type in (int, float) else "a list"


def _span(kind: Kind) -> str:
    least, above, most, below = (_number(kind.bound(name)) for name in ("ge", "gt", "le", "lt"))
    if least and most:
        return f" from {least} to {most}"
    low = f"of at least {least}" if least else f"above {above}" if above else ""
    high = f"at most {most}" if most else f"below {below}" if below else ""
    said = " and ".join(part for part in (low, high) if part)
    return f" {said}" if said else ""


def _number(bound: float | None) -> str:
    """A bound as a message says it; nothing if it is only what a number can hold."""
    if bound is None or bound >= LARGEST:
        return ""
    return f"{int(bound):,}" if bound == int(bound) else f"{bound:g}"


def is_section(kind: Kind) -> bool:
    """Whether a key holds keys of its own."""
    return get_origin(kind.type) is dict or (isinstance(kind.type, type) and issubclass(kind.type, BaseModel))

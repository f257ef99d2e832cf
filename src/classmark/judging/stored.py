"""The dataclasses of judgements as JSON and back, by pydantic, so that no class spells its conversion out."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

Kind = TypeVar("Kind")
ADAPTERS: dict[Any, TypeAdapter[Any]] = {}  # class → its adapter, made once


def to_json(value: Any, kind: type[Any] | None = None) -> Any:
    """A dataclass of plain types, or of other such dataclasses, as JSON has it.

    Args:
        value: the instance.
        kind: its class, or one that it inherits from, whose fields alone are wanted.
    """
    return _adapter(kind or type(value)).dump_python(value, mode="json", by_alias=True)


def from_json(kind: type[Kind], content: Any) -> Kind:
    """What `to_json` wrote; entries that the class does not have are passed over.

    Raises:
        ValueError: an entry is missing or of another type; the message names it.
    """
    try:
        found: Kind = _adapter(kind).validate_python(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        what = "is missing" if first["type"] == "missing" else f"is {first['input']!r:.40}, which cannot be"
        raise ValueError(f'"{place}" {what}') from None
    return found


def _adapter(kind: Any) -> TypeAdapter[Any]:
    if kind not in ADAPTERS:
        ADAPTERS[kind] = TypeAdapter(kind)
    return ADAPTERS[kind]

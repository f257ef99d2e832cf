"""Changes to a recipe: `train.epochs=1` on the command line, `train__epochs=1` in Python, the overrides of a study."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from classmark.errors import RecipeError
from classmark.recipes.places import Place, Places
from classmark.recipes.words import Word, shown_text
from classmark.recipes.yaml_text import section_of

UNSET = ("", "null")
QUOTED_NULL = ('"null"', "'null'")

Overrides = Sequence[str] | Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One key and its new value.

    Attributes:
        at: the key and the sections around it.
        value: a `Word` where it was typed or stands in a file, else a value of Python.
        place: what messages call it.
    """

    at: tuple[str, ...]
    value: Any
    place: Place

    @property
    def key(self) -> str:
        return ".".join(self.at)


def read_overrides(overrides: Overrides) -> list[Change]:
    """The changes that words such as `train.epochs=1`, or Python's arguments such as `train__epochs`, ask for.

    A word's value is taken as typed: what it means follows from the type of its key. `null` or nothing unsets a key that
    may be absent; the text itself is then written in quotes, `"null"`.

    Raises:
        RecipeError: a word is no change; all of them are listed.
    """
    if isinstance(overrides, Mapping):
        return [_of_python(name, value) for name, value in overrides.items()]
    problems = [problem for text in overrides if (problem := _fault(text))]
    if problems:
        raise RecipeError("\n".join(problems))
    return [_typed(text) for text in overrides]


def put_in(content: MutableMapping[str, Any], changes: Iterable[Change], places: Places) -> None:
    """Put changes into the content of a recipe, and note where they come from.

    Raises:
        RecipeError: a change goes into a key that is no section; all of them are listed.
    """
    problems = []
    for change in changes:
        try:
            section = _section_at(content, change.at[:-1])
        except ValueError as error:
            problems.append(f"{change.place.text}: {error}.")
            continue
        section[change.at[-1]] = copied(change.value)
        places.note(change.at, change.place)
    if problems:
        raise RecipeError("\n".join(problems))


def copied(content: Any) -> Any:
    """The content with sections of its own, into which changes can be put."""
    return {key: copied(value) for key, value in content.items()} if isinstance(content, Mapping) else content


def _section_at(content: MutableMapping[str, Any], at: tuple[str, ...]) -> MutableMapping[str, Any]:
    section = content
    for depth, part in enumerate(at, start=1):
        inner = section_of(section.get(part))
        if not isinstance(inner, dict):
            raise ValueError(f"{shown_text('.'.join(at[:depth]))} is no section")
        section[part] = section = inner
    return section


def _fault(text: str) -> str:
    key, sign, _ = text.partition("=")
    if not sign or not all(key.split(".")):
        return f'override "{shown_text(text)}": expected key=value, for instance train.epochs=1'
    return ""


def _typed(text: str) -> Change:
    key, _, value = text.partition("=")
    word = Word("null") if value in QUOTED_NULL else Word(value, unset=value.strip() in UNSET)
    return Change(tuple(key.split(".")), word, Place(f'override "{shown_text(text)}"'))


def _of_python(name: str, value: Any) -> Change:
    return Change(tuple(re.split(r"__|\.", name)), value, Place(name, names_key=True))

"""YAML as recipes use it: sections, lists and words as they are written, each key with its line; nothing is constructed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from classmark.errors import RecipeError
from classmark.recipes.places import At
from classmark.recipes.words import Word, is_unset, shown, shown_text
from classmark.recipes.yaml_file import A_TAG, decoded, yaml_fault

A_RECIPE = "a recipe is a mapping of sections; start from one: classmark recipes show text-csv"
MOST_LEVELS = 20
MOST_VALUES = 200_000
NULLS = ("", "~", "null", "Null", "NULL")
TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")


def parse_yaml(text: bytes, name: str, wanted: str = A_RECIPE) -> tuple[dict[str, Any], dict[At, str]]:
    """The sections in a YAML text, with every scalar as a `Word`, and the place (`recipe.yaml, line 7`) of each key.

    Args:
        text: of the file.
        name: what messages call it.
        wanted: what is said if it is no mapping.

    Raises:
        RecipeError: it is no YAML, no mapping, has a key twice, or uses what no recipe needs.
    """
    reader = _TreeReader(name)
    try:
        tree = reader.read(yaml.parse(decoded(text, name), Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise yaml_fault(error, name) from None
    if not isinstance(tree, _Mapping):
        raise RecipeError(f"{name}: {wanted if tree is not None else f'the file is empty; {wanted}'}")
    places: dict[At, str] = {}
    return _content(tree, (), name, places), places


def _line(event: Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


@dataclass(eq=False)
class _Mapping:
    entries: dict[str, tuple[int, Any]] = field(default_factory=dict)  # key → line and value
    size: int = 1


@dataclass(eq=False)
class _List:
    items: list[Any] = field(default_factory=list)
    size: int = 1


class _TreeReader:
    """Builds the tree of a document from its events; what an alias repeats is shared and counted."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.anchors: dict[str, Any] = {}

    def read(self, events: Iterator[Event]) -> Any:
        """The tree; None if the file is empty."""
        documents = 0
        tree = None
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refusal(event, "a second document begins here. Keep one.")
            elif isinstance(event, ScalarEvent | AliasEvent | MappingStartEvent | SequenceStartEvent):
                tree = self._node(event, events, 0)
        return None if isinstance(tree, Word) and tree.unset else tree

    def _node(self, event: Event, events: Iterator[Event], level: int) -> Any:
        if level > MOST_LEVELS:
            raise self._refusal(event, f"more than {MOST_LEVELS} brackets or sections stand inside each other.")
        if isinstance(event, AliasEvent):
            if event.anchor not in self.anchors:
                raise self._refusal(
                    event,
                    f"*{shown_text(str(event.anchor))} repeats what is not complete above; put it in quotes if it is a name.",
                )
            return self.anchors[event.anchor]
        if event.tag not in TEXT_TAGS:  # type: ignore[attr-defined]
            raise self._refusal(event, f"{A_TAG}.")
        node: Any
        if isinstance(event, ScalarEvent):
            plain = event.implicit[0] and event.style is None
            node = Word(event.value, unset=plain and event.value in NULLS, plain=plain)
        elif isinstance(event, MappingStartEvent):
            node = self._mapping(events, level)
        else:
            node = self._list(events, level)
        if event.anchor is not None:  # type: ignore[attr-defined]
            self.anchors[event.anchor] = node  # type: ignore[attr-defined]
        return node

    def _list(self, events: Iterator[Event], level: int) -> _List:
        node = _List()
        while not isinstance(event := next(events), SequenceEndEvent):
            node.items.append(self._node(event, events, level + 1))
            self._count(node, node.items[-1], event)
        return node

    def _mapping(self, events: Iterator[Event], level: int) -> _Mapping:
        node, merged = _Mapping(), dict[str, tuple[int, Any]]()
        while not isinstance(event := next(events), MappingEndEvent):
            key = self._node(event, events, level + 1)
            if not isinstance(key, Word):
                raise self._refusal(event, "a bracket stands where a key is expected; put the key in quotes.")
            value = self._node(next(events), events, level + 1)
            if key == "<<" and key.plain:
                merged |= self._merged(value, event)
            elif key in node.entries:
                raise self._refusal(event, f"{shown_text(key)} stands here a second time. Keep one of the two.")
            else:
                node.entries[str(key)] = _line(event), value
            self._count(node, value, event)
        node.entries = merged | node.entries
        return node

    def _merged(self, value: Any, event: Event) -> dict[str, tuple[int, Any]]:
        """The entries of the sections that `<<` names, the first before the others."""
        sources = value.items if isinstance(value, _List) else [value]
        if not all(isinstance(source, _Mapping) for source in sources):
            raise self._refusal(event, "<< takes a section, such as *name.")
        return {key: entry for source in reversed(sources) for key, entry in source.entries.items()}

    def _count(self, node: _Mapping | _List, value: Any, event: Event) -> None:
        node.size += getattr(value, "size", 1)
        if node.size > MOST_VALUES:
            raise self._refusal(event, f"aliases repeat each other to more than {MOST_VALUES:,} values.")

    def _refusal(self, event: Event, said: str) -> RecipeError:
        return RecipeError(f"{self.name}, line {_line(event)}: {said}")


def _content(node: _Mapping, at: At, name: str, places: dict[At, str]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for key, (line, value) in node.entries.items():
        places[*at, key] = f"{name}, line {line}"
        content[key] = _content(value, (*at, key), name, places) if isinstance(value, _Mapping) else _plain(value)
    return content


def _plain(node: Any) -> Any:
    """A list with all that is in it; lines are noted for keys of sections only."""
    match node:
        case _List():
            return [_plain(item) for item in node.items]
        case _Mapping():
            return {key: _plain(value) for key, (_, value) in node.entries.items()}
    return node


def section_of(value: Any) -> Any:
    """The section that an override writes as `{flip: true}`; an empty one for none; any other value as it is.

    Raises:
        ValueError: it begins as a section and is none.
    """
    if is_unset(value):
        return {}
    if not isinstance(value, Word) or not value.startswith("{"):
        return value
    try:
        return parse_yaml(value.encode(errors="replace"), "")[0]
    except RecipeError as error:
        raise ValueError(f"{shown(value)}: {str(error).partition(': ')[2].removesuffix('.')}") from None


def as_yaml_says(content: Any) -> Any:
    """The content with each word as YAML types it: for a recipe that is shown or compared, whichever version wrote it."""
    match content:
        case dict():
            return {key: as_yaml_says(value) for key, value in content.items()}
        case list():
            return [as_yaml_says(value) for value in content]
        case Word() if content.plain:
            return _typed(content)
        case Word():
            return str(content)
    return content


def _typed(word: Word) -> Any:
    loader = yaml.SafeLoader("")
    tag = loader.resolve(yaml.ScalarNode, str(word), (True, False))  # type: ignore[no-untyped-call]
    if not re.search(r":(?:null|bool|int|float)$", tag):
        return str(word)
    try:
        return loader.construct_object(yaml.ScalarNode(tag, str(word)))
    except ValueError:
        return str(word)

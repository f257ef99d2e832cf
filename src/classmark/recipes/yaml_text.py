"""YAML as recipes use it: sections, lists and words as they are written, each key with its line; nothing is constructed."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
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
from yaml.reader import Reader

from classmark.errors import RecipeError
from classmark.recipes.places import At
from classmark.recipes.words import Word, is_unset, shown, shown_text

A_RECIPE = "a recipe is a mapping of sections; start from one: classmark recipes show text-csv"
MOST_BYTES = 1_000_000
MOST_LEVELS = 20
MOST_VALUES = 200_000
NULLS = ("", "~", "null", "Null", "NULL")
TEXT_TAGS = (None, "!", "tag:yaml.org,2002:str")
# What PyYAML says, and what we say instead.
FAULTS = {
    "'\\t' that cannot start": "a tab stands here; indent with spaces",
    "cannot start any token": 'a value cannot begin with "@", "%" or "`"; put it in quotes',
    "mapping values are not allowed": '": " cannot stand here; put a value that holds it in quotes, or correct the line above or '
    "the indentation",
    "could not find expected ':'": 'this line has no ":"; write key: value',
    "but found '<scalar>'": "something follows a value in quotes; double a quote that belongs to the value",
    "expected <block end>": "the line does not fit those above; indent the keys of a section alike",
    "expected ',' or": "a bracket is not closed, or a comma is missing",
    "expected the node content": "a value is missing, or a bracket is not closed",
    "unexpected end of stream": "a quote is not closed",
    "unexpected document separator": "a quote is not closed",
    "escape": "a backslash in double quotes begins a special character; use single quotes",
    "hexadecimal": "a backslash in double quotes begins a special character; use single quotes",
    "tag": "a tag stands here; leave out what begins with an exclamation mark, or put the value in quotes",
    "block entries are not allowed": 'a "-" stands where a value is expected; write lists as [a, b]',
    "sequence entries are not allowed": 'a "-" stands where a value is expected; write lists as [a, b]',
    "anchor": 'a value cannot begin with "&" or "*"; put it in quotes',
    "alias": 'a value cannot begin with "&" or "*"; put it in quotes',
}


def read_bytes(path: Path) -> bytes:
    """The bytes of a recipe file.

    Raises:
        RecipeError: it cannot be read, is no file, or is too large for a recipe.
    """
    try:
        if not path.is_file():
            what = "a folder" if path.is_dir() else "no file" if path.exists() else "not there"
            raise RecipeError(f"{path}: this is {what}. Name the YAML file of a recipe.")
        with path.open("rb") as stream:
            text = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is no path"
        raise RecipeError(f"{shown_text(str(path))}: the file cannot be read ({reason}).") from None
    if len(text) > MOST_BYTES:
        raise RecipeError(f"{path}: the file is larger than 1 MB, so it is no recipe. Name the YAML file of a recipe.")
    return text


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
        tree = reader.read(yaml.parse(_decoded(text, name), Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        raise _fault(error, name) from None
    if not isinstance(tree, _Mapping):
        raise RecipeError(f"{name}: {wanted if tree is not None else f'the file is empty; {wanted}'}")
    places: dict[At, str] = {}
    return _content(tree, (), name, places), places


def _decoded(text: bytes, name: str) -> str:
    utf16 = text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        decoded = text.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise RecipeError(f"{name}, line {line}: the file is not UTF-8. Save it as UTF-8.") from None
    if odd := Reader.NON_PRINTABLE.search(decoded):
        line = decoded.count("\n", 0, odd.start()) + 1
        character = f"U+{ord(odd.group()):04X}"
        raise RecipeError(f"{name}, line {line}: the character {character} cannot stand in a recipe. Remove it.")
    return decoded


def _fault(error: yaml.YAMLError, name: str) -> RecipeError:
    mark, problem = getattr(error, "problem_mark", None), f"{getattr(error, 'problem', '')}"
    context = f"{getattr(error, 'context', '')}"
    said = next((ours for theirs, ours in FAULTS.items() if theirs in problem), None)
    if said is None or (said.startswith("a value is missing") and "escape" in context):
        said = next((ours for theirs, ours in FAULTS.items() if theirs in context), "it cannot be read from here on")
    where = f", line {mark.line + 1}" if mark else ""
    return RecipeError(f"{name}{where}: not valid YAML: {said}.")


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
            raise self._refusal(event, FAULTS["tag"] + ".")
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

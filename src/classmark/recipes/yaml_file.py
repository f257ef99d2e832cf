"""The bytes of a recipe file, and what is wrong with them or with their YAML, in our words."""

from __future__ import annotations

import codecs
from pathlib import Path

import yaml
from yaml.reader import Reader

from classmark.errors import RecipeError
from classmark.recipes.words import shown_text

MOST_BYTES = 1_000_000
A_TAG = "a tag stands here; leave out what begins with an exclamation mark, or put the value in quotes"
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
    "tag": A_TAG,
    "block entries are not allowed": 'a "-" stands where a value is expected; write lists as [a, b]',
    "sequence entries are not allowed": 'a "-" stands where a value is expected; write lists as [a, b]',
    "anchor": 'a value cannot begin with "&" or "*"; put it in quotes',
    "alias": 'a value cannot begin with "&" or "*"; put it in quotes',
}


def is_there(path: Path) -> bool:
    """Whether a path leads to something; one that no file can have does not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def read_bytes(path: Path, of: str = "a recipe") -> bytes:
    """The bytes of a recipe file, or of one that a message calls otherwise.

    Raises:
        RecipeError: it cannot be read, is no file, or is too large for a recipe.
    """
    try:
        if not path.is_file():
            what = "a folder" if path.is_dir() else "no file" if path.exists() else "not there"
            raise RecipeError(f"{path}: this is {what}. Name the YAML file of {of}.")
        with path.open("rb") as stream:
            text = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is no path"
        raise RecipeError(f"{shown_text(str(path))}: the file cannot be read ({reason}).") from None
    if len(text) > MOST_BYTES:
        raise RecipeError(f"{path}: the file is larger than 1 MB, so it is no recipe. Name the YAML file of a recipe.")
    return text


def decoded(text: bytes, name: str) -> str:
    """The text of a recipe file.

    Raises:
        RecipeError: it is not UTF-8 (or UTF-16 that says so), or holds characters that YAML does not allow.
    """
    utf16 = text.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        found = text.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        raise RecipeError(f"{name}, line {line}: the file is not UTF-8. Save it as UTF-8.") from None
    if odd := Reader.NON_PRINTABLE.search(found):
        line = found.count("\n", 0, odd.start()) + 1
        character = f"U+{ord(odd.group()):04X}"
        raise RecipeError(f"{name}, line {line}: the character {character} cannot stand in a recipe. Remove it.")
    return found


def yaml_fault(error: yaml.YAMLError, name: str) -> RecipeError:
    """The error that says what is wrong with a YAML text, and in which line."""
    mark, problem = getattr(error, "problem_mark", None), f"{getattr(error, 'problem', '')}"
    context = f"{getattr(error, 'context', '')}"
    said = next((ours for theirs, ours in FAULTS.items() if theirs in problem), None)
    if said is None or (said.startswith("a value is missing") and "escape" in context):
        said = next((ours for theirs, ours in FAULTS.items() if theirs in context), "it cannot be read from here on")
    where = f", line {mark.line + 1}" if mark else ""
    return RecipeError(f"{name}{where}: not valid YAML: {said}.")

"""JSON parsed as Python does, with the line of what is wrong; NaN and Infinity are numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from classmark.errors import InputError

HALF_PAIR = re.compile(r"\\u[dD][89a-fA-F]")
REPLACEMENT = "\ufffd"
BETWEEN = re.compile(r"\s*(?:,\s*)?")
PYTHON_WORDS = ("None", "True", "False")
CAUSES = {
    "Invalid control": ", where a text holds a line break or a tab, which JSON writes as \\n or \\t",
    "Invalid \\": ", where a backslash escapes nothing: write it twice",
    "Unterminated": ", where a text begins that never ends",
    "Expecting ',' delimiter": ", where a comma is missing",
    "Expecting ':' delimiter": ", where a colon is missing",
}
AN_OBJECT = '{"text": …, "label": …}'


class Parser:
    """Parses the JSON of one file and keeps what has to be said of it.

    Args:
        source: of the file, for messages.
        text: the whole file.
    """

    def __init__(self, source: str, text: str) -> None:
        self.source = source
        self._text = text
        self._half_pairs = HALF_PAIR.search(text) is not None
        self._repeated_key: str | None = None
        self._notes: dict[str, str] = {}

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence for each oddity, with the first line that has it."""
        return tuple(self._notes.values())

    def whole(self) -> Any:
        """The one value that the text is.

        Raises:
            InputError: it is not valid JSON.
            ExtraDataError: it goes on after the value.
        """
        try:
            return self._parsed(self._text, "")
        except json.JSONDecodeError as error:
            if error.msg == "Extra data":
                raise ExtraDataError from None
            end = error.pos >= len(self._text.rstrip())
            reason = "the file ends too early" if end else f"see character {error.colno}{_cause(error)}"
            raise InputError(
                f"{self.source}, line {error.lineno}: not valid JSON; {reason}.", "Write or fetch the file again."
            ) from None

    def objects(self, lines: Sequence[str], numbers: Sequence[int]) -> list[dict[str, Any]]:
        """The objects that these lines are, none of which is blank.

        Args:
            lines: without their ends.
            numbers: of the lines, from 1.

        Raises:
            InputError: a line is not valid JSON, or no object.
        """
        if not self._half_pairs and all(line[:1] == "{" and line[-1:] == "}" for line in lines):
            try:  # as one array, which takes half the time
                values = self._decode(f"[{','.join(lines)}]")
            except (ValueError, RecursionError):
                values = []
            if self._repeated_key is None and len(values) == len(lines) and all(isinstance(v, dict) for v in values):
                return list(values)
        return [self._line(line, number) for line, number in zip(lines, numbers, strict=True)]

    def one_after_another(self, text: str) -> list[dict[str, Any]] | None:
        """The objects of a text that is nothing but objects, wherever its lines end; None for any other text.

        Commas between the objects are passed over.
        """
        found, at, line = list[dict[str, Any]](), 0, 1
        scan = json.JSONDecoder().raw_decode
        while at < len(text):
            begin = BETWEEN.match(text, at).end()  # type: ignore[union-attr]
            line += text.count("\n", at, begin)
            if begin == len(text):
                break
            try:
                at = scan(text, begin)[1] if text[begin] == "{" else -1
            except (ValueError, RecursionError):
                at = -1
            if at < 0:
                return None
            found.append(self._line(text[begin:at], line))
            line += text.count("\n", begin, at)
        note = "The objects do not stand one on each line; they were read one after another."
        self._notes.setdefault("one after another", note)
        return found

    def _decode(self, text: str) -> Any:
        """The value of a JSON text; a decoder that is kept would keep the text of the whole file too."""
        return json.JSONDecoder(object_pairs_hook=self._object).decode(text)

    def _line(self, line: str, number: int) -> dict[str, Any]:
        place = f"{self.source}, line {number}"
        try:
            value = self._parsed(line, f"Line {number}: ")
        except json.JSONDecodeError as error:
            end = error.pos >= len(line.rstrip())
            reason = "the line ends too early" if end else f"see character {error.pos + 1}{_cause(error)}"
            raise InputError(
                f"{place}: not valid JSON; {reason}.", f"Each line is one object, as {AN_OBJECT}."
            ) from None
        if not isinstance(value, dict):
            raise InputError(f"{place}: not a JSON object. Each line is one, as {AN_OBJECT}.")
        return value

    def _place(self, line: str) -> str:
        return f"{self.source}, {line.lower().removesuffix(': ')}" if line else self.source

    def _parsed(self, text: str, place: str) -> Any:
        self._repeated_key = None
        try:
            value = self._decode(text)
        except json.JSONDecodeError:
            raise
        except RecursionError:
            raise InputError(f"{self._place(place)}: the JSON is nested too deeply.") from None
        except ValueError:  # Python's limit on the digits of an integer
            raise InputError(f"{self._place(place)}: a number has more than 4,300 digits.") from None
        if self._repeated_key is not None:
            note = f'{place}the key "{self._repeated_key}" occurs twice in an object; the last value counts.'
            self._notes.setdefault("repeated", note[:1].upper() + note[1:])
        if self._half_pairs and HALF_PAIR.search(text):
            value = self._mended(value, place)
        return value

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) < len(pairs) and self._repeated_key is None:
            keys = [key for key, _ in pairs]
            self._repeated_key = next(key for key in value if keys.count(key) > 1)
        return value

    def _mended(self, value: Any, place: str) -> Any:
        """The value with halves of surrogate pairs, which are no characters, replaced."""
        match value:
            case str():
                mended = value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
                if mended == value:
                    return value
                note = f"{place}half a surrogate pair, which is no character, was replaced by {REPLACEMENT}."
                self._notes.setdefault("half", note[:1].upper() + note[1:])
                return re.sub("[\ud800-\udfff]", REPLACEMENT, value)
            case list():
                return [self._mended(item, place) for item in value]
            case dict():
                return {self._mended(key, place): self._mended(item, place) for key, item in value.items()}
        return value


def _cause(error: json.JSONDecodeError) -> str:
    """What is wrong at the place of an error, as far as that is known."""
    rest, what = error.doc[error.pos :], error.msg
    if what.startswith("Extra data"):
        return ", where a second object begins" if rest.startswith("{") else ", where more follows"
    if what.startswith("Illegal trailing comma") or (
        rest[:1] in ("}", "]") and what.startswith(("Expecting p", "Expecting v"))
    ):
        return ", where a value is missing or a comma is too many"
    if rest.startswith("'"):
        return ", where single quotes stand instead of double ones"
    if rest.startswith(PYTHON_WORDS):
        return ", where one of Python's words stands: JSON writes null, true and false"
    return next((cause for start, cause in CAUSES.items() if what.startswith(start)), "")


class ExtraDataError(ValueError):
    """There is more after the value, as in JSON lines."""

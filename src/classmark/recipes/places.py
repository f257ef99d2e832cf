"""Where each key of a recipe comes from, as messages say it: a line of a file, an override, an argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from classmark.recipes.words import shown_text

At = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """Where a key was set.

    Attributes:
        text: such as `recipe.yaml, line 7`.
        names_key: it is the key in Python's spelling, such as `train__epochs`, which then need not be named beside it.
    """

    text: str
    names_key: bool = False

    def of(self, at: At, said: str) -> str:
        """The sentence about a key with its place in front."""
        if self.names_key and at:
            return f"{shown_text('__'.join(map(str, at)))}: {said}"
        return f"{self.text}: {dotted(at)}: {said}" if at else f"{self.text}: {said}"


class Places:
    """The places of a recipe's keys.

    Args:
        name: what messages call the whole.
        lines: the place of each key of its file.
    """

    def __init__(self, name: str, lines: Mapping[At, str] | None = None) -> None:
        self.whole = Place(name)
        self._places = {at: Place(text) for at, text in (lines or {}).items()}

    def note(self, at: At, place: Place) -> None:
        """A key is now set elsewhere, with all that is in it."""
        self._places = {known: found for known, found in self._places.items() if known[: len(at)] != at}
        self._places[at] = place

    def of(self, at: At) -> Place:
        """The place of a key, else of what is in it, else of the section it is in, else of the whole."""
        if at in self._places or not at:
            return self._places.get(at, self.whole)
        inside = next((place for known, place in self._places.items() if known[: len(at)] == at), None)
        return inside or next(
            (self._places[at[:n]] for n in range(len(at), 0, -1) if at[:n] in self._places), self.whole
        )

    def within(self, at: At) -> Places:
        """The places of a section, seen from inside it."""
        inner = Places(self.whole.text)
        inner.whole = self.of(at)
        inner._places = {known[len(at) :]: place for known, place in self._places.items() if known[: len(at)] == at}
        inner._places.pop((), None)
        return inner


def dotted(at: At) -> str:
    """A key as a recipe's users write it: `train.epochs`."""
    return shown_text(".".join(map(str, at)))

"""Every error that a user can cause, as one tree.

ClassmarkError             what went wrong, where, what to do; the command line prints it and exits with 2
├── RecipeError            a recipe or an override is wrong; lists every problem at once
├── InputError             a file, a table, an archive or an argument holds something unusable
│   ├── PredictionsError   a predictions table breaks its contract
│   └── EstimatorError     what is given to a scikit-learn estimator cannot be used; a ValueError too
├── RunError               a run folder is missing, unfinished or damaged
├── AgreementError         an export does not say what its run says (exit code 1)
├── OutsideError           the machine refuses: room, rights, memory, open files
├── NonFiniteError         training came to numbers that are not finite
├── MissingExtraError      an optional package is needed; names the line that installs it
└── Interrupted            Ctrl-C or SIGTERM; the run can be resumed (exit code 130 or 143)

A message names arguments by `Option`, and each face spells them: `error.spelt("command line")` says `--label COLUMN` where
`str(error)`, the Python face, says `label="COLUMN"`, and `error.spelt("service")`, the face of a request, `?label=COLUMN`.
`assert` is kept for our own mistakes; whatever a user can do wrong raises one of these.
"""

from __future__ import annotations

import csv
import difflib
import io
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Face = Literal["python", "command line", "service"]
FLAGS = {"slices": "slice"}  # options that are given once per value and so are called by one


@dataclass(frozen=True)
class Option:
    """An argument as a message names it; each face spells it in its own way.

    Attributes:
        name: as in Python, such as `label_errors`.
        value: a word, several words, a number, True for a flag, or None for the name alone.
    """

    name: str
    value: str | tuple[str, ...] | bool | float | None = None

    def spelt(self, face: Face) -> str:
        """`--label COLUMN` on the command line, `label="COLUMN"` in Python, `?label=COLUMN` in a request."""
        if face == "command line":
            flag = FLAGS.get(self.name, self.name).replace("_", "-")
            return " ".join([f"--{flag}", *self._words()])
        if face == "service":
            return f"?{self.name}" if self.value is None else f"?{self.name}={_in_query(self.value)}"
        if self.name == "where" and isinstance(self.value, str):
            column, _, value = self.value.partition("=")
            return f"where={{{_quoted(column)}: {_quoted(value)}}}"
        if self.name == "by" and isinstance(self.value, str):
            return f"classmark.judge_parts(…, by={_quoted(self.value)})"
        match self.value:
            case None:
                return f"{self.name}="
            case tuple():
                return f"{self.name}=[{', '.join(map(_quoted, self.value))}]"
            case str():
                return f"{self.name}={_quoted(self.value)}"
        return f"{self.name}={self.value}"

    def _words(self) -> list[str]:
        match self.value:
            case str():
                return [shlex.quote(self.value)]
            case float():
                return [f"{self.value:g}"]
            case tuple():
                return [shlex.quote(comma_separated(self.value))]
        return []


@dataclass(frozen=True)
class Key(Option):
    """A key of a recipe as a message names it, the same in each face: `data.text_column=…`."""

    def spelt(self, face: Face) -> str:
        """The key, with its value if there is one."""
        return self.name if self.value is None else f"{self.name}={self.value}"


Message = str | tuple[str | Option, ...]


def spelt(message: Message, face: Face) -> str:
    """A message as one face says it."""
    parts = (message,) if isinstance(message, str) else message
    return "".join(part.spelt(face) if isinstance(part, Option) else part for part in parts)


def _in_query(value: str | tuple[str, ...] | float) -> str:
    """A value as an address has it, unescaped, so that people can read it."""
    match value:
        case bool():
            return str(value).lower()
        case tuple():
            return comma_separated(value)
    return str(value)


def comma_separated(names: Sequence[str]) -> str:
    """The names in one line, those that contain a comma or a quote in quotes."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return line.getvalue()


def _quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


class ClassmarkError(Exception):
    """The root: `str(error)` is the complete message as Python says it, four lines at most.

    Args:
        problem: what is wrong, with the value and the place.
        remedy: what to do, as a sentence of its own.
        argument: the name of the argument that is wrong, if the message is about one; it comes first.
    """

    exit_code = 2

    def __init__(self, problem: Message, remedy: Message = "", *, argument: str | None = None) -> None:
        self.problem, self.remedy, self.argument = problem, remedy, argument
        super().__init__(self.spelt("python"))

    def spelt(self, face: Face) -> str:
        """The complete message with arguments as this face spells them."""
        start = "" if self.argument is None else f"{Option(self.argument).spelt(face).removesuffix('=')}: "
        rest = spelt(self.remedy, face)
        return start + spelt(self.problem, face) + (f" {rest}" if rest else "")


class RecipeError(ClassmarkError):
    """A recipe cannot be used; the message lists every problem with its place."""


class InputError(ClassmarkError):
    """A file, a table or an argument cannot be used."""


class PredictionsError(InputError):
    """A predictions table breaks its contract (see `classmark.predictions`)."""


class EstimatorError(InputError, ValueError):
    """What a scikit-learn estimator is given cannot be used; scikit-learn expects a ValueError."""


class RunError(ClassmarkError):
    """A run folder cannot be used for what was asked."""


class AgreementError(ClassmarkError):
    """What was written does not say what its run says, so it was removed: a check that failed."""

    exit_code = 1


class OutsideError(ClassmarkError):
    """The machine does not give what is needed: room on a disk, rights, memory, open files.

    Args:
        reason: why, in words that also fit into brackets, such as `the disk is full`.
        remedy: what to do, as a sentence of its own.
        place: the file or folder it is about, if there is one.
    """

    def __init__(self, reason: str, remedy: Message = "", place: str = "") -> None:
        self.reason, self.place = reason, place
        super().__init__(f"{place}: {reason}." if place else f"{reason}.", remedy)


class NonFiniteError(ClassmarkError):
    """A loss, a gradient or a weight is no longer a finite number."""


class MissingExtraError(ClassmarkError):
    """An optional package is missing."""

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f'{purpose} needs the package "{package}": pip install "classmark[{extra}]"')


class Interrupted(ClassmarkError):  # noqa: N818 - it is no fault
    """The run was asked to stop, has saved its state, and can be resumed.

    Args:
        message: what was saved and the command that resumes.
        signal_number: 2 (SIGINT) or 15 (SIGTERM); the exit code is 128 more.
    """

    def __init__(self, message: str, signal_number: int = 2) -> None:
        super().__init__(message)
        self.exit_code = 128 + signal_number


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean "…"?` for a misspelt name, or an empty string where nothing is near.

    A name in other case comes first, then one that goes on where this one ends, `text_column` for `text`.
    """
    names = list(known)
    likely = [one for one in names if one.casefold() == name.casefold()]
    likely += [one for one in names if name and one.startswith(f"{name}_")]
    likely += difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f' Did you mean "{likely[0]}"?' if likely else ""


def shortened(names: Sequence[str]) -> str:
    """The first eight names, and how many there are if there are more."""
    return ", ".join(names[:8]) + (f", … ({len(names)} in all)" if len(names) > 8 else "")


def one_line(name: str) -> str:
    """A name as a message shows it: what cannot be seen, such as a line break, as its number, `‹U+000A›`."""
    if name.isprintable():
        return name
    return "".join(letter if letter.isprintable() else f"‹U+{ord(letter):04X}›" for letter in name)

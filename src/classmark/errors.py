"""Every error that a user can cause, as one tree.

ClassmarkError             what went wrong, where, what to do; the command line prints it and exits with 2
├── RecipeError            a recipe or an override is wrong; lists every problem at once
├── InputError             a file, a table, an archive or an argument holds something unusable
│   └── PredictionsError   a predictions table breaks its contract
├── RunError               a run folder is missing, unfinished or damaged
├── MissingExtraError      an optional package is needed; names the line that installs it
└── Interrupted            Ctrl-C or SIGTERM; the run can be resumed (exit code 130 or 143)

`assert` is kept for our own mistakes; whatever a user can do wrong raises one of these.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


class ClassmarkError(Exception):
    """The root: `str(error)` is the complete message, four lines at most."""

    exit_code = 2


class RecipeError(ClassmarkError):
    """A recipe cannot be used; the message lists every problem with its place."""


class InputError(ClassmarkError):
    """A file, a table or an argument cannot be used."""


class PredictionsError(InputError):
    """A predictions table breaks its contract (see `classmark.predictions`)."""


class RunError(ClassmarkError):
    """A run folder cannot be used for what was asked."""


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
    """` Did you mean "…"?` for a misspelt name, or an empty string where nothing is near."""
    matches = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f' Did you mean "{matches[0]}"?' if matches else ""


def shortened(names: Sequence[str]) -> str:
    """The first eight names, and how many there are if there are more."""
    return ", ".join(names[:8]) + (f", … ({len(names)} in all)" if len(names) > 8 else "")

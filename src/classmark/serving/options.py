"""What a service is started with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from classmark.errors import InputError

KEY_VARIABLE = "CLASSMARK_API_KEY"
FEWEST_KEY_CHARACTERS = 16
USUAL_SETS = 0.9


@dataclass(frozen=True)
class Limits:
    """What one request may ask for; more is refused.

    Attributes:
        body_bytes: of the request.
        rows: texts or images.
        characters: of one text.
        pixels: of one image.
        seconds: for sending the request, and again for its answer.
        waiting_rows: of all requests that wait; beyond them, new ones are turned away.
    """

    body_bytes: int = 16 << 20
    rows: int = 1_000
    characters: int = 100_000
    pixels: int = 40_000_000
    seconds: float = 30.0
    waiting_rows: int = 4_000


@dataclass(frozen=True)
class ServeOptions:
    """How models are served.

    Attributes:
        calibrated, mixture, at, sets: as of `classmark predict`. Without `sets`, those of 90 % are given where the run has
            predictions of validation rows.
        batch: rows from which on waiting requests are computed together at once.
        wait_seconds: how long a request waits for others to be computed with.
        watch: look every second whether a run was replaced.
        limits: of one request.
        key: that requests must show; None where everyone may ask.
    """

    calibrated: bool = False
    mixture: bool = False
    at: str | None = None
    sets: float | None = None
    batch: int = 32
    wait_seconds: float = 0.005
    watch: bool = False
    limits: Limits = field(default_factory=Limits)
    key: str | None = field(default=None, repr=False)


def named_runs(runs: list[Path]) -> dict[str, Path]:
    """Name → run; the name is that of its folder, or of the link to it.

    Raises:
        InputError: there is none, or two have the same name.
    """
    if not runs:
        raise InputError("there is none.", "Name a run folder.", argument="runs")
    named: dict[str, Path] = {}
    for run in runs:
        name = run.absolute().name
        if name in named:
            raise InputError(
                f'{named[name]} and {run} are both called "{name}".', "Give one of them a link with another name."
            )
        named[name] = run
    return named


def read_key(file: Path | None, environment: Mapping[str, str] = os.environ) -> str | None:
    """The key that requests must show: the first line of a file, or the variable CLASSMARK_API_KEY; None without both.

    Raises:
        InputError: the file cannot be read, or the key is short or not plain.
    """
    if file is None:
        key, place = environment.get(KEY_VARIABLE), KEY_VARIABLE
        if not key:
            return None
    else:
        place = str(file)
        try:
            key = (file.read_text(encoding="utf-8").splitlines() or [""])[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not valid UTF-8"
            raise InputError(f"{file}: it cannot be read ({reason.lower()}).", argument="key_file") from None
    if len(key) < FEWEST_KEY_CHARACTERS or not key.isascii() or not key.isprintable() or " " in key:
        raise InputError(
            f"{place}: a key is {FEWEST_KEY_CHARACTERS} or more letters, digits and signs without blanks.",
            'Make one: python -c "import secrets; print(secrets.token_urlsafe())"',
        )
    return key


def check_options(options: ServeOptions) -> None:
    """Refuse numbers that cannot be.

    Raises:
        InputError: one is out of range.
    """
    limits = options.limits
    least = {
        "batch": (options.batch, 1),
        "max_rows": (limits.rows, 1),
        "max_bytes": (limits.body_bytes, 1),
        "max_characters": (limits.characters, 1),
        "max_pixels": (limits.pixels, 1),
        "wait_ms": (1_000 * options.wait_seconds, 0),
    }
    for name, (value, lowest) in least.items():
        if not value >= lowest:
            raise InputError(f"{value:g} is below {lowest}.", argument=name)
    if not limits.seconds > 0:
        raise InputError(f"{limits.seconds:g} is not above 0.", argument="timeout")

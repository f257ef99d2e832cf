"""Compare files or runs on the same rows."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from classmark import api
from classmark.cli.output import check_free, check_paper, exit_by, show
from classmark.errors import InputError, nearest
from classmark.reading.options import ReadWords, read_where
from classmark.shown.comparisons import ShownComparisons
from classmark.system.progress import shown_wait

FLAGS = ("logits", "labels_only", "rescale")
LISTS = ("classes", "probabilities")


@dataclass(frozen=True)
class CompareWords:
    """The words of the command.

    Attributes:
        paths: files or runs; the first is the baseline.
        out: the folder for the results.
        read: what the columns of all files mean, as `classmark.compare` takes it.
        of_one: changes for one file, such as `B.label=truth`.
        by: a column that says which model a row is of, in one file.
        names: what the models are called.
        draws: of the bootstrap.
        fail_if_worse, not_worse_than, equivalent: checks, as `classmark.compare` takes them.
        paper: `latex` or `markdown`, to print the table as a paper has it.
        level: of the intervals.
    """

    paths: Sequence[str]
    out: Path
    read: Mapping[str, Any]
    of_one: Sequence[str] = ()
    by: str | None = None
    names: Sequence[str] | None = None
    draws: int = 1000
    fail_if_worse: Sequence[str] = ()
    not_worse_than: Sequence[str] = ()
    equivalent: Sequence[str] = ()
    paper: str | None = None
    level: float = 0.95


def compare(words: CompareWords, *, as_json: bool) -> None:
    """Compare files or runs; exit with 1 if a check that was asked for fails, with 3 if these rows cannot tell."""
    if len(words.paths) < 2 and words.by is None:
        raise InputError("compare: name two files or runs, or more, on the same rows: classmark compare A B")
    check_paper(words.paper, as_json)
    check_free(words.out, "comparison.json")
    with shown_wait("reading") as say:
        sides = _sides(words)
        say("comparing")
        comparison = _compared(words, sides)
        say("drawing the page")
        page = comparison.report(words.out)
    show(comparison.to_json(), comparison, as_json, words.paper)
    typer.echo(f"written to {page}", err=True)
    exit_by(comparison.checks)


def _compared(words: CompareWords, sides: Sequence[Any]) -> ShownComparisons:
    return api.compare(
        *sides,
        by=words.by,
        names=words.names,
        draws=words.draws,
        level=words.level,
        fail_if_worse=words.fail_if_worse,
        not_worse_than=words.not_worse_than,
        equivalent=words.equivalent,
        **(words.read if words.by is not None else {}),
    )


def _sides(words: CompareWords) -> list[Any]:
    """Each file read with the options of all and its own."""
    if words.by is not None:
        if words.of_one:
            raise InputError("--set goes with several files; with --by there is one.")
        return list(words.paths)
    own = own_options(words.of_one, len(words.paths))
    return [api.read(path, **{**words.read, **own[place]}) for place, path in enumerate(words.paths)]


def own_options(changes: Sequence[str], count: int) -> list[dict[str, Any]]:
    """The options of each file in words such as `B.label=truth`."""
    from classmark.judging.comparisons.multiple import LETTERS

    found: list[dict[str, Any]] = [{} for _ in range(count)]
    letters = LETTERS[:count]
    for change in changes:
        key, sign, value = change.partition("=")
        letter, dot, name = key.partition(".")
        name = name.strip().replace("-", "_")
        if not sign or not dot or letter.strip().upper() not in letters or len(letter.strip()) != 1:
            raise InputError(
                f'--set: "{change}" is not a letter from {letters[0]} to {letters[-1]}, an option and its value. '
                f"Write for instance: --set {letters[-1]}.label=truth"
            )
        known = sorted(ReadWords.__optional_keys__)
        if name not in known:
            raise InputError(f'--set: there is no option "{name}"; {", ".join(known)} are.{nearest(name, known)}')
        found[letters.index(letter.strip().upper())][name] = _value(name, value.strip())
    return found


def _value(name: str, word: str) -> Any:
    if name in FLAGS:
        if word.lower() not in ("true", "false"):
            raise InputError(f"--set: {name}={word}: write true or false.")
        return word.lower() == "true"
    if name in LISTS:
        return [one.strip() for one in next(csv.reader([word], skipinitialspace=True))]
    return dict(read_where((word,))) if name == "where" else word

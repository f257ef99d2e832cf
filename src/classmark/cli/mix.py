"""Mix the predictions of several files or runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from classmark import api
from classmark.cli.compare import own_options
from classmark.cli.output import check_free, show
from classmark.errors import InputError
from classmark.system.progress import shown_wait


@dataclass(frozen=True)
class MixWords:
    """The words of the command.

    Attributes:
        paths: test predictions of each model: files or runs.
        validation: validation predictions of each model, in the same order.
        out: the folder for the results.
        read: what the columns of all files mean, as `classmark.mix` takes it.
        of_one: changes for the files of one model, such as `B.label=truth`.
        by: a column that says which model a row is of, in one file.
        names: what the models are called.
        draws: of the bootstrap.
        level: of the intervals.
    """

    paths: Sequence[str]
    validation: Sequence[str]
    out: Path
    read: Mapping[str, Any]
    of_one: Sequence[str] = ()
    by: str | None = None
    names: Sequence[str] | None = None
    draws: int = 1000
    level: float = 0.95


def mix(words: MixWords, *, as_json: bool) -> None:
    """Mix models, judge the mixture, and write its judgement, page and predictions."""
    if len(words.paths) < 2 and words.by is None:
        raise InputError("mix: name two files or runs, or more, on the same rows: classmark mix A B --validation VA VB")
    check_free(words.out, "judgement.json")
    models, held_out, read = words.paths, words.validation, words.read
    if words.by is None:
        with shown_wait("reading"):
            models, held_out, read = *_opened(words), {}
    elif words.of_one:
        raise InputError("--set goes with several files; with --by there is one.")
    read = {**read, "draws": words.draws, "level": words.level}
    with shown_wait("mixing and judging") as say:
        found = api.mix(*models, validation=list(held_out), by=words.by, names=words.names, **read)
        say("drawing the page")
        page = found.report(words.out)
    show(found.to_json(), found, as_json)
    typer.echo(f"written to {page}", err=True)


def _opened(words: MixWords) -> tuple[list[Any], list[Any]]:
    """Each model's files read with the options of all and its own."""
    own = own_options(words.of_one, len(words.paths))
    models = [api.read(path, **{**words.read, **own[place]}) for place, path in enumerate(words.paths)]
    lacking = [place for place, side in enumerate(models) if side.validation is None]
    places = lacking if len(words.validation) == len(lacking) else range(len(models))
    pairs = zip(places, words.validation, strict=False)
    held_out = [api.read(path, **{**words.read, **own[place]}) for place, path in pairs]
    return models, [*held_out, *words.validation[len(held_out) :]]

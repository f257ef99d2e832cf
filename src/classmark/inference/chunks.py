"""What predicting files passes along: options, some rows at a time, and what is to be said about rows left out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal, TypeVar

import polars as pl

from classmark.data.images.files import ImageFiles
from classmark.errors import InputError, Option

T = TypeVar("T")
Kind = Literal["text", "images"]
CHUNK_ROWS = 4_096
MOST_NAMED = 5
NUMBERED = re.compile("(.*), ((?:row|line) [0-9]+)")


@dataclass(frozen=True)
class PredictOptions:
    """How to predict.

    Attributes:
        text, image: columns of tables: the text, the path of the image.
        image_folder, image_ending: where the images of a table are, if not beside it, and what is added to their names.
        label: column of the true class; None for the column `label`, if there is one.
        id: column of ids; None for row numbers.
        quoting: `none` if quotes in a CSV or TSV are ordinary characters, as the recipe key `data.quoting`; else `auto`.
        calibrated: divide the logits by the temperature of `model/calibration.json`.
        mixture: predict with the mixture of `model/mixture.json` instead of the model alone.
        skip_unreadable: leave out empty texts, damaged images and files that cannot be read, and say how many.
        skip_unknown_labels: leave out rows whose label is no class of the model, and say how many.
        no_labels: do not read labels.
        at: the goal of a threshold that is chosen on the run's validation rows, and decides instead of the largest probability.
        sets: write prediction sets that hold the true class in this share of rows.
    """

    text: str = "text"
    image: str = "image"
    image_folder: str | None = None
    image_ending: str | None = None
    label: str | None = None
    id: str | None = None
    quoting: str = "auto"
    calibrated: bool = False
    mixture: bool = False
    skip_unreadable: bool = False
    skip_unknown_labels: bool = False
    no_labels: bool = False
    at: str | None = None
    sets: float | None = None


@dataclass(frozen=True)
class Chunk:
    """Some rows to predict.

    Attributes:
        frame: `id`, `label` (a class of the model, or null), and `text`, or `path` of an image; all `String`.
        places: where each row is, for messages.
        files: the images; None where there are texts.
    """

    frame: pl.DataFrame
    places: Sequence[str]
    files: ImageFiles | None = None

    def chosen(self, rows: Sequence[int]) -> Chunk:
        """These rows, in this order."""
        files = None if self.files is None else self.files.chosen(rows)
        return Chunk(self.frame[list(rows)], [self.places[row] for row in rows], files)


@dataclass
class Notes:
    """What is to be said once all rows are predicted.

    Attributes:
        sentences: on how the inputs were read; each once.
        left_out: reason → the places of the rows left out for it.
    """

    sentences: dict[str, None] = field(default_factory=dict)
    left_out: dict[str, LeftOut] = field(default_factory=dict)

    def say(self, *sentences: str) -> None:
        """Keep these sentences, in their order."""
        self.sentences |= dict.fromkeys(sentences)

    def leave_out(self, reason: str, place: str) -> None:
        """Count a row that is left out."""
        before = self.left_out.get(reason, LeftOut())
        places = (*before.places, place) if before.rows < MOST_NAMED else before.places
        self.left_out[reason] = replace(before, rows=before.rows + 1, places=places)

    def lines(self) -> list[str]:
        """All that is to be said, a line each."""
        return [*self.sentences, *(left.line(reason) for reason, left in self.left_out.items())]


@dataclass(frozen=True)
class LeftOut:
    """How many rows are left out, and where the first of them are."""

    rows: int = 0
    places: tuple[str, ...] = ()

    def line(self, reason: str) -> str:
        """`left out: 2 rows, the text is empty: a.csv, row 3, row 9`."""
        count = "1 row" if self.rows == 1 else f"{self.rows:,} rows"
        places, before = list[str](), ""
        for place in self.places:
            found = NUMBERED.fullmatch(place)
            source, number = found.groups() if found else (place, "")
            places.append(number if number and source == before else place)
            before = source
        more = f" and {self.rows - len(places):,} more" if self.rows > len(places) else ""
        return f"left out: {count}, {reason}: {', '.join(places)}{more}"


def readable(
    places: Sequence[str], faults: Iterable[str | None], remedy: str, options: PredictOptions, notes: Notes
) -> list[int]:
    """The rows without a fault; those that have one are left out and noted.

    Args:
        places: of the rows, for messages.
        faults: why each row cannot be read, or None.
        remedy: what can be done besides leaving rows out, such as "Correct it".
        options: whether rows may be left out.
        notes: of what is left out.

    Raises:
        InputError: a row has a fault, and none may be left out.
    """
    kept = []
    for row, (place, fault) in enumerate(zip(places, faults, strict=True)):
        if fault is None:
            kept.append(row)
        elif not options.skip_unreadable:
            raise InputError(
                f"{place}: {fault}.", (f"{remedy}, or leave such rows out: ", Option("skip_unreadable", True))
            )
        else:
            notes.leave_out(fault, place)
    return kept


def batched_rows(rows: Iterable[T]) -> Iterator[list[T]]:
    """Lists of at most 4,096 items."""
    iterator = iter(rows)
    while batch := list(islice(iterator, CHUNK_ROWS)):
        yield batch

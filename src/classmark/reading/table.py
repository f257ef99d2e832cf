"""A predictions table put together from what a file or a caller gives: probabilities, logits, a score, or labels only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.errors import InputError, nearest, shortened
from classmark.predictions import SCHEMA_VERSION, Predictions, Remark, build_predictions, check

WHOLE_NUMBER = re.compile(r"-?[0-9]+")
LARGEST_LOGIT = 1e30  # logits are stored as float32, which ends at 3.4e38


@dataclass(frozen=True)
class ReadOptions:
    """What the user says about a table; whatever is None is guessed.

    Attributes:
        label: column of the true class.
        id: column of the row's own name.
        predicted: column of the predicted class.
        probabilities: columns of probabilities, one a class, or one score or list column.
        classes: class names, in the order of the probabilities; spelt as labels are, so 1.0 is "1".
        positive: with one score, the class that it is the probability of.
        logits: the probability columns hold logits.

    Raises:
        InputError: a class has an empty name.
    """

    label: str | None = None
    id: str | None = None
    predicted: str | None = None
    probabilities: tuple[str, ...] | None = None
    classes: tuple[str, ...] | None = None
    positive: str | None = None
    logits: bool = False

    def __post_init__(self) -> None:
        if self.classes is not None:
            names = class_names(pl.Series(self.classes, dtype=pl.String)).to_list()
            if None in names:
                raise InputError(f"classes: name {names.index(None) + 1} of {len(names)} is empty. Name every class.")
            object.__setattr__(self, "classes", tuple(names))

    @property
    def names_columns(self) -> bool:
        """Whether anything is said of the columns, which a table of classmark's own does not need."""
        said = (self.label, self.id, self.predicted, self.probabilities, self.classes)
        return self.logits or any(value is not None for value in said)


@dataclass(frozen=True)
class Scores:
    """Probabilities as they stand in a table.

    Attributes:
        columns: where they are from.
        values: shape (N, C), or (N, 1) for one score.
        names: what the columns say the classes are; empty where they say nothing.
    """

    columns: tuple[str, ...]
    values: NDArray[np.float64]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Rows:
    """What a table holds beside its predictions.

    Attributes:
        source: named in messages.
        options: what the user said.
        ids, labels: N names; labels None where unknown.
        others: the columns that are carried along.
        notes: what was guessed; grows while reading.
    """

    source: str
    options: ReadOptions
    ids: pl.Series
    labels: pl.Series
    others: pl.DataFrame
    notes: list[str]

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """The notes as a table carries them."""
        return tuple(Remark("assumed", "info", note) for note in self.notes)

    @property
    def label_classes(self) -> tuple[str, ...]:
        """The classes that the labels name, in their order."""
        return in_order(self.labels.drop_nulls().unique().to_list())


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Class names sorted: by number where all are whole numbers, so that 10 comes after 9."""
    found = list(names)
    return tuple(sorted(found, key=int if all(WHOLE_NUMBER.fullmatch(name) for name in found) else None))


def class_names(column: pl.Series) -> pl.Series:
    """Class names as text; where all are whole numbers written as decimals, 1.0 is "1"."""
    names = column.cast(pl.String).str.strip_chars().replace("", None)
    whole = names.str.contains(r"^-?\d+\.0+$").drop_nulls()
    return names.str.replace(r"\.0+$", "") if len(whole) and whole.all() else names


def class_spelt(name: str, classes: Sequence[str]) -> str:
    """The one of `classes` that `name` means, 1.0 being "1" where that is one; else the name as it is."""
    plain = class_names(pl.Series([name], dtype=pl.String))[0]
    return plain if name not in classes and plain in classes else name


def from_scores(rows: Rows, scores: Scores, predicted: pl.Series | None) -> Predictions:
    """The checked table of rows with probabilities, logits or one score; what `predicted` says otherwise is noted."""
    options, source = rows.options, rows.source
    values = scores.values
    classes = options.classes or scores.names or numbered_classes(rows.label_classes, max(2, values.shape[1]))
    if not classes:
        raise InputError(
            f"{source}: no row has a label, so there is nothing to judge against. "
            "Give the table a column with the true classes."
        )
    if values.shape[1] == 1:
        values = _both_classes(rows, values[:, 0], classes)
    if len(classes) != values.shape[1]:
        raise InputError(
            f"{source}: {values.shape[1]} probabilities a row, but {len(classes)} "
            f"class{'es' * (len(classes) != 1)} ({shortened(classes)}). "
            "Name the classes in the order of the probabilities: --classes NAME,NAME"
        )
    if not options.classes and not scores.names and scores.values.shape[1] > 1:
        rows.notes.append(f"The probabilities are taken in the order of the sorted class names: {shortened(classes)}.")
    logits = values if options.logits else None
    if logits is not None:
        _check_finite(source, logits)
        values = softmax(logits)
    others = rows.others if rows.others.width else None
    table = build_predictions(rows.ids, rows.labels, values, classes, logits=logits, columns=others, source=source)
    if predicted is not None:
        best = pl.Series([classes[index] for index in table.predicted.tolist()])
        differing = int((best != predicted).sum())
        if differing:
            rows.notes.append(f"{differing:,} rows name another predicted class than their largest probability does.")
    return replace(table, remarks=rows.remarks)


def numbered_classes(names: tuple[str, ...], width: int) -> tuple[str, ...]:
    """0 to `width` − 1 where the names are some of these, as class indices are; else the names as they are."""
    numbers = tuple(str(index) for index in range(width))
    return numbers if names and set(names) <= set(numbers) else names


def _both_classes(rows: Rows, score: NDArray[np.float64], classes: Sequence[str]) -> NDArray[np.float64]:
    """Probabilities (or logits) of both classes from one score, shape (N, 2), in the order of `classes`."""
    if len(classes) != 2:
        raise InputError(
            f"{rows.source}: one score a row is for two classes, but there {'is' if len(classes) == 1 else 'are'} "
            f"{len(classes)} ({shortened(classes)}). "
            "Name both classes: --classes negative,positive"
        )
    positive = classes[1] if rows.options.positive is None else class_spelt(rows.options.positive, classes)
    if positive not in classes:
        raise InputError(
            f'{rows.source}: the positive class "{positive}" is none of the classes {shortened(classes)}.'
            f"{nearest(positive, classes)}"
        )
    logits = rows.options.logits
    if rows.options.positive is None:
        kind = "logit" if logits else "probability"
        rows.notes.append(f'The score is taken as the {kind} of "{positive}"; if it is the other: --positive.')
    other = np.zeros_like(score) if logits else 1.0 - score
    return np.column_stack([other, score] if positive == classes[1] else [score, other])


def from_labels(rows: Rows, predicted: pl.Series) -> Predictions:
    """The checked table of rows with predicted classes only."""
    known = {*rows.label_classes, *predicted.drop_nulls().to_list()}
    classes = list(rows.options.classes or in_order(known))
    if not classes:
        raise InputError(f"{rows.source}: neither a label nor a predicted class in any row.")
    frame = pl.DataFrame([rows.ids, rows.labels.alias("label"), predicted.alias("predicted")]).hstack(rows.others)
    metadata = {"schema_version": SCHEMA_VERSION, "classes": classes, "split": None}
    return check(Predictions(frame, metadata, rows.source, rows.remarks))


def _check_finite(source: str, logits: NDArray[np.float64]) -> None:
    bad = ~np.isfinite(logits).all(axis=1)
    if bad.any():
        raise InputError(
            f"{source}, row {int(np.argmax(bad)) + 1}: a logit is missing or not finite; {int(bad.sum()):,} such rows. "
            "Repair or leave out these rows."
        )
    large = (np.abs(logits) > LARGEST_LOGIT).any(axis=1)
    if large.any():
        raise InputError(
            f"{source}, row {int(np.argmax(large)) + 1}: a logit is beyond ±{LARGEST_LOGIT:g}; "
            f"{int(large.sum()):,} such rows. Logits are stored as 32-bit floats: repair or leave out these rows."
        )


def softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of shape (N, C)."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares

"""The predictions table: the contract between whatever makes predictions and whatever judges them.

A Parquet file with one row an example; file metadata, key `classmark`, is JSON with `schema_version`,
`classes`, `split`, and where known `run`, `recipe_sha256`, `weights_sha256`, `data_fingerprint`, `caveats`,
`remarks`, `numbered`.

| column          | type                       |                                                              |
|-----------------|----------------------------|--------------------------------------------------------------|
| `id`            | string                     | unique, stable across runs on the same data                  |
| `label`         | string, nullable           | the true class name                                          |
| `probabilities` | Array(Float32, C)          | rows sum to 1, order as `classes`; absent: labels only       |
| `predicted`     | string                     | the decision; with `probabilities` only if it is not theirs  |
| `logits`        | Array(Float32, C), optional| a single logit z is stored as [0, z]                         |
| `group`         | string, optional           | rows that belong together (a film, a patient)                |
| `weight`        | Float64, optional          | how much a row counts, ≥ 0                                   |
| `leaked`        | bool, optional             | the row stands in the training data                          |
| `text`, or `path` and `thumbnail` | optional | what a report shows                                          |
| any other       |                            | carried along, for slices                                    |

Tables of others are read by `classmark.reading.side`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from classmark.errors import Option, PredictionsError, nearest, shortened
from classmark.system.files import atomic_path
from classmark.system.types import kind_of

SCHEMA_VERSION = 1
METADATA_KEY = "classmark"
ROW_SUM_TOLERANCE = 1e-4
TEXT_CAP_CHARACTERS = 4_000


Severity = Literal["info", "warning", "problem"]


@dataclass(frozen=True)
class Remark:
    """Something that the reader of a table noticed; a judgement repeats it as a finding.

    Attributes:
        code: of the finding.
        severity: `info`, `warning` or `problem`.
        message: one or two sentences.
    """

    code: str
    severity: Severity
    message: str


@dataclass(frozen=True)
class Predictions:
    """A checked predictions table.

    Attributes:
        frame: the columns of the contract, N rows.
        metadata: at least `schema_version`, `classes` and `split`.
        source: where it was read from, for messages.
        remarks: what the reader of a foreign table noticed, or the maker of classmark's own in the data.
        plan: which column of a foreign table became what, such as `label ← y_true; P(fraud) ← prob_fraud`; None for a
            table of classmark's own.
        positive: of two classes, the one that the user or the table names as positive; None where nothing does.
    """

    frame: pl.DataFrame
    metadata: Mapping[str, Any]
    source: str = "predictions"
    remarks: tuple[Remark, ...] = field(default=())
    plan: str | None = None
    positive: str | None = None

    def __len__(self) -> int:
        return self.frame.height

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the probabilities."""
        return tuple(self.metadata["classes"])

    @property
    def split(self) -> str | None:
        return self.metadata.get("split")

    @property
    def numbered(self) -> bool:
        """Whether the ids are row numbers that the reader gave, so that equal ids say nothing."""
        return bool(self.metadata.get("numbered"))

    @property
    def caveats(self) -> dict[str, str]:
        """What its maker knows that a reader of its scores must know: code of the finding → sentence."""
        known = self.metadata.get("caveats")
        return {str(code): str(sentence) for code, sentence in known.items()} if isinstance(known, Mapping) else {}

    @cached_property
    def ids(self) -> pl.Series:
        return self.frame["id"]

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """Class index of each row's true label, shape (N,); −1 where it is unknown."""
        return self._class_indices("label")

    @property
    def has_probabilities(self) -> bool:
        return "probabilities" in self.frame.columns

    @cached_property
    def probabilities(self) -> NDArray[np.float64]:
        """Probabilities as read, in float64, shape (N, C)."""
        return _matrix(self.frame["probabilities"])

    @cached_property
    def logits(self) -> NDArray[np.float64] | None:
        """Logits in float64, shape (N, C), or None."""
        return _matrix(self.frame["logits"]) if "logits" in self.frame.columns else None

    @property
    def has_own_decisions(self) -> bool:
        """Whether the table names the predicted classes beside the probabilities, as for a threshold of its own."""
        return self.has_probabilities and "predicted" in self.frame.columns

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """Predicted class index, shape (N,): what the table names, else the largest probability."""
        return self._class_indices("predicted") if "predicted" in self.frame.columns else self.largest

    @cached_property
    def largest(self) -> NDArray[np.int64]:
        """Class index of the largest probability, shape (N,), the first class at ties."""
        largest: NDArray[np.int64] = np.argmax(self.probabilities, axis=1).astype(np.int64)
        return largest

    @cached_property
    def weights(self) -> NDArray[np.float64] | None:
        """How much each row counts beside the largest weight, shape (N,), from 0 to 1; None where all count alike."""
        if "weight" not in self.frame.columns:
            return None
        weights = self.frame["weight"].to_numpy().astype(np.float64)
        largest = weights.max(initial=0.0)
        return weights / largest if np.isfinite(largest) and largest > 0 else weights

    @cached_property
    def groups(self) -> NDArray[np.int64] | None:
        """Group number of each row, shape (N,), or None where rows are independent."""
        if "group" not in self.frame.columns:
            return None
        return self.frame["group"].rank("dense").to_numpy().astype(np.int64) - 1

    def filter(self, keep: NDArray[np.bool_]) -> Predictions:
        """The rows where `keep`, shape (N,), is true."""
        return replace(self, frame=self.frame.filter(pl.Series(keep)))

    def without_scores(self) -> Predictions:
        """The same rows with the predicted classes alone."""
        if not self.has_probabilities:
            return self
        names = pl.Series("predicted", np.array(self.classes, dtype=object)[self.predicted], dtype=pl.String)
        return replace(self, frame=self.frame.drop("probabilities", "logits", strict=False).with_columns(names))

    def _class_indices(self, column: str) -> NDArray[np.int64]:
        numbers = {name: index for index, name in enumerate(self.classes)}
        return (
            self.frame[column]
            .replace_strict(numbers, default=-1, return_dtype=pl.Int64)
            .fill_null(-1)
            .to_numpy()
            .astype(np.int64)
        )


def _matrix(column: pl.Series) -> NDArray[np.float64]:
    return column.to_numpy().astype(np.float64).reshape(len(column), -1)


def build_predictions(
    ids: Sequence[str] | pl.Series,
    labels: Sequence[str | None] | pl.Series,
    probabilities: ArrayLike,
    classes: Sequence[str],
    *,
    logits: ArrayLike | None = None,
    columns: pl.DataFrame | None = None,
    metadata: Mapping[str, Any] | None = None,
    source: str = "predictions",
    tolerance: float = ROW_SUM_TOLERANCE,
) -> Predictions:
    """A checked predictions table from arrays.

    Args:
        ids: N unique strings.
        labels: N class names, None where unknown.
        probabilities: shape (N, C), rows sum to one.
        classes: C class names.
        logits: shape (N, C); for one logit z pass [0, z].
        columns: N rows of further columns (`group`, `leaked`, `text`, …).
        metadata: further entries (`split`, `run`, …).
        source: named in error messages.
        tolerance: how far the sum of a row's probabilities may be from one.

    Raises:
        PredictionsError: the table breaks the contract.
    """
    width = len(classes)
    series = [
        pl.Series("id", ids, dtype=pl.String),
        pl.Series("label", labels, dtype=pl.String),
        _array_column("probabilities", probabilities, width),
    ]
    if logits is not None:
        series.append(_array_column("logits", logits, width))
    frame = pl.DataFrame(series)
    if columns is not None:
        frame = frame.hstack(columns)
    complete = {"schema_version": SCHEMA_VERSION, "classes": list(classes), "split": None, **(metadata or {})}
    return check(Predictions(frame, complete, source, remarks=_known_remarks(complete)), tolerance)


def _array_column(name: str, values: ArrayLike, width: int) -> pl.Series:
    """In 64 bits if the values are; a file has 32."""
    array = np.ascontiguousarray(values).reshape(-1, width)
    dtype = pl.Float64 if array.dtype == np.float64 else pl.Float32
    return pl.Series(name, array).cast(pl.Array(dtype, width))


def check(predictions: Predictions, tolerance: float = ROW_SUM_TOLERANCE) -> Predictions:
    """The same predictions, if they keep the contract.

    Args:
        predictions: to check.
        tolerance: how far the sum of a row's probabilities may be from one.

    Raises:
        PredictionsError: naming the first row that breaks it and what to do.
    """
    frame, source = predictions.frame, predictions.source
    if frame.height == 0:
        raise PredictionsError(f"{source}: the table has no rows. Give a file with at least one prediction.")
    if len(predictions.classes) < 2:
        raise PredictionsError(
            f'{source}: only one class ("{predictions.classes[0]}") is named; a classifier needs at least two.',
            ("Name all of them, for instance ", Option("classes", ("negative", "positive"))),
        )
    if len(set(predictions.classes)) != len(predictions.classes):
        raise PredictionsError(f"{source}: a class is named twice in {list(predictions.classes)}.")
    _check_ids(frame, source)
    _check_names(predictions, "label")
    if predictions.has_probabilities:
        _check_probabilities(predictions, tolerance)
    if "predicted" in frame.columns or not predictions.has_probabilities:
        _check_names(predictions, "predicted")
    if "group" in frame.columns and frame["group"].null_count():
        row = int(frame["group"].is_null().arg_max() or 0) + 1
        raise PredictionsError(f"{source}, row {row}: no group. Give every row a group, or leave the column out.")
    if predictions.weights is not None:
        _check_weights(predictions.weights, source)
    return predictions


def _check_weights(weights: NDArray[np.float64], source: str) -> None:
    bad = ~(np.isfinite(weights) & (weights >= 0))
    if bad.any():
        row = int(np.argmax(bad))
        raise PredictionsError(
            f"{source}, row {row + 1}: the weight {weights[row]:g} is not a number from 0; {int(bad.sum()):,} such rows. "
            "Give every row a weight from 0."
        )
    if not weights.any():
        raise PredictionsError(f"{source}: every weight is 0. Give at least one row a weight above 0.")


def _check_ids(frame: pl.DataFrame, source: str) -> None:
    if frame["id"].null_count():
        row = int(frame["id"].is_null().arg_max() or 0) + 1
        raise PredictionsError(f"{source}, row {row}: no id. Every row needs an id of its own.")
    duplicated = frame["id"].is_duplicated()
    if duplicated.any():
        first = frame["id"].filter(duplicated)[0]
        rows = [str(row + 1) for row in frame["id"].eq(first).arg_true()[:3]]
        raise PredictionsError(
            f'{source}: the id "{first}" stands in rows {", ".join(rows)}; '
            f"{int(duplicated.sum()):,} rows share an id with another. Give each row an id of its own."
        )


def _check_names(predictions: Predictions, column: str) -> None:
    names = predictions.frame[column]
    unknown = names.is_not_null() & ~names.is_in(list(predictions.classes))
    if unknown.any():
        row = int(unknown.arg_max() or 0)
        raise PredictionsError(
            f'{predictions.source}, row {row + 1}: the {column} "{names[row]}" is none of the classes '
            f"{shortened(predictions.classes)}.{nearest(names[row], predictions.classes)}"
        )
    if column == "predicted" and names.null_count():
        row = int(names.is_null().arg_max() or 0) + 1
        raise PredictionsError(
            f"{predictions.source}, row {row}: nothing is predicted.",
            'Write an answer of its own, such as "no answer", to count the row as wrong; else remove it.',
        )


def _check_probabilities(predictions: Predictions, tolerance: float) -> None:
    values, source = predictions.probabilities, predictions.source
    if values.shape[1] != len(predictions.classes):
        raise PredictionsError(
            f"{source}: {values.shape[1]} probabilit{'y' if values.shape[1] == 1 else 'ies'} a row, "
            f"but {len(predictions.classes)} classes."
        )
    bad = ~np.isfinite(values).all(axis=1)
    if bad.any():
        raise PredictionsError(
            f"{source}, row {int(np.argmax(bad)) + 1}: a probability is missing or not finite "
            f"({_shown(values[np.argmax(bad)])}); {int(bad.sum()):,} such rows. Repair or leave out these rows."
        )
    outside = ((values < 0) | (values > 1 + tolerance)).any(axis=1)
    if outside.any():
        raise PredictionsError(
            f"{source}, row {int(np.argmax(outside)) + 1}: {_shown(values[np.argmax(outside)])} are not "
            f"probabilities from 0 to 1; {int(outside.sum()):,} such rows.",
            ("If they are logits, say so: ", Option("logits", True)),
        )
    off = np.abs(values.sum(axis=1) - 1.0) > tolerance
    if off.any():
        row = int(np.argmax(off))
        raise PredictionsError(
            f"{source}, row {row + 1}: the probabilities sum to {values[row].sum():.6g}, not to 1 "
            f"(tolerance {tolerance:g}); {int(off.sum()):,} such rows. They are not rescaled silently."
        )


def _shown(values: NDArray[np.float64]) -> str:
    return "[" + ", ".join(f"{value:.6g}" for value in values[:4]) + (", …]" if len(values) > 4 else "]")


def write(predictions: Predictions, path: Path) -> None:
    """Write the table as Parquet, atomically; equal tables give equal bytes."""
    frame = predictions.frame
    floats = [name for name in ("probabilities", "logits") if name in frame.columns]
    frame = frame.with_columns(pl.col(name).cast(pl.Array(pl.Float32, len(predictions.classes))) for name in floats)
    with atomic_path(path) as temporary:
        frame.write_parquet(
            temporary,
            compression="zstd",
            metadata={METADATA_KEY: json.dumps(dict(predictions.metadata), ensure_ascii=False)},
        )


def read_metadata(path: Path) -> dict[str, Any] | None:
    """The `classmark` entry of a Parquet file's metadata, or None where it has none.

    Raises:
        PredictionsError: the file cannot be read as Parquet, the entry is damaged, or its version is newer than this
            program.
    """
    try:
        text = pl.read_parquet_metadata(path).get(METADATA_KEY)
    except (pl.exceptions.PolarsError, OSError, pl.exceptions.PanicException):
        raise PredictionsError(
            f"{path}: it is no Parquet file, or it is damaged or cut off. Write or fetch it again."
        ) from None
    if text is None:
        return None
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    metadata: dict[str, Any] = found if isinstance(found, dict) else {}
    version, classes = metadata.get("schema_version", 0), metadata.get("classes")
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise PredictionsError(
            f"{path}: written by a newer classmark (schema version {version}, "
            f"this one reads up to {SCHEMA_VERSION}). Upgrade: pip install --upgrade classmark"
        )
    named = isinstance(classes, list) and bool(classes) and all(isinstance(name, str) for name in classes)
    if not (named and isinstance(version, int)):
        raise PredictionsError(
            f'{path}: its metadata "{METADATA_KEY}" is damaged: it is no JSON with a list of classes and a version. '
            "Write the table again, or without this entry."
        )
    return metadata


def read(path: Path) -> Predictions:
    """The checked predictions in a table that classmark wrote.

    Raises:
        PredictionsError: the file is missing, is not such a table, or breaks the contract.
    """
    if not path.is_file():
        raise PredictionsError(f"{path}: there is no such file.")
    metadata = read_metadata(path)
    if metadata is None:
        raise PredictionsError(f"{path}: not a predictions table of classmark (its metadata has no such entry).")
    frame = pl.read_parquet(path)
    _check_types(frame, str(path))
    return check(Predictions(frame, metadata, str(path), remarks=_known_remarks(metadata)))


def _known_remarks(metadata: Mapping[str, Any]) -> tuple[Remark, ...]:
    """What the maker of a table noticed in the data that it is of; entries of another form are passed over."""
    found = metadata.get("remarks")
    entries = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    return tuple(
        Remark(one["code"], one["severity"], one["message"])
        for one in entries
        if all(isinstance(one.get(name), str) for name in ("code", "severity", "message"))
        and one["severity"] in get_args(Severity)
    )


def _check_types(frame: pl.DataFrame, source: str) -> None:
    what = "probabilities" if "probabilities" in frame.columns else "predicted"
    for name in ("id", "label", what):
        if name not in frame.columns:
            raise PredictionsError(f'{source}: there is no column "{name}", which a table of classmark has.')
        wanted: Any = pl.Array if name == "probabilities" else pl.String
        words = "arrays of one length" if name == "probabilities" else "text"
        if frame[name].dtype != wanted:
            raise PredictionsError(f'{source}: the column "{name}" holds {kind_of(frame[name].dtype)}, not {words}.')

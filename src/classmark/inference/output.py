"""The table that predictions are written to: whole or not at all, and never over an input."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.data.images.files import ImageFiles
from classmark.errors import InputError, Option, comma_separated
from classmark.inference.chunks import Chunk, Notes, PredictOptions, readable
from classmark.inference.decisions import SET_METHOD, DecidingModel
from classmark.inference.file_chunks import is_read_in_folder
from classmark.predictions import METADATA_KEY, SCHEMA_VERSION, TEXT_CAP_CHARACTERS, build_predictions
from classmark.system.files import atomic_path, written
from classmark.tables.contents import check_readable

OUT_ENDINGS = (".parquet", ".csv", ".jsonl")


class Predicts(Protocol):
    """What is needed of a classifier here."""

    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def temperature(self) -> float | None: ...
    def predict_logits(self, inputs: Sequence[str]) -> NDArray[np.float32]: ...


@runtime_checkable
class PredictsFiles(Predicts, Protocol):
    """What is needed beside it for image files."""

    def file_logits(self, files: ImageFiles) -> NDArray[np.float32]: ...
    def file_faults(self, files: ImageFiles) -> list[str | None]: ...


def check_out(out: Path, inputs: Sequence[str]) -> None:
    """Refuse a place to write to that is an input, or part of one, or where nothing can be written.

    Raises:
        InputError: it is such a place, its ending is not known, or an input is not there.
    """
    if out.suffix.lower() not in OUT_ENDINGS:
        raise InputError(f'"{out.name}" must end in {", ".join(OUT_ENDINGS)}.', argument="out")
    try:
        _check_place(out, inputs)
    except (OSError, ValueError) as error:  # a name that is too long or has a zero byte
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError(f"{out}: it cannot be used ({reason}).", "Name another file.", argument="out") from None


def _check_place(out: Path, inputs: Sequence[str]) -> None:
    if out.is_dir():
        raise InputError(f"{out}: it is a folder.", "Name a file in it.", argument="out")
    for name in inputs:
        if name != "-" and _is_of(out, Path(name)):
            raise InputError(
                f"{out}: it would overwrite an input, {name}, or be read as a part of it next time.",
                "Name another file.",
                argument="out",
            )
    folder = out.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise InputError(f"{out}: {folder} is a file, not a folder.", "Name another file.", argument="out")
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise InputError(
            f"{out}: nothing can be written in {folder} ({reason}).", "Name another place.", argument="out"
        ) from None


def _is_of(out: Path, source: Path) -> bool:
    """Whether it is an input, by whatever path or link, or a file of a folder that is read."""
    check_readable(source)
    if not source.is_dir():
        return out.exists() and out.samefile(source)
    within = out.resolve().is_relative_to(source.resolve())
    if within and is_read_in_folder(source, out):
        return True
    if not out.exists() or (not within and out.stat().st_nlink == 1):
        return False
    own = out.stat()
    return any(os.path.samestat(own, file.stat()) for file in source.rglob("*") if file.is_file())


def write_predictions(
    model: DecidingModel, chunks: Iterator[Chunk], out: Path, options: PredictOptions, notes: Notes
) -> int:
    """The number of rows; each chunk is predicted and set down before the next is read, and `out` appears whole.

    Without any rows, nothing is written.

    Raises:
        InputError: an image cannot be read and may not be left out, or two rows have the same id.
    """
    rows, labelled, ending = 0, False, out.suffix.lower()
    with tempfile.TemporaryDirectory(prefix="classmark-") as folder:
        for number, chunk in enumerate(chunks):
            kept, logits = chunk_logits(model.classifier, chunk, options, notes)
            if not kept.frame.height:
                continue
            with written(Path(folder)):
                _predicted(model, kept.frame, logits, ending).write_parquet(Path(folder) / f"{number:08d}.parquet")
            rows += kept.frame.height
            labelled |= kept.frame["label"].null_count() < kept.frame.height
        if not rows:
            return 0
        whole = pl.scan_parquet(Path(folder) / "*.parquet")
        _check_ids(whole)
        with atomic_path(out) as temporary:
            match ending:
                case ".parquet":
                    whole.sink_parquet(temporary, metadata={METADATA_KEY: _metadata(model)})
                case ".csv":
                    whole.drop(() if labelled else ("label",)).sink_csv(temporary)
                case _:
                    whole.drop(() if labelled else ("label",)).sink_ndjson(temporary)
    return rows


def chunk_logits(
    classifier: Predicts, chunk: Chunk, options: PredictOptions, notes: Notes
) -> tuple[Chunk, NDArray[np.float32]]:
    """The rows that can be read, and their logits, shape (N, C).

    Raises:
        InputError: an image cannot be read and may not be left out.
    """
    if chunk.files is None:
        return chunk, classifier.predict_logits(chunk.frame["text"].to_list())
    assert isinstance(classifier, PredictsFiles)
    try:
        return chunk, classifier.file_logits(chunk.files)
    except InputError:  # rare, so that all images are looked at only now
        faults = classifier.file_faults(chunk.files)
        if not any(faults):
            raise
    said = [fault and f"the image cannot be read ({fault})" for fault in faults]
    kept = chunk.chosen(readable(chunk.places, said, "Correct or remove it", options, notes))
    assert kept.files is not None
    return kept, classifier.file_logits(kept.files)


def _check_ids(whole: pl.LazyFrame) -> None:
    repeated = whole.select("id").filter(pl.col("id").is_duplicated()).head(1).collect()
    if repeated.height:
        raise InputError(
            f'the id "{repeated.item()}" stands in two rows or more.',
            ("Give each row its own, or leave out ", Option("id")),
        )


def _metadata(model: DecidingModel) -> str:
    from classmark.inference.mixed import MixedClassifier

    classifier, decisions = model.classifier, model.decisions
    metadata: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "classes": list(classifier.classes), "split": None}
    if classifier.temperature is not None:
        metadata["calibrated"] = {"method": "temperature", "temperature": classifier.temperature}
    if isinstance(classifier, MixedClassifier):
        metadata["mixture"] = classifier.mixture.to_json()
    if decisions.at is not None:
        threshold = decisions.least_confidence if decisions.threshold is None else decisions.threshold
        metadata["at"] = {"goal": decisions.at, "threshold": threshold}
    if decisions.sets is not None:
        metadata["sets"] = {"method": SET_METHOD, "level": decisions.sets}
    return json.dumps(metadata, ensure_ascii=False)


def _predicted(model: DecidingModel, rows: pl.DataFrame, logits: NDArray[np.float32], ending: str) -> pl.DataFrame:
    from classmark.inference.classifier import softmax

    classes, probabilities = model.classifier.classes, softmax(logits)
    indices = model.decisions.indices(probabilities)
    predicted = pl.Series("predicted", [classes[index] for index in indices], dtype=pl.String)
    decided = _decided(model, probabilities, as_text=ending != ".jsonl")
    if ending == ".parquet":
        content = "path" if "path" in rows.columns else "text"
        shown = [rows.select(pl.col(content).str.slice(0, TEXT_CAP_CHARACTERS)), pl.DataFrame(decided)]
        if model.decisions.threshold is not None:
            shown.append(predicted.to_frame())
        columns = pl.concat([part for part in shown if part.width], how="horizontal")
        return build_predictions(
            rows["id"], rows["label"], probabilities, classes, logits=logits, columns=columns
        ).frame
    values = [pl.Series(f"p_{name}", probabilities[:, index]) for index, name in enumerate(classes)]
    return rows.select("id", "label").hstack([predicted, *decided, *values])


def _decided(model: DecidingModel, probabilities: NDArray[np.float32], *, as_text: bool) -> list[pl.Series]:
    """The columns `answered` and `set`, where they are asked for."""
    columns = []
    if (answered := model.decisions.answered(probabilities)) is not None:
        columns.append(pl.Series("answered", answered))
    if (held := model.decisions.held(probabilities)) is not None:
        if as_text:
            columns.append(pl.Series("set", [comma_separated(names) for names in held], dtype=pl.String))
        else:
            columns.append(pl.Series("set", held, dtype=pl.List(pl.String)))
    return columns

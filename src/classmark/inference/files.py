"""Predict files larger than memory: read, predict and write in chunks."""

from __future__ import annotations

import glob
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal, Protocol, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.data.images.kinds import image_endings, is_image
from classmark.data.images.listing import walk_images
from classmark.data.sources.table import check_separator, read_table
from classmark.errors import InputError, nearest
from classmark.predictions import METADATA_KEY, SCHEMA_VERSION, TEXT_CAP_CHARACTERS, build_predictions
from classmark.system.files import atomic_path

T = TypeVar("T")
Kind = Literal["text", "images"]
CHUNK_ROWS = 4_096
TABLE_ENDINGS = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
OUT_ENDINGS = (".parquet", ".csv", ".jsonl")
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Predicts(Protocol):
    """What is needed of a classifier here."""

    @property
    def classes(self) -> tuple[str, ...]: ...
    @property
    def temperature(self) -> float | None: ...
    def predict_logits(self, inputs: Sequence[str]) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class PredictOptions:
    """How to predict.

    Attributes:
        text, image, label, id: columns of tables: the text or the image, and where they are there the true class and an id.
        calibrated: divide the logits by the temperature of `model/calibration.json`.
    """

    text: str = "text"
    image: str = "image"
    label: str = "label"
    id: str | None = None
    calibrated: bool = False


def predict_files(run: Path, inputs: Sequence[str], out: Path, options: PredictOptions = PredictOptions()) -> int:
    """The number of rows predicted and written to `out`.

    Args:
        run: a run folder or its `model/` folder.
        inputs: tables, or `-`: standard input, a text or the path of an image a line. For texts also `.txt` files and
            folders of them; for images also image files and folders of them.
        out: `.parquet` is a predictions table; `.csv` and `.jsonl` have a column `p_<class>` for each class.
        options: column names of tables, and whether probabilities are calibrated.

    Raises:
        InputError: an input cannot be read; nothing is written then.
        RunError: there is no trained model in `run`, or no temperature where one is asked for.
    """
    from classmark.inference.classifier import load

    if out.suffix not in OUT_ENDINGS:
        raise InputError(f'--out: "{out.name}" must end in {", ".join(OUT_ENDINGS)}.')
    classifier = load(run, calibrated=options.calibrated)
    chunks = read_chunks(inputs, options, classifier.kind)
    first = next(chunks, None)
    if first is None:
        raise InputError(f"{', '.join(inputs)}: there is nothing to predict.")
    return write_predictions(classifier, _again(first, chunks), out)


def _again(first: pl.DataFrame, rest: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    yield first
    yield from rest


def read_chunks(inputs: Sequence[str], options: PredictOptions, kind: Kind = "text") -> Iterator[pl.DataFrame]:
    """Frames of at most 4,096 rows with `id`, `text` or `path` (of an image), and `label` (null where unknown)."""
    for number, name in enumerate(inputs):
        prefix = "" if len(inputs) == 1 else f"{number + 1}-"
        path = Path(name)
        if name == "-":
            yield from _line_chunks(sys.stdin, prefix, kind)
        elif path.is_dir() or (is_image(path.name) if kind == "images" else path.suffix == ".txt"):
            yield from _image_chunks(path, prefix) if kind == "images" else _file_chunks(path, prefix)
        elif not path.suffix and not path.exists():
            raise InputError(f"{path}: there is no such file or folder.")
        elif path.suffix.lower() in TABLE_ENDINGS:
            yield from _table_chunks(path, options, prefix, kind)
        else:
            files = "image" if kind == "images" else ".txt"
            raise InputError(
                f"{name}: give {', '.join(TABLE_ENDINGS)} or {files} files, folders of {files} files, or - for "
                "standard input."
            )


def _line_chunks(stream: IO[str], prefix: str, kind: Kind) -> Iterator[pl.DataFrame]:
    numbered = enumerate((line.rstrip("\n") for line in stream), start=1)
    try:
        for lines in batched_rows(numbered):
            if kind == "images" and (empty := next((number for number, line in lines if not line), None)):
                raise InputError(f"standard input, line {empty}: no path is given.")
            yield _frame([f"{prefix}line-{number}" for number, _ in lines], [line for _, line in lines], kind)
    except UnicodeError:  # in the C locale, wrong bytes become surrogates first
        raise InputError("standard input: not valid UTF-8. Convert it, for instance with iconv.") from None


def _file_chunks(path: Path, prefix: str) -> Iterator[pl.DataFrame]:
    if not path.exists():
        raise InputError(f"{path}: there is no such file.")
    files = sorted(path.rglob("*.txt")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path}: the folder has no .txt files.")
    for part in batched_rows(iter(files)):
        names = [file.relative_to(path).as_posix() if path.is_dir() else file.name for file in part]
        yield _frame([f"{prefix}{name}" for name in names], [_read_text(file) for file in part], "text")


def _image_chunks(path: Path, prefix: str) -> Iterator[pl.DataFrame]:
    if not path.exists():
        raise InputError(f"{path}: there is no such file.")
    folder = path if path.is_dir() else path.parent
    names = walk_images(path) if path.is_dir() else iter([path.name])
    empty = True
    for part in batched_rows(names):
        empty = False
        yield _frame([f"{prefix}{name}" for name in part], [str(folder / name) for name in part], "images")
    if empty:
        raise InputError(f"{path}: the folder has no images ({', '.join(image_endings())}).")


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start + 1} is not valid UTF-8. Convert the file to UTF-8.") from None


def _table_chunks(path: Path, options: PredictOptions, prefix: str, kind: Kind) -> Iterator[pl.DataFrame]:
    try:
        yield from _scanned_chunks(path, options, prefix, kind)
    except pl.exceptions.PolarsError as error:
        read_table(path)  # names the row at fault, where one is
        reason = str(error).splitlines()[0]
        raise InputError(f"{path}: cannot be read as {path.suffix[1:]} ({reason}).") from None


def _scanned_chunks(path: Path, options: PredictOptions, prefix: str, kind: Kind) -> Iterator[pl.DataFrame]:
    lazy = _scan(path)
    columns = lazy.collect_schema().names()
    option, content = ("--image", options.image) if kind == "images" else ("--text", options.text)
    for key, name in ((option, content), ("--id", options.id)):
        if name is not None and name not in columns:
            raise InputError(
                f'{path}: there is no column "{name}"; the columns are {", ".join(columns)}.{nearest(name, columns)} '
                f"Name the right one: {key} COLUMN"
            )
    row = 0
    for frame in lazy.collect_batches(chunk_size=CHUNK_ROWS, maintain_order=True):
        for part in frame.iter_slices(CHUNK_ROWS):
            numbers = range(row + 1, row + part.height + 1)
            ids = (
                part[options.id].cast(pl.String).to_list()
                if options.id
                else [f"{prefix}{number}" for number in numbers]
            )
            labels = part[options.label].cast(pl.String).to_list() if options.label in columns else None
            contents = part[content].cast(pl.String)
            for what, column in {option[2:]: contents, "id": pl.Series(ids)}.items():
                if column.null_count():
                    place = row + int(column.is_null().arg_max() or 0) + 1
                    raise InputError(f"{path}, row {place}: the {what} is missing.")
            found = contents.to_list()
            yield _frame(ids, [str(path.parent / name) for name in found] if kind == "images" else found, kind, labels)
            row += part.height


def _scan(path: Path) -> pl.LazyFrame:
    """The table, read lazily; what cannot be is refused as training data is."""
    if not path.is_file() or _first_bytes(path) in (b"", *UTF16_MARKS):
        return read_table(path).lazy()
    name = glob.escape(str(path))  # reviews[1].csv is one file
    match path.suffix.lower():
        case ".parquet":
            return pl.scan_parquet(name)
        case ".jsonl" | ".ndjson":
            return pl.scan_ndjson(name, infer_schema_length=None)
        case ending:
            separator = "\t" if ending == ".tsv" else ","
            check_separator(path, separator)
            return pl.scan_csv(name, separator=separator, infer_schema=False)


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(2)


def batched_rows(rows: Iterator[T]) -> Iterator[list[T]]:
    """Lists of at most 4,096 items."""
    while batch := list(islice(rows, CHUNK_ROWS)):
        yield batch


def _frame(
    ids: Sequence[str], contents: Sequence[str], kind: Kind, labels: Sequence[str | None] | None = None
) -> pl.DataFrame:
    known = labels if labels is not None else [None] * len(ids)
    columns = {"id": ids, "path" if kind == "images" else "text": contents, "label": known}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def write_predictions(classifier: Predicts, chunks: Iterator[pl.DataFrame], out: Path) -> int:
    """The number of rows; each chunk is predicted and set down before the next is read, and `out` appears whole."""
    rows, labelled = 0, False
    with tempfile.TemporaryDirectory(prefix="classmark-") as folder, atomic_path(out) as temporary:
        for number, chunk in enumerate(chunks):
            part = Path(folder) / f"{number:08d}.parquet"
            _predicted(classifier, chunk, out.suffix).write_parquet(part)
            rows += chunk.height
            labelled |= chunk["label"].null_count() < chunk.height
        whole = pl.scan_parquet(Path(folder) / "*.parquet")
        unknown = () if labelled else ("label",)
        match out.suffix:
            case ".parquet":
                import json

                repeated = whole.select("id").filter(pl.col("id").is_duplicated()).head(1).collect()
                if repeated.height:
                    raise InputError(f'the id "{repeated.item()}" stands in two rows or more. Give each row its own.')
                metadata: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "classes": list(classifier.classes)}
                metadata["split"] = None
                if classifier.temperature is not None:
                    metadata["calibrated"] = {"method": "temperature", "temperature": classifier.temperature}
                whole.sink_parquet(temporary, metadata={METADATA_KEY: json.dumps(metadata, ensure_ascii=False)})
            case ".csv":
                whole.drop(unknown).sink_csv(temporary)
            case _:
                whole.drop(unknown).sink_ndjson(temporary)
    return rows


def _predicted(classifier: Predicts, chunk: pl.DataFrame, ending: str) -> pl.DataFrame:
    from classmark.inference.classifier import softmax

    content = "path" if "path" in chunk.columns else "text"
    logits = classifier.predict_logits(chunk[content].to_list())
    probabilities = softmax(logits)
    if ending == ".parquet":
        known = chunk["label"].is_in(list(classifier.classes))
        labels = chunk.select(pl.when(known).then("label")).to_series()
        shown = chunk.select(pl.col(content).str.slice(0, TEXT_CAP_CHARACTERS))
        return build_predictions(
            chunk["id"], labels, probabilities, classifier.classes, logits=logits, columns=shown
        ).frame
    columns = [pl.Series(f"p_{name}", probabilities[:, index]) for index, name in enumerate(classifier.classes)]
    predicted = pl.Series("predicted", [classifier.classes[index] for index in probabilities.argmax(axis=1)])
    return chunk.select("id", "label").hstack([predicted, *columns])

"""The rows of a request: texts from JSON or a table, or images, prepared by the code that predicts files."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import polars as pl

from classmark.data.images.decode import quiet_pillow, size_px
from classmark.data.images.files import ImageFiles
from classmark.errors import InputError, shortened
from classmark.inference.chunks import Chunk, Kind, Notes, PredictOptions
from classmark.inference.table_chunks import text_chunk
from classmark.serving.options import Limits
from classmark.serving.refusals import Refused
from classmark.tables.contents import Content
from classmark.tables.open import read_content
from classmark.tables.table_file import TableFile, build_table

SOURCE = "the request"
TABLE_TYPES = {"text/csv": ".csv", "text/tab-separated-values": ".tsv", "application/jsonl": ".jsonl"}
TABLE_ENDINGS = tuple(TABLE_TYPES.values())
JSON_TYPE, FORM_TYPE = "application/json", "multipart/form-data"
KEYS = ("text", "texts", "ids")
PRINTED = re.compile("[!-~]")  # of ASCII, which everyone can see


@dataclass(frozen=True)
class Sent:
    """One body, or one file of a form.

    Attributes:
        kind: media type without parameters, in small letters.
        data: the bytes.
        name: of the file, for messages; without one, "the request".
    """

    kind: str
    data: bytes
    name: str = SOURCE


@dataclass(frozen=True)
class Rows:
    """What one request asks for.

    Attributes:
        chunk: its rows.
        options: what may be left out.
        notes: of what was left out, and how it was read.
    """

    chunk: Chunk
    options: PredictOptions = field(default_factory=PredictOptions)
    notes: Notes = field(default_factory=Notes)

    def __len__(self) -> int:
        return self.chunk.frame.height


def read_rows(sent: Sequence[Sent], kind: Kind, options: PredictOptions, limits: Limits) -> Rows:
    """The rows of a body or of the files of a form.

    Args:
        sent: what was sent, in its order.
        kind: what the model takes.
        options: columns of tables, and whether rows that cannot be read are left out.
        limits: of the request.

    Raises:
        InputError: the content cannot be used, or is more than the limits allow.
    """
    notes = Notes()
    if kind == "images":
        return Rows(_images(sent, limits), options, notes)
    if sent[0].kind == JSON_TYPE:
        texts, ids = _json_texts(sent[0].data)
        _check_rows(len(texts), limits)
        if is_plain(texts, ids, limits):
            return Rows(_plain_chunk(texts, ids), options, notes)
        table = _json_table(texts, ids)
    else:
        table = _table(sent, options)
        _check_rows(table.frame.height, limits)
    if options.text in table.frame.columns and table.frame.schema[options.text] == pl.String:
        _check_characters(table.frame[options.text], table.source, table.row_numbers.tolist(), limits)
    if "id" in table.frame.columns and options.id is None and sent[0].kind == JSON_TYPE:
        options = PredictOptions(id="id", skip_unreadable=options.skip_unreadable)
    chunk = text_chunk(table, options, notes)
    if not chunk.frame.height:
        raise InputError(f"{SOURCE}: there is nothing to predict.", " ".join(notes.lines()))
    return Rows(chunk, options, notes)


def is_plain(texts: Sequence[str], ids: Sequence[str] | None, limits: Limits) -> bool:
    """Whether nothing can be wrong with these rows, so that they need not become a table first, which takes longer."""
    if not all(PRINTED.search(text) and len(text) <= limits.characters for text in texts):
        return False
    return ids is None or (all(map(PRINTED.search, ids)) and len(set(ids)) == len(ids))


def _plain_chunk(texts: Sequence[str], ids: Sequence[str] | None) -> Chunk:
    numbers = [str(number) for number in range(1, len(texts) + 1)]
    columns = {"id": numbers if ids is None else ids, "text": texts, "label": [None] * len(texts)}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    return Chunk(frame, [f"{SOURCE}, row {number}" for number in numbers])


def _json_table(texts: Sequence[str], ids: Sequence[str] | None) -> TableFile:
    columns = [("text", pl.Series("text", texts, dtype=pl.String))]
    columns += [] if ids is None else [("id", pl.Series("id", ids, dtype=pl.String))]
    return build_table(SOURCE, columns)


def _json_texts(data: bytes) -> tuple[list[str], list[str] | None]:
    """The texts of `{"text": "…"}` or `{"texts": […], "ids": […]}`, and the ids.

    Raises:
        InputError: it is something else.
    """
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{SOURCE}: it is no JSON ({str(error) or type(error).__name__}).", HOW_TO_SEND) from None
    if not isinstance(content, dict) or ("text" in content) == ("texts" in content):
        raise InputError(f'{SOURCE}: the JSON needs either the key "text" or the key "texts".', HOW_TO_SEND)
    if others := [key for key in content if key not in KEYS]:
        raise InputError(f"{SOURCE}: the JSON has other keys: {shortened(others)}.", HOW_TO_SEND)
    texts = content["texts"] if "texts" in content else [content["text"]]
    ids = content.get("ids")
    for name, values in (("texts", texts), ("ids", [] if ids is None else ids)):
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise InputError(f'{SOURCE}: "{name}" is no list of texts.', HOW_TO_SEND)
        for number, value in enumerate(values, start=1):
            _check_letters(value, number)
    if not texts:
        raise InputError(f'{SOURCE}: "texts" is empty.', HOW_TO_SEND)
    if ids is not None and len(ids) != len(texts):
        raise InputError(f"{SOURCE}: there are {len(ids):,} ids for {len(texts):,} texts.", "Give each text its own.")
    return texts, ids


HOW_TO_SEND = 'Send {"text": "…"} or {"texts": ["…", "…"]}, with "ids" if you like.'


def _check_letters(text: str, number: int) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{SOURCE}, row {number}: character {error.start + 1} is half of a surrogate pair, which is no character.",
            "Correct it.",
        ) from None


def _table(sent: Sequence[Sent], options: PredictOptions) -> TableFile:
    """The table in a body or in one file of a form; a `.txt` file is one text."""
    if len(sent) > 1:
        raise InputError(f"{SOURCE}: it holds {len(sent)} files.", "Send one table, or one .txt file.")
    one = sent[0]
    ending = TABLE_TYPES.get(one.kind) or PurePosixPath(one.name.lower()).suffix
    if ending == ".txt" or one.kind == "text/plain":
        try:
            text = one.data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise InputError(f"{one.name}: it is not valid UTF-8.", "Convert it to UTF-8.") from None
        return build_table(one.name, [(options.text, pl.Series("text", [text], dtype=pl.String))])
    if ending not in TABLE_ENDINGS:
        raise Refused(
            415,
            f'{one.name}: "{one.kind}" is not read by this model, which takes texts.',
            "Send application/json, text/csv, text/tab-separated-values, application/jsonl, text/plain, or a form with "
            "one such file.",
        )
    table = read_content(Content(one.name, f"x{ending}", one.data, quotes=options.quoting == "auto"))
    if not table.frame.height:
        raise InputError(f"{one.name}: the file has no rows.")
    return table


def _images(sent: Sequence[Sent], limits: Limits) -> Chunk:
    quiet_pillow()
    for one in sent:
        if not (one.kind.startswith("image/") or one.kind == "application/octet-stream"):
            raise Refused(
                415,
                f'{one.name}: "{one.kind}" is not read by this model, which takes images.',
                "Send an image as image/jpeg, image/png or the like, or a form with one or more image files.",
            )
    _check_rows(len(sent), limits)
    for one in sent:
        size = size_px(one.data)
        if not isinstance(size, str) and size[0] * size[1] > limits.pixels:
            raise Refused(
                413,
                f"{one.name}: the image cannot be read ({size[0]:,} × {size[1]:,} pixels, more than the "
                f"{limits.pixels:,} that are read).",
                "Send a smaller one.",
            )
    names = [one.name for one in sent]
    unique = len(set(names)) == len(names) and SOURCE not in names
    ids = names if unique else [str(number) for number in range(1, len(names) + 1)]
    frame = pl.DataFrame(
        {"id": ids, "path": names, "label": pl.Series([None] * len(names), dtype=pl.String)},
        schema_overrides={"id": pl.String, "path": pl.String},
    )
    return Chunk(frame, names, ImageFiles(Path(), tuple(names), tuple(one.data for one in sent)))


def _check_rows(rows: int, limits: Limits) -> None:
    if rows > limits.rows:
        raise Refused(
            413, f"{SOURCE}: {rows:,} rows, more than the {limits.rows:,} that are read at once.", "Send it in parts."
        )


def _check_characters(texts: pl.Series, source: str, numbers: Sequence[int], limits: Limits) -> None:
    lengths = texts.str.len_chars().fill_null(0)
    if int(lengths.max() or 0) > limits.characters:  # type: ignore[arg-type]
        row = int(lengths.arg_max() or 0)
        raise Refused(
            413,
            f"{source}, row {numbers[row]}: the text has {lengths[row]:,} characters, more than the "
            f"{limits.characters:,} that are read.",
            "Cut it.",
        )

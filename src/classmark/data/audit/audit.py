"""The audit of a data set: what stands in it more than once, what leaks into the test, what is unread, odd or uneven."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from classmark.data.audit.buckets import NearPairs
from classmark.data.audit.near_texts import HASHES, SHINGLE_WORDS, near_texts, recall, rows_of_band
from classmark.data.audit.oddities import MOST_EXAMPLES, Oddity, files_with_mark, text_oddities
from classmark.data.audit.repeats import (
    Conflicts,
    Leak,
    Repeats,
    conflicts_among,
    leak_between,
    number_contents,
    pair_table,
    repeats_in,
)
from classmark.data.audit.rows import ALL, TEST, TRAIN, VALIDATION, Material
from classmark.data.duplicates import content_keys
from classmark.errors import InputError

SCHEMA_VERSION = 1
JACCARD = 0.6
MOST_LISTED = 1_000
QUANTILES = {"min": 0.0, "p5": 0.05, "median": 0.5, "p95": 0.95, "max": 1.0}


@dataclass(frozen=True)
class Audit:
    """What an audit found.

    Attributes:
        name, kind: of the data; `text` or `images`.
        method: how duplicates were looked for.
        rows: part → number of rows, unusable ones included.
        repeats: duplicates inside each part.
        leaks: rows of one part or split that stand in another, the test's first.
        conflicts: duplicates with different labels.
        classes: class → split → rows.
        sizes: what was measured → part → its quantiles.
        unreadable: part → rows that cannot be used; `faults` lists the first thousand: part, id, reason.
        oddities: kinds of odd characters or images.
        notes: what else was noticed.
        pairs: the duplicates, a row a pair (see `classmark.data.audit.repeats.pair_table`).
    """

    name: str
    kind: str
    method: dict[str, Any]
    rows: dict[str, int]
    repeats: tuple[Repeats, ...]
    leaks: tuple[Leak, ...]
    conflicts: Conflicts
    classes: dict[str, dict[str, int]]
    sizes: dict[str, dict[str, dict[str, float]]]
    unreadable: dict[str, int]
    faults: tuple[tuple[str, str, str], ...]
    oddities: tuple[Oddity, ...]
    notes: tuple[str, ...]
    pairs: pl.DataFrame

    def to_json(self) -> dict[str, Any]:
        """Everything but the pairs, as it stands in `audit.json`."""
        names = (field for field in Audit.__dataclass_fields__ if field != "pairs")
        content = {name: getattr(self, name) for name in names}
        for name in ("repeats", "leaks", "oddities"):
            content[name] = [asdict(entry) for entry in content[name]]
        kinds = dict(self.pairs["kind"].value_counts(sort=True).iter_rows())
        return {"schema_version": SCHEMA_VERSION, **content, "conflicts": asdict(self.conflicts), "pairs": kinds}


def audit(material: Material, jaccard: float = JACCARD) -> Audit:
    """The audit of these rows.

    Args:
        material: the rows.
        jaccard: texts are nearly equal from this similarity of their sets of three-word sequences on.

    Raises:
        InputError: no row can be used.
    """
    usable = material.rows.filter(pl.col("fault").is_null() & pl.col("side").is_not_null())
    if usable.height == 0:
        raise InputError(f"{material.name}: no row can be read and has a label.")
    usable = usable.with_columns(usable["text" if material.kind == "text" else "sha256"].alias("raw"))
    rows = number_contents(usable, content_keys(usable))
    firsts = rows.filter(pl.col("number") == pl.col("first"))
    if material.kind == "text":
        near, oddities = near_texts(content_keys(firsts), jaccard), text_oddities(rows, material.parts)
    else:
        near, oddities = _near_images(material, rows, firsts)
    pairs = pair_table(rows, near)
    unusable = material.rows.filter(pl.col("fault").is_not_null())
    return Audit(
        name=material.name,
        kind=material.kind,
        method=_method(material.kind, jaccard),
        rows={part: material.rows.filter(part=part).height for part in material.parts},
        repeats=tuple(repeats_in(rows, near, part) for part in material.parts),
        leaks=tuple(_leaks(material, rows, near)),
        conflicts=conflicts_among(rows, pairs),
        classes=_classes(rows, material.sides),
        sizes=_sizes(rows, material),
        unreadable={part: unusable.filter(part=part).height for part in material.parts},
        faults=tuple(unusable.head(MOST_LISTED).select("part", "id", "fault").iter_rows()),
        oddities=tuple(oddities),
        notes=(*material.notes, *_notes(material, rows)),
        pairs=pairs,
    )


def _near_images(material: Material, rows: pl.DataFrame, firsts: pl.DataFrame) -> tuple[NearPairs, list[Oddity]]:
    from classmark.data.audit.near_images import FLAT_DEVIATION, grey_squares, near_images

    squares, colourless = [], []
    for part in material.parts:  # in the order of the rows
        those = firsts.filter(part=part)["row"].to_numpy().astype(np.int64)
        grey_part, without = grey_squares(material.images[part], those)
        squares.append(grey_part)
        colourless.append(without)
    grey = np.concatenate(squares)
    flat = grey.reshape(len(grey), -1).std(axis=1) < FLAT_DEVIATION
    kinds = {
        "colourless": ("without colour: red, green and blue are equal", np.concatenate(colourless)),
        "flat": ("of one colour throughout, or nearly", flat),
    }
    oddities = []
    for code, (title, odd) in kinds.items():
        contents = firsts.filter(pl.Series(odd))["content"].implode()
        found = rows.filter(pl.col("content").is_in(contents))
        counts = {part: found.filter(part=part).height for part in material.parts}
        oddities.append(Oddity(code, title, counts, tuple((name, "") for name in found["id"].head(MOST_EXAMPLES))))
    return near_images(grey), [oddity for oddity in oddities if sum(oddity.rows.values())]


def _method(kind: str, jaccard: float) -> dict[str, Any]:
    if kind == "text":
        rows = rows_of_band(jaccard)
        return {
            "exact": "texts equal after lower-casing and with markup, punctuation and white space as one space",
            "near": f"Jaccard similarity of the sets of {SHINGLE_WORDS}-word sequences",
            "threshold": jaccard,
            "search": f"MinHash, {HASHES} hashes in {HASHES // rows} bands of {rows}; each candidate's similarity is exact",
            "recall_at_threshold": round(recall(jaccard, rows), 6),
        }
    from classmark.data.audit.near_images import LEAST_CORRELATION, MOST_BITS

    return {
        "exact": "image files with equal bytes",
        "near": "correlation of the grey pixels of the centre square at 32 × 32",
        "threshold": LEAST_CORRELATION,
        "search": f"perceptual hash (pHash, 64 bits) within {MOST_BITS} bits",
        "recall_at_threshold": None,
    }


def _leaks(material: Material, rows: pl.DataFrame, near: NearPairs) -> list[Leak]:
    found = []
    if TEST in material.parts:
        others = [part for part in (TRAIN, VALIDATION) if part in material.parts]
        found.append(leak_between(rows, near, ("part", TEST), (" and ".join(others), tuple(others))))
    elif TEST in material.sides:
        found.append(leak_between(rows, near, ("side", TEST), ("train and validation", (TRAIN, VALIDATION))))
    if VALIDATION in material.sides:
        found.append(leak_between(rows, near, ("side", VALIDATION), (TRAIN, (TRAIN,))))
    return found


def _classes(rows: pl.DataFrame, sides: Sequence[str]) -> dict[str, dict[str, int]]:
    counts = rows.group_by("label", "side").len()
    found = {(label, side): count for label, side, count in counts.iter_rows()}
    labels = rows["label"].unique().sort()
    return {label: {side: found.get((label, side), 0) for side in sides} for label in labels}


def _sizes(rows: pl.DataFrame, material: Material) -> dict[str, dict[str, dict[str, float]]]:
    if material.kind == "text":
        words = content_keys(rows).str.count_matches(" ") + 1
        measured = {"words": words, "characters": rows["text"].str.len_chars()}
    else:
        measured = {"width": rows["width"], "height": rows["height"]}
    return {
        name: {part: _quantiles(values.filter(rows["part"] == part)) for part in material.parts}
        for name, values in measured.items()
    }


def _quantiles(values: pl.Series) -> dict[str, float]:
    if not len(values):
        return {}
    return {name: float(values.quantile(share, "nearest") or 0) for name, share in QUANTILES.items()}


def _notes(material: Material, rows: pl.DataFrame) -> list[str]:
    """What is odd about labels and files."""
    notes = [f"{path}: the file begins with a UTF-8 byte order mark." for path in files_with_mark(material.files)]
    for part in [part for part in (VALIDATION, TEST) if part in material.parts]:
        known = set(rows.filter(part=TRAIN)["label"])
        unknown = sorted(set(rows.filter(part=part)["label"]) - known)
        notes += [f"Labels of {part} rows that no training row has: {', '.join(unknown[:10])}."] if unknown else []
    if ALL in material.parts and TEST not in material.sides:
        notes.append("Only one file was given, so there is no test set to leak into.")
    return notes

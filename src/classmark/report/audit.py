"""`report.html` of an audit, and its table for a terminal."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from classmark.data.audit.audit import Audit
from classmark.data.audit.oddities import visible
from classmark.data.audit.repeats import NEAR, Leak
from classmark.data.audit.rows import TEST, Material
from classmark.report.excerpts import jpeg_address
from classmark.report.page import page_environment
from classmark.system.files import write_text

if TYPE_CHECKING:
    from rich.console import Group

MOST_SHOWN = 8
MOST_CLASSES = 20
MOST_FAULTS = 20
MOST_WORDS = 140
MOST_COMPARED = 3_000
AROUND_WORDS = 12


class Shown(NamedTuple):
    """One of the two rows of a pair: where it stands, and its text in stretches (with whether they differ) or its image."""

    split: str
    id: str
    label: str
    stretches: list[tuple[str, bool]]
    thumbnail: str


class Example(NamedTuple):
    """A pair as the page shows it."""

    kind: str
    similarity: float
    rows: tuple[Shown, Shown]


def write_audit(out: Path, audit: Audit, material: Material) -> Path:
    """The path of `out/report.html`, with the pairs in `out/pairs.csv`."""
    in_test = (pl.col("split_a") == TEST) | (pl.col("split_b") == TEST)
    pairs = audit.pairs.sort(~in_test, pl.col("kind") != NEAR, maintain_order=True)
    across = pl.col("split_a") != pl.col("split_b")
    kinds = {
        "In two splits": pairs.filter(across),
        "With different labels": pairs.filter(pl.col("label_a") != pl.col("label_b")),
        "In one split": pairs.filter(~across),
    }
    page = (
        page_environment()
        .get_template("audit.html.j2")
        .render(
            audit=audit,
            title=f"Audit of {Path(audit.name).name if ' and ' not in audit.name else audit.name}",
            images=audit.kind == "images",
            thing="image" if audit.kind == "images" else "text",
            verdict=leak_sentence(audit),
            share=share_text,
            imbalance=imbalance(audit),
            most_classes=MOST_CLASSES,
            most_faults=MOST_FAULTS,
            examples={title: (found.height, _examples(found, material)) for title, found in kinds.items()},
        )
    )
    write_text(out / "pairs.csv", audit.pairs.write_csv())
    write_text(out / "report.html", page)
    return out / "report.html"


def leak_sentence(audit: Audit) -> str:
    """How many test rows stand in the training data, or that there is no test part to say it of."""
    leak = next((leak for leak in audit.leaks if leak.of == "test"), None)
    if leak is None:
        return "There is no test part, so that nothing can be said of leaks."
    what = "image files" if audit.kind == "images" else "texts"
    return (
        f"{leak.exact:,} of {leak.rows:,} test {what} ({share_text(leak.exact, leak.rows)}) stand in the training data, "
        f"and {leak.near:,} more ({share_text(leak.near, leak.rows)}) nearly so."
    )


def share_text(count: int, rows: int) -> str:
    """A share in percent with two decimals; a dash of no rows."""
    return f"{100 * count / rows:.2f} %" if rows else "–"


def imbalance(audit: Audit) -> str:
    """How unlike in size the classes are, over all splits."""
    totals = {name: sum(counts.values()) for name, counts in audit.classes.items()}
    largest, smallest = max(totals, key=lambda name: totals[name]), min(totals, key=lambda name: totals[name])
    most, least = totals[largest], totals[smallest]
    classes, rows = f"{len(totals):,} class{'es' * (len(totals) != 1)}", f"{least:,} row{'s' * (least != 1)}"
    if most == least:
        return f"{classes} of {rows} each."
    return f"{classes}, from {rows} ({smallest}) to {most:,} ({largest}), {most / least:,.1f} times as many."


def audit_table(audit: Audit) -> Group:
    """Leaks, duplicates, classes, sizes and what is odd, for a terminal."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
        made = Table(title=title, title_justify="left", box=None, pad_edge=False)
        for number, column in enumerate(columns):
            made.add_column(Text(column), justify="right" if number else "left")
        for row in rows:
            made.add_row(*(Text(cell if isinstance(cell, str) else f"{cell:,}") for cell in row))
        return made

    near = f"near ({audit.method['threshold']} or more)"
    parts: list[Any] = [Text(leak_sentence(audit)), Text("")]
    if audit.leaks:
        rows = [_leak_row(leak) for leak in audit.leaks]
        parts.append(table("leaks", ("rows of", "standing in", "rows", "exact", "share", near, "share"), rows))
    columns = ("part", "rows", "unusable", "different", "copies", "to the byte", near)
    found = [
        (
            one.part,
            audit.rows[one.part],
            audit.unreadable[one.part],
            one.distinct,
            one.copies,
            one.identical_copies,
            one.near_rows,
        )
        for one in audit.repeats
    ]
    parts.append(table("duplicates", columns, found))
    conflicts = audit.conflicts
    parts.append(
        Text(
            f"\nexact duplicates with different labels {conflicts.contents:,} (rows {conflicts.rows:,}), "
            f"near ones {conflicts.near_pairs:,}\n{imbalance(audit)}"
        )
    )
    sizes = [
        (name, part, *spread.values()) for name, by in audit.sizes.items() for part, spread in by.items() if spread
    ]
    quantiles = ("", "part", "min", "5 %", "median", "95 %", "max")
    parts.append(table("sizes", quantiles, [(*row[:2], *(f"{value:,.0f}" for value in row[2:])) for row in sizes]))
    if audit.oddities:
        odd = [(one.title, *one.rows.values()) for one in audit.oddities]
        parts.append(table("oddities", ("rows with", *audit.rows), odd))
    parts += [Text(visible(note)) for note in audit.notes]
    return Group(*parts)


def _leak_row(leak: Leak) -> tuple[object, ...]:
    shares = (share_text(count, leak.rows) for count in (leak.exact, leak.near))
    exact, near = shares
    return leak.of, leak.among, leak.rows, leak.exact, exact, leak.near, near


def _examples(pairs: pl.DataFrame, material: Material) -> list[Example]:
    found = []
    for pair in pairs.head(MOST_SHOWN).iter_rows(named=True):
        rows = [material.rows.row(by_predicate=pl.col("id") == pair[f"id_{s}"], named=True) for s in "ab"]
        texts = _differing(*(row["text"] for row in rows)) if material.kind == "text" else ([], [])
        pictures = [_thumbnail(material, row) if material.kind == "images" else "" for row in rows]
        shown = [
            Shown(pair[f"split_{s}"], pair[f"id_{s}"], pair[f"label_{s}"], text, picture)
            for s, text, picture in zip("ab", texts, pictures, strict=True)
        ]
        found.append(Example(pair["kind"], pair["similarity"], (shown[0], shown[1])))
    return found


def _thumbnail(material: Material, row: dict[str, Any]) -> str:
    from classmark.data.images.pixels import thumbnails

    return jpeg_address(thumbnails(material.images[row["part"]], np.array([row["row"]]))[0])


def _differing(a: str, b: str) -> tuple[list[tuple[str, bool]], list[tuple[str, bool]]]:
    """Both texts in stretches, each with whether it differs from the other; long stretches are shortened."""
    words = [re.sub(r"<br\s*/?>", " ", text).split()[:MOST_COMPARED] for text in (a, b)]
    matcher = difflib.SequenceMatcher(None, words[0], words[1], autojunk=False)
    sides: tuple[list[tuple[str, bool]], list[tuple[str, bool]]] = ([], [])
    for kind, *spans in matcher.get_opcodes():
        for side, (start, end), own in zip(sides, (spans[:2], spans[2:]), words, strict=True):
            shown = sum(text.count(" ") + 1 for text, _ in side)
            stretch = own[start:end]
            if kind == "equal" and len(stretch) > 2 * AROUND_WORDS:
                stretch = [*stretch[:AROUND_WORDS], "…", *stretch[-AROUND_WORDS:]]
            if shown + len(stretch) > MOST_WORDS:
                stretch = [*stretch[: max(0, MOST_WORDS - shown)], "…"]
            if stretch and shown <= MOST_WORDS:
                side.append((visible(" ".join(stretch)), kind != "equal"))
    return sides

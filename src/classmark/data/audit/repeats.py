"""Which rows repeat another's content, exactly or nearly: inside a part, across parts, and with other labels."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from classmark.data.audit.buckets import NearPairs

IDENTICAL, NORMALISED, NEAR = "identical", "normalised", "near"


@dataclass(frozen=True)
class Repeats:
    """Duplicates inside one part.

    Attributes:
        part: its name.
        rows: that can be used.
        distinct: different contents among them.
        copies: rows that repeat an earlier one's content, after normalisation.
        identical_copies: those among the copies whose content is the same to the byte as an earlier one's.
        near_rows: rows with another content of this part nearly equal to their own.
    """

    part: str
    rows: int
    distinct: int
    copies: int
    identical_copies: int
    near_rows: int


@dataclass(frozen=True)
class Leak:
    """How many rows of one part or split stand in another.

    Attributes:
        of, among: names; `among` is what the rows should not stand in.
        rows: of `of`.
        exact: those whose normalised content stands in `among`.
        identical: those among them whose content is the same to the byte.
        near: those that are not exact but nearly equal to a row of `among`.
    """

    of: str
    among: str
    rows: int
    exact: int
    identical: int
    near: int


@dataclass(frozen=True)
class Conflicts:
    """Duplicates with different labels.

    Attributes:
        contents: contents that stand in rows of more than one label.
        rows: of those contents.
        near_pairs: pairs of nearly equal contents whose first rows have different labels.
    """

    contents: int
    rows: int
    near_pairs: int


def number_contents(rows: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
    """The rows with `number`, `content` (equal for equal keys, by first appearance) and `first`, the content's first row."""
    numbered = rows.with_columns(keys.alias("key")).with_row_index("number")
    numbered = numbered.with_columns(first=pl.col("number").first().over("key"))
    return numbered.with_columns(content=pl.col("first").rank("dense") - 1).drop("key")


def pair_table(rows: pl.DataFrame, near: NearPairs) -> pl.DataFrame:
    """A row a pair: `split_a`, `id_a`, `label_a`, the same of b, `kind` and `similarity`.

    An exact copy is paired with the first row of its content, training rows first; nearly equal contents by their first
    rows.

    Args:
        rows: from `number_contents`, with `raw`, the content to the byte.
        near: pairs of contents.
    """
    copies = rows.filter(pl.col("number") != pl.col("first"))
    same = copies["raw"] == rows["raw"].gather(copies["first"])
    exact = copies.select(
        a=pl.col("first").cast(pl.Int64),
        b=pl.col("number").cast(pl.Int64),
        kind=pl.when(same).then(pl.lit(IDENTICAL)).otherwise(pl.lit(NORMALISED)),
        similarity=pl.lit(1.0),
    )
    firsts = rows["first"].unique().sort().cast(pl.Int64)
    nearly = pl.DataFrame(
        {
            "a": firsts.gather(near.a),
            "b": firsts.gather(near.b),
            "similarity": pl.Series(near.similarity, dtype=pl.Float64),
        }
    ).select("a", "b", kind=pl.lit(NEAR), similarity="similarity")
    pairs = pl.concat([exact, nearly]).sort("kind", "a", "b")
    sides = [
        rows.select(
            pl.col("side").alias(f"split_{s}"), pl.col("id").alias(f"id_{s}"), pl.col("label").alias(f"label_{s}")
        )[pairs[s]]
        for s in "ab"
    ]
    return pl.concat([*sides, pairs.select("kind", pl.col("similarity").round(4))], how="horizontal")


def repeats_in(rows: pl.DataFrame, near: NearPairs, part: str) -> Repeats:
    """The duplicates inside a part; `rows` from `number_contents`."""
    inside = rows.filter(part=part)
    distinct = inside["content"].n_unique()
    return Repeats(
        part,
        inside.height,
        distinct,
        inside.height - distinct,
        inside.height - inside["raw"].n_unique(),
        int(inside["content"].is_in(_neighbours(near, inside["content"]).implode()).sum()),
    )


def leak_between(rows: pl.DataFrame, near: NearPairs, of: tuple[str, str], among: tuple[str, tuple[str, ...]]) -> Leak:
    """The rows of `of` that stand in `among`.

    Args:
        rows: from `number_contents`.
        near: pairs of contents.
        of: a column (`part` or `side`) and its value.
        among: the same column's name for people, and the values.
    """
    column, value = of
    asked, others = rows.filter(pl.col(column) == value), rows.filter(pl.col(column).is_in(list(among[1])))
    exact = asked["content"].is_in(others["content"].unique().implode())
    nearly = asked["content"].is_in(_neighbours(near, others["content"]).implode()) & ~exact
    identical = asked["raw"].is_in(others["raw"].unique().implode())
    return Leak(value, among[0], asked.height, int(exact.sum()), int(identical.sum()), int(nearly.sum()))


def conflicts_among(rows: pl.DataFrame, pairs: pl.DataFrame) -> Conflicts:
    """The duplicates whose labels differ; `pairs` from `pair_table`."""
    labels = rows.group_by("content").agg(pl.col("label").n_unique(), rows=pl.len()).filter(pl.col("label") > 1)
    differing = pairs.filter((pl.col("kind") == NEAR) & (pl.col("label_a") != pl.col("label_b")))
    return Conflicts(labels.height, int(labels["rows"].sum()), differing.height)


def _neighbours(near: NearPairs, contents: pl.Series) -> pl.Series:
    """The contents that are nearly equal to one of these."""
    a, b = pl.Series(near.a, dtype=pl.Int64), pl.Series(near.b, dtype=pl.Int64)
    those = contents.cast(pl.Int64).unique().implode()
    return pl.concat([a.filter(b.is_in(those)), b.filter(a.is_in(those))]).unique()

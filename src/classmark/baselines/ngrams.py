"""Words and pairs of neighbouring words, counted into a sparse matrix; pairs are numbers, never strings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from classmark.data.duplicates import MARKUP
from classmark.data.writing import split_letters, writing_of

LETTERS = r"\w+"
MOST_KEYS = 2**63
WORD = rf"{LETTERS}(?:['’]{LETTERS})*|[^\w\s]"


@dataclass(frozen=True)
class Ngrams:
    """Which words and pairs of neighbouring words are features.

    Attributes:
        pattern: of a word, a regular expression.
        words: each word of the training texts, sorted; a word's number is its place.
        codes: sorted; the word w has the code w, the pair (u, w) the code (u + 1) · len(words) + w.
    """

    pattern: str
    words: pl.Series
    codes: NDArray[np.int64]

    def counts(self, texts: Sequence[str]) -> Any:
        """How often each feature stands in each text, a sparse matrix of shape (N, features)."""
        found = _counted(words_of(texts, self.pattern), self.words, len(texts))
        return _matrix(found, self.codes, len(texts))


class _Counts(NamedTuple):
    """How often a code stands in a row; sorted by code, then row."""

    codes: NDArray[np.int64]
    rows: NDArray[np.int64]
    counts: NDArray[np.int64]


def fit_ngrams(texts: Sequence[str], min_texts: int = 2) -> tuple[Ngrams, Any]:
    """The words and pairs that stand in `min_texts` texts or more, and their counts in these texts.

    Where none stands in that many (a handful of short texts), all are taken. In texts without spaces between words, each
    character is a word.
    """
    writing = writing_of(texts)
    pattern = _split_at(split_letters(writing)) if writing.tokens == "characters" else WORD
    split = words_of(texts, pattern)
    words = split["word"].unique().sort()
    found = _counted(split, words, len(texts))
    codes, in_texts = np.unique(found.codes, return_counts=True)
    frequent = codes[in_texts >= min_texts]
    codes = frequent if len(frequent) else codes
    return Ngrams(pattern, words, codes), _matrix(found, codes, len(texts))


def words_of(texts: Sequence[str], pattern: str = WORD) -> pl.DataFrame:
    """The words and punctuation marks of all texts, in lower case and without markup: columns `row` and `word`."""
    plain = pl.Series("word", texts, dtype=pl.String).str.to_lowercase().str.replace_all(MARKUP, " ")
    lists = plain.str.extract_all(pattern).to_frame().with_row_index("row")
    return lists.filter(pl.col("word").list.len() > 0).explode("word")


def _split_at(letters: str) -> str:
    """`WORD`, but each of these letters, a class of a regular expression, is a word of its own."""
    others = r"[^\W" + letters.strip("[]") + "]+"
    return f"{letters}|{WORD.replace(LETTERS, others)}"


def _counted(split: pl.DataFrame, words: pl.Series, texts: int) -> _Counts:
    """The known words and pairs of known words of so many texts, counted."""
    numbered = words.alias("word").to_frame().with_columns(number=pl.int_range(pl.len(), dtype=pl.Int64))
    known = split.join(numbered, on="word", how="left", maintain_order="left")
    numbers, rows = known["number"].fill_null(-1).to_numpy(), known["row"].to_numpy().astype(np.int64)
    paired = (numbers[:-1] >= 0) & (numbers[1:] >= 0) & (rows[:-1] == rows[1:])
    pairs = (numbers[:-1][paired] + 1) * len(words) + numbers[1:][paired]
    codes = np.concatenate([numbers[numbers >= 0], pairs])
    rows = np.concatenate([rows[numbers >= 0], rows[1:][paired]])
    distinct = np.unique(codes) if (len(words) + 1) * len(words) * texts >= MOST_KEYS else None
    if distinct is not None:
        codes = np.searchsorted(distinct, codes)
    codes, counts = np.unique(
        codes * texts + rows, return_counts=True
    )  # one number for a code and its row sorts quickly
    codes, rows = np.divmod(codes, texts)
    return _Counts(codes if distinct is None else distinct[codes], rows, counts)


def _matrix(found: _Counts, codes: NDArray[np.int64], texts: int) -> Any:
    """The counts of these codes as a sparse matrix of shape (N, features)."""
    from scipy.sparse import csc_matrix

    columns = np.searchsorted(codes, found.codes)
    kept = codes[np.minimum(columns, len(codes) - 1)] == found.codes
    starts = np.concatenate([[0], np.cumsum(np.bincount(columns[kept], minlength=len(codes)))])
    parts = (found.counts[kept].astype(np.float64), found.rows[kept].astype(np.int32), starts)
    return csc_matrix(parts, shape=(texts, len(codes))).tocsr()

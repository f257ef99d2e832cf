"""Words and pairs of neighbouring words, counted into a sparse matrix; pairs are numbers, never strings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.inputs.writing import split_letters, writing_of

MARKUP = re.compile(r"<[^>]{1,40}>")
LETTERS = r"\w+"
WORD = re.compile(rf"{LETTERS}(?:['’]{LETTERS})*|[^\w\s]")


@dataclass(frozen=True)
class Ngrams:
    """Which words and pairs of neighbouring words are features.

    Attributes:
        pattern: of a word, a regular expression.
        words: word → number, for each word of the training texts.
        codes: sorted; the word w has the code w, the pair (u, w) the code (u + 1) · len(words) + w.
    """

    pattern: re.Pattern[str]
    words: dict[str, int]
    codes: NDArray[np.int64]

    def counts(self, texts: Sequence[str]) -> Any:
        """How often each feature stands in each text, a sparse matrix of shape (N, features)."""
        numbers, rows = _numbered(texts, self.pattern, self.words, grow=False)
        codes, code_rows = _coded(numbers, rows, len(self.words))
        columns = np.searchsorted(self.codes, codes)
        known = self.codes[np.minimum(columns, len(self.codes) - 1)] == codes
        return _matrix(code_rows[known], columns[known], (len(texts), len(self.codes)))


def fit_ngrams(texts: Sequence[str], min_texts: int = 2) -> tuple[Ngrams, Any]:
    """The words and pairs that stand in `min_texts` texts or more, and their counts in these texts.

    Where none stands in that many (a handful of short texts), all are taken. In texts without spaces between words, each
    character is a word.
    """
    writing = writing_of(texts)
    pattern = _split_at(split_letters(writing)) if writing.tokens == "characters" else WORD
    words: dict[str, int] = {}
    numbers, rows = _numbered(texts, pattern, words, grow=True)
    codes, code_rows = _coded(numbers, rows, len(words))
    distinct, columns = np.unique(codes, return_inverse=True)
    matrix = _matrix(code_rows, columns, (len(texts), len(distinct)))
    frequent = np.bincount(matrix.indices, minlength=len(distinct)) >= min_texts
    if not frequent.any():
        return Ngrams(pattern, words, distinct), matrix
    return Ngrams(pattern, words, distinct[frequent]), matrix[:, np.flatnonzero(frequent)]


def words_of(text: str, pattern: re.Pattern[str] = WORD) -> list[str]:
    """The words and punctuation marks of a text, in lower case and without markup."""
    return pattern.findall(MARKUP.sub(" ", text.lower()))


def _split_at(letters: str) -> re.Pattern[str]:
    """`WORD`, but each of these letters, a class of a regular expression, is a word of its own."""
    others = r"[^\W" + letters.strip("[]") + "]+"
    return re.compile(f"{letters}|{WORD.pattern.replace(LETTERS, others)}")


def _numbered(
    texts: Sequence[str], pattern: re.Pattern[str], words: dict[str, int], *, grow: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The number of each word of all texts (−1: unknown) and the row of the text it stands in."""
    numbers: list[int] = []
    lengths = np.zeros(len(texts), dtype=np.int64)
    for row, text in enumerate(texts):
        found = words_of(text, pattern)
        lengths[row] = len(found)
        if grow:
            numbers.extend([words.setdefault(word, len(words)) for word in found])
        else:
            numbers.extend([words.get(word, -1) for word in found])
    return np.asarray(numbers, dtype=np.int64), np.repeat(np.arange(len(texts), dtype=np.int64), lengths)


def _coded(
    numbers: NDArray[np.int64], rows: NDArray[np.int64], vocabulary: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The codes of the known words and of the pairs of known words within a text, and their rows."""
    known = numbers >= 0
    paired = known[:-1] & known[1:] & (rows[:-1] == rows[1:])
    pairs = (numbers[:-1][paired] + 1) * vocabulary + numbers[1:][paired]
    return np.concatenate([numbers[known], pairs]), np.concatenate([rows[known], rows[1:][paired]])


def _matrix(rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int]) -> Any:
    from scipy.sparse import coo_matrix

    ones = np.ones(len(rows), dtype=np.float64)
    matrix = coo_matrix((ones, (rows, columns)), shape=shape).tocsr()  # adds up what stands twice
    matrix.sort_indices()
    return matrix

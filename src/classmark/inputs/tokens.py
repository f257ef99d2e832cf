"""Texts as numbers of words, by one Hugging Face tokenizer that does everything from the raw text on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from classmark.errors import RunError
from classmark.system.files import write_text
from classmark.system.packages import load_package

if TYPE_CHECKING:
    from tokenizers import Tokenizer

UNKNOWN, PADDING = 0, 1
UNKNOWN_WORD, PADDING_WORD = "<unk>", "<pad>"
ENCODE_BATCH = 4_096

# Words and punctuation apart, contractions as the Penn Treebank and GloVe's own tokeniser split them: do n't, it 's.
# Compounds come apart (well - known): on 25,000 reviews 1.4 % of the tokens are then unknown, against 1.8 %.
WORD = r"\w+?(?=n't\b)|n't\b|'(?:s|re|ve|ll|d|m)\b|\w+|\.\.\.|[^\w\s]"


def characters_or_words(letters: str) -> str:
    """`WORD`, but each of these letters is a token of its own, together with its combining marks.

    Args:
        letters: a class of a regular expression, as `data.writing.split_letters` gives it.
    """
    others = rf"[\w&&[^{letters}]]"
    return rf"(?={letters})\X|{WORD.replace(chr(92) + 'w+', others + '+')}"


@dataclass(frozen=True)
class Tokens:
    """N texts as token ids, end to end.

    Attributes:
        ids: int32, all texts one behind the other.
        offsets: int64 of shape (N + 1,): text i is `ids[offsets[i]:offsets[i + 1]]`; none that a model sees is empty.
    """

    ids: NDArray[np.int32]
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens of each text, shape (N,)."""
        return np.diff(self.offsets)

    def row(self, number: int) -> NDArray[np.int32]:
        """The ids of one text."""
        return self.ids[self.offsets[number] : self.offsets[number + 1]]

    def cut(self, longest: int | None, keep: Literal["start", "ends"] = "start") -> Tokens:
        """The same texts with at most `longest` tokens: the first, or the first half and the last half."""
        if longest is None or len(self) == 0 or self.lengths.max() <= longest:
            return self
        head = longest if keep == "start" else (longest + 1) // 2
        lengths = np.repeat(self.lengths, self.lengths)
        place = np.arange(len(self.ids)) - np.repeat(self.offsets[:-1], self.lengths)
        kept = (lengths <= longest) | (place < head) | (place >= lengths - (longest - head))
        return Tokens(self.ids[kept], _offsets(np.minimum(self.lengths, longest)))

    def between(self, before: Sequence[int], after: Sequence[int]) -> Tokens:
        """The same texts with these tokens before and behind each."""
        offsets = _offsets(self.lengths + len(before) + len(after))
        ids = np.empty(int(offsets[-1]), np.int32)
        own = np.ones(len(ids), bool)
        for place, token in enumerate(before):
            ids[offsets[:-1] + place], own[offsets[:-1] + place] = token, False
        for place, token in enumerate(after):
            at = offsets[1:] - len(after) + place
            ids[at], own[at] = token, False
        ids[own] = self.ids
        return Tokens(ids, offsets)


def fit_tokenizer(texts: Sequence[str], vocabulary_size: int, pattern: str = WORD) -> Tokenizer:
    """A tokenizer with the most frequent words of these texts, ties in alphabetical order.

    Lower case, `<br />` and curly apostrophes replaced. `<unk>` is 0, `<pad>` is 1, then `vocabulary_size` words, or as
    many as there are.

    Args:
        texts: of the training split.
        vocabulary_size: the most words.
        pattern: a regular expression of a token.
    """
    library = load_tokenizers()
    words = {UNKNOWN_WORD: UNKNOWN, PADDING_WORD: PADDING}
    tokenizer: Tokenizer = library.Tokenizer(library.models.WordLevel(words, unk_token=UNKNOWN_WORD))
    normal = library.normalizers
    line_break = normal.Replace(library.Regex(r"<br\s*/?>"), " ")
    tokenizer.normalizer = normal.Sequence([normal.Lowercase(), line_break, normal.Replace("’", "'")])
    tokenizer.pre_tokenizer = library.pre_tokenizers.Split(library.Regex(pattern), behavior="removed", invert=True)
    trainer = library.trainers.WordLevelTrainer(
        vocab_size=vocabulary_size + 2, special_tokens=list(words), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer, length=len(texts))
    return tokenizer


def encode(tokenizer: Tokenizer, texts: Sequence[str], empty: Sequence[int] = (UNKNOWN,)) -> Tokens:
    """The token ids of the texts, without special tokens.

    Args:
        tokenizer: of words or of subwords.
        texts: N.
        empty: what a text without any token becomes.
    """
    rows: list[NDArray[np.int32]] = []
    for start in range(0, len(texts), ENCODE_BATCH):
        encodings = tokenizer.encode_batch_fast(list(texts[start : start + ENCODE_BATCH]), add_special_tokens=False)
        rows.extend(np.array(encoding.ids or empty, dtype=np.int32) for encoding in encodings)
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    return Tokens(np.concatenate(rows) if rows else np.empty(0, np.int32), _offsets(lengths))


def _offsets(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def save_tokenizer(tokenizer: Tokenizer, path: Path) -> None:
    """Write `tokenizer.json`, which Hugging Face's `Tokenizer.from_file` reads."""
    write_text(path, tokenizer.to_str(pretty=True) + "\n")


def load_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a run.

    Raises:
        RunError: the file is missing or damaged.
    """
    library = load_tokenizers()
    try:
        found: Tokenizer = library.Tokenizer.from_str(path.read_text(encoding="utf-8"))
        return found
    except Exception as error:  # the library raises bare Exception for a damaged file
        raise RunError(f"{path}: the tokenizer cannot be read ({error}). Copy the run's model folder anew.") from None


def load_tokenizers() -> ModuleType:
    """The package tokenizers, which images can do without.

    Raises:
        MissingExtraError: it is not installed.
    """
    return load_package("tokenizers", "text", "input.kind: text")

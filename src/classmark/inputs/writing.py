"""How texts are written: with spaces between words or without, and what therefore is a token. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

TokenKind = Literal["words", "characters"]

SAMPLE_TEXTS = 2_000
# Training texts with fewer such characters are English, Korean or the like with a foreign name here and there.
LEAST_SHARE = 0.05
# German has 6 on average, Finnish 8; a run of DNA or of a product's code has hundreds.
LONGEST_WORDS = 20.0
# Chinese whose words are separated has 1.7 letters a word; without, a clause has 5 to 10.
SEGMENTED_LETTERS, SEGMENTED_PIECES = 3.0, 4.0

# Letters and marks of scripts that put no spaces between words; their digits and signs are not among them.
WITHOUT_SPACES = (
    (0x0E01, 0x0E3A), (0x0E40, 0x0E4E),  # Thai
    (0x0E81, 0x0ECE), (0x0EDC, 0x0EDF),  # Lao
    (0x0F00, 0x0F00), (0x0F40, 0x0FBC),  # Tibetan
    (0x1000, 0x103F), (0x1050, 0x108F), (0xA9E0, 0xA9EF), (0xA9FA, 0xA9FE), (0xAA60, 0xAA7F),  # Burmese and its neighbours
    (0x1780, 0x17D3), (0x17D7, 0x17D7), (0x17DC, 0x17DD),  # Khmer
    (0x1950, 0x1974), (0x1980, 0x19C9), (0x1A20, 0x1A7C), (0xAA80, 0xAADD),  # Tai Le, New Tai Lue, Tai Tham, Tai Viet
    (0x1B05, 0x1B4C), (0xA984, 0xA9C0),  # Balinese, Javanese
    (0x2E80, 0x2FD5), (0x3005, 0x3007), (0x3021, 0x3029), (0x3031, 0x303C),  # signs and radicals of Han
    (0x3041, 0x309F), (0x30A1, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F), (0x1AFF0, 0x1B16F),  # Kana
    (0x3105, 0x312F), (0x31A0, 0x31BF),  # Bopomofo
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF),  # Han
    (0xA000, 0xA48C),  # Yi
)  # fmt: skip
LETTERS = "".join(chr(first) if first == last else f"{chr(first)}-{chr(last)}" for first, last in WITHOUT_SPACES)


@dataclass(frozen=True)
class Writing:
    """What of texts decides whether words can be told apart by spaces.

    Attributes:
        share_without_spaces: the share of a text's characters, blanks left out, in scripts without spaces; the mean over
            the texts, so that a short one counts as much as a long one.
        characters_per_word: the mean length of what stands between spaces and punctuation marks.
        segmented: somebody has put spaces between the words of such a script already.
    """

    share_without_spaces: float
    characters_per_word: float
    segmented: bool = False

    @property
    def tokens(self) -> TokenKind:
        """What the tokens of such texts should be."""
        unspaced = self.share_without_spaces >= LEAST_SHARE and not self.segmented
        return "characters" if unspaced or self.characters_per_word > LONGEST_WORDS else "words"

    @property
    def reason(self) -> str:
        """What `tokens` follows from."""
        if self.characters_per_word > LONGEST_WORDS and self.share_without_spaces < LEAST_SHARE:
            return f"what stands between spaces has {self.characters_per_word:,.0f} characters on average"
        spaced = ", but their words are separated" if self.segmented else ""
        return f"{self.share_without_spaces:.1%} of a text's characters belong to scripts without spaces{spaced}"


def writing_of(texts: Sequence[str]) -> Writing:
    """How these texts are written, measured on 2,000 of them that are spread evenly."""
    sample = pl.Series(texts[:: max(1, len(texts) // SAMPLE_TEXTS)], dtype=pl.String)
    sample = sample.filter(sample.str.contains(r"\S"))
    per_word = _count(sample, r"\w") / max(1, _count(sample, r"\w+"))
    if all(map(str.isascii, sample)):
        return Writing(0.0, per_word)
    shares = sample.str.count_matches(f"[{LETTERS}]") / sample.str.count_matches(r"\S")
    share = float(shares.sum()) / len(sample)
    return Writing(share, per_word, share >= LEAST_SHARE and _are_segmented(sample.filter(shares >= 0.5)))


def _are_segmented(texts: pl.Series) -> bool:
    """Whether texts in such scripts have spaces between their words all the same."""
    letters, runs = _count(texts, f"[{LETTERS}]"), _count(texts, f"[{LETTERS}]+")
    return letters < SEGMENTED_LETTERS * runs and _count(texts, r"\S+") >= SEGMENTED_PIECES * len(texts)


def _count(texts: pl.Series, pattern: str) -> int:
    return int(texts.str.count_matches(pattern).sum())


def split_letters(writing: Writing) -> str:
    """As a class of a regular expression, the letters that are a token each where tokens are characters.

    In texts with scripts that are written without spaces, only theirs: `iPhone` or `2024` stay one token. In others, such as
    DNA or names of people, all.
    """
    return f"[{LETTERS}]" if writing.share_without_spaces >= LEAST_SHARE else r"\w"

"""What is odd about the characters of texts: the traces of a wrong decoding, markup, and mixed ways to write a letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

MOST_EXAMPLES = 3
AROUND = 30  # characters shown on either side
# The characters as which Windows-1252 shows the bytes 80 to BF, which follow in UTF-8 behind a leading byte.
BEHIND = "[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]"
# Leading bytes as Windows-1252 shows them; where a language may write the two side by side, two in a row are asked for.
MOJIBAKE = (
    rf"[ÂÃ]{BEHIND}|(?:[ÄÅÎÏÐÑØÙ]{BEHIND}){{2,}}|â[€„†‚\u0080\u0082\u0084\u0086]{BEHIND}|ï»¿|ð[Ÿ\u009f]{BEHIND}{{2}}"
)
PATTERNS = {
    "mojibake": ("UTF-8 that was read as Windows-1252, such as Ã© for é", MOJIBAKE),
    "replacement": ("replacement characters (U+FFFD), where a byte could not be decoded", "\ufffd"),
    "c1": ("control characters U+0080 to U+009F: Windows-1252 that was read as Latin-1", "[\u0080-\u009f]"),
    "control": ("other control characters", r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"),
    "html": (
        "HTML tags or entities",
        r"(?i)</?[a-z][a-z0-9]{0,9}(?:\s[^<>]{0,200})?/?>|&(?:[a-z]{2,8}|#\d{1,6}|#x[0-9a-f]{1,5});",
    ),
    "invisible": ("invisible characters (byte order marks, zero-width and soft hyphens)", "[\ufeff\u200b\u2060\u00ad]"),
}
DECOMPOSED = "not in Unicode's composed form (NFC), so that equal words may differ"


@dataclass(frozen=True)
class Oddity:
    """Rows with one kind of odd characters.

    Attributes:
        code: of the kind.
        title: what it is.
        rows: part → number of rows.
        examples: id and the characters with what stands around them.
    """

    code: str
    title: str
    rows: dict[str, int]
    examples: tuple[tuple[str, str], ...]


def text_oddities(rows: pl.DataFrame, parts: Sequence[str]) -> list[Oddity]:
    """The kinds that occur; `rows` has `part`, `id` and `text`."""
    texts = rows["text"]
    found = []
    for code, (title, pattern) in PATTERNS.items():
        odd = rows.filter(texts.str.contains(pattern))
        shown = odd.head(MOST_EXAMPLES)
        around = shown["text"].str.extract(rf"(?s)(.{{0,{AROUND}}}(?:{pattern}).{{0,{AROUND}}})", 1)
        found.append(_oddity(code, title, odd, parts, around))
    odd = rows.filter(texts != texts.str.normalize("NFC"))
    around = odd.head(MOST_EXAMPLES)["text"].str.extract(rf"(?s)(.{{0,{AROUND}}}\p{{M}}.{{0,{AROUND}}})", 1)
    found.append(_oddity("decomposed", DECOMPOSED, odd, parts, around))
    return [oddity for oddity in found if sum(oddity.rows.values())]


def _oddity(code: str, title: str, odd: pl.DataFrame, parts: Sequence[str], around: pl.Series) -> Oddity:
    examples = zip(odd["id"].head(MOST_EXAMPLES), around.fill_null("").map_elements(visible, pl.String), strict=True)
    return Oddity(code, title, {part: odd.filter(part=part).height for part in parts}, tuple(examples))


def visible(text: str) -> str:
    """The text with characters that cannot be seen as their numbers: `‹U+0096›`."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else f"‹U+{ord(character):04X}›"
        for character in text
    )


def files_with_mark(files: Sequence[Path]) -> list[str]:
    """The files that begin with a UTF-8 byte order mark."""

    def begins_with_mark(path: Path) -> bool:
        with path.open("rb") as file:
            return file.read(3) == b"\xef\xbb\xbf"

    return [str(path) for path in files if path.is_file() and begins_with_mark(path)]

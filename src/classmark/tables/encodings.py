"""Which encoding the bytes of a text probably have, where it is not UTF-8: a guess for a message, never for reading."""

from __future__ import annotations

SAMPLE_BYTES = 100_000
FEW_HIGH_BYTES = 0.35  # Western texts have fewer accented letters than this
LEAST_HIGH_BYTES = 8
MOSTLY = 0.9
KANA_SHARE = 0.15

# What the decoded text must mostly consist of beside ASCII: letters of the language, and its punctuation.
HAN, KANA, HANGUL = (0x4E00, 0x9FFF), (0x3041, 0x30FF), (0xAC00, 0xD7A3)
PUNCTUATION = ((0x3000, 0x303F), (0xFF00, 0xFF65), (0x2010, 0x2026), (0xB0, 0xBF))
CANDIDATES = (
    ("SHIFT_JIS", "cp932", (HAN, KANA)),
    ("EUC-JP", "euc_jp", (HAN, KANA)),
    ("EUC-KR", "cp949", (HANGUL,)),
    ("GB18030", "gb18030", (HAN,)),
    ("BIG5", "big5", (HAN,)),
)
# Vowels that nearly every second letter of a Russian text is one of; in the wrong code page they are others.
CYRILLIC = (("WINDOWS-1251", "cp1251"), ("KOI8-R", "koi8_r"))
VOWELS = frozenset("аеиоуыяю")


def likely_encoding(data: bytes) -> str:
    """The name that iconv gives the encoding; WINDOWS-1252 if nothing tells that it is another."""
    sample = data[:SAMPLE_BYTES]
    letters = sum(byte > 0x7F or chr(byte).isalpha() for byte in sample)
    if sum(byte > 0x7F for byte in sample) < max(LEAST_HIGH_BYTES, FEW_HIGH_BYTES * letters):
        return "WINDOWS-1252"
    for name, codec, scripts in CANDIDATES:
        share, kana = _shares(sample, codec, scripts)
        if share >= MOSTLY and (KANA not in scripts or kana >= KANA_SHARE):
            return name
    for name, codec in CYRILLIC:
        text = [character for character in sample.decode(codec, "replace") if ord(character) > 0x7F]
        if text and sum(character in VOWELS for character in text) > len(text) / 3:
            return name
    return "WINDOWS-1252"


def _shares(sample: bytes, codec: str, scripts: tuple[tuple[int, int], ...]) -> tuple[float, float]:
    """Of the characters beside ASCII, the shares of these scripts and their punctuation, and of kana."""
    codes = [ord(character) for character in sample.decode(codec, "replace") if ord(character) > 0x7F]
    fitting = sum(any(low <= code <= high for low, high in (*scripts, *PUNCTUATION)) for code in codes)
    kana = sum(KANA[0] <= code <= KANA[1] for code in codes)
    return fitting / max(1, len(codes)), kana / max(1, len(codes))

"""Odd CSV and JSON files, each drawn from a number: what people's programs and editors leave behind."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from random import Random

SEPARATORS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}
WORDS = [
    "a",
    "good",
    "film",
    "schlecht",
    "crème",
    "电影",
    "👍",
    "\u2028",
    "0",
    "1.0",
    "-3e5",
    "NaN",
    "#",
    "\x1c",
    "\x0b",
]
INSIDE = ('"', '""', '6" long', *",;\t|\n\r'\\=", "\r\n", "\n\n", '\\"', "\x85", "\ufeff", "\u00a0")
NAMES = ("text", "label", "id", "x", "Größe", "名", "text ", "with space", "a.b", "")
ODD_VALUES = (
    "1", "-0.5", "1e999", "12345678901234567890123", "true", "null", "NaN", "-Infinity", "[]", "{}", '[1, "a"]',
    '{"a": [1, {"b": null}]}', '"\\ud83d\\ude00"', '"\\ud800"', '"a\\u0000b"', '"a\tb"', "[[1], 2]", "01", "'a'",
)  # fmt: skip


@dataclass(frozen=True)
class OddFile:
    """A delimited file.

    Attributes:
        name: of the file, with its ending.
        data: its bytes.
        separator: that its author used.
        body: the text that begins with the header.
        whole: whether nothing about its bytes is broken: a NUL, a wrong encoding.
    """

    name: str
    data: bytes
    separator: str
    body: str
    whole: bool

    def rows(self) -> list[list[str]]:
        """Header and rows, as Python's csv reader gives them."""
        return _parsed(self.body, self.separator)

    @property
    def closed(self) -> bool:
        """Whether no quote is open at its end."""
        return _parsed(f"{self.body}\nend", self.separator)[-1] == ["end"]


def _parsed(text: str, separator: str) -> list[list[str]]:
    before = csv.field_size_limit(1 << 30)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    finally:
        csv.field_size_limit(before)


def draw_csv(seed: int) -> OddFile:
    """The file of a seed; half of them have one oddity or none."""
    rng = Random(seed)
    odd = 0.3 if rng.random() < 0.5 else 0.03
    separator = rng.choice(",,,,\t\t;|")
    ending = {"\t": ".tsv"}.get(separator, ".csv") if rng.random() < 0.7 else rng.choice((".csv", ".tsv", ".txt"))
    width, height = rng.choice((1, 2, 2, 3, 4, 5)), rng.choice((0, 1, 2, 3, 5, 9, 30))
    if width == 1:
        separator, ending = rng.choice(((",", ".csv"), ("\t", ".tsv")))
    line_end = rng.choice(("\n", "\n", "\n", "\r\n", "\r"))
    lines = [separator.join(_header(rng, width, odd))]
    for _ in range(height):
        fields = [_field(rng, separator, odd) for _ in range(width)]
        if rng.random() < odd / 30:
            fields = fields[:-1] if rng.random() < 0.5 else [*fields, _field(rng, separator, odd)]
        lines.append(separator.join(fields))
        if rng.random() < odd / 5:
            lines.append(rng.choice(("", "", " ", separator * (width - 1), lines[0], "\t")))
    if rng.random() < odd / 10:
        lines = [f"{line}{separator}" for line in lines]
    ends = [rng.choice(("\n", "\r\n", "\r")) if rng.random() < odd / 10 else line_end for _ in lines]
    ends[-1] = rng.choice((line_end, "", line_end * 2))
    body = "".join(line + end for line, end in zip(lines, ends, strict=True))
    before = _preamble(rng, separator, line_end, odd) if width > 1 else ""
    data, whole = _encoded(rng, before + body, odd)
    return OddFile(f"odd{ending}", data, separator, body, whole)


def _header(rng: Random, width: int, odd: float) -> list[str]:
    names = list(NAMES[:width])
    if width > 1 and rng.random() < odd:
        names = [rng.choice(NAMES) for _ in range(width)]
    return [f'"{name}"' for name in names] if rng.random() < 0.2 else names


def _field(rng: Random, separator: str, odd: float) -> str:
    text = " ".join(rng.choices(WORDS, k=rng.randint(0, 4)))
    if rng.random() < odd:
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(INSIDE) + text[at:]
    if rng.random() < odd / 300:
        text = text + "long " * 30_000
    if rng.random() < odd / 20:
        return text  # as it is: lone quotes, separators, line ends
    if set(text) & set(f'"{separator}\r\n') or rng.random() < 0.2:
        return '"' + text.replace('"', '""') + '"' + (rng.choice(("z", " ", '"')) if rng.random() < odd / 30 else "")
    return text


def _preamble(rng: Random, separator: str, line_end: str, odd: float) -> str:
    before = ""
    if rng.random() < odd / 5:
        before += f"sep={separator}{line_end}"
    elif rng.random() < odd / 5:
        before += f"# written by a program, on {rng.randint(1, 9)} May{line_end}"
    return before


def _encoded(rng: Random, text: str, odd: float) -> tuple[bytes, bool]:
    """The bytes, and whether they are whole."""
    chance = rng.random() / odd
    if chance < 0.1:
        return text.encode("utf-8-sig"), True
    if chance < 0.15:
        return text.encode("utf-16"), True
    if chance < 0.2:
        data = "".join(character for character in text if ord(character) < 256).encode("latin-1") + b"\ncaf\xe9"
        return data, False
    if chance < 0.25:
        at = rng.randint(0, len(text))
        return (text[:at] + "\0" + text[at:]).encode(), False
    if chance < 0.3:
        return b"\xc3\xaf\xc2\xbb\xc2\xbf" + text.encode(), True  # a mark that was read as three letters
    return text.encode(), True


def draw_json_lines(seed: int) -> tuple[str, list[str]]:
    """The text of a JSON Lines file and its lines that are not blank; some are no JSON, or no objects."""
    rng = Random(seed)
    odd = 0.2 if rng.random() < 0.5 else 0.01
    lines = [_json_line(rng, odd) for _ in range(rng.choice((1, 2, 3, 8)))]
    spread = [part for line in lines for part in (line, *([" "] if rng.random() < odd else []))]
    end = rng.choice(("\n", "\n", "\r\n"))
    mark = "\ufeff" if rng.random() < odd else ""
    return mark + end.join(spread) + rng.choice(("", end, end * 2)), lines


def _json_line(rng: Random, odd: float) -> str:
    pairs = [f"{json.dumps(name)}: {_json_value(rng, odd)}" for name in NAMES[: rng.randint(1, 4)]]
    if rng.random() < odd:
        pairs.append(f'"text": {_json_value(rng, odd)}')
    rng.shuffle(pairs)
    line = "{" + ", ".join(pairs) + "}"
    if rng.random() < odd / 3:
        return rng.choice(
            (line[:-1], f"{line},", line + line, f"[{line}]", "null", "3", line.replace('"', "'"), line[:-1] + ",}")
        )
    return line


def _json_value(rng: Random, odd: float) -> str:
    usual = json.dumps(" ".join(rng.choices(WORDS, k=rng.randint(0, 3))), ensure_ascii=rng.random() < 0.5)
    if rng.random() > odd:
        return usual
    return rng.choice(ODD_VALUES)

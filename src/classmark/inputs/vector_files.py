"""Files of word vectors, read as a stream: text as GloVe, word2vec and fastText write it, and word2vec's binary form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO

import numpy as np
from numpy.typing import NDArray

from classmark.errors import InputError

BLOCK_BYTES = 1 << 22
HELD_LINES = 4_096  # parsed together
LONGEST_LINE_BYTES = 1 << 24
MOST_NUMBERS = 100_000
LONGEST_WORD_BYTES = 1 << 16
HEADER = re.compile(rb"\s*(\d+)[ \t]+(\d+)\s*")
BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
A_LINE = "Each line is a word and its numbers, separated by spaces or tabs"


@dataclass
class Found:
    """The words of the vocabulary that a file has, and their vectors.

    Attributes:
        source: of the file, for messages.
        wanted: word → row of the vocabulary.
        width: D, numbers of a word.
    """

    source: str
    wanted: Mapping[bytes, int]
    width: int = 0
    _rows: dict[int, None] = field(default_factory=dict)
    _parts: list[NDArray[np.float32]] = field(default_factory=list)

    def row(self, word: bytes) -> int | None:
        """The row of a word that is wanted and new; of a word that stands in a file twice, the first counts."""
        row = self.wanted.get(word)
        return None if row in self._rows else row

    def add(self, rows: list[int], vectors: NDArray[np.float32]) -> None:
        """Take the vectors of these rows."""
        self._rows.update(dict.fromkeys(rows))
        self._parts.append(vectors)

    @property
    def rows(self) -> NDArray[np.int64]:
        """Rows of the vocabulary."""
        return np.fromiter(self._rows, dtype=np.int64, count=len(self._rows))

    @property
    def values(self) -> NDArray[np.float32]:
        """Their vectors, shape (rows, D)."""
        return np.concatenate(self._parts) if self._parts else np.empty((0, self.width), np.float32)


def read_vectors(stream: IO[bytes], source: str, wanted: Mapping[bytes, int]) -> Found:
    """The vectors of the wanted words; only their lines are parsed as numbers, and memory is bounded by them.

    Raises:
        InputError: it is no file of vectors; the message names the line.
    """
    start = stream.read(BLOCK_BYTES).removeprefix(b"\xef\xbb\xbf")
    first, _, rest = start.partition(b"\n")
    header = HEADER.fullmatch(first)
    found = Found(source, wanted)
    if header is None:
        if BINARY.search(start):
            raise _refused(source, "it is a binary file of a kind that is not read.", f"{A_LINE}.")
        _read_text(stream, start, found, first_line=1, words=0)
        return found
    words, found.width = int(header[1][:12]), int(header[2][:12])
    if not 2 <= found.width <= MOST_NUMBERS:
        raise _refused(f"{source}, line 1", f"it says {found.width:,} numbers for each word.")
    if _is_binary(rest, found.width):
        _read_binary(stream, rest, found, words)
    else:
        _read_text(stream, rest, found, first_line=2, words=words)
    return found


def _refused(place: str, problem: str, remedy: str = "The file is damaged or no file of word vectors.") -> InputError:
    return InputError(f"input.vectors: {place}: {problem}", remedy)


def _is_binary(body: bytes, width: int) -> bool:
    """Whether what follows a header is words with floats, not with written numbers."""
    pieces = body.partition(b"\n")[0].split()
    return _trailing_numbers(pieces) < max(1, min(width, len(pieces) - 1)) and _holds_bytes(body[: 8 * width + 4_096])


def _holds_bytes(data: bytes) -> bool:
    """Whether it is no text; its last character may be cut."""
    try:
        data[:-4].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start < len(data) - 8
    return BINARY.search(data) is not None


def _trailing_numbers(pieces: list[bytes]) -> int:
    """How many pieces from the second to the last are numbers, from the last on."""
    count = 0
    for piece in reversed(pieces[1:]):
        if _number(piece) is None:
            break
        count += 1
    return count


def _number(piece: bytes) -> float | None:
    try:
        return None if b"_" in piece else float(piece)
    except ValueError:
        return None


def _read_text(stream: IO[bytes], start: bytes, found: Found, *, first_line: int, words: int) -> None:
    """Read lines of a word and its numbers.

    Args:
        stream: what follows `start`.
        start: the first block, without its header.
        found: to fill.
        first_line: the number of the first line of `start`.
        words: how many the header says; 0 if there is none.
    """
    held = list[tuple[int, int, list[bytes]]]()
    wanted, lines = found.wanted, 0
    number = first_line - 1
    for number, line in enumerate(_lines(stream, start, found.source), start=first_line):
        pieces = line.split(None, 1)
        if len(pieces) < 2:
            if pieces and not found.width:
                _settle_width(found, number, line)
            continue
        lines += 1
        if lines == 1:
            _settle_width(found, number, line)
        if pieces[0] in wanted and (row := found.row(pieces[0])) is not None:
            numbers = pieces[1].split()
            if len(numbers) == found.width or not _is_longer_word(numbers, found, number):
                held.append((number, row, numbers))
            if len(held) == HELD_LINES:
                _parse(held, found)
    _parse(held, found)
    if not lines:
        raise _refused(found.source, "the file has no vectors.")
    if lines < words:
        raise _refused(
            found.source, f"its first line says {words:,} words, but there are {lines:,}.", "Fetch the file again."
        )


def _settle_width(found: Found, number: int, line: bytes) -> None:
    """Take the width from the first line with a vector, or check it against the header."""
    count = _trailing_numbers(line.split())
    place = f"{found.source}, line {number}"
    if found.width and count < found.width:
        raise _refused(place, f"{count:,} numbers, where the first line says {found.width:,}.")
    found.width = found.width or count
    if found.width < 2:
        said = "no numbers follow the word" if not found.width else "a word and one number, which is no vector"
        raise _refused(place, f"{said}.", f"{A_LINE}.")


def _is_longer_word(numbers: list[bytes], found: Found, number: int) -> bool:
    """Whether the wanted word is only the beginning of one with spaces inside, as GloVe 840B has some.

    Raises:
        InputError: a number is missing or one too many.
    """
    more = numbers[: -found.width]
    if more and all(_number(piece) is None for piece in more):
        return True
    raise _refused(
        f"{found.source}, line {number}", f"{len(numbers):,} numbers, where the lines before have {found.width:,}."
    )


def _lines(stream: IO[bytes], start: bytes, source: str) -> Iterator[bytes]:
    """The lines of a stream without their ends; memory is bounded by a block."""
    block, number = start, 0
    while True:
        lines = block.split(b"\n")
        rest = lines.pop()
        number += len(lines)
        yield from lines
        if len(rest) > LONGEST_LINE_BYTES:
            what = "old-Mac line ends (CR)" if b"\r" in rest else f"line {number + 1} never ends"
            raise _refused(source, f"{what}.", f"{A_LINE}.")
        more = stream.read(BLOCK_BYTES)
        if not more:
            break
        block = rest + more
    if b"\r" in rest.strip() and not number:
        raise _refused(source, "its lines end with CR, as on old Macs.", "Convert the file to LF line ends.")
    yield rest


def _parse(held: list[tuple[int, int, list[bytes]]], found: Found) -> None:
    """Parse the numbers of these lines, each with its number and row, and forget them."""
    try:
        with np.errstate(over="ignore"):
            vectors = np.array([numbers for _, _, numbers in held], dtype=np.float32).reshape(len(held), found.width)
    except ValueError:
        vectors = None
    if vectors is None or not np.isfinite(vectors).all():
        for number, _, numbers in held:
            _check_numbers(f"{found.source}, line {number}", numbers)
        raise AssertionError("one of these lines has no finite vector")
    rows, first = list[int](), list[int]()
    taken = set[int]()
    for index, (_, row, _) in enumerate(held):
        if row not in taken:
            taken.add(row)
            rows.append(row)
            first.append(index)
    found.add(rows, vectors[first])
    held.clear()


def _check_numbers(place: str, numbers: list[bytes]) -> None:
    for piece in numbers:
        value, shown = _number(piece), piece[:40].decode("utf-8", "replace")
        if value is None:
            raise _refused(place, f'"{shown}" is not a number.')
        with np.errstate(over="ignore"):
            if not np.isfinite(np.float32(value)):
                raise _refused(place, f'"{shown}" is not a finite number of 32 bits.')


def _read_binary(stream: IO[bytes], block: bytes, found: Found, words: int) -> None:
    """Read word2vec's binary form: a word, a space, and D little-endian floats, `words` times."""
    size, at, rows, held = 4 * found.width, 0, list[int](), list[bytes]()
    seen = set[int]()
    for number in range(1, words + 1):
        space = block.find(b" ", at)
        while space < 0 or space + 1 + size > len(block):
            more = stream.read(BLOCK_BYTES)
            if not more or (space < 0 and len(block) - at > LONGEST_WORD_BYTES):
                raise _refused(
                    found.source,
                    f"word2vec's binary form, but the data ends or breaks at word {number:,} of {words:,}.",
                    "Fetch the file again.",
                )
            block, at = block[at:] + more, 0
            space = block.find(b" ")
        word, end = block[at:space].lstrip(b"\n"), space + 1 + size
        row = found.row(word)
        if row is not None and row not in seen:
            vector = block[space + 1 : end]
            if not np.isfinite(np.frombuffer(vector, "<f4")).all():
                shown = word[:40].decode("utf-8", "replace")
                raise _refused(found.source, f'word {number:,}, "{shown}", has a number that is not finite.')
            seen.add(row)
            rows.append(row)
            held.append(vector)
        at = end
    if (block[at:] + stream.read(64)).strip():
        raise _refused(found.source, f"the data goes on after the {words:,} words that its first line says.")
    found.add(rows, np.frombuffer(b"".join(held), "<f4").astype(np.float32).reshape(len(held), found.width))

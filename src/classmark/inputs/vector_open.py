"""The bytes of a file of word vectors: compression and zip taken off, and kinds of file refused that are not read."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from classmark.errors import InputError
from classmark.tables.contents import unreadable
from classmark.tables.text import UTF16, check_is_data

DIMENSION = re.compile(r"\.(\d+d)\.")
MEMBERS = (".txt", ".vec", ".bin")
ZIP, GZIP, BZIP2, XZ = b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0"
AS_TEXT = "Give them as text, each line a word and its numbers"
# How other files begin, what they are, and what to do.
OTHERS = (
    (b"\xba\x16\x4f\x2f", "it is fastText's binary model", "Give the .vec file that belongs to it, which is text."),
    (
        b"\x80",
        "it is a Python pickle, as gensim writes .kv and .model files; reading one could run code",
        'Write the vectors as text with gensim: KeyedVectors.load(path).save_word2vec_format("vectors.txt")',
    ),
    (b"\x93NUMPY", "it is a numpy array, which does not hold the words", f"{AS_TEXT}."),
    (b"\x89HDF", "it is an HDF5 file", f"{AS_TEXT}."),
    (b"PAR1", "it is a Parquet file", f"{AS_TEXT}."),
    (b"ARROW1", "it is an Arrow file", f"{AS_TEXT}."),
    (b"\x28\xb5\x2f\xfd", "it is compressed with Zstandard", "Unpack it first: unzstd FILE"),
    (b"7z\xbc\xaf", "it is a 7z archive", "Unpack it first."),
    (b"Rar!", "it is a RAR archive", "Unpack it first."),
    *((mark, "it is UTF-16", "Convert it, for instance with iconv -f UTF-16 -t UTF-8.") for mark in UTF16),
)


@dataclass(frozen=True)
class VectorFile:
    """A file of vectors, or one that lies in a zip."""

    path: Path
    member: str | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.member}" if self.member else str(self.path)


def find_in_zip(path: Path, name: str) -> VectorFile:
    """The file of this name or dimension (`100d`) in a zip, or its only one where `name` is empty.

    Raises:
        InputError: it is no zip, or there is no such file or more than one.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [one for one in archive.namelist() if not one.endswith("/") and not _is_hidden(one)]
    except FileNotFoundError:
        raise InputError(f"input.vectors: {path}: there is no such file.") from None
    except OSError as error:
        raise unreadable(path, error) from None
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise InputError(f"input.vectors: {path}: not a zip archive, or a truncated one. Fetch it again.") from None
    names = [one for one in inside if one.lower().endswith(MEMBERS)]
    fitting = [one for one in names if name in (one, PurePosixPath(one).name) or f".{name}." in one] if name else names
    if len(fitting) == 1:
        return VectorFile(path, fitting[0])
    if not names:
        holds = ", ".join(inside[:4]) or "nothing"
        raise InputError(f"input.vectors: {path} holds {holds}, but no file ending in {', '.join(MEMBERS)}.")
    dimension = DIMENSION.search(names[0])
    example = dimension[1] if dimension else names[0]
    by = "Name one by its dimension" if dimension else "Name one of them"
    raise InputError(
        f"input.vectors: {path} holds {', '.join(names)}. {by}, for instance input.vectors={path}:{example}"
    )


def _is_hidden(name: str) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)


@contextmanager
def opened(file: VectorFile) -> Iterator[IO[bytes]]:
    """The bytes of the vectors, uncompressed, as a stream.

    Raises:
        InputError: the system does not give them, they are damaged, or a kind of file that is not read.
    """
    try:
        if file.member is None:
            with file.path.open("rb") as packed, _uncompressed(packed) as stream:
                yield _checked(stream, str(file))
        else:
            with zipfile.ZipFile(file.path) as archive, archive.open(file.member) as raw:
                yield _checked(raw, str(file))
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError):
        raise InputError(
            f"input.vectors: {file}: the compressed data is damaged or ends too early.", "Fetch the file again."
        ) from None
    except (RuntimeError, NotImplementedError):  # of zipfile: a password, a rare compression
        raise InputError(
            f"input.vectors: {file}: it has a password or a compression that is not read.", "Unpack it first."
        ) from None
    except OSError as error:
        raise unreadable(file.path, error) from None


def _uncompressed(raw: IO[bytes]) -> IO[bytes]:
    start = raw.read(6)
    raw.seek(0)
    if start.startswith(GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=raw), 1 << 20)
    if start.startswith(BZIP2) and start[3:4].isdigit():
        return bz2.BZ2File(raw)
    return lzma.LZMAFile(raw) if start.startswith(XZ) else raw


def _checked(stream: IO[bytes], source: str) -> IO[bytes]:
    """The stream again, if its beginning is none of another kind of file."""
    start = stream.read(512)
    stream.seek(0)
    source = f"input.vectors: {source}"
    check_is_data(source, start)
    for mark, problem, remedy in OTHERS:
        if start.startswith(mark):
            raise InputError(f"{source}: {problem}.", remedy)
    if start[257:262] == b"ustar":
        raise InputError(f"{source}: it is a tar archive.", "Unpack it first: tar xf FILE")
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < 1 << 30:
        raise InputError(f"{source}: it is a safetensors file, which does not hold the words.", f"{AS_TEXT}.")
    return stream

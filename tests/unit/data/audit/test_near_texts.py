"""Near duplicates of texts, against all pairs compared one by one and against datasketch."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from classmark.data.audit.buckets import FIRST, bucket_pairs
from classmark.data.audit.near_texts import HASHES, minhashes, near_texts, recall, rows_of_band, shingle_hashes
from classmark.data.duplicates import text_keys

WORDS = [f"word{number}" for number in range(3_000)]


def shingles(text: str) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[place : place + 3]) for place in range(max(1, len(words) - 2))}


def jaccard(a: str, b: str) -> float:
    first, second = shingles(a), shingles(b)
    return len(first & second) / len(first | second)


def edited_texts(count: int, copies: int, seed: int = 5) -> list[str]:
    """Texts, and copies of each with more and more of its words changed."""
    generator = np.random.default_rng(seed)
    texts = []
    for _ in range(count):
        words = generator.choice(WORDS, generator.integers(1, 120)).tolist()
        texts.append(" ".join(words))
        for copy in range(1, copies):
            changed = generator.integers(0, len(words), copy)
            texts.append(
                " ".join(str(generator.choice(WORDS)) if place in changed else word for place, word in enumerate(words))
            )
    return sorted(set(texts))


@pytest.mark.parametrize("threshold", [0.4, 0.6, 0.8])
def test_what_is_found_is_what_all_pairs_compared_give(threshold: float) -> None:
    texts = edited_texts(16, 6)
    expected = {
        (a, b): jaccard(texts[a], texts[b])
        for a, b in combinations(range(len(texts)), 2)
        if jaccard(texts[a], texts[b]) >= threshold
    }
    near = near_texts(pl.Series(texts), threshold)
    found = dict(zip(zip(near.a.tolist(), near.b.tolist(), strict=True), near.similarity.tolist(), strict=True))
    assert len(expected) > 30
    assert set(found) <= set(expected)
    assert all(found[pair] == pytest.approx(expected[pair], abs=1e-12) for pair in found)
    assert len(found) >= 0.99 * len(expected)


def test_minhashes_agree_as_often_as_datasketch_s() -> None:
    """Both estimate the Jaccard similarity with a standard deviation of √(s(1 − s)/128) or less."""
    texts = edited_texts(12, 5, seed=8)
    hashes, starts = shingle_hashes(pl.Series(texts))
    least = minhashes(hashes, starts)
    theirs = []
    for text in texts:
        minhash = MinHash(num_perm=HASHES, seed=3)
        minhash.update_batch([" ".join(shingle).encode() for shingle in shingles(text)])
        theirs.append(minhash)
    deviations = []
    for a, b in combinations(range(len(texts)), 2):
        true = jaccard(texts[a], texts[b])
        ours = float((least[:, a] == least[:, b]).mean())
        limit = 5 * np.sqrt(true * (1 - true) / HASHES) + 1e-9
        assert abs(ours - true) <= limit
        assert abs(ours - theirs[a].jaccard(theirs[b])) <= 2 * limit
        if 0 < true < 1:
            deviations.append((ours - true) / np.sqrt(true * (1 - true) / HASHES))
    assert abs(np.mean(deviations)) < 0.5
    assert 0.6 < np.std(deviations) < 1.4


@given(st.lists(st.text(alphabet="ab ", min_size=1, max_size=14).filter(str.strip), min_size=1, max_size=8))
@settings(deadline=None, max_examples=40)
def test_as_many_hashes_as_sequences_and_equal_where_they_are(texts: list[str]) -> None:
    keys = text_keys(pl.Series(texts))
    hashes, starts = shingle_hashes(keys)
    sequences = [[tuple(key.split()[p : p + 3]) for p in range(max(1, len(key.split()) - 2))] for key in keys]
    assert np.diff(starts).tolist() == [len(found) for found in sequences]
    known: dict[tuple[str, ...], int] = {}
    for hashed, sequence in zip(hashes.tolist(), (one for found in sequences for one in found), strict=True):
        assert known.setdefault(sequence, hashed) == hashed
    assert len(set(known.values())) == len(known)


def test_texts_without_spaces_between_words_are_compared_too() -> None:
    film = "这部电影真的非常好看我和家人一起看了两遍演员的表演也很出色"
    near = near_texts(text_keys(pl.Series([film, film[:-1] + "错", "完全不同的另一段文字说的是别的事情"])), 0.6)
    assert (near.a.tolist(), near.b.tolist()) == ([0], [1])
    assert near.similarity[0] == pytest.approx(jaccard(" ".join(film), " ".join(film[:-1] + "错")))


def test_as_many_rows_a_band_as_leave_99_percent() -> None:
    assert {threshold: rows_of_band(threshold) for threshold in (0.3, 0.5, 0.6, 0.8)} == {
        0.3: 2,
        0.5: 3,
        0.6: 3,
        0.8: 6,
    }
    for threshold in np.linspace(0.3, 0.99, 30):
        rows = rows_of_band(float(threshold))
        assert recall(float(threshold), rows) >= 0.99
        assert recall(float(threshold), rows + 1) < 0.99 or HASHES // (rows + 1) == 0


def test_nothing_and_one_text_have_no_pairs() -> None:
    for texts in ([], ["one text alone"]):
        near = near_texts(pl.Series(texts, dtype=pl.String), 0.6)
        assert len(near.a) == len(near.b) == len(near.similarity) == 0


@given(st.lists(st.integers(0, 4), max_size=40))
@settings(max_examples=80)
def test_a_window_as_wide_as_the_rows_gives_every_pair_of_equal_keys(keys: list[int]) -> None:
    array = np.array(keys, dtype=np.uint64)
    found = [pair for a, b in bucket_pairs(array, 50) for pair in zip(a.tolist(), b.tolist(), strict=True)]
    expected = [(a, b) for a, b in combinations(range(len(keys)), 2) if keys[a] == keys[b]]
    assert sorted(found) == expected


@given(st.lists(st.integers(0, 2), max_size=60))
@settings(max_examples=80)
def test_a_narrow_window_still_pairs_each_row_with_the_first_of_its_key(keys: list[int]) -> None:
    array = np.array(keys, dtype=np.uint64)
    found = [pair for a, b in bucket_pairs(array, 5) for pair in zip(a.tolist(), b.tolist(), strict=True)]
    assert len(found) == len(set(found))
    assert len(found) <= len(keys) * (5 + FIRST)
    for row, key in enumerate(keys):
        if keys.index(key) != row:
            assert (keys.index(key), row) in found

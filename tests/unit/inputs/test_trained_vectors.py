"""Word vectors trained on one's own texts, beside the formulas in float64 and numpy's own singular values."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from classmark.inputs.tokens import Tokens, encode, fit_tokenizer
from classmark.inputs.trained_vectors import mutual_information, near_counts, train_vectors


def tokens_of(*texts: list[int]) -> Tokens:
    return Tokens(np.array([*chain(*texts)], np.int32), np.cumsum([0, *map(len, texts)]).astype(np.int64))


def counted_one_by_one(texts: list[list[int]], words: int) -> NDArray[np.float64]:
    """The definition: every pair of words of a text at most ten apart, both ways."""
    counts = np.zeros((words, words))
    for text in texts:
        for place, word in enumerate(text):
            for other in range(max(0, place - 10), min(len(text), place + 11)):
                if other != place and word > 1 and text[other] > 1:
                    counts[word, text[other]] += 1 / abs(place - other)
    return counts


def drawn_texts(seed: int) -> list[list[int]]:
    draws = np.random.default_rng(seed)
    return [draws.integers(0, 9, size).tolist() for size in draws.integers(1, 40, 30)]


@pytest.mark.parametrize("seed", range(5))
def test_pairs_are_counted_as_the_definition_says(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = drawn_texts(seed)
    expected = counted_one_by_one(texts, 9)
    np.testing.assert_allclose(near_counts([tokens_of(*texts)], 9).toarray(), expected, rtol=1e-5)
    monkeypatch.setattr("classmark.inputs.trained_vectors.PART_TOKENS", 50)
    parts = [tokens_of(*texts[:7]), tokens_of(*texts[7:])]
    np.testing.assert_allclose(near_counts(parts, 9).toarray(), expected, rtol=1e-5)


def test_no_texts_have_no_pairs() -> None:
    assert near_counts([tokens_of()], 5).nnz == 0
    assert near_counts([tokens_of([2], [3])], 5).nnz == 0


def test_mutual_information_is_the_published_formula() -> None:
    counts = counted_one_by_one(drawn_texts(1), 9)
    word, context = counts.sum(axis=1), counts.sum(axis=0) ** 0.75
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.log((counts / counts.sum()) / np.outer(word / counts.sum(), context / context.sum()))
    expected = np.where(counts > 0, np.maximum(expected, 0), 0)
    found = mutual_information(near_counts([tokens_of(*drawn_texts(1))], 9)).toarray()
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_vectors_are_the_largest_singular_vectors() -> None:
    texts = tokens_of(*drawn_texts(2))
    vectors = train_vectors([texts], 9, 5, seed=1)
    left, values, _ = np.linalg.svd(mutual_information(near_counts([texts], 9)).toarray())
    expected = left[:, :5] * np.sqrt(values[:5])
    # Directions have no sign, so products of vectors are compared; their scale is set.
    found, exact = vectors.matrix @ vectors.matrix.T, expected @ expected.T
    np.testing.assert_allclose(found / np.trace(found), exact / np.trace(exact), atol=2e-3)
    assert np.sqrt(np.mean(vectors.matrix[vectors.found] ** 2)) == pytest.approx(0.5, rel=1e-5)
    assert vectors.matrix.dtype == np.float32


def test_words_without_neighbours_are_not_found() -> None:
    vectors = train_vectors([tokens_of([2, 3, 2, 3], [4], [0, 5, 1])], 6, 2, seed=1)
    assert vectors.found.tolist() == [False, False, True, True, False, False]
    assert not vectors.matrix[[0, 1, 4, 5]].any()
    alone = train_vectors([tokens_of([2], [3])], 5, 2, seed=1)
    assert not alone.matrix.any()
    assert not alone.found.any()


def test_the_number_of_threads_changes_no_digit() -> None:
    # Enough words that several threads would add up otherwise: they do without `threadpool_limits` in the module.
    draws = np.random.default_rng(3)
    texts = [tokens_of(*[(2 + draws.zipf(1.3, 60) % 600).tolist() for _ in range(400)])]
    with threadpool_limits(1):
        one = train_vectors(texts, 602, 60, seed=1).matrix
    with threadpool_limits(2):
        np.testing.assert_array_equal(train_vectors(texts, 602, 60, seed=1).matrix, one)


def test_words_used_alike_are_near() -> None:
    good, bad = ("a fine and moving film", "a dull and tedious film"), ("great fun to watch", "terrible pain to watch")
    draws = np.random.default_rng(1)
    words = {"fine": ["lovely", "superb", "fine"], "dull": ["dreadful", "awful", "dull"]}
    texts = [
        pair[side].replace("fine", draws.choice(words["fine"])).replace("dull", draws.choice(words["dull"]))
        + " "
        + other[side]
        for pair, other, side in [(good, bad, int(side)) for side in draws.integers(0, 2, 400)]
    ]
    tokenizer = fit_tokenizer(texts, 100)
    vectors = train_vectors([encode(tokenizer, texts)], tokenizer.get_vocab_size(), 6, seed=1).matrix
    place = tokenizer.get_vocab()

    def alike(one: str, other: str) -> float:
        first, second = vectors[place[one]], vectors[place[other]]
        return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))

    assert alike("lovely", "superb") > 0.9 > 0.8 > alike("lovely", "dreadful")

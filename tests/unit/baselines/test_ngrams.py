from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from classmark.baselines import ngrams
from classmark.baselines.ngrams import fit_ngrams, words_of

TEXTS = [
    "It's good, really good!",
    "not good <br /> not bad",
    "",
    "really bad; not good at all",
    "Good? not really good",
]


def test_words_are_lower_case_without_markup_and_punctuation_stands_alone() -> None:
    found = words_of(["It's<br />GOOD, I'd say... 10/10", "", "ΣΑΣ हिन्दी"])
    assert found.rows() == [
        *((0, word) for word in ("it's", "good", ",", "i'd", "say", ".", ".", ".", "10", "/", "10")),
        *((2, word) for word in ("σας", "हिन्दी")),
    ]


@pytest.mark.parametrize("min_texts", [1, 2, 3])
def test_counts_are_those_of_scikit_learn(min_texts: int) -> None:
    reference = CountVectorizer(analyzer=_words_and_pairs, min_df=min_texts)
    expected = reference.fit_transform(TEXTS).toarray()
    fitted, counts = fit_ngrams(TEXTS, min_texts)
    assert sorted(map(tuple, counts.toarray().T)) == sorted(map(tuple, expected.T))
    new = ["good good! not unheard of", "not unheard good", "not good not good"]
    expected_new = reference.transform(new).toarray()
    both = np.concatenate([counts.toarray(), fitted.counts(new).toarray()]).T
    assert sorted(map(tuple, both)) == sorted(map(tuple, np.concatenate([expected, expected_new]).T))


def test_a_pair_never_reaches_over_the_end_of_a_text() -> None:
    fitted, _ = fit_ngrams(["one two", "three four"], 1)
    assert fitted.counts(["two three"]).sum() == 2  # the words; a pair would make it 3
    assert fitted.counts(["one two"]).sum() == 3


def test_texts_that_share_no_word_keep_all_of_theirs() -> None:
    _, counts = fit_ngrams(["one", "two"], 2)
    assert counts.shape == (2, 2)


def test_texts_without_any_known_word_have_no_features() -> None:
    fitted, _ = fit_ngrams(TEXTS)
    assert fitted.counts(["", "zebra"]).nnz == 0
    assert fitted.counts([]).shape == (0, len(fitted.codes))


def _words_and_pairs(text: str) -> list[str]:
    words = words_of([text])["word"].to_list()
    return words + [f"{left} {right}" for left, right in pairwise(words)]


def test_texts_without_spaces_are_counted_by_character() -> None:
    assert set(fit_ngrams(["我喜欢 iPhone15", "他不喜欢 2020"], 1)[0].words) == set("我喜欢他不") | {"iphone15", "2020"}
    assert set(fit_ngrams(["ACGT" * 20], 1)[0].words) == set("acgt")


def test_numbers_too_large_to_sort_as_one_give_the_same_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    expected, counts = fit_ngrams(TEXTS, 1)
    monkeypatch.setattr(ngrams, "MOST_KEYS", 1)
    found, same = fit_ngrams(TEXTS, 1)
    assert (same != counts).nnz == 0
    assert found.codes.tolist() == expected.codes.tolist()

"""Tokens: how texts are split, numbered, cut and stored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from classmark.errors import RunError
from classmark.inputs.tokens import UNKNOWN, encode, fit_tokenizer, load_tokenizer, save_tokenizer

SPLITS = {
    "I don't know": ["i", "do", "n't", "know"],
    "can't, won't": ["ca", "n't", ",", "wo", "n't"],
    "It's Bob's; they're here": ["it", "'s", "bob", "'s", ";", "they", "'re", "here"],
    "one<br /><br />two<BR>three": ["one", "two", "three"],
    "well-known ... really!": ["well", "-", "known", "...", "really", "!"],
    "don’t": ["do", "n't"],
}


@pytest.mark.parametrize(("text", "words"), SPLITS.items())
def test_words_as_glove_has_them(text: str, words: list[str]) -> None:
    tokenizer = fit_tokenizer([text], 100)
    assert tokenizer.encode(text).tokens == words


def test_the_vocabulary_is_the_most_frequent_words_in_a_fixed_order() -> None:
    tokenizer = fit_tokenizer(["b b b a a c", "d c a"], 3)
    assert tokenizer.get_vocab() == {"<unk>": 0, "<pad>": 1, "a": 2, "b": 3, "c": 4}
    assert encode(tokenizer, ["d a"]).ids.tolist() == [UNKNOWN, 2]


def test_a_text_without_words_is_one_unknown() -> None:
    tokens = encode(fit_tokenizer(["a"], 5), ["", "a a", "<br />"])
    assert tokens.lengths.tolist() == [1, 2, 1]
    assert tokens.row(0).tolist() == [UNKNOWN]


def test_cutting_keeps_the_start_or_both_ends() -> None:
    tokens = encode(fit_tokenizer(["a b c d e f g"], 9), ["a b c d e f g", "b c"])
    words = tokens.row(0).tolist()
    assert tokens.cut(3).row(0).tolist() == words[:3]
    assert tokens.cut(5, "ends").row(0).tolist() == words[:3] + words[-2:]
    assert tokens.cut(5, "ends").row(1).tolist() == tokens.row(1).tolist()
    assert tokens.cut(None) is tokens


def test_the_file_is_huggingfaces_and_the_same_each_time(tmp_path: Path) -> None:
    texts = ["A film, isn't it?", "It's great<br />fun"] * 50
    for name in ("one.json", "two.json"):
        save_tokenizer(fit_tokenizer(texts, 50), tmp_path / name)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    theirs = Tokenizer.from_file(str(tmp_path / "one.json"))
    ours = encode(load_tokenizer(tmp_path / "one.json"), texts)
    expected = [number for text in texts for number in theirs.encode(text).ids]
    np.testing.assert_array_equal(ours.ids, expected)


def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{")
    with pytest.raises(RunError, match="the tokenizer cannot be read"):
        load_tokenizer(path)

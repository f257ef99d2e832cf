"""Writing: which texts have words to be told apart by spaces, and what they are split into where not."""

from __future__ import annotations

import re
import unicodedata

import pytest

from classmark.inputs.tokens import WORD, characters_or_words, fit_tokenizer
from classmark.inputs.writing import LETTERS, Writing, split_letters, writing_of

ENGLISH = ["a film that is good, and another that is not so good at all, as you may well know"]
SPACED = {
    "English": ENGLISH,
    "English with a word of Chinese": [*ENGLISH * 99, "the Chinese word for film is 电影"],
    "Korean": ["나는 이 영화를 정말 좋아합니다", "별로였다"],
    "Arabic": ["أنا أحب هذا الفيلم كثيرا"],
    "Hindi": ["मुझे यह फिल्म पसंद है"],
    "Amharic": ["ይህን ፊልም ወድጄዋለሁ"],
    "German": ["Donaudampfschifffahrtsgesellschaftskapitän ist müde geworden heute"],
    "Chinese with spaces between its words": ["我 喜欢 这个 手机 ， 质量 也 不错 。"],
    "codons": ["ACG TAC GTA CGA"],
    "addresses": ["https://www.example.com/path/to/thing?x=1"],
    "molecules": ["CC(=O)Oc1ccccc1C(=O)O"],
    "emoji": ["👍👍👍👍"],
    "names": ["Müller", "O'Brien"],
    "nothing but blanks": ["", " \n"],
    "no text": [],
}
UNSPACED = {
    "Chinese": ["我喜欢这个手机，质量也不错。"],
    "Chinese with English words": ["我喜欢这个 iPhone 15 Pro Max 手机 and its camera"],
    "Chinese names": ["王伟", "李娜"],
    "Japanese": ["東京タワーは333メートルです。", "カタカナ", "ﾊﾝｶｸ"],
    "Thai": ["ประเทศไทยน้ำท่วม 2020"],
    "Lao": ["ພາສາລາວ"],
    "Khmer": ["ខ្ញុំស្រឡាញ់"],
    "Burmese": ["မြန်မာစာသည်"],
    "Tibetan": ["བོད་སྐད་ཡིག་དང་"],
    "rare Han": ["𠀀𠀁𠀂"],
    "long English reviews and short Chinese ones": [*ENGLISH * 30, "很好"] * 2 + ["很好"] * 10,
    "DNA": ["ACGTTGCA" * 10],
}


@pytest.mark.parametrize("name", SPACED)
def test_words_where_there_are_spaces(name: str) -> None:
    assert writing_of(SPACED[name]).tokens == "words"


@pytest.mark.parametrize("name", UNSPACED)
def test_characters_where_there_are_none(name: str) -> None:
    assert writing_of(UNSPACED[name]).tokens == "characters"


def test_the_reason() -> None:
    assert writing_of(["我喜欢 ok"]).reason == "60.0% of a text's characters belong to scripts without spaces"
    assert writing_of(ENGLISH).reason == "0.0% of a text's characters belong to scripts without spaces"
    assert writing_of(UNSPACED["DNA"]).reason == "what stands between spaces has 80 characters on average"
    assert writing_of(SPACED["Chinese with spaces between its words"]).reason == (
        "85.7% of a text's characters belong to scripts without spaces, but their words are separated"
    )


def test_all_texts_are_looked_at_evenly() -> None:
    texts = [*["good film"] * 5_000, *["好电影"] * 5_000]
    assert writing_of(texts).share_without_spaces == pytest.approx(0.5, abs=0.01)


def test_the_letters_are_those_of_their_scripts() -> None:
    """By Unicode's own names, an independent source."""
    scripts = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "BOPOMOFO", "YI")
    letter = re.compile(f"[{LETTERS}]")
    for code in (*range(0x250, 0xFFFF), *range(0x20000, 0x20100)):
        character = chr(code)
        name = unicodedata.name(character, "")
        if unicodedata.category(character) in ("Lo", "Lm") and name.split(" ")[0] in scripts:
            assert letter.match(character), f"{code:x} {name}"
        elif letter.match(character) and unicodedata.category(character) in ("Lo", "Lu", "Ll"):
            assert not name.startswith(("LATIN", "HANGUL", "ARABIC", "DEVANAGARI", "CYRILLIC")), f"{code:x} {name}"


def tokens(text: str, writing: Writing) -> list[str]:
    pattern = characters_or_words(split_letters(writing))
    found: list[str] = fit_tokenizer([text], 100, pattern).encode(text).tokens
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我喜欢 iPhone15，don't。", ["我", "喜", "欢", "iphone15", "，", "do", "n't", "。"]),
        ("น้ำท่วม 2020", ["น้ำ", "ท่", "ว", "ม", "2020"]),
        ("カ\u3099ー東京tower", ["カ\u3099", "ー", "東", "京", "tower"]),
        ("cafe\u0301...", ["cafe\u0301", "..."]),
        ("ខ្ញុំ", ["ខ្", "ញុំ"]),
        ("བོད་", ["བོ", "ད", "་"]),
        ("𠀀a𠀁", ["𠀀", "a", "𠀁"]),
    ],
)
def test_letters_of_scripts_without_spaces_come_apart(text: str, expected: list[str]) -> None:
    assert tokens(text, Writing(1.0, 5.0)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ACG t2", ["a", "c", "g", "t", "2"]), ("e\u0301a_b", ["e\u0301", "a", "_", "b"]), ("हिन्दी", ["हि", "न्", "दी"])],
)
def test_all_letters_come_apart_elsewhere(text: str, expected: list[str]) -> None:
    assert tokens(text, Writing(0.0, 80.0)) == expected


@pytest.mark.parametrize(
    "text", [*ENGLISH, "It's Bob's; they're here", "well-known ... can't<br />really!", "naïve façade"]
)
def test_english_words_are_the_same_in_texts_of_both(text: str) -> None:
    words = fit_tokenizer([text], 100, WORD).encode(text).tokens
    assert tokens(text, Writing(0.5, 5.0)) == words

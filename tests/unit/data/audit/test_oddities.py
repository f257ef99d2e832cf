"""Odd characters: each kind is found where it is, and nowhere else."""

from __future__ import annotations

import unicodedata

import polars as pl
import pytest

from classmark.data.audit.oddities import text_oddities, visible


def codes(text: str) -> set[str]:
    rows = pl.DataFrame({"part": ["train"], "id": ["1"], "text": [text]})
    return {oddity.code for oddity in text_oddities(rows, ["train"])}


def misread(text: str) -> str:
    """UTF-8 that was read as Windows-1252, which lacks five bytes; those are read as Latin-1."""
    return "".join(
        bytes([byte]).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)
        for byte in text.encode()
    )


@pytest.mark.parametrize(
    "text", ["café", "naïve", "Ärger", "“quoted”", "it’s", "so — well", "…", "Привет", "žluťoučký", "😀"]
)
def test_misread_text_is_found(text: str) -> None:
    assert "mojibake" in codes(f"he said {misread(text)} twice")


@pytest.mark.parametrize(
    "text",
    [
        "Un café, très bien ; l’été où il fut élu à Noël… « Ça va ? » dit-elle.",
        "»Ärger über Öl«, sagte Ute. Größe, Übermaß, Äpfel",
        "«CAFÉ» – SÃO PAULO, MAÇÃ, NÃO. AÇÃO",
        "ÅNGSTRÖM ÆRØ Łódź Žižek İstanbul",
        "Война и мир. ΑΒΓ αβγ 東京 ประเทศไทย हिन्दी",
        "I <3 it; 5 < 6 > 4 & so on, R&B; AT&T",
        "plain text\twith tab\r\nand lines",
        "👩‍👩‍👧 🇫🇷",
    ],
)
def test_good_text_is_not(text: str) -> None:
    assert codes(unicodedata.normalize("NFC", text)) == set()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a \ufffd b", "replacement"),
        ("it\x92s", "c1"),
        ("bell \x07", "control"),
        ("good.<br /><br />Then", "html"),
        ('<a href="x">link</a>', "html"),
        ("Tom &amp; Jerry &#39;s", "html"),
        ("\ufeffText", "invisible"),
        ("soft\u00adhyphen", "invisible"),
        (unicodedata.normalize("NFD", "café"), "decomposed"),
    ],
)
def test_each_kind_is_found(text: str, code: str) -> None:
    assert codes(text) == {code}


def test_rows_are_counted_by_part_and_shown_with_what_stands_around() -> None:
    rows = pl.DataFrame(
        {
            "part": ["train", "train", "test"],
            "id": ["1", "2", "3"],
            "text": ["before it\x92s after\nnext line", "fine", "\x93x\x94"],
        }
    )
    (found,) = text_oddities(rows, ["train", "test"])
    assert found.rows == {"train": 1, "test": 1}
    assert found.examples == (("1", "before it‹U+0092›s after\nnext line"), ("3", "‹U+0093›x‹U+0094›"))


def test_what_cannot_be_seen_is_shown_by_its_number() -> None:
    assert visible("a\x1b[31m\u200bb é\n") == "a‹U+001B›[31m‹U+200B›b é\n"

"""The encoding that a refusal names, on texts that are no UTF-8."""

from __future__ import annotations

from pathlib import Path

import pytest

from classmark.errors import InputError
from classmark.tables import read_table_file
from classmark.tables.encodings import likely_encoding

TEXTS = {
    "GB18030": ("gb18030", "text,label\n我喜欢这个手机，质量也不错,好评\n很差，不推荐,差评\n"),
    "BIG5": ("big5", "text,label\n我喜歡這個手機，質量也不錯,好評\n"),
    "SHIFT_JIS": ("cp932", "text,label\nこの映画はとても面白かったです。,良い\nカメラが悪い,悪い\n"),
    "EUC-JP": ("euc_jp", "この映画はとても面白かったです。,良い\n"),
    "EUC-KR": ("euc_kr", "text,label\n나는 이 영화를 정말 좋아합니다,긍정\n"),
    "WINDOWS-1251": ("cp1251", "text,label\nЭтот фильм мне очень понравился,хорошо\n"),
    "KOI8-R": ("koi8_r", "Этот фильм мне очень понравился,хорошо\n"),
    "WINDOWS-1252": ("cp1252", "text,label\nL'été à la plage, c'était très agréable €,pos\n"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_guess(name: str) -> None:
    codec, text = TEXTS[name]
    assert likely_encoding(text.encode(codec)) == name


@pytest.mark.parametrize("data", [b"\xff", bytes(range(128, 256)), "Größe schön über".encode("latin-1"), b""])
def test_what_nothing_tells_is_taken_for_western(data: bytes) -> None:
    assert likely_encoding(data) == "WINDOWS-1252"


def test_the_refusal(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_bytes(TEXTS["GB18030"][1].encode("gb18030"))
    with pytest.raises(InputError) as caught:
        read_table_file(path)
    assert str(caught.value) == (
        f"{path}, line 2: byte 1 (0xce) is not valid UTF-8. It is probably GB18030. Convert the file, for instance: "
        "iconv -f GB18030 -t UTF-8 reviews.csv > utf8-reviews.csv"
    )


def test_a_byte_order_mark_that_was_saved_as_letters(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    path.write_text("ï»¿text,label\ngood,pos\n", encoding="utf-8")
    table = read_table_file(path)
    assert table.frame.columns == ["text", "label"]
    assert table.notes == (
        "The file begins with ï»¿, a byte order mark that was read as Latin-1 and saved again; it was left out. "
        "Look whether accented letters are wrong too, such as Ã© for é.",
    )

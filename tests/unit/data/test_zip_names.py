"""Names of zips that do not say in which encoding they are."""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from classmark.data.archives import member_names
from classmark.data.zip_names import names_encoding

# The encoding in which programs of a country write names, and class names there.
WORDS = [
    ("utf-8", ["café", "thé"]),
    ("utf-8", ["猫", "犬", "고양이"]),
    ("gbk", ["猫", "狗"]),
    ("gbk", ["苹果", "香蕉", "橙子"]),
    ("gbk", ["汽车图片", "飞机图片2"]),
    ("gbk", ["数据集", "貓", "狗"]),
    ("gbk", ["IMG猫", "IMG狗"]),
    ("gbk", ["正常", "异常"]),
    ("cp932", ["ネコ", "イヌ"]),
    ("cp932", ["猫", "犬"]),
    ("cp932", ["りんご", "画像1"]),
    ("cp949", ["고양이", "강아지"]),
    ("cp949", ["사과", "바나나", "딸기"]),
    ("cp949", ["정상", "불량"]),
    ("cp950", ["蘋果", "香蕉"]),
    ("cp866", ["кошка", "Собаки"]),
    ("cp437", ["café", "thé"]),
    ("cp437", ["père", "mère"]),
    ("cp437", ["Äpfel", "Öl", "Fußball"]),
    ("cp1251", ["кошки", "собаки"]),
    ("cp1252", ["café", "père"]),
    ("cp1252", ["Öl", "Äpfel"]),
    ("cp850", ["maçã", "pão"]),
]


@pytest.mark.parametrize(("codec", "words"), WORDS)
def test_names_are_read_as_they_were_written(codec: str, words: list[str]) -> None:
    names = [word.encode(codec) for word in words]
    found = names_encoding(names)
    assert [name.decode(found.codec) for name in names] == words


def written(path: Path, names: dict[str, bytes], extra: bytes = b"") -> zipfile.ZipFile:
    """A zip with members of these names, of which the bytes that are given stand in the file, without a word on them."""
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(len(names)):
            member = zipfile.ZipInfo(f"{number:0{len(list(names.values())[number])}d}")
            member.extra = extra
            archive.writestr(member, b"x")
    content = path.read_bytes()
    for number, raw in enumerate(names.values()):
        content = content.replace(f"{number:0{len(raw)}d}".encode(), raw)
    path.write_bytes(content)
    return zipfile.ZipFile(path)


def test_the_members_of_a_zip_have_their_true_names(tmp_path: Path) -> None:
    names = {
        "数据/猫/1.png": "数据\\猫\\1.png".encode("gbk"),
        "数据/狗/": "数据\\狗\\".encode("gbk"),
        "a/b.png": b".//a//./b.png",
    }
    with written(tmp_path / "a.zip", names) as archive:
        found = member_names(archive)
        assert list(found) == list(names)
        assert archive.read(found["a/b.png"]) == b"x"


def test_of_two_members_of_one_name_the_last_counts(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.png", b"first")
        archive.writestr("./a.png", b"last")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        found = member_names(archive)
        assert {name: archive.read(member) for name, member in found.items()} == {"a.png": b"last"}


def test_a_name_that_is_given_in_utf_8_beside_is_that(tmp_path: Path) -> None:
    raw = b"chat_____"
    field = struct.pack("<BI", 1, zlib.crc32(raw)) + "chât noir".encode()
    extra = struct.pack("<HH", 0x7075, len(field)) + field
    with written(tmp_path / "a.zip", {"": raw}, extra) as archive:
        assert list(member_names(archive)) == ["chât noir"]
    stale = struct.pack("<BI", 1, 7) + "chât noir".encode()
    with written(tmp_path / "b.zip", {"": raw}, struct.pack("<HH", 0x7075, len(stale)) + stale) as archive:
        assert list(member_names(archive)) == ["chat_____"]

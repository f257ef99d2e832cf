"""In which encoding the names of a zip are, where the zip does not say it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

# Two letters that touch, one of them Latin, are usual in European names (`père`) and rare in those of other scripts.
LATIN_BESIDE = re.compile(r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]")
FULL_WIDTH = "\u3000-\u303f\uff01-\uff5e"
HAN = re.compile(f"[\u4e00-\u9fff{FULL_WIDTH}]*")
JAPANESE = re.compile(f"[\u3041-\u30ff\u4e00-\u9fff{FULL_WIDTH}]*")
HANGUL = re.compile(f"[\uac00-\ud7a3{FULL_WIDTH}]*")
LATIN = re.compile("[\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff\u0152\u0153\u0160\u0161\u0178\u017d\u017e]*")
INNER_CAPITAL = re.compile(
    "[a-z\u00df-\u00f6\u00f8-\u00ff][\u00c0-\u00d6\u00d8-\u00de]"
)  # as in no word that is read rightly
CYRILLIC, ANY = re.compile("[\u0401\u0410-\u044f\u0451]*"), re.compile(".*", re.DOTALL)
# By the bytes alone most Korean words could be Chinese ones as well. These are usual in Korean, and odd if the bytes are
# Chinese.
USUAL_SYLLABLES = frozenset(
    "이다는을가에의고지한하은도기사로리자어인나서대시아를정그라으부수과일해들전게구주보원장제만여상유스공동니오비면성교생"
    "것적소조국경신계중안우선무학화관모방연거문당용마때식반실영산없미더물러말법래요양진재위행세간음트명바회결발역치내드개"
    "품현추심차불타파호천입남새꽃강까노단달두람력루르름린만매목민박배백버별복북분빈빨살색석설속손술슬승씨악앞약얼업외운"
    "울월육은잎작잔점종죽준집책초축춘칼코콩크큰키태토통판팔포표피필향험형혜홍황후흰고양염소돼말늑곰여우닭병딸귤감참"
)


class Encoding(NamedTuple):
    """An encoding that names may be in.

    Attributes:
        codec: as Python calls it.
        title: as people call it.
        script: of all letters that are not ASCII.
        frequent: the codec of a standard that sorts letters by frequency; of the syllables above for Korean.
        least: the share of the letters that must be frequent.
        apart: whether none may touch a Latin letter, as its bytes may be an ASCII letter's too.
    """

    codec: str
    title: str
    script: re.Pattern[str]
    frequent: str = ""
    least: float = 0.0
    apart: bool = False

    def fits(self, text: str) -> bool:
        """Whether decoded names, joined, look like words of its language."""
        letters = {letter for letter in text if letter > "\x7f"}
        if not self.script.fullmatch("".join(letters)) or (self.apart and LATIN_BESIDE.search(text)):
            return False
        if self.script is LATIN and INNER_CAPITAL.search(text):
            return False
        return sum(_is_frequent(letter, self.frequent) for letter in letters) >= self.least * len(letters)


# The last lead byte of the first level, which has the frequent letters.
FIRST_LEVEL = {"gb2312": 0xD7, "shift_jis": 0x97, "big5": 0xC6}

STANDARD = Encoding("cp437", "CP437", LATIN)  # what a zip's names are in unless they say otherwise
ENCODINGS = (
    Encoding("cp949", "CP949 (Korean)", HANGUL, "syllables", 0.6),
    Encoding("gb2312", "GBK (Chinese)", HAN, "gb2312", 0.5),
    Encoding("gbk", "GBK (Chinese)", HAN, "gb2312", 0.5, apart=True),
    Encoding("cp932", "Shift-JIS (Japanese)", JAPANESE, "shift_jis", 0.8, apart=True),
    Encoding("cp950", "Big5 (Chinese)", HAN, "big5", 0.8, apart=True),
    Encoding("cp866", "CP866 (Russian)", CYRILLIC, apart=True),
    STANDARD,
    Encoding("cp1251", "Windows-1251 (Russian)", CYRILLIC, apart=True),
    Encoding("cp1252", "Windows-1252 (Western European)", LATIN),
    Encoding("cp850", "CP850 (Western European)", LATIN),
)
UTF_8 = Encoding("utf-8", "UTF-8", ANY)


def _is_frequent(letter: str, codec: str) -> bool:
    if codec not in FIRST_LEVEL:
        return letter in USUAL_SYLLABLES
    try:
        return letter.encode(codec)[0] <= FIRST_LEVEL[codec]
    except UnicodeEncodeError:
        return False


def names_encoding(names: Sequence[bytes]) -> Encoding:
    """The encoding of names that are not marked as UTF-8; the standard's, where none of the others fits all of them.

    Programs write their system's encoding without a word: macOS UTF-8, Windows in China GBK. UTF-8 is hard to hit by
    chance. Of the others one must decode every name to words of its language.

    Args:
        names: all that are not plain ASCII.
    """
    for encoding in (UTF_8, *ENCODINGS):
        try:
            decoded = [name.decode(encoding.codec) for name in names]
        except UnicodeDecodeError:
            continue
        if encoding.fits("\n".join(dict.fromkeys(decoded))):
            return encoding
    return STANDARD

"""Which split a name means: `train`, `seg_train`, `TrainImages`, `val2017`, `test_set`, …"""

from __future__ import annotations

import re
from typing import Literal

SplitName = Literal["train", "validation", "test", "unlabelled"]

WORDS: dict[SplitName, str] = {
    "train": "train(?:ing)?",
    "validation": "val(?:id(?:ation)?)?|dev(?:el)?",
    "test": "test(?:ing)?",
    "unlabelled": "pred(?:ict(?:ions?)?)?|unlabell?ed|unlab|unsup(?:ervised)?",
}
# What may stand before or after the word: what the folder holds, a number, and `seg`, as in Intel's scenes. Quantifiers
# that give nothing back (`++`) keep a name of a thousand digits from being tried in every way.
AFFIX = r"(?:images?|imgs?|photos?|pictures?|pics?|samples?|data|sets?|splits?|folders?|seg|\d++)"
JOIN = r"[\s_.\-]*"
SPLIT = re.compile(
    f"(?:{AFFIX}{JOIN})*+(?:{'|'.join(f'(?P<{split}>{words})' for split, words in WORDS.items())})(?:{JOIN}{AFFIX})*+"
)
WRAPPING = re.compile(f"(?=.*[a-z]){AFFIX}(?:{JOIN}{AFFIX})*+")

END = re.compile(r"(.*[^\W_])[\s_.\-]+([^\s_.\-]+)", re.DOTALL)
START = re.compile(r"([^\s_.\-]+)[\s_.\-]+(.*)", re.DOTALL)


def split_of(name: str) -> SplitName | None:
    """The split that a name means, whatever its case: a word for one alone, or with affixes; None for other names.

    >>> split_of("Training_Set"), split_of("val2017"), split_of("seg_pred"), split_of("test_tube")
    ('train', 'validation', 'unlabelled', None)
    """
    match = SPLIT.fullmatch(name.strip().casefold())
    return match.lastgroup if match else None  # type: ignore[return-value]


def split_in(name: str) -> tuple[str, SplitName] | None:
    """What a name says beside the word for a split at its end or start, and that split; None where there is no such word.

    >>> split_in("Flowers_train"), split_in("test-flowers"), split_in("cat_1")
    (('flowers', 'train'), ('flowers', 'test'), None)
    """
    folded = name.strip().casefold()
    if (end := END.fullmatch(folded)) and (split := split_of(end[2])):
        return end[1], split
    if (start := START.fullmatch(folded)) and (split := split_of(start[1])):
        return start[2], split
    return None


def is_wrapping(name: str) -> bool:
    """Whether a name says no more than that there are images: `images`, `data`, `photos_2`."""
    return WRAPPING.fullmatch(name.strip().casefold()) is not None

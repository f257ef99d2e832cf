from __future__ import annotations

import polars as pl
import pytest

from classmark.data.duplicates import later_copies, stay_together, text_keys


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A fine film.", "a FINE film"),
        ("Great!<br /><br />See it", "great see it"),
        ("  spaces \t and\nlines ", "spaces and lines"),
        ("it's (very) good — really…", "it s very good really"),
        ("ÉTÉ À PARIS", "été à paris"),
    ],
)
def test_case_markup_punctuation_and_white_space_do_not_count(one: str, other: str) -> None:
    first, second = text_keys(pl.Series([one, other]))
    assert first == second


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a fine film", "a fine films"),
        ("10 of 10", "1 of 10"),
        ("good \N{GRINNING FACE}", "good \N{POUTING FACE}"),
        ("कि", "की"),  # they differ in a vowel sign only
        ("!!!", "???"),
        ("", "."),
        ("3 < 4 and so on until the end of a long long sentence > 2", "3 2"),
    ],
)
def test_what_a_reader_tells_apart_stays_apart(one: str, other: str) -> None:
    first, second = text_keys(pl.Series([one, other]))
    assert first != second


def test_later_copies_counts_all_but_the_first() -> None:
    assert later_copies(pl.Series(["a", "b", "a", "a", "b", "c"])) == 3


def test_rows_without_ties_stay_alone() -> None:
    assert stay_together(pl.DataFrame({"key": ["a", "a"]}), []).tolist() == [0, 1]


def test_copies_tie_groups_in_a_chain() -> None:
    rows = pl.DataFrame({"group": ["A", "A", "B", "B", "C", "D"], "key": ["x", "y", "y", "z", "z", "w"]})
    first, *others, alone = stay_together(rows, ["group", "key"]).tolist()
    assert others == [first] * 4
    assert alone != first

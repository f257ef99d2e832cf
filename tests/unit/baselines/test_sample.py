from __future__ import annotations

import polars as pl

from classmark.baselines import sampled_rows

LABELS = pl.Series(["a"] * 600 + ["b"] * 300 + ["c"] * 99 + ["d"])


def test_each_class_gets_its_share_and_the_rarest_a_row() -> None:
    rows = sampled_rows(LABELS, 100, 1)
    counts = dict(LABELS[rows].value_counts().iter_rows())
    assert counts == {"a": 60, "b": 30, "c": 9, "d": 1} or counts == {"a": 59, "b": 30, "c": 10, "d": 1}
    assert rows.tolist() == sorted(set(rows.tolist()))


def test_few_rows_are_all_taken() -> None:
    assert sampled_rows(LABELS, 1000, 1).tolist() == list(range(1000))


def test_one_row_of_each_class_comes_before_a_second_of_any() -> None:
    for seed in range(5):
        assert sorted(LABELS[sampled_rows(LABELS, 4, seed)]) == ["a", "b", "c", "d"]


def test_the_seed_alone_decides() -> None:
    first, again, other = (sampled_rows(LABELS, 100, seed).tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other

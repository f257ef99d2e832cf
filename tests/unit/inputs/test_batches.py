"""Batches: every row once, little padding, the same each time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from classmark.inputs.batches import drop_words, evaluation_batches, text_batch, training_batches
from classmark.inputs.tokens import PADDING, UNKNOWN, Tokens
from classmark.recipes.schema import Train

LENGTHS = st.lists(st.integers(1, 900), min_size=1, max_size=300).map(lambda values: np.array(values, dtype=np.int64))


@given(LENGTHS, st.booleans(), st.integers(1, 5))
def test_every_row_stands_in_one_batch(lengths: np.ndarray, bucketed: bool, epoch: int) -> None:  # type: ignore[type-arg]
    section = Train(batch_size=16, bucketed=bucketed)
    batches = training_batches(lengths, section, 1, epoch)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert all(len(rows) <= 16 for rows in batches)
    again = training_batches(lengths, section, 1, epoch)
    assert all(np.array_equal(one, other) for one, other in zip(batches, again, strict=True))


@given(LENGTHS, st.integers(100, 2_000))
def test_the_token_budget_holds(lengths: np.ndarray, budget: int) -> None:  # type: ignore[type-arg]
    batches = training_batches(lengths, Train(token_budget=budget), 1, 1)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert all(len(rows) == 1 or lengths[rows].max() * len(rows) <= budget for rows in batches)


@given(LENGTHS)
def test_evaluation_takes_the_longest_first(lengths: np.ndarray) -> None:  # type: ignore[type-arg]
    batches = evaluation_batches(lengths)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert batches[0][0] == np.argmax(lengths)


@given(LENGTHS, st.integers(1, 5))
def test_bucketed_training_takes_the_largest_batch_first(lengths: np.ndarray, epoch: int) -> None:  # type: ignore[type-arg]
    batches = training_batches(lengths, Train(batch_size=16), 1, epoch)
    sizes = [lengths[rows].max() * len(rows) for rows in batches]
    assert sizes[0] == max(sizes)


def test_epochs_differ_and_buckets_hold_little_padding() -> None:
    lengths = np.random.default_rng(0).integers(10, 1_000, 20_000)
    one, two = (training_batches(lengths, Train(), 1, epoch) for epoch in (1, 2))
    assert not np.array_equal(one[0], two[0])
    padded = sum(lengths[rows].max() * len(rows) for rows in one)
    assert lengths.sum() / padded > 0.97


def test_a_batch_is_time_first_and_padded_behind() -> None:
    tokens = Tokens(np.array([5, 6, 7, 8, 9], dtype=np.int32), np.array([0, 3, 5]))
    batch = text_batch(tokens, np.array([1, 0]))
    assert batch.tokens[:3].tolist() == [[8, 5], [9, 6], [PADDING, 7]]
    assert len(batch.tokens) == 16, "few shapes, so that freed memory fits the next batch"
    assert (batch.tokens[3:] == PADDING).all()
    assert batch.lengths.tolist() == [2, 3]


def test_dropped_words_spare_padding_and_follow_from_the_seed() -> None:
    tokens = Tokens(np.full(3_000, 5, dtype=np.int32), np.array([0, 1_000, 3_000]))
    batch = text_batch(tokens, np.array([0, 1]))
    dropped, again = (drop_words(batch, 0.2, (1, 2, 3)) for _ in range(2))
    assert dropped.tokens.equal(again.tokens)
    assert ((dropped.tokens == PADDING) == (batch.tokens == PADDING)).all()
    share = (dropped.tokens == UNKNOWN).sum().item() / 3_000
    assert 0.15 < share < 0.25

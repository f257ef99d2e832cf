"""The order of the classes puts blocks together; pairs are counted both ways."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classmark.report.confusions import Confusion, Pair, class_order, confused_pairs

BLOCKS = st.lists(st.integers(1, 9), min_size=2, max_size=8)


def blocks_in_order(matrix: np.ndarray, blocks: np.ndarray) -> list[int]:
    """The block of each class in the order, runs of the same one taken together."""
    found = blocks[class_order(matrix)]
    return found[np.append(True, found[1:] != found[:-1])].tolist()


@settings(max_examples=60, deadline=None)
@given(sizes=BLOCKS, seed=st.integers(0, 2**32 - 1))
def test_shuffled_blocks_come_out_whole(sizes: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    same = blocks[:, None] == blocks[None, :]
    # Of about a hundred rows of each class, one to eight go to each class of its block, none or one to other classes.
    matrix = np.where(same, rng.integers(2, 9, same.shape), rng.integers(0, 2, same.shape))
    np.fill_diagonal(matrix, 0)
    np.fill_diagonal(matrix, 200 - matrix.sum(axis=1))
    assert len(blocks_in_order(matrix, blocks)) == len(sizes)


def test_two_hundred_classes_in_sampled_blocks_come_out_whole() -> None:
    rng = np.random.default_rng(5)
    blocks = rng.permutation(np.arange(200) // 8)
    chances = np.where(blocks[:, None] == blocks[None, :], 0.06, 0.0002)
    np.fill_diagonal(chances, 0.6)
    matrix = np.stack([rng.multinomial(100, row / row.sum()) for row in chances])
    assert len(blocks_in_order(matrix, blocks)) == 25


def test_the_order_is_that_of_a_chain_of_neighbours() -> None:
    rng = np.random.default_rng(2)
    places = rng.permutation(12)  # of each class along the chain
    distance = np.abs(places[:, None] - places[None, :])
    order = places[class_order(np.where(distance == 0, 50, np.where(distance == 1, 20, 0)))]
    assert np.abs(np.diff(order)).tolist() == [1] * 11


def test_the_order_stays_the_same_from_call_to_call() -> None:
    matrix = np.random.default_rng(0).integers(0, 5, (40, 40))
    assert class_order(matrix) == class_order(matrix.tolist())


@pytest.mark.parametrize("matrix", [np.eye(5) * 3, np.zeros((4, 4)), np.diag([1, 0, 2])])
def test_without_confusions_the_order_stays(matrix: np.ndarray) -> None:
    assert class_order(matrix) == list(range(len(matrix)))


def test_pairs_are_counted_both_ways_the_largest_first() -> None:
    matrix = [[10, 1, 2], [6, 3, 0], [3, 0, 0]]
    assert confused_pairs(matrix, 9) == [
        Pair(Confusion(1, 0, 6, 6 / 9), Confusion(0, 1, 1, 1 / 13)),
        Pair(Confusion(2, 0, 3, 1.0), Confusion(0, 2, 2, 2 / 13)),
    ]
    assert [pair.rows for pair in confused_pairs(matrix, 1)] == [7]
    assert confused_pairs([[1, 0], [0, 0]], 9) == []


def test_equal_pairs_stand_in_the_order_of_the_classes() -> None:
    found = confused_pairs(np.ones((4, 4)), 3)
    assert [(pair.there.true, pair.there.predicted) for pair in found] == [(0, 1), (0, 2), (0, 3)]

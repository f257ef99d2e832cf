"""The counter-based draws: their distribution, and what they follow from."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from classmark.inputs.draws import Draws, Stream

ROWS = np.arange(20_000)
MASK = 2**64 - 1


def splitmix64(state: int) -> int:
    """The reference generator in Python's own integers."""
    z = (state + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def test_bits_are_splitmix64s() -> None:
    # The first outputs for the seed 1234567, as published with the reference implementation.
    assert [splitmix64(1234567 + i * 0x9E3779B97F4A7C15) for i in range(3)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]
    state = splitmix64(splitmix64(splitmix64(splitmix64(11) ^ 3) ^ Stream.CROP) ^ 41)
    expected = [splitmix64(state + i * 0x9E3779B97F4A7C15) for i in range(5)]
    assert Draws(11, 3, np.array([7, 41])).bits(Stream.CROP, 5)[1].tolist() == expected


def uniforms(seed: int = 1, epoch: int = 1, stream: int = Stream.FLIP) -> NDArray[np.float64]:
    return Draws(seed, epoch, ROWS).uniforms(stream, 4)


@pytest.mark.parametrize(("seed", "epoch", "stream"), [(0, 1, 1), (1, 1, 1), (1, 2, 1), (1, 1, 2), (2**70, 5, 1_001)])
def test_uniforms_are_uniform(seed: int, epoch: int, stream: int) -> None:
    drawn = uniforms(seed, epoch, stream)
    assert drawn.min() >= 0
    assert drawn.max() < 1
    count = drawn.size
    assert abs(drawn.mean() - 1 / 2) < 4 * np.sqrt(1 / 12 / count)
    assert abs(drawn.var() - 1 / 12) < 4 * np.sqrt(1 / 180 / count)
    for column in drawn.T:
        assert stats.chisquare(np.histogram(column, 100, (0, 1))[0]).pvalue > 1e-4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (uniforms()[:-1], uniforms()[1:]),
        (uniforms()[:, :-1], uniforms()[:, 1:]),
        (uniforms(seed=1), uniforms(seed=2)),
        (uniforms(epoch=1), uniforms(epoch=2)),
        (uniforms(stream=Stream.CROP), uniforms(stream=Stream.ERASE)),
        (uniforms(seed=1, epoch=2), uniforms(seed=2, epoch=1)),
    ],
    ids=["rows", "numbers", "seeds", "epochs", "streams", "swapped"],
)
def test_neighbours_are_independent(one: NDArray[np.float64], other: NDArray[np.float64]) -> None:
    one, other = one.ravel(), other.ravel()
    assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(one.size)
    together = np.histogram2d(one, other, 10, ((0, 1), (0, 1)))[0]
    assert stats.chi2_contingency(together).pvalue > 1e-4


def test_every_row_has_numbers_of_its_own_whatever_its_company() -> None:
    drawn = uniforms()
    assert len(np.unique(drawn)) == drawn.size
    some = np.array([17, 3, 19_999, 3])
    np.testing.assert_array_equal(Draws(1, 1, some).uniforms(Stream.FLIP, 4), drawn[some])
    np.testing.assert_array_equal(Draws(1, 1, some).uniforms(Stream.FLIP, 2), drawn[some, :2])


def test_streams_have_numbers_of_their_own() -> None:
    assert len({int(stream) for stream in Stream}) == len(Stream.__members__)
    assert max(stream for stream in Stream if stream != Stream.RANDAUGMENT) < Stream.RANDAUGMENT

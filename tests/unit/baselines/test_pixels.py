from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from classmark.baselines import pixels
from classmark.baselines.pixels import area_weights, pixel_matrix, scaled_down
from classmark.data.images.files import ImageFiles
from classmark.data.images.pixels import Images


def made_pixels(count: int, side_px: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, side_px, side_px, 3), dtype=np.uint8)


def test_area_weights_by_hand() -> None:
    expected = np.array([[2, 1, 0], [0, 1, 2]]) / 3
    np.testing.assert_allclose(area_weights(3, 2), expected, atol=1e-7)
    np.testing.assert_allclose(area_weights(5, 5), np.eye(5), atol=1e-7)


@pytest.mark.parametrize(("size", "new_size"), [(64, 16), (64, 8), (50, 16), (17, 16), (8, 8)])
def test_each_new_pixel_is_the_mean_of_the_area_it_covers(size: int, new_size: int) -> None:
    given = made_pixels(3, size)
    found = scaled_down(given, new_size)
    # Every old pixel repeated, so that the new ones cover whole numbers of them.
    fine = given.repeat(new_size, axis=1).repeat(new_size, axis=2).astype(np.float64)
    expected = fine.reshape(3, new_size, size, new_size, size, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_a_matrix_has_the_asked_rows_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = made_pixels(7, 4)
    images = Images(ImageFiles(Path(), tuple(map(str, range(7)))), 4, stored)
    rows = np.array([5, 0, 3, 3, 6])
    monkeypatch.setattr(pixels, "ROWS_AT_ONCE", 2)
    found = pixel_matrix(images, rows, 4)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, stored[rows].reshape(5, -1) / 255, atol=1e-6)
    assert pixel_matrix(images, rows[:0], 4).shape == (0, 48)

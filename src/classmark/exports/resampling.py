"""The whole numbers by which torch resizes bytes, so that another runtime resizes to the same bytes."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

MOST_BITS, LARGEST = 22, 2**15


def resampling_weights(
    size: int, new_size: int, interpolation: Literal["bilinear", "bicubic"]
) -> tuple[NDArray[np.int64], int]:
    """The matrix that resizes a line of pixels, shape (new_size, size), and the bits by which its sums are shifted down.

    A line x becomes (W x + 2^(bits − 1)) >> bits, clipped to bytes; an image first along its lines, then along its columns.

    Source: ATen's `UpSampleKernel.cpp`, which follows Pillow-SIMD: triangle or cubic of Keys 1981 with a = −0.5, widened where
    the image shrinks, with weights of 16 bits.
    """
    reach, kernel = (2.0, _cubic) if interpolation == "bicubic" else (1.0, _triangle)
    scale = size / new_size
    widened = max(scale, 1.0)
    exact = np.zeros((new_size, size))
    for row in range(new_size):
        centre = scale * (row + 0.5)
        start = max(int(centre - reach * widened + 0.5), 0)
        end = min(int(centre + reach * widened + 0.5), size)
        weights = kernel(np.abs((np.arange(start, end) - centre + 0.5) / widened))
        exact[row, start:end] = weights / weights.sum()
    bits = 0
    while bits < MOST_BITS and int(0.5 + exact.max() * 2 ** (bits + 1)) < LARGEST:
        bits += 1
    return np.trunc(exact * 2**bits + np.copysign(0.5, exact)).astype(np.int64), bits


def _cubic(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    near, far = (
        (1.5 * distances - 2.5) * distances**2 + 1.0,
        ((-0.5 * distances + 2.5) * distances - 4.0) * distances + 2.0,
    )
    return np.where(distances < 1, near, np.where(distances < 2, far, 0.0))


def _triangle(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(0.0, 1.0 - distances)

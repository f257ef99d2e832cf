"""Images as rows of numbers: their pixels, scaled down."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from classmark.data.images.pixels import Images

ROWS_AT_ONCE = 1024


def pixel_matrix(images: Images, rows: NDArray[np.int64], side_px: int) -> NDArray[np.float32]:
    """The pixels of these images at a smaller size, from 0 to 1, shape (N, side_px · side_px · 3)."""
    matrix = np.empty((len(rows), side_px * side_px * 3), np.float32)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        matrix[part] = scaled_down(images.read(rows[part]), side_px).reshape(-1, matrix.shape[1])
    matrix /= 255.0
    return matrix


def scaled_down(pixels: NDArray[np.uint8], side_px: int) -> NDArray[np.float32]:
    """Squares of this side, each new pixel the mean of the area it covers, shape (B, side_px, side_px, 3).

    Args:
        pixels: squares that are no smaller, shape (B, S, S, 3).
        side_px: the side of the result.
    """
    weights = area_weights(pixels.shape[1], side_px)
    down = weights @ pixels.reshape(len(pixels), pixels.shape[1], -1).astype(np.float32)
    down = down.reshape(len(pixels), side_px, -1, 3).transpose(0, 1, 3, 2)
    scaled: NDArray[np.float32] = (down @ weights.T).transpose(0, 1, 3, 2)
    return scaled


def area_weights(size: int, new_size: int) -> NDArray[np.float32]:
    """The share of each of `size` pixels in each of `new_size` that cover the same line; rows sum to one."""
    edges, new_edges = np.arange(size + 1), np.linspace(0.0, size, new_size + 1)
    ends = np.minimum(edges[None, 1:], new_edges[1:, None])
    starts = np.maximum(edges[None, :-1], new_edges[:-1, None])
    shares: NDArray[np.float32] = (np.clip(ends - starts, 0.0, None) * (new_size / size)).astype(np.float32)
    return shares

"""Nearly equal images: a perceptual hash finds candidates, and their grey pixels decide.

The hash is that of the package `imagehash` (`phash`), computed for all images at once; the tests compare both bit for
bit. The pixels decide because the hash alone does not do: of Tiny ImageNet's pairs within its limit most show different
things of like outline.

Source: Zauner 2010, "Implementation and benchmarking of perceptual image hash functions", section 3.2; the search by
parts of the hash follows Norouzi, Punjani and Fleet 2012, "Fast search in Hamming space with multi-index hashing".
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from classmark.data.audit.buckets import NearPairs, bucket_pairs
from classmark.data.images.pixels import Images
from classmark.system.machine import cores

GREY_PX, LOW = 32, 8
BITS = LOW * LOW
MOST_BITS = 6  # that may differ; as half of the bits are set in every hash, they differ in even numbers
LEAST_CORRELATION = 0.95
FLAT_DEVIATION = 1.0  # of grey values from 0 to 255: less is an empty image, whose hash is noise
WINDOW = 4_096
CHUNK_IMAGES = 1_024

Grey = NDArray[np.uint8]
Hashes = NDArray[np.uint64]


def grey_squares(images: Images, rows: NDArray[np.int64]) -> tuple[Grey, NDArray[np.bool_]]:
    """The images as grey squares of 32 pixels a side, uint8 of shape (N, 32, 32), and which of them have no colour."""
    from PIL import Image

    squares = np.empty((len(rows), GREY_PX, GREY_PX), np.uint8)
    colourless = np.empty(len(rows), bool)

    def fill(first: int) -> None:
        pixels = images.read(rows[first : first + CHUNK_IMAGES])
        colourless[first : first + CHUNK_IMAGES] = (pixels == pixels[..., :1]).all(axis=(1, 2, 3))
        for place, square in enumerate(pixels, start=first):
            grey = Image.fromarray(square).convert("L").resize((GREY_PX, GREY_PX), Image.Resampling.LANCZOS)
            squares[place] = np.asarray(grey)

    with ThreadPoolExecutor(cores()) as threads:
        list(threads.map(fill, range(0, len(rows), CHUNK_IMAGES)))
    return squares, colourless


def perceptual_hashes(squares: Grey) -> Hashes:
    """The 64-bit hash of each grey square, shape (N,): which of the lowest 8 × 8 frequencies lie above their median."""
    frequency, pixel = np.arange(LOW)[:, None], np.arange(GREY_PX)
    cosines = 2 * np.cos(np.pi * frequency * (2 * pixel + 1) / (2 * GREY_PX))  # the discrete cosine transform, type II
    hashes = np.empty(len(squares), np.uint64)
    for first in range(0, len(squares), CHUNK_IMAGES):
        chunk = squares[first : first + CHUNK_IMAGES].astype(np.float64)
        low = (cosines @ chunk @ cosines.T).reshape(-1, BITS)
        bits = np.packbits(low > np.median(low, axis=1, keepdims=True), axis=1)
        hashes[first : first + CHUNK_IMAGES] = bits.view(">u8").ravel()
    return hashes


def near_images(squares: Grey) -> NearPairs:
    """The pairs of images with at most 6 of 64 bits of hash between them and a correlation of pixels of 0.95 or more.

    Every pair within 6 bits agrees in one of seven parts of the hash, so that none is missed (but see `bucket_pairs`
    for parts that more than 4,096 images share). Empty images are near to none. Mirrored, turned or much cropped copies
    are not found.

    Args:
        squares: from `grey_squares`.
    """
    flat = squares.reshape(len(squares), -1).std(axis=1) < FLAT_DEVIATION if len(squares) else np.empty(0, bool)
    rows = np.flatnonzero(~flat)
    hashes = perceptual_hashes(squares[rows])
    edges = np.linspace(0, BITS, MOST_BITS + 2).astype(int).tolist()
    with ThreadPoolExecutor(cores()) as threads:
        found = list(threads.map(lambda part: _close_pairs(hashes, *part), pairwise(edges)))
    pairs = rows[np.unique(np.concatenate(found), axis=0)]
    similarity = correlations(squares, pairs)
    kept = similarity >= LEAST_CORRELATION
    return NearPairs(pairs[kept, 0], pairs[kept, 1], similarity[kept])


def _close_pairs(hashes: Hashes, low: int, high: int) -> NDArray[np.int64]:
    """The pairs within 6 bits that agree in the bits from `low` to below `high`, shape (P, 2)."""
    part = (hashes >> np.uint64(low)) & np.uint64((1 << (high - low)) - 1)
    found = [np.empty((0, 2), np.int64)]
    for a, b in bucket_pairs(part, WINDOW):
        close = np.bitwise_count(hashes[a] ^ hashes[b]) <= MOST_BITS
        found.append(np.stack([a[close], b[close]], axis=1))
    return np.concatenate(found)


def correlations(squares: Grey, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Pearson's correlation of the grey pixels, which light and contrast do not change, for pairs of shape (P, 2)."""
    result = np.empty(len(pairs))
    for first in range(0, len(pairs), CHUNK_IMAGES):
        a, b = (_standardised(squares[rows]) for rows in pairs[first : first + CHUNK_IMAGES].T)
        result[first : first + CHUNK_IMAGES] = (a * b).mean(axis=1)
    return result


def _standardised(squares: Grey) -> NDArray[np.float64]:
    values = squares.reshape(len(squares), -1).astype(np.float64)
    values -= values.mean(axis=1, keepdims=True)
    deviation = np.asarray(values.std(axis=1, keepdims=True))
    return np.asarray(values / deviation)

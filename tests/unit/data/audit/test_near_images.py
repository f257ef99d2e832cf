"""Near duplicates of images, against imagehash and against all pairs compared one by one."""

from __future__ import annotations

import io
from itertools import combinations
from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image, ImageFilter

from classmark.data.audit.near_images import (
    LEAST_CORRELATION,
    MOST_BITS,
    correlations,
    grey_squares,
    near_images,
    perceptual_hashes,
)
from classmark.data.images.files import ImageFiles
from classmark.data.images.pixels import Images


def picture(seed: int) -> Image.Image:
    """Soft shapes."""
    generator = np.random.default_rng(seed)
    small = generator.integers(0, 256, (6, 6, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((64, 64), Image.Resampling.BICUBIC)


def as_images(pictures: list[Image.Image]) -> Images:
    stored = np.stack([np.asarray(one) for one in pictures])
    return Images(ImageFiles(Path("made"), tuple(map(str, range(len(pictures))))), 64, stored)


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream).convert("RGB")


def test_hashes_are_imagehash_s_bit_for_bit() -> None:
    pictures = [picture(seed) for seed in range(60)]
    squares, _ = grey_squares(as_images(pictures), np.arange(60))
    theirs = [int(str(imagehash.phash(one)), 16) for one in pictures]
    assert perceptual_hashes(squares).tolist() == theirs


def test_copies_that_were_stored_anew_are_found_and_others_are_not() -> None:
    pictures = [picture(seed) for seed in range(300)]
    darker = pictures[1].point(lambda value: int(value * 0.7))
    changed = [jpeg(pictures[0], 40), darker, pictures[2].filter(ImageFilter.GaussianBlur(1)), pictures[3].convert("L")]
    small = pictures[4].resize((40, 40), Image.Resampling.BICUBIC).resize((64, 64), Image.Resampling.BICUBIC)
    every = pictures + [one.convert("RGB") for one in changed] + [small]
    squares, colourless = grey_squares(as_images(every), np.arange(len(every)))
    near = near_images(squares)
    assert list(zip(near.a.tolist(), near.b.tolist(), strict=True)) == [(row, 300 + row) for row in range(5)]
    assert np.flatnonzero(colourless).tolist() == [303]


def test_no_pair_within_the_limits_is_missed() -> None:
    generator = np.random.default_rng(3)
    squares = generator.integers(0, 256, (40, 32, 32)).astype(np.float64)
    noisy = [np.clip(squares + generator.normal(0, noise, squares.shape), 0, 255) for noise in (0, 4, 12, 20)]
    every = np.concatenate(noisy).astype(np.uint8)
    hashes = perceptual_hashes(every)
    expected = [
        (a, b)
        for a, b in combinations(range(len(every)), 2)
        if bin(int(hashes[a]) ^ int(hashes[b])).count("1") <= MOST_BITS
        and np.corrcoef(every[a].ravel(), every[b].ravel())[0, 1] >= LEAST_CORRELATION
    ]
    near = near_images(every)
    assert len(expected) > 40
    assert list(zip(near.a.tolist(), near.b.tolist(), strict=True)) == expected


def test_similarity_is_pearson_s_correlation() -> None:
    squares = np.random.default_rng(1).integers(0, 256, (5, 32, 32)).astype(np.uint8)
    pairs = np.array([[0, 1], [2, 4], [3, 3]])
    expected = [np.corrcoef(squares[a].ravel(), squares[b].ravel())[0, 1] for a, b in pairs]
    assert correlations(squares, pairs) == pytest.approx(expected, abs=1e-12)


def test_empty_images_are_near_to_none_and_no_images_have_no_pairs() -> None:
    flat = np.full((4, 32, 32), 200, np.uint8)
    flat[1] += 1
    for squares in (flat, flat[:0]):
        assert len(near_images(squares).a) == 0

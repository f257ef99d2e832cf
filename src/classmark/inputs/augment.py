"""Images varied on the device where they lie, each by draws of its own.

Images are uint8 of shape (B, 3, H, W) from the cache to the model, which normalises them itself: bytes are fast to move,
and rounding to them costs nothing that training notices.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from classmark.inputs.draws import Draws, Stream
from classmark.inputs.examples import Interpolation
from classmark.inputs.pixels import on_device, pixels_at, resampling
from classmark.inputs.randaugment import randaugment
from classmark.recipes.schema import Augmentation

CROP_RATIO = (3 / 4, 4 / 3)
ERASED_SHARE, ERASED_RATIO = (0.02, 1 / 3), (0.3, 10 / 3)
TRIES = 10


def augment(
    images: Tensor, draws: Draws, section: Augmentation, size_px: int, interpolation: Interpolation = "bicubic"
) -> Tensor:
    """The images varied as the recipe says, uint8 of shape (B, 3, size_px, size_px).

    In this order: crop or resize, flip and shift, RandAugment, erasing. What an image becomes follows from the draws of
    its row, not from the batch around it. Mixing images with each other is `mixing.mix`.

    Args:
        images: uint8, shape (B, 3, H, W).
        draws: those of the images' rows.
        section: the recipe's `input.augmentation`.
        size_px: the recipe's `input.size_px`.
        interpolation: how images that are not cropped are resized.
    """
    scale = section.crop_scale
    images = crop(images, draws, scale, size_px) if scale else resize(images, size_px, interpolation)
    if section.flip or section.shift_px:
        images = flip_and_shift(images, draws, section.flip, section.shift_px)
    if section.randaugment:
        images = randaugment(images, draws, section.randaugment, section.magnitude)
    return erase(images, draws, section.erasing) if section.erasing else images


def resize(images: Tensor, size_px: int, interpolation: Interpolation = "bicubic") -> Tensor:
    """The images as squares, antialiased, uint8 of shape (B, 3, size_px, size_px)."""
    size = (size_px, size_px)
    if images.shape[2:] == size:
        return images
    if images.device.type == "cpu":  # The one device with a kernel for bytes: 8 times as fast as the one for floats.
        return functional.interpolate(images, size, mode=interpolation, antialias=True)
    resized = functional.interpolate(images.float(), size, mode=interpolation, antialias=True)
    return resized.round_().clamp_(0, 255).to(torch.uint8)


def crop(images: Tensor, draws: Draws, scale: tuple[float, float], size_px: int) -> Tensor:
    """A random part of each image, resized with an antialiased bicubic filter.

    Source: Szegedy et al. 2015, section 6; the distribution is that of torchvision's `RandomResizedCrop`.

    Args:
        images: uint8, shape (B, 3, H, W).
        draws: those of the images' rows.
        scale: the share of the area that is kept, from and to.
        size_px: the side of the result.
    """
    height, width = images.shape[2:]
    parts = rectangles(draws, Stream.CROP, (height, width), scale, CROP_RATIO)
    tops, lefts, heights, widths = (on_device(values, images) for values in parts)
    across, down = resampling(lefts, widths, width, size_px), resampling(tops, heights, height, size_px)
    rows = (images.flatten(1, 2).float() @ across.mT).round_().clamp_(0, 255)
    squares: Tensor = down[:, None] @ rows.view(-1, 3, height, size_px)
    return squares.round_().clamp_(0, 255).to(torch.uint8)


def flip_and_shift(images: Tensor, draws: Draws, flip: bool, shift_px: int) -> Tensor:
    """Every second image mirrored, and each moved by up to `shift_px` in both directions, its rim mirrored outwards."""
    height, width = images.shape[2:]
    mirrored = draws.uniforms(Stream.FLIP, 1) < (0.5 if flip else 0.0)
    shifts = np.floor(draws.uniforms(Stream.SHIFT, 2) * (2 * shift_px + 1)).astype(np.int64) - shift_px
    y = _reflected(np.arange(height) - shifts[:, :1], height)
    x = _reflected(np.arange(width) - shifts[:, 1:], width)
    x = np.where(mirrored, x[:, ::-1], x)
    places = on_device(y, images)[:, :, None] * width + on_device(x, images)[:, None, :]
    return pixels_at(images, places)


def erase(images: Tensor, draws: Draws, share: float) -> Tensor:
    """The images, of which this share has a random rectangle replaced by noise.

    Source: Zhong et al. 2020, with random bytes (their best filling); the rectangle's distribution is that of
    torchvision's `RandomErasing`.
    """
    chosen = np.flatnonzero(draws.uniforms(Stream.ERASE, 1)[:, 0] < share)
    if not len(chosen):
        return images
    height, width = images.shape[2:]
    draws = Draws(draws.seed, draws.epoch, draws.rows[chosen])
    tops, lefts, heights, widths = rectangles(draws, Stream.ERASED, (height, width), ERASED_SHARE, ERASED_RATIO)
    inside_y = _between(np.arange(height), tops, heights)
    inside_x = _between(np.arange(width), lefts, widths)
    inside = on_device(inside_y[:, None, :, None] & inside_x[:, None, None, :], images)
    count = 3 * height * width
    noise = draws.bits(Stream.NOISE, -(-count // 8)).view(np.uint8)[:, :count].reshape(-1, 3, height, width)
    index = on_device(chosen, images)
    erased = images.clone()
    erased[index] = torch.where(inside, on_device(noise, images), images[index])
    return erased


def rectangles(
    draws: Draws, stream: Stream, size: tuple[int, int], scale: tuple[float, float], ratio: tuple[float, float]
) -> tuple[NDArray[np.int64], ...]:
    """A random rectangle in each image: top, left, height and width in pixels, each of shape (B,).

    The share of the area is uniform, the ratio of width to height log-uniform; the first of ten that fits is taken, else
    the largest one in the middle whose ratio is allowed.

    Args:
        draws: those of the images' rows.
        stream: what the rectangle is for.
        size: height and width of the images.
        scale: the share of the area, from and to.
        ratio: width over height, from and to.
    """
    height, width = size
    drawn = draws.uniforms(stream, 2 * TRIES + 2)
    areas = height * width * (scale[0] + (scale[1] - scale[0]) * drawn[:, :TRIES])
    low, high = np.log(ratio)
    ratios = np.exp(low + (high - low) * drawn[:, TRIES : 2 * TRIES])
    heights, widths = np.rint(np.sqrt(areas / ratios)), np.rint(np.sqrt(areas * ratios))
    fits = (heights > 0) & (heights <= height) & (widths > 0) & (widths <= width)
    found, first = fits.any(axis=1), fits.argmax(axis=1)[:, None]
    nearest = np.clip(width / height, *ratio)
    h = np.where(found, np.take_along_axis(heights, first, 1)[:, 0], min(height, round(width / nearest)))
    w = np.where(found, np.take_along_axis(widths, first, 1)[:, 0], min(width, round(height * nearest)))
    places = np.where(found[:, None], drawn[:, 2 * TRIES :], 0.5)
    top, left = np.floor(places[:, 0] * (height - h + 1)), np.floor(places[:, 1] * (width - w + 1))
    return tuple(values.astype(np.int64) for values in (top, left, h, w))


def _reflected(places: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Places inside, those beyond the rim mirrored at the outermost pixel, as often as needed."""
    period = max(1, 2 * size - 2)
    folded: NDArray[np.int64] = np.abs(places) % period
    return np.minimum(folded, period - folded)


def _between(places: NDArray[np.int64], starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.bool_]:
    return (places >= starts[:, None]) & (places < (starts + lengths)[:, None])

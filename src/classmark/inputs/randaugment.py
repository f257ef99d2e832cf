"""RandAugment: operations on images, each image with its own.

The fourteen operations, their strengths and their arithmetic on bytes are torchvision's; what moves out of view leaves
grey, as in the authors' code.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from classmark.inputs.draws import Draws, Stream
from classmark.inputs.pixels import on_device, pixels_at

STRONGEST = 30.0
GREY = 128
LUMA = (0.2989, 0.587, 0.114)


def randaugment(images: Tensor, draws: Draws, rounds: int, magnitude: float) -> Tensor:
    """The images after so many operations each, drawn with replacement; where one has a direction, it is drawn too.

    Source: Cubuk et al. 2020, "RandAugment: practical automated data augmentation with a reduced search space".

    Args:
        images: uint8, shape (B, 3, H, W).
        draws: those of the images' rows.
        rounds: operations an image.
        magnitude: how strong they are, from 0 to 30.
    """
    images, names, strength = images.clone(), list(OPERATIONS), magnitude / STRONGEST
    for number in range(rounds):
        drawn = draws.uniforms(Stream.RANDAUGMENT + number, 2)
        which = np.floor(drawn[:, 0] * len(names)).astype(np.int64)
        signs = np.where(drawn[:, 1] < 0.5, -1.0, 1.0).astype(np.float32)[:, None, None]
        for index, name in enumerate(names):
            chosen = np.flatnonzero(which == index)
            if len(chosen):
                where = on_device(chosen, images)
                images[where] = OPERATIONS[name](images[where], on_device(signs[chosen], images), strength)
    return images


def _moved(images: Tensor, x: Tensor | None = None, y: Tensor | None = None) -> Tensor:
    """The images whose pixels come from these coordinates (pixel centres at halves), by the nearest pixel.

    Args:
        images: shape (k, 3, H, W).
        x: shape (k, 1 or H, W); without it, pixels stay in their column.
        y: the same for rows.
    """
    height, width = images.shape[2:]
    own_x, own_y = _coordinates(images)
    column, row = ((own if new is None else new).floor().long() for new, own in ((x, own_x), (y, own_y)))
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    places = row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
    return pixels_at(images, places.expand(len(images), height, width)).where(inside[:, None], GREY)


def _coordinates(images: Tensor) -> tuple[Tensor, Tensor]:
    """The pixels' own x, shape (1, 1, W), and y, shape (1, H, 1)."""
    height, width = images.shape[2:]
    device = images.device
    return (
        torch.arange(width, device=device)[None, None] + 0.5,
        torch.arange(height, device=device)[None, :, None] + 0.5,
    )


def _shear_x(images: Tensor, signs: Tensor, strength: float) -> Tensor:
    x, y = _coordinates(images)
    return _moved(images, x=x + 0.3 * strength * signs * y)


def _shear_y(images: Tensor, signs: Tensor, strength: float) -> Tensor:
    x, y = _coordinates(images)
    return _moved(images, y=y + 0.3 * strength * signs * x)


def _translate_x(images: Tensor, signs: Tensor, strength: float) -> Tensor:
    x, _ = _coordinates(images)
    return _moved(images, x=x - signs * int(strength * 150 / 331 * images.shape[3]))


def _translate_y(images: Tensor, signs: Tensor, strength: float) -> Tensor:
    _, y = _coordinates(images)
    return _moved(images, y=y - signs * int(strength * 150 / 331 * images.shape[2]))


def _rotate(images: Tensor, signs: Tensor, strength: float) -> Tensor:
    x, y = _coordinates(images)
    middle_y, middle_x = (side / 2 for side in images.shape[2:])
    x, y = x - middle_x, y - middle_y
    cosine, sine = math.cos(strength * math.pi / 6), signs * math.sin(strength * math.pi / 6)
    return _moved(images, cosine * x - sine * y + middle_x, sine * x + cosine * y + middle_y)


def _brightness(images: Tensor, signs: Tensor, strength: float) -> Tensor:
    return _looked_up(images, _levels(images) * (1.0 + 0.9 * strength * signs))


def _contrast(images: Tensor, signs: Tensor, strength: float) -> Tensor:
    # The mean of whole numbers, summed exactly: the same bits in any company.
    mean = _luma(images).long().sum(dim=(1, 2)) / (images.shape[2] * images.shape[3])
    factors = 1.0 + 0.9 * strength * signs
    return _looked_up(images, _levels(images) * factors + mean[:, None, None] * (1.0 - factors))


def _color(images: Tensor, signs: Tensor, strength: float) -> Tensor:
    factors = (1.0 + 0.9 * strength * signs)[:, None]
    return (images * factors + _luma(images)[:, None] * (1.0 - factors)).clamp_(0, 255).to(torch.uint8)


def _sharpness(images: Tensor, signs: Tensor, strength: float) -> Tensor:
    sharper = images.float()
    inner = sharper[:, :, 1:-1, 1:-1]
    lines = sharper[:, :, :-2] + sharper[:, :, 1:-1] + sharper[:, :, 2:]
    sums = lines[..., :-2] + lines[..., 1:-1] + lines[..., 2:] + 4.0 * inner
    inner += (sums.div_(13.0).round_() - inner) * (-0.9 * strength * signs)[:, None]
    return sharper.clamp_(0, 255).to(torch.uint8)


def _posterize(images: Tensor, signs: Tensor, strength: float) -> Tensor:
    return images.bitwise_and(256 - 2 ** round(4 * strength))


def _solarize(images: Tensor, signs: Tensor, strength: float) -> Tensor:
    return torch.where(images >= 255.0 - 255.0 * strength, 255 - images, images)


def _auto_contrast(images: Tensor, signs: Tensor, strength: float) -> Tensor:
    least, most = (extreme(dim=2, keepdim=True).float() for extreme in (images.flatten(2).amin, images.flatten(2).amax))
    flat = most == least
    least, scale = least.masked_fill(flat, 0.0), ((most - least) * (1.0 / 255.0)).masked_fill(flat, 1.0)
    return _looked_up(images, (_levels(images) - least) / scale)


def _equalize(images: Tensor, signs: Tensor, strength: float) -> Tensor:
    """Each channel's levels spread so that they are about equally frequent, in Pillow's arithmetic."""
    pixels = images.flatten(2).long()
    counts = torch.zeros(*pixels.shape[:2], 256, dtype=torch.int64, device=images.device)
    counts.scatter_add_(2, pixels, torch.ones_like(pixels))
    of_the_brightest = counts.gather(2, pixels.amax(dim=2, keepdim=True))
    step = (pixels.shape[2] - of_the_brightest) // 255
    below = counts.cumsum(dim=2) - counts
    table = (below + step // 2) // step.clamp(min=1)
    return _looked_up(images, torch.where(step > 0, table, torch.arange(256, device=images.device)))


def _looked_up(images: Tensor, table: Tensor) -> Tensor:
    """The images with each level replaced by the table's value, cut off to a byte; shape (k, 1 or 3, 256)."""
    table = table.clamp(0, 255).to(torch.uint8).expand(-1, 3, -1)
    return table.gather(2, images.flatten(2).long()).view(images.shape)


def _levels(images: Tensor) -> Tensor:
    return torch.arange(256, dtype=torch.float32, device=images.device)[None, None]


def _luma(images: Tensor) -> Tensor:
    """The images in whole levels of grey, float32 of shape (k, H, W)."""
    red, green, blue = images.float().unbind(dim=1)
    return (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue).floor_()


def _identity(images: Tensor, signs: Tensor, strength: float) -> Tensor:
    return images


# Each takes images, uint8 of shape (k, 3, H, W), their directions, −1 or 1 of shape (k, 1, 1), and the strength from 0 to
# 1 that all have. The order is part of a run's bits.
OPERATIONS: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {
    "Identity": _identity,
    "ShearX": _shear_x,
    "ShearY": _shear_y,
    "TranslateX": _translate_x,
    "TranslateY": _translate_y,
    "Rotate": _rotate,
    "Brightness": _brightness,
    "Color": _color,
    "Contrast": _contrast,
    "Sharpness": _sharpness,
    "Posterize": _posterize,
    "Solarize": _solarize,
    "AutoContrast": _auto_contrast,
    "Equalize": _equalize,
}

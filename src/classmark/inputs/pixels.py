"""Where the pixels of a new image come from: picked one by one, or weighted sums of neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

EXACT = 2.0**-14


def on_device(values: NDArray[Any], images: Tensor) -> Tensor:
    """The values as a tensor where the images are."""
    return torch.from_numpy(np.ascontiguousarray(values)).to(images.device)


def pixels_at(images: Tensor, places: Tensor) -> Tensor:
    """The pixels at these places of each image, same shape and type.

    Args:
        images: shape (B, 3, H, W).
        places: y · W + x, int64 of shape (B, H, W).
    """
    index = places.flatten(1)[:, None].expand(-1, 3, -1)
    return images.flatten(2).gather(2, index).view(images.shape)


def resampling(starts: Tensor, lengths: Tensor, size: int, new_size: int) -> Tensor:
    """The matrices that resize a part of each line of pixels, float32 of shape (B, new_size, size).

    The cubic of Keys 1981 with a = −0.5, widened where the part shrinks: the filter of Pillow's and torch's antialiased
    bicubic resizing.

    Weights are multiples of 2⁻¹⁴, so that their sums of products with bytes are exact in float32: the result is the same
    whatever the order of summation, thus whatever the batch and the threads.

    Args:
        starts: the first pixel of each part, shape (B,).
        lengths: the pixels of each part, shape (B,).
        size: the pixels of a whole line.
        new_size: the pixels of a new line.
    """
    starts, lengths = starts[:, None, None], lengths[:, None, None]
    places = torch.arange(size, device=starts.device) + 0.5
    new_places = torch.arange(new_size, device=starts.device)[:, None] + 0.5
    step = lengths / new_size
    weights = _cubic((places - (starts + step * new_places)) / step.clamp(min=1.0))
    weights *= (places > starts) & (places < starts + lengths)
    whole = weights.mul_(1 / EXACT).round_()
    return (whole / (whole.sum(dim=2, keepdim=True) * EXACT)).round_() * EXACT


def _cubic(distances: Tensor) -> Tensor:
    d = distances.abs_()
    near, far = (1.5 * d - 2.5) * d * d + 1.0, ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0
    return torch.where(d < 1.0, near, torch.where(d < 2.0, far, 0.0))

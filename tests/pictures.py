"""Images that the tests of augmentation share."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def made_images(count: int, height: int = 32, width: int = 32, seed: int = 3) -> Tensor:
    """Soft colours with some noise, uint8 of shape (count, 3, height, width)."""
    generator = np.random.default_rng(seed)
    y, x = np.arange(height)[:, None] / height, np.arange(width) / width
    phase, speed = generator.random((2, count, 3, 1, 1)) * 6
    waves = 127 + 90 * np.sin(phase + speed * x + 2 * phase * y) + generator.normal(0, 12, (count, 3, height, width))
    return torch.from_numpy(np.clip(waves, 0, 255).astype(np.uint8))


def equal_images(count: int, height: int = 32, width: int = 32) -> Tensor:
    """The same image so many times."""
    return made_images(1, height, width).expand(count, -1, -1, -1).contiguous()

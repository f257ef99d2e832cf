"""Images of a batch mixed in pairs, and their classes with them."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from classmark.inputs.pixels import on_device
from classmark.recipes.schema import Augmentation


def mix(
    images: Tensor, labels: Tensor, classes: int, section: Augmentation, generator: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """The images mixed by mixup or cutmix, uint8, and each class's share in them, float32 of shape (B, C).

    The partners are a permutation of the batch; every pair has a share of its own. Where the recipe asks for neither,
    the images and the labels as they are.

    Args:
        images: uint8, shape (B, 3, H, W).
        labels: class indices, int64 of shape (B,).
        classes: C.
        section: the recipe's `input.augmentation`.
        generator: for the draws of this step.
    """
    if not section.mixup and not section.cutmix:
        return images, labels
    count, (height, width) = len(images), images.shape[2:]
    pasting = bool(section.cutmix) and (not section.mixup or generator.random() < 0.5)
    partners = generator.permutation(count)
    alpha = section.cutmix if pasting else section.mixup
    shares = generator.beta(alpha, alpha, count)
    if pasting:
        middles = generator.integers((height, width), size=(count, 2))
        boxes = paste_boxes(shares, middles, (height, width))
        shares = 1.0 - (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) / (height * width)
        images = paste(images, partners, boxes)
    else:
        images = blend(images, partners, shares)
    return images, class_shares(labels, partners, shares, classes)


def blend(images: Tensor, partners: NDArray[np.int64], shares: NDArray[np.float64]) -> Tensor:
    """Each image with its share, its partner with the rest, rounded to bytes.

    Source: Zhang et al. 2018, "mixup: beyond empirical risk minimization", equation 1, the share drawn per pair.
    """
    own = on_device(shares.astype(np.float32), images)[:, None, None, None]
    mixed = images * own + images[on_device(partners, images)] * (1.0 - own)
    return mixed.round_().clamp_(0, 255).to(torch.uint8)


def paste(images: Tensor, partners: NDArray[np.int64], boxes: NDArray[np.int64]) -> Tensor:
    """Each image with its partner's pixels inside its box.

    Source: Yun et al. 2019, "CutMix: regularization strategy to train strong classifiers with localizable features".

    Args:
        images: shape (B, 3, H, W).
        partners: which image the pixels come from, shape (B,).
        boxes: top, left, bottom and right, the last two exclusive, shape (B, 4).
    """
    y, x = np.arange(images.shape[2])[:, None], np.arange(images.shape[3])
    top, left, bottom, right = (side[:, None, None] for side in boxes.T)
    inside = (y >= top) & (y < bottom) & (x >= left) & (x < right)
    return torch.where(on_device(inside[:, None], images), images[on_device(partners, images)], images)


def paste_boxes(shares: NDArray[np.float64], middles: NDArray[np.int64], size: tuple[int, int]) -> NDArray[np.int64]:
    """Boxes of 1 − share of the area before they are cut off at the rim: top, left, bottom, right, shape (B, 4).

    Args:
        shares: what the images keep, shape (B,).
        middles: y and x of the boxes' middles, shape (B, 2).
        size: height and width of the images.
    """
    halves = np.floor(np.sqrt(1.0 - shares)[:, None] * size / 2).astype(np.int64)
    corners = np.concatenate([middles - halves, middles + halves], axis=1)
    boxes: NDArray[np.int64] = np.clip(corners, 0, (*size, *size))
    return boxes


def class_shares(labels: Tensor, partners: NDArray[np.int64], shares: NDArray[np.float64], classes: int) -> Tensor:
    """The share of each class, float32 of shape (B, C): an image's own class, and its partner's with the rest."""
    own = on_device(shares.astype(np.float32), labels)[:, None]
    targets = torch.zeros(len(labels), classes, device=labels.device)
    targets.scatter_add_(1, labels[:, None], own)
    return targets.scatter_add_(1, labels[on_device(partners, labels)][:, None], 1.0 - own)

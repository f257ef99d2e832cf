"""RandAugment's operations, one image at a time, against torchvision's."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor
from torchvision.transforms import RandAugment
from torchvision.transforms.v2 import functional as torchvision

from classmark.inputs.draws import Draws, Stream
from classmark.inputs.randaugment import GREY, OPERATIONS, randaugment
from pictures import equal_images, made_images

FILL = [GREY] * 3
WITHOUT_DIRECTION = ("Identity", "Posterize", "Solarize", "AutoContrast", "Equalize")


def apply(name: str, images: Tensor, signs: list[float], strength: float) -> Tensor:
    return OPERATIONS[name](images, torch.tensor(signs)[:, None, None], strength)


def torchvisions(name: str, image: Tensor, magnitude: float) -> Tensor:
    """What torchvision's RandAugment does to one image at a magnitude, in its own unit."""
    still = {"angle": 0.0, "translate": [0, 0], "scale": 1.0, "shear": [0.0, 0.0], "fill": FILL}
    shear = math.degrees(math.atan(magnitude))
    match name:
        case "ShearX":
            return torchvision.affine(image, **{**still, "shear": [shear, 0.0]}, center=[0, 0])
        case "ShearY":
            return torchvision.affine(image, **{**still, "shear": [0.0, shear]}, center=[0, 0])
        case "TranslateX":
            return torchvision.affine(image, **{**still, "translate": [int(magnitude), 0]})
        case "TranslateY":
            return torchvision.affine(image, **{**still, "translate": [0, int(magnitude)]})
        case "Rotate":
            return torchvision.rotate(image, magnitude, fill=FILL)
        case "Brightness":
            return torchvision.adjust_brightness(image, 1.0 + magnitude)
        case "Color":
            return torchvision.adjust_saturation(image, 1.0 + magnitude)
        case "Contrast":
            return torchvision.adjust_contrast(image, 1.0 + magnitude)
        case "Sharpness":
            return torchvision.adjust_sharpness(image, 1.0 + magnitude)
        case "Posterize":
            return torchvision.posterize(image, int(magnitude))
        case "Solarize":
            return torchvision.solarize(image, magnitude)
        case "AutoContrast":
            return torchvision.autocontrast(image)
        case "Equalize":
            return torchvision.equalize(image)
    return image


@pytest.mark.parametrize("level", [0, 3, 9, 17, 30])
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_torchvisions(name: str, level: int) -> None:
    images = made_images(6, 33, 40)
    images[4] = 200  # flat
    images[5, :, 3:] = 0  # nearly flat
    space = RandAugment()._augmentation_space(31, (33, 40))
    magnitudes, signed = space[name]
    magnitude = float(magnitudes[level]) if magnitudes.ndim else 0.0
    signs = [1.0, -1.0, 1.0, -1.0, 1.0, -1.0]
    found = apply(name, images, signs, level / 30)
    for image, sign, ours in zip(images, signs, found, strict=True):
        theirs = torchvisions(name, image, sign * magnitude if signed else magnitude)
        differences = (ours.int() - theirs.int()).abs()
        if name in ("ShearX", "ShearY", "Rotate"):  # A coordinate on the border between two pixels may fall either way.
            assert (differences > 0).float().mean() < 0.01
        elif name in ("Brightness", "Color", "Contrast", "Sharpness", "AutoContrast"):
            assert differences.max() <= 1
            assert (differences > 0).float().mean() < 0.01
        else:
            assert torch.equal(ours, theirs)


def test_the_operations_are_torchvisions() -> None:
    space = RandAugment()._augmentation_space(31, (32, 32))
    assert list(OPERATIONS) == list(space)
    assert tuple(name for name, (_, signed) in space.items() if not signed) == WITHOUT_DIRECTION


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in WITHOUT_DIRECTION])
def test_equal_images_move_in_their_own_directions(name: str) -> None:
    found = apply(name, equal_images(2), [1.0, -1.0], 0.3)
    assert not torch.equal(found[0], found[1])


def test_each_image_gets_its_own_operations_in_turn() -> None:
    images, draws = made_images(40), Draws(4, 2, np.arange(100, 140))
    found = randaugment(images, draws, 2, 9.0)
    rounds = [draws.uniforms(Stream.RANDAUGMENT + number, 2) for number in range(2)]
    names = list(OPERATIONS)
    for row in range(40):
        image = images[row : row + 1]
        for drawn in rounds:
            image = apply(names[int(drawn[row, 0] * 14)], image, [-1.0 if drawn[row, 1] < 0.5 else 1.0], 0.3)
        assert torch.equal(found[row], image[0])


def test_an_operation_in_fourteen_leaves_the_image() -> None:
    images = equal_images(3000, 16, 16)
    assert [name for name in OPERATIONS if torch.equal(apply(name, images[:1], [1.0], 0.3), images[:1])] == ["Identity"]
    left = (randaugment(images, Draws(1, 1, np.arange(3000)), 1, 9.0) == images).flatten(1).all(dim=1)
    assert stats.binomtest(int(left.sum()), 3000, 1 / 14).pvalue > 1e-3


def test_more_magnitude_changes_more() -> None:
    images, draws = made_images(64), Draws(1, 1, np.arange(64))
    changes = [(randaugment(images, draws, 2, size).int() - images.int()).abs().float().mean() for size in (1, 9, 30)]
    assert changes == sorted(changes)

"""Mixup and cutmix against loops in float64 and against torchvision's transforms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy import stats
from torchvision.transforms.v2 import CutMix, MixUp

from classmark.inputs.mixing import blend, class_shares, mix, paste, paste_boxes
from classmark.recipes.schema import Augmentation
from pictures import equal_images, made_images

COUNT, CLASSES = 24, 7
LABELS = torch.arange(COUNT) * 5 % CLASSES
ROLLED = np.roll(np.arange(COUNT), 1)  # torchvision's partners


def generator(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_mixup_is_its_formula_image_by_image() -> None:
    images, section = made_images(COUNT, 12, 16), Augmentation(mixup=0.8)
    mixed, targets = mix(images, LABELS, CLASSES, section, generator())
    drawn = generator()
    partners, shares = drawn.permutation(COUNT), drawn.beta(0.8, 0.8, COUNT)
    assert len(np.unique(shares)) == COUNT
    for row in range(COUNT):
        own, other = images[row].double().numpy(), images[partners[row]].double().numpy()
        expected = shares[row] * own + (1 - shares[row]) * other
        np.testing.assert_allclose(mixed[row].numpy(), expected, atol=0.5 + 1e-4, rtol=0)
        target = np.zeros(CLASSES)
        target[LABELS[row]] += shares[row]
        target[LABELS[partners[row]]] += 1 - shares[row]
        np.testing.assert_allclose(targets[row].numpy(), target, atol=1e-6)


def test_cutmix_is_its_formula_image_by_image() -> None:
    images, section = made_images(COUNT, 12, 16), Augmentation(cutmix=1.0)
    mixed, targets = mix(images, LABELS, CLASSES, section, generator())
    drawn = generator()
    partners, shares = drawn.permutation(COUNT), drawn.beta(1.0, 1.0, COUNT)
    middles = drawn.integers((12, 16), size=(COUNT, 2))
    for row in range(COUNT):
        half = [math.floor(math.sqrt(1 - shares[row]) * side / 2) for side in (12, 16)]
        expected, pasted = images[row].numpy().copy(), 0
        for y in range(12):
            for x in range(16):
                if all(-half[i] <= at - middles[row, i] < half[i] for i, at in enumerate((y, x))):
                    expected[:, y, x] = images[partners[row], :, y, x]
                    pasted += 1
        np.testing.assert_array_equal(mixed[row].numpy(), expected)
        target = np.zeros(CLASSES)
        target[LABELS[row]] += 1 - pasted / 192
        target[LABELS[partners[row]]] += pasted / 192
        np.testing.assert_allclose(targets[row].numpy(), target, atol=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.75, 1.0])
def test_mixup_is_torchvisions(share: float) -> None:
    images, theirs = made_images(COUNT), MixUp(num_classes=CLASSES)
    their_params = {"lam": share, "labels": LABELS, "batch_size": COUNT}
    shares = np.full(COUNT, share)
    expected = theirs.transform(images.double(), their_params)
    ours = blend(images, ROLLED, shares)
    torch.testing.assert_close(ours.double(), expected, atol=0.5 + 1e-4, rtol=0)
    targets = theirs.transform(LABELS, their_params)
    torch.testing.assert_close(class_shares(LABELS, ROLLED, shares, CLASSES), targets)


@pytest.mark.parametrize("seed", range(5))
def test_cutmix_is_torchvisions(seed: int) -> None:
    images, theirs = made_images(COUNT, 20, 31), CutMix(num_classes=CLASSES)
    torch.manual_seed(seed)
    share = float(theirs._dist.sample(()))
    x, y = int(torch.randint(31, size=(1,))), int(torch.randint(20, size=(1,)))
    torch.manual_seed(seed)
    their_params = {**theirs.make_params([images]), "labels": LABELS, "batch_size": COUNT}
    boxes = paste_boxes(np.full(COUNT, share), np.tile([y, x], (COUNT, 1)), (20, 31))
    left, top, right, bottom = their_params["box"]
    assert boxes.tolist() == [[top, left, bottom, right]] * COUNT
    assert torch.equal(paste(images, ROLLED, boxes), theirs.transform(images, their_params))
    kept = np.full(COUNT, 1 - (bottom - top) * (right - left) / 620)
    torch.testing.assert_close(
        class_shares(LABELS, ROLLED, kept, CLASSES), theirs.transform(LABELS, their_params), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("section", [Augmentation(mixup=1.0), Augmentation(cutmix=1.0)], ids=["mixup", "cutmix"])
def test_equal_images_with_equal_partners_come_out_different(section: Augmentation) -> None:
    images = torch.cat([equal_images(16), 255 - equal_images(16)])
    mixed, targets = mix(images, torch.arange(32) // 16, 2, section, generator())
    assert len({image.numpy().tobytes() for image in mixed}) > 10
    assert mixed.dtype == torch.uint8
    torch.testing.assert_close(targets.sum(dim=1), torch.ones(32))
    assert targets.min() >= 0


def test_with_both_each_step_takes_one_by_chance() -> None:
    images = torch.cat([torch.zeros(8, 3, 8, 8), torch.full((8, 3, 8, 8), 255.0)]).to(torch.uint8)
    section = Augmentation(mixup=1.0, cutmix=1.0)
    steps = [mix(images, torch.arange(16) // 8, 2, section, generator(seed))[0] for seed in range(300)]
    pasted = sum(bool(torch.isin(mixed, torch.tensor([0, 255], dtype=torch.uint8)).all()) for mixed in steps)
    assert stats.binomtest(pasted, 300, 0.5).pvalue > 1e-3


def test_nothing_asked_is_nothing_done() -> None:
    images = made_images(COUNT)
    found = mix(images, LABELS, CLASSES, Augmentation(), generator())
    assert found[0] is images
    assert found[1] is LABELS


def test_the_same_generator_mixes_the_same() -> None:
    images, section = made_images(COUNT), Augmentation(mixup=0.4, cutmix=1.0)
    first, again, other = (mix(images, LABELS, CLASSES, section, generator(seed)) for seed in (3, 3, 4))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


def test_a_batch_of_one_is_mixed_with_itself() -> None:
    images, labels = made_images(1), torch.tensor([2])
    mixed, targets = mix(images, labels, 3, Augmentation(mixup=1.0), generator())
    assert torch.equal(mixed, images)
    torch.testing.assert_close(targets, torch.tensor([[0.0, 0.0, 1.0]]))

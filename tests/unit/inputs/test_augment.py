"""Augmentation: each image by its own draws, and each operation against torchvision or plain loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import stats
from torchvision.transforms import RandomErasing, RandomResizedCrop
from torchvision.transforms.v2 import functional as torchvision

from classmark.inputs.augment import (
    CROP_RATIO,
    ERASED_RATIO,
    ERASED_SHARE,
    augment,
    crop,
    erase,
    flip_and_shift,
    rectangles,
    resize,
)
from classmark.inputs.draws import Draws, Stream
from classmark.recipes.schema import Augmentation
from pictures import equal_images, made_images

SECTIONS = {
    "flip": Augmentation(flip=True),
    "shift": Augmentation(shift_px=6),
    "crop": Augmentation(crop_scale=(0.3, 1.0)),
    "randaugment": Augmentation(randaugment=2),
    "erasing": Augmentation(erasing=0.9),
    "all": Augmentation(flip=True, shift_px=3, crop_scale=(0.3, 1.0), randaugment=2, magnitude=15.0, erasing=0.5),
}
EVERY = pytest.mark.parametrize("section", SECTIONS.values(), ids=SECTIONS)


def draws(rows: np.ndarray | int, seed: int = 1, epoch: int = 1) -> Draws:
    return Draws(seed, epoch, np.arange(rows) if isinstance(rows, int) else rows)


@EVERY
def test_equal_images_in_one_batch_come_out_different(section: Augmentation) -> None:
    varied = augment(equal_images(32), draws(32), section, 32)
    different = len({image.numpy().tobytes() for image in varied})
    assert different == 2 if section == SECTIONS["flip"] else different > 16


@EVERY
@pytest.mark.parametrize("size_px", [32, 40])
def test_an_image_becomes_the_same_in_any_company(section: Augmentation, size_px: int) -> None:
    images, rows = made_images(37), 1000 + np.arange(37)
    whole = augment(images, draws(rows), section, size_px)
    shuffled = np.random.default_rng(0).permutation(37)
    torch.testing.assert_close(augment(images[shuffled], draws(rows[shuffled]), section, size_px), whole[shuffled])
    for row in (0, 20, 36):
        alone = augment(images[row : row + 1], draws(rows[row : row + 1]), section, size_px)
        assert torch.equal(alone[0], whole[row])


@EVERY
def test_an_image_becomes_another_with_each_seed_epoch_and_row(section: Augmentation) -> None:
    images, rows = made_images(64), np.arange(64)
    first = augment(images, draws(64), section, 32)
    for other in (draws(64, seed=2), draws(64, epoch=2), draws(rows + 64)):
        assert (augment(images, other, section, 32) != first).flatten(1).any(dim=1).sum() > 16


@EVERY
@pytest.mark.parametrize("size_px", [24, 32])
def test_bytes_of_the_asked_shape_come_out_and_the_images_stay(section: Augmentation, size_px: int) -> None:
    images = made_images(8)
    kept = images.clone()
    varied = augment(images, draws(8), section, size_px)
    assert (varied.shape, varied.dtype) == ((8, 3, size_px, size_px), torch.uint8)
    assert torch.equal(images, kept)


@EVERY
def test_the_layout_in_memory_changes_nothing(section: Augmentation) -> None:
    images = made_images(16)
    last = images.contiguous(memory_format=torch.channels_last)
    assert torch.equal(augment(last, draws(16), section, 32), augment(images, draws(16), section, 32))


@EVERY
def test_the_number_of_threads_changes_nothing(section: Augmentation) -> None:
    images, threads = made_images(64), torch.get_num_threads()
    found = augment(images, draws(64), section, 48)
    try:
        torch.set_num_threads(1 if threads > 1 else 2)
        assert torch.equal(augment(images, draws(64), section, 48), found)
    finally:
        torch.set_num_threads(threads)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@EVERY
def test_a_gpu_gives_the_same_images_but_for_rounding(section: Augmentation) -> None:
    images = made_images(64)
    theirs = augment(images.cuda(), draws(64), section, 32).cpu()
    differences = (augment(images, draws(64), section, 32).int() - theirs.int()).abs()
    assert (differences > 1).float().mean() < 0.01


def test_nothing_asked_is_nothing_done() -> None:
    images = made_images(4)
    assert augment(images, draws(4), Augmentation(), 32) is images


@pytest.mark.parametrize("size_px", [8, 20, 64])
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_resize_is_torchvisions(size_px: int, interpolation: str) -> None:
    images = made_images(3, 40, 30)
    theirs = torchvision.resize(
        images, [size_px, size_px], torchvision.InterpolationMode(interpolation), antialias=True
    )
    assert torch.equal(resize(images, size_px, interpolation), theirs)  # type: ignore[arg-type]
    on_floats = torchvision.resize(
        images.float(), [size_px, size_px], torchvision.InterpolationMode(interpolation), antialias=True
    )
    differences = (theirs.float() - on_floats.clamp(0, 255)).abs()
    assert differences.max() < 3  # Bytes are rounded twice, once each direction.
    assert differences.mean() < 0.5


@pytest.mark.parametrize("size_px", [16, 48, 96])
def test_crop_is_torchvisions_resized_crop_of_the_same_part(size_px: int) -> None:
    images = made_images(24, 48, 64)
    parts = rectangles(draws(24), Stream.CROP, (48, 64), (0.08, 1.0), CROP_RATIO)
    ours = crop(images, draws(24), (0.08, 1.0), size_px)
    bicubic = torchvision.InterpolationMode.BICUBIC
    for image, found, top, left, height, width in zip(images, ours, *parts, strict=True):
        theirs = torchvision.resized_crop(
            image, int(top), int(left), int(height), int(width), [size_px, size_px], bicubic, antialias=True
        )
        differences = (found.int() - theirs.int()).abs()
        assert differences.max() <= 2
        assert (differences > 0).float().mean() < 0.04


def test_crop_of_the_whole_image_is_the_image() -> None:
    images = made_images(8)
    assert torch.equal(crop(images, draws(8), (1.0, 1.0), 32), images)


def test_crop_keeps_flat_colours() -> None:
    images = torch.tensor([[0, 77, 255]], dtype=torch.uint8)[:, :, None, None].expand(16, 3, 200, 200)
    assert torch.equal(crop(images, draws(16), (0.1, 1.0), 24), images[:, :, :24, :24])


@pytest.mark.parametrize(("size", "scale"), [((64, 64), (0.25, 1.0)), ((40, 90), (0.08, 1.0))])
def test_crops_are_distributed_like_torchvisions(size: tuple[int, int], scale: tuple[float, float]) -> None:
    torch.manual_seed(0)
    image = torch.empty(3, *size)
    theirs = np.array([RandomResizedCrop.get_params(image, list(scale), list(CROP_RATIO)) for _ in range(1500)]).T
    ours = rectangles(draws(1500), Stream.CROP, size, scale, CROP_RATIO)
    for mine, their in zip(ours, theirs, strict=True):
        assert stats.ks_2samp(mine, their).pvalue > 1e-3


def test_erased_rectangles_are_distributed_like_torchvisions() -> None:
    torch.manual_seed(0)
    image = torch.empty(3, 64, 64)
    found = (RandomErasing.get_params(image, ERASED_SHARE, ERASED_RATIO, [0.0]) for _ in range(1500))
    top, left, height, width = np.array([part[:4] for part in found]).T
    # Their ratio is height over width: the mirrored rectangle has the same distribution.
    ours = rectangles(draws(1500), Stream.ERASED, (64, 64), ERASED_SHARE, ERASED_RATIO)
    for mine, their in zip(ours, (top, left, height, width), strict=True):
        assert stats.ks_2samp(mine, their).pvalue > 1e-3


def test_where_no_rectangle_fits_the_largest_in_the_middle_is_taken() -> None:
    parts = rectangles(draws(3), Stream.CROP, (20, 100), (1.0, 1.0), CROP_RATIO)
    assert [part.tolist() for part in parts] == [[0] * 3, [37] * 3, [20] * 3, [27] * 3]
    parts = rectangles(draws(3), Stream.CROP, (100, 20), (1.0, 1.0), CROP_RATIO)
    assert [part.tolist() for part in parts] == [[37] * 3, [0] * 3, [27] * 3, [20] * 3]


@pytest.mark.parametrize("shift_px", [0, 1, 6, 40])
@pytest.mark.parametrize("flip", [False, True])
def test_flip_and_shift_are_numpys(flip: bool, shift_px: int) -> None:
    images, drawn = made_images(64, 16, 20), draws(64)
    found = flip_and_shift(images, drawn, flip, shift_px)
    flipped = drawn.uniforms(Stream.FLIP, 1)[:, 0] < 0.5
    moves = (drawn.uniforms(Stream.SHIFT, 2) * (2 * shift_px + 1)).astype(int) - shift_px
    assert moves.min() == -shift_px
    assert moves.max() == shift_px
    for row, image in enumerate(images.numpy()):
        rim = ((0, 0), (shift_px, shift_px), (shift_px, shift_px))
        top, left = shift_px - moves[row]
        expected = np.pad(image, rim, mode="reflect")[:, top : top + 16, left : left + 20]
        np.testing.assert_array_equal(found[row].numpy(), expected[:, :, ::-1] if flip and flipped[row] else expected)


def test_half_of_the_images_are_mirrored() -> None:
    images = equal_images(1000, 8, 8)
    found = flip_and_shift(images, draws(1000), flip=True, shift_px=0)
    mirrored = (found == images.flip(3)).flatten(1).all(dim=1)
    assert ((found == images).flatten(1).all(dim=1) ^ mirrored).all()
    assert stats.binomtest(int(mirrored.sum()), 1000, 0.5).pvalue > 1e-3


def test_erasing_fills_one_rectangle_with_noise_and_leaves_the_rest() -> None:
    images = torch.zeros(800, 3, 24, 24, dtype=torch.uint8)
    found = erase(images, draws(800), 0.3)
    hit = (found > 0).any(dim=1)
    erased = hit.flatten(1).any(dim=1)
    assert stats.binomtest(int(erased.sum()), 800, 0.3).pvalue > 1e-3
    noise = []
    for image, inside in zip(found[erased], hit[erased], strict=True):
        rows, columns = inside.any(dim=1).nonzero()[:, 0], inside.any(dim=0).nonzero()[:, 0]
        part = image[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        assert 0.01 < part[0].numel() / 576 < 0.36
        assert image.count_nonzero() == part.count_nonzero()
        noise.append(part.flatten())
    values = torch.cat(noise).numpy()
    assert stats.chisquare(np.bincount(values, minlength=256)).pvalue > 1e-4


def test_no_image_of_a_batch_may_be_chosen_for_erasing() -> None:
    images = made_images(1)
    rows = np.flatnonzero(draws(50).uniforms(Stream.ERASE, 1)[:, 0] >= 0.1)[:1]
    assert erase(images, draws(rows), 0.1) is images

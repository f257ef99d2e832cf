"""Images as training and prediction see them: batches, draws, sizes that grow, and files, bytes and pixels alike."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from PIL import Image

from classmark.data.dataset import Dataset
from classmark.data.images.files import ImageFiles
from classmark.data.images.pixels import Images
from classmark.errors import ClassmarkError, InputError
from classmark.inputs.augment import resize
from classmark.inputs.examples import Batch, Draw, Preprocessing
from classmark.inputs.images import (
    EVALUATION_PIXELS,
    ImageEncoder,
    ImageExamples,
    growing_sizes,
    load_image_encoder,
    prepare_images,
    stored_px,
)
from classmark.recipes.schema import Augmentation, ImageInput, Train
from pictures import made_images

COUNT, CLASSES = 24, 3
CPU = torch.device("cpu")
STRONG = Augmentation(flip=True, shift_px=3, crop_scale=(0.3, 1.0), randaugment=2, erasing=0.5)
VARIATIONS = {
    "flip": Augmentation(flip=True),
    "shift": Augmentation(shift_px=4),
    "crop": Augmentation(crop_scale=(0.3, 0.8)),
    "randaugment": Augmentation(randaugment=1),
    "erasing": Augmentation(erasing=0.9),
    "all": STRONG,
}


def made_set(pixels: torch.Tensor) -> Images:
    stored = np.ascontiguousarray(pixels.numpy().transpose(0, 2, 3, 1))
    return Images(ImageFiles(Path("made"), tuple(map(str, range(len(stored))))), stored.shape[1], stored)


@pytest.fixture(scope="module")
def examples() -> ImageExamples:
    """The first image stands in the last place too; places go backwards."""
    pixels = made_images(COUNT, 20, 20)
    pixels[COUNT - 1] = pixels[0]
    places = np.arange(COUNT)[::-1].copy()
    return ImageExamples(made_set(pixels), places, torch.arange(COUNT) % CLASSES, CLASSES, size_px=16)


def batch_of(examples: ImageExamples, rows: list[int], draw: Draw | None = None) -> Batch:
    return examples.batch(examples.load(np.array(rows)), CPU, draw)


def pixels_of(examples: ImageExamples, rows: list[int], draw: Draw | None = None) -> torch.Tensor:
    return batch_of(examples, rows, draw).inputs[0]


def test_batches_follow_from_seed_and_epoch(examples: ImageExamples) -> None:
    section = Train(batch_size=10)
    batches = examples.training_batches(section, 1, 1)
    assert [len(rows) for rows in batches] == [10, 10, 4]
    assert sorted(np.concatenate(batches)) == list(range(COUNT))
    orders = {
        key: tuple(np.concatenate(examples.training_batches(section, *key))) for key in [(1, 1), (1, 2), (2, 1), (2, 2)]
    }
    assert len(set(orders.values())) == 4
    assert tuple(np.concatenate(batches)) == orders[1, 1]


@pytest.mark.parametrize(
    ("size", "lengths"), [(23, [24]), (8, [8, 8, 8]), (1, [1] * 24), (24, [24]), (100, [24]), (11, [11, 11, 2])]
)
def test_no_image_is_left_over_alone(size: int, lengths: list[int], examples: ImageExamples) -> None:
    batches = examples.training_batches(Train(batch_size=size), 1, 1)
    assert [len(rows) for rows in batches] == lengths
    assert sorted(np.concatenate(batches)) == list(range(COUNT))


@pytest.mark.parametrize(("size_px", "rows"), [(16, 256), (64, 256), (224, 20), (2_000, 1)])
def test_evaluation_takes_as_many_as_fit(size_px: int, rows: int, examples: ImageExamples) -> None:
    many = replace(
        examples, places=np.zeros(600, np.int64), labels=torch.zeros(600, dtype=torch.int64), size_px=size_px
    )
    batches = many.evaluation_batches()
    assert max(map(len, batches)) == rows
    assert rows == 1 or rows * size_px**2 <= EVALUATION_PIXELS
    assert np.concatenate(batches).tolist() == list(range(600))


def test_rows_lead_to_their_places_and_labels(examples: ImageExamples) -> None:
    batch = batch_of(examples, [5, 0, 5])
    assert batch.labels.tolist() == [2, 0, 2]
    assert (batch.size, batch.targets) == (3, None)
    stored = torch.from_numpy(examples.images.read(np.array([18, 23, 18])).transpose(0, 3, 1, 2).copy())
    torch.testing.assert_close(batch.inputs[0], resize(stored, 16), rtol=0, atol=0)


@pytest.mark.parametrize("what", VARIATIONS)
def test_an_image_is_varied_alike_in_any_company(what: str, examples: ImageExamples) -> None:
    varied, draw = replace(examples, augmentation=VARIATIONS[what]), Draw(3, 2, 0)
    whole = pixels_of(varied, list(range(COUNT)), draw)
    some = [7, 20, 3, 11]
    assert torch.equal(pixels_of(varied, some, draw), whole[some])
    assert torch.equal(pixels_of(varied, [3], Draw(3, 2, 9)), whole[[3]])  # the step does not matter
    for other in (Draw(3, 3, 0), Draw(4, 2, 0)):
        assert not torch.equal(pixels_of(varied, list(range(COUNT)), other), whole)


@pytest.mark.parametrize("what", VARIATIONS)
def test_equal_images_of_a_batch_come_out_different(what: str, examples: ImageExamples) -> None:
    same = replace(examples, places=np.zeros(COUNT, np.int64), augmentation=VARIATIONS[what])
    found = {image.numpy().tobytes() for image in pixels_of(same, list(range(COUNT)), Draw(1, 1, 0))}
    assert len(found) >= (2 if what == "flip" else 10)


def test_evaluation_is_never_varied(examples: ImageExamples) -> None:
    varied = replace(examples, augmentation=Augmentation(**{**STRONG.model_dump(), "mixup": 1.0}), sizes_px=(8, 16))
    assert torch.equal(pixels_of(varied, [0, 4]), pixels_of(examples, [0, 4]))
    assert batch_of(varied, [0, 4]).targets is None


@pytest.mark.parametrize("section", [Augmentation(mixup=0.8), Augmentation(cutmix=1.0)])
def test_mixed_images_have_shares_of_their_classes(section: Augmentation, examples: ImageExamples) -> None:
    mixed, rows = replace(examples, augmentation=section), list(range(COUNT))
    batch = batch_of(mixed, rows, Draw(1, 1, 0))
    assert batch.targets is not None
    assert batch.targets.shape == (COUNT, CLASSES)
    torch.testing.assert_close(batch.targets.sum(dim=1), torch.ones(COUNT))
    assert torch.equal(batch.labels, batch.targets.argmax(dim=1))
    assert batch.labels.dtype == torch.int64
    assert (batch.targets.max(dim=1).values < 1).any()
    again, later = batch_of(mixed, rows, Draw(1, 1, 0)), batch_of(mixed, rows, Draw(1, 1, 1))
    assert torch.equal(again.inputs[0], batch.inputs[0])
    assert torch.equal(again.targets, batch.targets)  # type: ignore[arg-type]
    assert not torch.equal(later.inputs[0], batch.inputs[0])


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_training_resizes_as_evaluation_does(interpolation: Any, examples: ImageExamples) -> None:
    small = replace(examples, size_px=48, interpolation=interpolation)
    assert torch.equal(pixels_of(small, [0, 4], Draw(1, 1, 0)), pixels_of(small, [0, 4]))


def test_sizes_grow_by_the_epoch(examples: ImageExamples) -> None:
    growing = replace(examples, sizes_px=(8, 12, 16))
    for section in (Augmentation(), STRONG, Augmentation(mixup=1.0)):
        varied = replace(growing, augmentation=section)
        shapes = [pixels_of(varied, [1, 2], Draw(1, epoch, 0)).shape for epoch in (1, 2, 3)]
        assert shapes == [(2, 3, size, size) for size in (8, 12, 16)]
    assert pixels_of(growing, [1, 2]).shape == (2, 3, 16, 16)


@pytest.mark.parametrize(
    ("first", "last", "epochs", "sizes"),
    [
        (64, 96, 5, (64, 72, 80, 88, 96)),
        (64, 96, 2, (64, 96)),
        (64, 96, 1, (96,)),
        (64, 64, 3, (64, 64, 64)),
        (12, 30, 4, (12, 16, 24, 30)),
        (36, 104, 3, (36, 72, 104)),
        (60, 63, 4, (60, 63, 63, 63)),
        (None, 96, 5, ()),
    ],
)
def test_growing_sizes(first: int | None, last: int, epochs: int, sizes: tuple[int, ...]) -> None:
    assert growing_sizes(ImageInput(size_px=last, grow_from_px=first), epochs) == sizes


@pytest.mark.parametrize(("first", "last", "epochs"), [(8, 224, 90), (100, 101, 7), (13, 67, 12)])
def test_sizes_grow_from_the_first_to_the_last(first: int, last: int, epochs: int) -> None:
    sizes = growing_sizes(ImageInput(size_px=last, grow_from_px=first), epochs)
    assert (len(sizes), sizes[0], sizes[-1]) == (epochs, first, last)
    assert list(sizes) == sorted(sizes)
    assert all(size % 8 == 0 for size in sizes if first < size < last)


def test_crops_are_cut_from_larger_squares() -> None:
    assert stored_px(ImageInput(size_px=224)) == 224
    assert stored_px(ImageInput(size_px=224, augmentation=STRONG)) == 256


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    """A PNG, a JPEG, and a high one."""
    generator, paths = np.random.default_rng(5), []
    for name, shape in (("a.png", (20, 20, 3)), ("b.jpg", (30, 40, 3)), ("c.png", (50, 25, 3))):
        Image.fromarray(generator.integers(0, 256, shape, dtype=np.uint8)).save(tmp_path / name)
        paths.append(tmp_path / name)
    return paths


ENCODER = ImageEncoder(side_px=24, size_px=16, interpolation="bicubic")


def seen(inputs: Any) -> torch.Tensor:
    examples = ENCODER.examples(inputs)
    return pixels_of(examples, list(range(len(examples))))


def test_paths_bytes_and_pixels_give_the_same(photos: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    expected = seen(photos)
    assert expected.shape == (3, 3, 16, 16)
    arrays = [np.asarray(Image.open(path)) for path in photos]
    contents = [path.read_bytes() for path in photos]
    monkeypatch.chdir(photos[0].parent)
    for inputs in (
        list(map(str, photos)),
        [path.name for path in photos],
        contents,
        arrays,
        [photos[0].name, contents[1], arrays[2]],
        (photos[0], str(photos[1]), contents[2]),
    ):
        assert torch.equal(seen(inputs), expected)
    assert torch.equal(seen(np.stack([arrays[0]] * 2)), expected[[0, 0]])


def test_an_image_alone_is_what_it_is_in_company(photos: list[Path]) -> None:
    assert torch.equal(torch.cat([seen([path]) for path in photos]), seen(photos))


def test_what_is_no_image_is_told_in_a_sentence(photos: list[Path], tmp_path: Path) -> None:
    wanted = "give the path of an image, its bytes, or uint8 pixels of shape (H, W, 3)."
    array = np.zeros((4, 4, 3), np.uint8)
    missing = tmp_path / "no.png"
    for inputs, message in (
        ([3], f"image 1: int; {wanted}"),
        ([photos[0], None], f"image 2: NoneType; {wanted}"),
        ([array, array.astype(np.float32)], f"image 2: float32 of shape (4, 4, 3); {wanted}"),
        ([array[:, :, 0]], f"image 1: uint8 of shape (4, 4); {wanted}"),
        ([np.zeros((4, 4, 4), np.uint8)], f"image 1: uint8 of shape (4, 4, 4); {wanted}"),
        ([array[:0]], f"image 1: uint8 of shape (0, 4, 3); {wanted}"),
        ([b""], "image 1: the image cannot be read (the file is empty)."),
        ([missing], f"{missing}: the image cannot be read (there is no such file)."),
        ([array, missing], f"{missing}: the image cannot be read (there is no such file)."),
        ([tmp_path], f"{tmp_path}: the image cannot be read (it is a folder)."),
        ([array, b"no image"], "image 2: the image cannot be read (no image in a format that is read "
         "(JPEG, PNG, GIF, BMP, WebP, TIFF, PPM, JPEG 2000, AVIF, HEIC))."),
    ):  # fmt: skip
        with pytest.raises(InputError) as caught:
            seen(inputs)
        assert str(caught.value) == message


def test_an_encoder_is_read_back(tmp_path: Path) -> None:
    for encoder in (ENCODER, ImageEncoder(8, 64, "bilinear")):
        encoder.save(tmp_path)
        assert load_image_encoder(tmp_path) == encoder
    assert json.loads((tmp_path / "preprocessing.json").read_text()) == {
        "side_px": 8, "size_px": 64, "interpolation": "bilinear"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not valid JSON (Expecting value: line 1 column 1 (char 0)); the file is damaged."),
        (b"[1]", "expected a JSON object, found list."),
        (b"{}", "not what belongs there (side_px is missing). Copy the run's model folder anew."),
        (
            b'{"side_px": 24, "size_px": 16, "interpolation": "nearest"}',
            'not what belongs there (interpolation is "nearest"). Copy the run\'s model folder anew.',
        ),
        (
            b'{"side_px": 0, "size_px": 16, "interpolation": "bicubic"}',
            "not what belongs there (side_px is 0). Copy the run's model folder anew.",
        ),
        (
            b'{"side_px": 24, "size_px": null, "interpolation": "bicubic"}',
            "not what belongs there (size_px is None). Copy the run's model folder anew.",
        ),
    ],
)
def test_damaged_preprocessing(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "preprocessing.json"
    path.write_bytes(content)
    with pytest.raises(ClassmarkError) as caught:
        load_image_encoder(tmp_path)
    assert str(caught.value) == f"{path}: {reason}"


def test_missing_preprocessing(tmp_path: Path) -> None:
    with pytest.raises(ClassmarkError, match=r"preprocessing\.json: the file is missing"):
        load_image_encoder(tmp_path)


def test_only_the_training_split_is_varied_and_grows() -> None:
    pixels = made_images(COUNT, 20, 20)
    frame = pl.DataFrame({"id": list(map(str, range(COUNT))), "label": list("abc") * 8, "row": range(COUNT)})
    frame = frame.with_columns(width=pl.col("row") + 20, height=pl.lit(20))
    frames = {"train": frame[12:], "validation": frame[6:12], "test": frame[:6]}
    dataset = Dataset(("a", "b", "c"), **frames, fingerprint="", description={}, images=made_set(pixels))
    section = ImageInput(size_px=16, grow_from_px=8, augmentation=STRONG)
    inputs = prepare_images(section, Preprocessing((0.5,) * 3, (0.5,) * 3, "bilinear"), dataset, 2)  # type: ignore[arg-type]
    assert inputs.encoder == ImageEncoder(20, 16, "bilinear")
    splits = {"train": inputs.train, "validation": inputs.validation, "test": inputs.test}
    for name, split in splits.items():
        assert isinstance(split, ImageExamples)
        assert (split.size_px, split.interpolation, split.classes) == (16, "bilinear", 3)
        assert split.places.tolist() == frames[name]["row"].to_list()
        assert ["abc"[label] for label in split.labels.tolist()] == frames[name]["label"].to_list()
        assert (split.augmentation, split.sizes_px) == ((STRONG, (8, 16)) if name == "train" else (Augmentation(), ()))
    assert inputs.description["pixels"] == {"min_width": 20, "min_height": 20, "max_width": 43, "max_height": 20}
    assert (inputs.description["size_px"], inputs.description["stored_px"]) == (16, 20)


def test_bytes_are_named_by_their_number_where_decoding_fails(photos: list[Path]) -> None:
    half = photos[2].read_bytes()[:500]
    stream = io.BytesIO()
    Image.open(photos[0]).save(stream, "PNG")
    with pytest.raises(InputError, match=r"^image 2: the image cannot be read \(damaged or truncated"):
        seen([stream.getvalue(), half])

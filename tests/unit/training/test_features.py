"""Features of a backbone that stands still: the model's own, computed once, kept whole, picked by (seed, epoch, row)."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from classmark.data.images.files import ImageFiles
from classmark.data.images.pixels import Images
from classmark.errors import InputError
from classmark.inputs.draws import Draws, Stream
from classmark.inputs.examples import Draw, ImageShape, Inputs
from classmark.inputs.images import ImageEncoder, ImageExamples
from classmark.models.backbone import BackboneClassifier
from classmark.models.build import build_model, initialise
from classmark.recipes.schema import Augmentation, Backbone, Recipe, Train
from classmark.training import features as module
from classmark.training.features import FeatureExamples, feature_examples, feature_splits, settle_features
from pictures import made_images

COUNT, SIZE = 70, 16
CPU = torch.device("cpu")
PATHS = ["mirrored.json", "mirrored.npy", "plain.json", "plain.npy"]


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where features are kept."""
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "features"


def made_model(seed: int = 1, size_px: int = SIZE, test_time_flip: bool = False) -> BackboneClassifier:
    section = Backbone(backbone="test_resnet", tune="head", test_time_flip=test_time_flip)
    model = build_model(section, ImageShape(size_px), 3)
    initialise(model, seed)
    assert isinstance(model, BackboneClassifier)
    return model


@pytest.fixture(scope="module")
def model() -> BackboneClassifier:
    return made_model()


@pytest.fixture(scope="module")
def plain() -> ImageExamples:
    stored = np.ascontiguousarray(made_images(COUNT, 20, 20).numpy().transpose(0, 2, 3, 1))
    images = Images(ImageFiles(Path("made"), tuple(map(str, range(COUNT)))), 20, stored)
    return ImageExamples(images, np.arange(COUNT)[::-1].copy(), torch.arange(COUNT) % 3, 3, SIZE)


@pytest.fixture(scope="module")
def flipped(plain: ImageExamples) -> ImageExamples:
    return replace(plain, augmentation=Augmentation(flip=True))


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images have gone through the backbone, a number for each view."""
    counts: list[int] = []
    compute: Callable[..., Iterator[Any]] = module.frozen_features

    def counting(*arguments: Any) -> Iterator[Any]:
        counts.append(0)
        for found in compute(*arguments):
            counts[-1] += len(found)
            yield found

    monkeypatch.setattr(module, "frozen_features", counting)
    return counts


def names_in(folder: Path) -> list[str]:
    return sorted(path.name.partition("-")[2] for path in folder.iterdir())


@pytest.mark.parametrize("mirrored", [False, True])
def test_features_are_the_models_own(mirrored: bool, model: BackboneClassifier, flipped: ImageExamples) -> None:
    found = feature_examples(model, flipped, "fp32")
    assert (len(found), found.unit, found.sizes.tolist()) == (COUNT, "images", [1] * COUNT)
    (images,) = flipped.batch(flipped.load(np.arange(COUNT)), CPU).inputs
    with torch.no_grad():
        expected = model.eval().features(images.flip(3) if mirrored else images).numpy()
    view = found.views[mirrored]
    assert view.dtype == np.float16
    np.testing.assert_allclose(view, expected, atol=1e-3 * np.abs(expected).max())
    assert not np.allclose(view, found.views[not mirrored], atol=1e-2 * np.abs(expected).max())
    batch = found.batch(found.load(np.array([3, 0])), CPU)
    with torch.no_grad():
        torch.testing.assert_close(model(*batch.inputs), model(images[[3, 0]]), atol=5e-3, rtol=1e-2)
    assert batch.labels.tolist() == [0, 0]


def test_features_that_are_means_over_mirror_images_have_one_view(plain: ImageExamples, flipped: ImageExamples) -> None:
    both = feature_examples(made_model(test_time_flip=True), flipped, "fp32")
    one, other = feature_examples(made_model(), flipped, "fp32").views
    assert len(both.views) == 1
    np.testing.assert_allclose(both.views[0], (one.astype(np.float32) + other) / 2, atol=2e-3 * np.abs(one).max())


def test_they_are_computed_once(
    model: BackboneClassifier, plain: ImageExamples, flipped: ImageExamples, computed: list[int], kept: Path
) -> None:  # fmt: skip
    first = feature_examples(model, plain, "fp32")
    assert (computed, names_in(kept)) == ([COUNT], PATHS[2:])
    second = feature_examples(model, flipped, "fp32")  # the plain view is there
    assert (computed, names_in(kept)) == ([COUNT, COUNT], PATHS)
    third = feature_examples(model, flipped, "fp32")
    assert computed == [COUNT, COUNT]
    np.testing.assert_array_equal(first.views[0], third.views[0])
    for one, other in zip(second.views, third.views, strict=True):
        np.testing.assert_array_equal(one, other)
    rows = np.array([2, 68, 2])
    batches = [found.batch(found.load(rows), CPU, Draw(1, 1, 0)) for found in (second, third)]
    assert torch.equal(batches[0].inputs[0], batches[1].inputs[0])


def test_the_classifier_does_not_matter(plain: ImageExamples, computed: list[int], model: BackboneClassifier) -> None:
    feature_examples(model, plain, "fp32")
    other = made_model()
    with torch.no_grad():
        other.classifier.weight += 1.0
    feature_examples(other, plain, "fp32")
    assert computed == [COUNT]


CHANGES = ("weights", "statistics", "size", "rows", "order", "interpolation", "files", "way", "threads", "flip")


@pytest.mark.parametrize("what", CHANGES)
def test_what_features_follow_from_gives_others(
    what: str, model: BackboneClassifier, plain: ImageExamples, computed: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    feature_examples(model, plain, "fp32")
    changed, examples, way = made_model(), plain, "fp32"
    rows = plain.places[:60] if what == "rows" else plain.places[::-1].copy()
    match what:
        case "weights":
            with torch.no_grad():
                changed.backbone.conv1[0].weight[0, 0, 0, 0] += 1e-3
        case "statistics":
            changed.backbone.bn1.running_mean[0] += 1e-3
        case "size":
            changed, examples = made_model(size_px=24), replace(plain, size_px=24)
        case "rows" | "order":
            examples = replace(plain, places=rows, labels=plain.labels[: len(rows)])
        case "interpolation":
            examples = replace(plain, interpolation="bilinear")
        case "files":
            names = tuple(f"{row}.png" for row in range(COUNT))
            examples = replace(plain, images=replace(plain.images, files=ImageFiles(Path("made"), names)))
        case "flip":
            changed = made_model(test_time_flip=True)
        case "threads":
            monkeypatch.setattr(torch, "get_num_threads", lambda: 17)
        case _:
            way = "bf16"
    feature_examples(changed, examples, way)  # type: ignore[arg-type]
    assert computed == [COUNT, len(examples)]


def shortened(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 100)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def overwritten(path: Path) -> None:
    path.write_bytes(b"PK\x03\x04 this is no array" * 10)


def one_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def other_shape(path: Path) -> None:
    np.save(path, np.load(path)[:-1])


def other_type(path: Path) -> None:
    np.save(path, np.load(path).view(np.int16))


def without_checksum(path: Path) -> None:
    path.with_suffix(".json").unlink()


def damaged_checksum(path: Path) -> None:
    path.with_suffix(".json").write_text("[]")


def lacking_checksum(path: Path) -> None:
    path.with_suffix(".json").write_text("{}")


def gone(path: Path) -> None:
    path.unlink()


DAMAGES = (
    *(shortened, emptied, overwritten, one_bit, other_shape, other_type, gone),
    *(without_checksum, damaged_checksum, lacking_checksum),
)


@pytest.mark.parametrize("spoil", DAMAGES, ids=lambda spoil: spoil.__name__)
def test_damaged_ones_are_made_again(
    spoil: Callable[[Path], None], model: BackboneClassifier, plain: ImageExamples,
    computed: list[int], kept: Path,
) -> None:  # fmt: skip
    whole = np.array(feature_examples(model, plain, "fp32").views[0])
    spoil(next(kept.glob("*.npy")))
    np.testing.assert_array_equal(feature_examples(model, plain, "fp32").views[0], whole)
    assert computed == [COUNT, COUNT]
    feature_examples(model, plain, "fp32")
    assert computed == [COUNT, COUNT]
    assert names_in(kept) == PATHS[2:]


def test_a_cache_that_cannot_be_written_is_told(model: BackboneClassifier, plain: ImageExamples, kept: Path) -> None:
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("in the way")
    with pytest.raises(InputError) as caught:
        feature_examples(model, plain, "fp32")
    size = 2 * COUNT * model.classifier.in_features
    assert str(caught.value) == (
        f"{kept}: {size:,} bytes of features cannot be kept there (this is a file, and a folder is needed). "
        "Name a folder with room for them: CLASSMARK_CACHE=…"
    )


@pytest.fixture
def views() -> FeatureExamples:
    """Features that tell row and view: row r has r plain, r + 0.5 mirrored."""
    rows = np.arange(COUNT, dtype=np.float16)[:, None].repeat(4, axis=1)
    return FeatureExamples([rows, rows + np.float16(0.5)], torch.arange(COUNT) % 3)


def test_every_second_image_is_mirrored_by_its_own_draw(views: FeatureExamples) -> None:
    rows = np.arange(COUNT)

    def mirrored(draw: Draw, which: Any = rows) -> Any:
        batch = views.batch(views.load(which), CPU, draw)
        assert batch.inputs[0].dtype == torch.float32
        assert batch.labels.tolist() == (which % 3).tolist()
        assert batch.targets is None
        return batch.inputs[0][:, 0].numpy() - which == 0.5

    whole = mirrored(Draw(1, 1, 0))
    assert 20 < whole.sum() < 50
    # The draw is that of the images' own flips: features stand for them.
    np.testing.assert_array_equal(whole, Draws(1, 1, rows).uniforms(Stream.FLIP, 1)[:, 0] < 0.5)
    some = np.array([9, 2, 60])
    np.testing.assert_array_equal(mirrored(Draw(1, 1, 5), some), whole[some])
    for other in (Draw(1, 2, 0), Draw(2, 1, 0)):
        assert (mirrored(other) != whole).any()


def test_evaluation_and_plain_views_are_never_mirrored(views: FeatureExamples) -> None:
    rows = np.arange(COUNT)
    for found, draw in ((views, None), (FeatureExamples(views.views[:1], views.labels), Draw(1, 1, 0))):
        batch = found.batch(found.load(rows), CPU, draw)
        assert batch.inputs[0][:, 0].tolist() == rows.tolist()


def test_batches_of_features_are_those_of_the_images(views: FeatureExamples, plain: ImageExamples) -> None:
    section = Train(batch_size=8)
    for one, other in zip(views.training_batches(section, 3, 2), plain.training_batches(section, 3, 2), strict=True):
        np.testing.assert_array_equal(one, other)
    assert np.concatenate(views.evaluation_batches()).tolist() == list(range(COUNT))


def made_inputs(plain: ImageExamples, flipped: ImageExamples) -> Inputs:
    encoder = ImageEncoder(20, SIZE, "bicubic")
    return Inputs(encoder, ImageShape(SIZE), flipped, plain, plain, {})


def test_validation_has_the_plain_view_alone(
    model: BackboneClassifier, plain: ImageExamples, flipped: ImageExamples
) -> None:
    head = {"name": "x", "data": {"source": "digits"}, "model": {"tune": "head", "features": "fp32"}}
    train, validation = feature_splits(model, made_inputs(plain, flipped), Recipe.model_validate(head))
    assert (len(train.views), len(validation.views)) == (2, 1)
    assert torch.equal(validation.labels, plain.labels)


@pytest.mark.parametrize(
    ("source", "model", "settled"),
    [
        ("imdb", {}, None),
        ("digits", {"backbone": "test_resnet"}, "auto"),
        ("digits", {"backbone": "test_resnet", "tune": 1}, "auto"),
        ("digits", {"backbone": "test_resnet", "tune": "head", "features": "fp32"}, "fp32"),
        ("digits", {"backbone": "test_resnet", "tune": "head"}, "bf16"),
    ],
)
def test_the_way_is_settled_where_features_are_computed(
    source: str, model: dict[str, Any], settled: str | None, plain: ImageExamples, flipped: ImageExamples,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    asked: list[int] = []

    def fastest(_: object, __: str, images: int) -> str:
        asked.append(images)
        return "bf16"

    monkeypatch.setattr(module, "fastest_way", fastest)
    recipe = Recipe.model_validate({"name": "x", "data": {"source": source}, "model": model})
    found = settle_features(recipe, made_inputs(plain, flipped))
    assert getattr(found.model, "features", None) == settled
    assert (found == recipe) == (settled != "bf16")
    assert asked == ([3 * COUNT] if settled == "bf16" else [])  # both views of training, one of validation

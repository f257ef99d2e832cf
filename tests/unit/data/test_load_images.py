"""Images from their files to three splits: copies, odd kinds, unreadable ones."""

from __future__ import annotations

import io
import json
import struct
import sys
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from PIL import Image

from classmark.data import Dataset, load_dataset
from classmark.errors import InputError, MissingExtraError
from classmark.recipes.schema import Data

Write = Callable[[Mapping[str, bytes]], Path]
Make = Callable[[int], bytes]


@pytest.fixture
def images(png: Make) -> dict[str, bytes]:
    """Three classes of ten images each."""
    return {
        f"{kind}/{number:02d}.png": png(100 * place + number)
        for place, kind in enumerate("abc")
        for number in range(10)
    }


def loaded(place: Path, seed: int = 1, side_px: int = 64, **options: Any) -> Dataset:
    return load_dataset(Data(source="image-folder", path=str(place), **options), seed, side_px)


def refusal(place: Path, **options: Any) -> str:
    with pytest.raises(InputError) as caught:
        loaded(place, **options)
    return str(caught.value)


def content_of(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def bomb(width: int = 20_000, height: int = 20_000) -> bytes:
    """A PNG whose header promises more pixels than are read."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"0")) + chunk(b"IEND", b"")


def test_what_is_known_about_the_images_is_described(images: dict[str, bytes], as_folder: Write) -> None:
    dataset = loaded(as_folder(images))
    each = {"a": 6, "b": 6, "c": 6}, {"a": 2, "b": 2, "c": 2}, {"a": 2, "b": 2, "c": 2}
    assert dataset.description == {
        "kind": "images",
        "source": "image-folder",
        "path": "photos",
        "fingerprint": dataset.fingerprint,
        "classes": ["a", "b", "c"],
        "splits": {"train": 18, "validation": 6, "test": 6},
        "class_counts": dict(zip(("train", "validation", "test"), each, strict=True)),
        "exact_duplicates": 0,
        "duplicates_moved": 0,
        "leaked_test_rows": 0,
        "skipped": 0,
        "unreadable": [],
        "not_read": {},
        "group": None,
    }
    assert json.loads(json.dumps(dataset.description)) == dataset.description
    assert dataset.train.columns == ["id", "label", "path", "row", "sha256", "width", "height"]
    assert dataset.test.columns == [*dataset.train.columns, "leaked"]
    rows = pl.concat([dataset.train, dataset.validation, dataset.test.drop("leaked")])
    assert dataset.images is not None
    for path, row in rows.select("path", "row").iter_rows():
        with Image.open(io.BytesIO(images[path])) as image:
            expected = np.asarray(image)[:, 1:9]
        np.testing.assert_array_equal(dataset.images.read(np.array([row]))[0], expected)


def test_the_fingerprint_changes_with_seed_name_class_and_content_only(
    images: dict[str, bytes], as_folder: Write, png: Make
) -> None:
    place = as_folder(images)
    first = loaded(place).fingerprint
    assert loaded(place, side_px=4).fingerprint == first
    found = {first, loaded(place, seed=2).fingerprint}
    (place / "a/00.png").rename(place / "a/10.png")
    found.add(loaded(place).fingerprint)
    (place / "a/10.png").rename(place / "b/10.png")
    found.add(loaded(place).fingerprint)
    (place / "b/10.png").write_bytes(png(5_000))
    found.add(loaded(place).fingerprint)
    assert len(found) == 5


def test_copies_of_a_file_stay_on_one_side(as_folder: Write, png: Make) -> None:
    groups = {f"{'ab'[group % 2]}/{group:02d}-{copy}.png": png(group) for group in range(60) for copy in range(3)}
    dataset = loaded(as_folder(groups))
    sides = [{path[:4] for path in frame["path"]} for frame in (dataset.train, dataset.validation, dataset.test)]
    assert sum(map(len, sides)) == 60
    assert dataset.description["exact_duplicates"] == 120
    assert dataset.description["duplicates_moved"] > 0
    assert dataset.description["leaked_test_rows"] == 0


def test_test_rows_that_training_has_too_are_flagged(images: dict[str, bytes], as_folder: Write, png: Make) -> None:
    test = {"test/a/1.png": png(3), "test/b/2.png": png(105), "test/c/3.png": png(900), "test/c/4.png": png(7)}
    dataset = loaded(as_folder({f"train/{name}": content for name, content in images.items()} | test))
    assert dict(dataset.test.select("path", "leaked").iter_rows()) == {
        "test/a/1.png": True,
        "test/b/2.png": True,
        "test/c/3.png": False,
        "test/c/4.png": True,
    }
    assert dataset.description["leaked_test_rows"] == 3


def test_some_classes(images: dict[str, bytes], as_folder: Write) -> None:
    place = as_folder(images)
    dataset = loaded(place, classes=("c", "a"))
    assert dataset.classes == ("a", "c")
    assert dataset.description["splits"] == {"train": 12, "validation": 4, "test": 4}
    assert len(dataset.images or ()) == 20
    assert refusal(place, classes=("a", "zebra")) == (f'data.classes: {place} has no class "zebra". There are a, b, c.')


def test_a_misspelt_class_among_many(as_folder: Write) -> None:
    place = as_folder({f"kind {number:02d}/1.png": b"" for number in range(12)} | {"zebra/1.png": b""})
    assert (
        refusal(place, classes=("zebre", "kind 01"))
        == f'data.classes: {place} has no class "zebre". Did you mean "zebra"?'
    )
    assert refusal(place, classes=("?", "kind 01")) == (
        f'data.classes: {place} has no class "?". There are {", ".join(f"kind {number:02d}" for number in range(8))}, … '
        "(13 in all)."
    )


def test_a_limit_is_a_sample_by_class(images: dict[str, bytes], as_folder: Write) -> None:
    dataset = loaded(as_folder(images), limit=15)
    assert dataset.description["class_counts"]["train"] == {"a": 3, "b": 3, "c": 3}


def test_odd_kinds_of_images_are_read_right(images: dict[str, bytes], as_folder: Write) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6
    red, wide = (200, 30, 30), (32, 16)
    exif = content_of(Image.new("RGB", wide, red), "JPEG", quality=95, exif=turned)
    frames = [Image.new("P", wide, 1), Image.new("P", wide, 2)]
    for frame in frames:
        frame.putpalette([0, 0, 0, *red, 0, 0, 255])
    odd = {
        "a/cmyk.jpg": content_of(Image.new("RGB", wide, red).convert("CMYK"), "JPEG", quality=95),
        "a/palette.png": content_of(frames[0]),
        "a/deep.png": content_of(Image.fromarray(np.full((16, 32), 257 * 77, dtype=np.uint16))),
        "a/moving.gif": content_of(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "a/clear.png": content_of(Image.new("RGBA", wide, (200, 30, 30, 0))),
        "a/turned.jpeg": exif,
        "a/named.png": exif,  # the content counts, not the ending
    }
    dataset = loaded(as_folder(images | odd))
    rows = pl.concat([dataset.train, dataset.validation, dataset.test.drop("leaked")])
    found = {
        path: (row, width, height) for path, row, width, height in rows.select("path", "row", "width", "height").rows()
    }
    assert dataset.images is not None
    for path in odd:
        row, *size = found[path]
        grey = {"a/deep.png": (77, 77, 77), "a/clear.png": (255, 255, 255)}
        pixels = dataset.images.read(np.array([row]))[0].astype(int)
        assert np.abs(pixels - grey.get(path, red)).max() <= 3, path
        assert size == ([16, 32] if odd[path] is exif else [32, 16]), path


def test_unreadable_images_stop_the_run_or_are_listed(images: dict[str, bytes], as_folder: Write, png: Make) -> None:
    soft = content_of(Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)), "JPEG")
    bad = {
        "a/bomb.png": bomb(),
        "a/empty.png": b"",
        "b/large.png": bomb(15_000, 10_000),
        "b/text.jpg": b"this is no image",
        "c/truncated.png": png(1)[:120],
        "c/~half.jpg": soft[: len(soft) // 2],
    }
    place = as_folder(images | bad)
    reasons = {
        "a/bomb.png": "more than the 120,000,000 pixels that are read",
        "a/empty.png": "the file is empty",
        "b/large.png": "15,000 × 10,000 pixels, more than the 120,000,000 that are read",
        "b/text.jpg": "no image in a format that is read (JPEG, PNG, GIF, BMP, WebP, TIFF, PPM, JPEG 2000, AVIF, HEIC)",
        "c/truncated.png": "damaged or truncated (image file is truncated)",
    }
    listed = "; ".join(f"{path}: {reason}" for path, reason in reasons.items())
    assert refusal(place) == (
        f"{place}: 6 images cannot be read: {listed}; and 1 more. "
        "Mend them or take them away, or leave them out: data.skip_unreadable=true"
    )
    dataset = loaded(place, skip_unreadable=True)
    assert dataset.description["skipped"] == 6
    *others, half = dataset.description["unreadable"]
    assert others == [{"path": path, "reason": reason} for path, reason in reasons.items()]
    assert half["path"] == "c/~half.jpg"
    assert half["reason"].startswith("damaged or truncated (image file is truncated (")
    assert dataset.description["splits"] == {"train": 18, "validation": 6, "test": 6}
    assert dataset.fingerprint == loaded(as_folder(images, "whole")).fingerprint


def test_a_class_of_which_no_image_can_be_read(images: dict[str, bytes], as_folder: Write) -> None:
    place = as_folder(images | {"d/1.jpg": b"", "d/2.jpg": b"text"})
    assert refusal(place, skip_unreadable=True) == (
        f'{place}: no row of the class "d" can be read; rows of it: 2. '
        "Mend them, or name the classes to use: data.classes=[…]"
    )
    assert loaded(place, skip_unreadable=True, classes=("a", "b")).classes == ("a", "b")


def test_nothing_that_can_be_read(as_folder: Write) -> None:
    place = as_folder({"a/1.png": b"", "b/1.png": b""})
    assert refusal(place, skip_unreadable=True) == f"{place}: no row can be read and has a label."


def test_too_few_different_images(images: dict[str, bytes], as_folder: Write, png: Make) -> None:
    place = as_folder(images | {f"d/{number}.png": png(1_000) for number in range(9)})
    assert refusal(place) == (
        f'{place}: the class "d" has 1 different image, too few for 3 splits. Add some, or name the classes to use: '
        "data.classes=[…]"
    )


def test_without_pillow_the_line_that_installs_it_is_named(
    images: dict[str, bytes], as_folder: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError) as caught:
        loaded(as_folder(images))
    assert str(caught.value) == (
        'data.source: image-folder needs the package "Pillow": pip install "classmark[images]"'
    )

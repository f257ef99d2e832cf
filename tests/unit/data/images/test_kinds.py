"""Which files are images, and images of the rarer kinds."""

from __future__ import annotations

import io
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from classmark.data.images import decode as decoding
from classmark.data.images import kinds
from classmark.data.images.decode import decode
from classmark.data.images.kinds import count_endings, files_by_ending, has_ending, is_heif, is_image, starts_as_image

KINDS = ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "JPEG2000", "AVIF"]
needs_heif = pytest.mark.skipif(find_spec("pillow_heif") is None, reason="pillow-heif is not installed")


def content_of(kind: str, image: Image.Image | None = None, **options: object) -> bytes:
    stream = io.BytesIO()
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    (image or Image.new("RGB", (32, 16), (200, 30, 30))).save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("kind", [*KINDS, pytest.param("HEIF", marks=needs_heif)])
def test_every_kind_is_known_by_its_first_bytes_and_read(kind: str) -> None:
    content = content_of(kind)
    assert starts_as_image(content[:32])
    assert is_heif(content[:32]) == (kind == "HEIF")
    found = decode(content, 8)
    assert not isinstance(found, str)
    assert (found.width, found.height) == (32, 16)
    assert np.abs(found.pixels.astype(int) - (200, 30, 30)).max() <= 8


@needs_heif
def test_the_exif_tag_of_a_heic_image_does_not_turn_it_again() -> None:
    exif = Image.Exif()  # the format has boxes of its own for that, which are applied when it is read
    exif[0x0112] = 6
    found = decode(content_of("HEIF", exif=exif), 8)
    assert not isinstance(found, str)
    assert (found.width, found.height) == (32, 16)


@needs_heif
def test_a_damaged_heic_image_has_a_reason() -> None:
    content = content_of("HEIF")
    for damaged in (content[:40], content[:-60]):
        assert "damaged or truncated" in str(decode(damaged, 8))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8",
        b"BM is short",
        b"BMW is a make of cars, and this a text on it",
        b"P6 a text",
        b"MIT License",
        b"%PDF-1.7",
    ],
)
def test_other_files_do_not_begin_as_images(content: bytes) -> None:
    assert not starts_as_image(content[:32])


def test_heic_without_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (kinds, decoding):
        monkeypatch.setattr(module, "reads_heif", lambda: False)
    decoding._heif_is_ready.cache_clear()
    kinds.image_endings.cache_clear()
    first = b"\x00\x00\x00\x18ftypheic" + bytes(20)
    assert not is_image("IMG_1.HEIC")
    assert not starts_as_image(first)
    assert decode(first, 8) == 'HEIC, which needs the package "pillow-heif": pip install "classmark[heif]"'
    decoding._heif_is_ready.cache_clear()
    kinds.image_endings.cache_clear()


@pytest.mark.parametrize("name", ["a.JPG", "b.Jp2", "c.jfif", "d.AVIF", "e.tar.png"])
def test_images_by_their_endings_in_any_case(name: str) -> None:
    assert is_image(name)


@pytest.mark.parametrize("name", [".a.png", "a.png.txt", "png", "Thumbs.db", "a.svg", "__MACOSX"])
def test_no_images(name: str) -> None:
    assert not is_image(name)


def test_endings() -> None:
    assert all(map(has_ending, ("a.png", "a.b.x", "photo.jpeg2")))
    assert not any(map(has_ending, ("a", "IMG.0001", "photo of a. cat", "a.", "v1.2")))
    assert count_endings(["a.HEIC", "b.heic", "c.txt", "d", "d/e.TXT", "v1.2"]) == {"": 2, ".heic": 2, ".txt": 2}


# Ending → number, and the sentence.
SENTENCES = [
    ({".heic": 6}, '6 files end in .heic (to read them: pip install "classmark[heif]")'),
    ({".txt": 1}, "1 file ends in .txt"),
    (
        {".heic": 30, ".txt": 4, "": 1},
        '30 files end in .heic (to read them: pip install "classmark[heif]"), 4 in .txt, 1 has no ending',
    ),
    ({"": 2, ".db": 1}, "2 files have no ending, 1 in .db"),
    (
        {f".x{n}": 9 for n in range(8)},
        "9 files end in .x0, 9 in .x1, 9 in .x2, 9 in .x3, 9 in .x4, 9 in .x5, 18 in others",
    ),
]


@pytest.mark.parametrize(("counts", "sentence"), SENTENCES)
def test_what_is_said_of_files_that_are_not_read(counts: dict[str, int], sentence: str) -> None:
    assert files_by_ending(counts) == sentence


def test_a_pipe_without_an_ending_is_not_waited_for(tmp_path: Path) -> None:
    import os

    from classmark.data.images.listing import list_images

    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "a.png").write_bytes(b"x")
    listing = list_images(tmp_path)
    assert (listing.images, listing.others) == (["a.png"], ["pipe"])

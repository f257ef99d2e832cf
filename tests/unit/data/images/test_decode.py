"""Readable oddities are read right, unreadable files give a reason, and Pillow stays quiet."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from classmark.data.images import decode as decode_module
from classmark.data.images.decode import Picture, decode, encode_jpeg, quiet_pillow, shorter_side

pytestmark = pytest.mark.usefixtures("quiet")

RED, GREEN, BLUE = (200, 30, 30), (30, 160, 60), (20, 40, 180)


@pytest.fixture
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        quiet_pillow()
        yield


def content_of(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def halves(width: int = 20, height: int = 10) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def picture(content: bytes, side_px: int = 8) -> Picture:
    found = decode(content, side_px)
    assert isinstance(found, Picture), found
    assert found.pixels.shape == (side_px, side_px, 3)
    assert found.pixels.dtype == np.uint8
    return found


def near(pixels: Any, colour: tuple[int, ...], most: int = 3) -> bool:
    return bool(np.abs(pixels.astype(int) - colour).max() <= most)


def test_the_centre_square_is_taken() -> None:
    found = picture(content_of(halves(20, 10)), 10)
    assert (found.width, found.height) == (20, 10)
    assert near(found.pixels[:, :5], RED, 0)
    assert near(found.pixels[:, 5:], BLUE, 0)


def test_an_image_of_the_right_size_is_left_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(picture(content_of(Image.fromarray(pixels))).pixels, pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = picture(content_of(halves(16, 8), "JPEG", quality=95, exif=exif), 8)
    assert (found.width, found.height) == ((8, 16) if orientation >= 5 else (16, 8))
    pixels = found.pixels
    start, end = (pixels[:1], pixels[-1:]) if orientation >= 5 else (pixels[:, :1], pixels[:, -1:])
    red, blue = (end, start) if orientation in (2, 3, 7, 8) else (start, end)
    assert near(red.reshape(-1, 3).mean(0), RED, 30)
    assert near(blue.reshape(-1, 3).mean(0), BLUE, 30)


def test_a_large_jpeg_is_decoded_smaller_and_keeps_its_size_in_the_facts() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    found = picture(content_of(halves(900, 600), "JPEG", exif=exif), 32)
    assert (found.width, found.height) == (600, 900)


def test_other_kinds_of_colour() -> None:
    plain = Image.new("RGB", (8, 8), GREEN)
    assert near(picture(content_of(plain.convert("CMYK"), "JPEG", quality=95)).pixels, GREEN, 12)
    assert near(picture(content_of(plain.quantize(2), "PNG")).pixels, GREEN, 1)
    assert near(picture(content_of(Image.new("L", (8, 8), 77))).pixels, (77, 77, 77), 0)
    assert near(picture(content_of(Image.new("1", (8, 8), 1))).pixels, (255, 255, 255), 0)
    assert near(picture(content_of(Image.new("LA", (8, 8), (77, 255)))).pixels, (77, 77, 77), 0)


def test_transparency_is_laid_on_white() -> None:
    assert near(picture(content_of(Image.new("RGBA", (8, 8), (*RED, 0)))).pixels, (255, 255, 255), 0)
    assert near(picture(content_of(Image.new("RGBA", (8, 8), (0, 0, 0, 128)))).pixels, (127, 127, 127), 1)
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([*RED, *BLUE])
    assert near(picture(content_of(palette, transparency=0)).pixels, (255, 255, 255), 0)


def test_deep_grey_is_scaled_not_clipped() -> None:
    deep = Image.fromarray(np.full((8, 8), 32_896, dtype=np.uint16))
    assert near(picture(content_of(deep)).pixels, (128, 128, 128), 0)
    assert near(picture(content_of(Image.fromarray(np.full((8, 8), 65_535, np.uint16)))).pixels, (255, 255, 255), 0)


def test_of_an_animation_the_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), RED), Image.new("RGB", (8, 8), BLUE)]
    assert near(picture(content_of(frames[0], "GIF", save_all=True, append_images=frames[1:])).pixels, RED, 3)


def png_of_size(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


JPEG = content_of(halves(64, 64), "JPEG")
NO_FORMAT = "no image in a format that is read (JPEG, PNG, GIF, BMP, WebP, TIFF, PPM, JPEG 2000, AVIF, HEIC)"
REASONS = {
    "empty": (b"", "the file is empty"),
    "text": (b"this is no image", NO_FORMAT),
    "cut": (JPEG[: len(JPEG) // 2], "damaged or truncated (Truncated File Read)"),
    "header alone": (JPEG[:30], "damaged or truncated (Truncated File Read)"),
    "bomb": (png_of_size(60_000, 60_000), "more than the 120,000,000 pixels that are read"),
    "large": (png_of_size(12_000, 11_000), "12,000 × 11,000 pixels, more than the 120,000,000 that are read"),
    "broken": (png_of_size(100, 100), "damaged or truncated ("),
    "float": (
        content_of(Image.fromarray(np.ones((8, 8), np.float32)), "TIFF"),
        "its pixels are floating-point numbers of unknown range; convert it to 8 or 16 bits",
    ),
}


@pytest.mark.parametrize("name", REASONS)
def test_what_cannot_be_read_gives_a_reason(name: str) -> None:
    content, reason = REASONS[name]
    found = decode(content, 8)
    assert isinstance(found, str)
    assert found.startswith(reason)
    assert "\n" not in found


def test_no_flipped_bit_of_a_pngs_pixels_goes_unseen() -> None:
    drawing = Image.new("L", (64, 64), 255)
    for step in range(0, 64, 6):
        drawing.paste(0, (step, step // 2, step + 2, 60))
    whole = content_of(drawing)
    start = whole.index(b"IDAT") + 4
    end = whole.index(b"IEND") - 8
    picture(whole)
    for bit in range(8 * start, 8 * end):
        content = bytearray(whole)
        content[bit // 8] ^= 1 << bit % 8
        assert isinstance(decode(bytes(content), 8), str), bit


def test_the_shorter_side_by_the_header() -> None:
    assert shorter_side(content_of(halves(20, 10))) == 10
    assert shorter_side(b"") == 0


def test_thumbnails_are_small_jpegs() -> None:
    content = encode_jpeg(np.full((100, 100, 3), 90, np.uint8), 64)
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.size) == ("JPEG", (64, 64))
    assert near(picture(content, 8).pixels, (90, 90, 90), 2)


def test_the_bomb_limit_is_below_pillows_own_error() -> None:
    assert 2 * (Image.MAX_IMAGE_PIXELS or 0) >= decode_module.MOST_PIXELS

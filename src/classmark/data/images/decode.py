"""From the bytes of an image file to RGB pixels, whatever odd kind of image it is."""

from __future__ import annotations

import io
import logging
import warnings
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from classmark.data.images.kinds import FIRST_BYTES, is_heif, reads_heif

if TYPE_CHECKING:
    from PIL import Image

Pixels = NDArray[np.uint8]

# Not all that Pillow knows: some of its formats hand the file to other programs. A JPEG may turn out to be an MPO.
FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF")
MOST_PIXELS = 120_000_000
DEEP_GREY = ("I", "I;16", "I;16L", "I;16B", "I;16N")
ORIENTATION = 0x0112  # the EXIF tag; the values of TURNED swap width and height
TURNED = (5, 6, 7, 8)


@dataclass(frozen=True)
class Picture:
    """A decoded image.

    Attributes:
        pixels: uint8 of shape (S, S, 3), RGB.
        width, height: of the whole image as it is shown, in pixels.
    """

    pixels: Pixels
    width: int
    height: int


def quiet_pillow() -> None:
    """Keep Pillow's warnings from the screen: what is wrong with an image is ours to tell."""
    warnings.filterwarnings("ignore", module=r"PIL\.")
    logger = logging.getLogger("PIL")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())


def pillow_version() -> str:
    """The version of Pillow, on which the last bits of decoded pixels depend, and of what reads HEIC beside it."""
    import PIL

    return f"{PIL.__version__} {version('pillow-heif')}" if reads_heif() else PIL.__version__


def shorter_side(content: bytes) -> int:
    """The shorter side in pixels as the file's header gives it; 0 where it cannot be read."""
    found = size_px(content)
    return 0 if isinstance(found, str) else min(found)


def size_px(content: bytes) -> tuple[int, int] | str:
    """Width and height in pixels as the file's header gives them, or the reason why it cannot be read."""
    found = _opened(content)
    return found if isinstance(found, str) else found.size


def decode(content: bytes, side_px: int) -> Picture | str:
    """The centre square of an image, scaled so that the image's shorter side has `side_px` pixels.

    EXIF rotation is applied. Transparency is laid on white, 16-bit grey is scaled to 8 bits, of an animation the first
    frame is taken; colour profiles are left aside. Scaling is bicubic with antialiasing.

    Returns:
        The picture, or the reason why it cannot be read.
    """
    from PIL import ImageOps

    found = _opened(content)
    if isinstance(found, str):
        return found
    with found as image:
        try:
            stored = image.size
            smaller = image.format in ("JPEG", "MPO") and min(stored) >= 4 * side_px
            if smaller:
                image.draft(image.mode, (2 * side_px, 2 * side_px))  # decodes to a half, a quarter or an eighth
            image.load()
            if image.format == "PNG" and not _checksums_hold(content):
                return "damaged (a checksum of its pixels does not hold)"
            orientation = _orientation(image)
            shown = stored[::-1] if orientation in TURNED else stored
            rgb = _rgb(ImageOps.exif_transpose(image) if orientation != 1 else image)
            if isinstance(rgb, str):
                return rgb
            return Picture(_square(rgb, side_px), *(shown if smaller else rgb.size))
        except Exception as error:  # damage comes as any kind
            return f"damaged or truncated ({_first_line(error)})"


def encode_jpeg(pixels: Pixels, most_px: int, quality: int = 80) -> bytes:
    """Pixels of shape (S, S, 3) as a JPEG file of at most `most_px` a side."""
    from PIL import Image

    image = Image.fromarray(pixels)
    if image.width > most_px:
        image = image.resize((most_px, most_px), Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def _opened(content: bytes) -> Image.Image | str:
    from PIL import Image, UnidentifiedImageError

    if not content:
        return "the file is empty"
    heif = is_heif(content[:FIRST_BYTES])
    if heif and not _heif_is_ready():
        return 'HEIC, which needs the package "pillow-heif": pip install "classmark[heif]"'
    try:
        image = Image.open(io.BytesIO(content), formats=("HEIF",) if heif else FORMATS)
    except UnidentifiedImageError:
        if heif:
            return "damaged or truncated (HEIC)"
        return "no image in a format that is read (JPEG, PNG, GIF, BMP, WebP, TIFF, PPM, JPEG 2000, AVIF, HEIC)"
    except Image.DecompressionBombError:
        return f"more than the {MOST_PIXELS:,} pixels that are read"
    except Exception as error:
        return f"damaged or truncated ({_first_line(error)})"
    if image.width * image.height > MOST_PIXELS:
        return f"{image.width:,} × {image.height:,} pixels, more than the {MOST_PIXELS:,} that are read"
    return image


@cache
def _heif_is_ready() -> bool:
    """Whether Pillow reads HEIC, once the package for it is loaded."""
    if reads_heif():
        from pillow_heif import register_heif_opener

        register_heif_opener()
    return reads_heif()


def _checksums_hold(png: bytes) -> bool:
    """Whether the pixels of a PNG are what was written; Pillow reads them without looking at all their checksums.

    Source: PNG (third edition), section 5.3: a chunk is its length, its type, its data and the CRC of the latter two.
    """
    chunks, place, kind = memoryview(png), 8, b""
    while place + 12 <= len(png) and kind != b"IEND":
        kind, end = png[place + 4 : place + 8], place + 8 + int.from_bytes(png[place : place + 4])
        if kind == b"IDAT" and zlib.crc32(chunks[place + 4 : end]) != int.from_bytes(png[end : end + 4]):
            return False
        place = end + 4
    return True


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # a damaged EXIF block takes nothing from the picture
        return 1


def _rgb(image: Image.Image) -> Image.Image | str:
    from PIL import Image

    if image.mode == "F":
        return "its pixels are floating-point numbers of unknown range; convert it to 8 or 16 bits"
    if image.mode in DEEP_GREY:
        deep = np.asarray(image).astype(np.int64)
        if deep.min() < 0 or deep.max() > 65_535:
            return "its pixels are 32-bit numbers of unknown range; convert it to 8 or 16 bits"
        image = Image.fromarray(((deep + 128) // 257).astype(np.uint8))
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return image if image.mode == "RGB" else image.convert("RGB")


def _square(image: Image.Image, side_px: int) -> Pixels:
    from PIL import Image

    if image.size != (side_px, side_px):
        side = min(image.size)
        left, top = (image.width - side) / 2, (image.height - side) / 2
        box = (left, top, left + side, top + side)
        image = image.resize((side_px, side_px), Image.Resampling.BICUBIC, box=box)
    return np.asarray(image)


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]

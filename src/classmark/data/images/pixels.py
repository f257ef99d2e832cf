"""Images as square uint8 arrays, by row: mapped from the cache where they fit, else decoded when they are read."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from classmark.data.images.decode import Picture, Pixels, decode, encode_jpeg, quiet_pillow
from classmark.data.images.files import ImageFiles
from classmark.errors import InputError
from classmark.system.machine import cores

THUMBNAIL_PX = 64
ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class Images:
    """N images, each scaled and cut to a square.

    Attributes:
        files: where they come from.
        side_px: the side S of the square.
        stored: the pixels of all, uint8 of shape (N, S, S, 3), or None where they are decoded when they are read.
    """

    files: ImageFiles
    side_px: int
    stored: Pixels | None = None
    _decoder: list[_Decoder] = field(default_factory=list, repr=False, compare=False)  # one, from the first read on

    def __len__(self) -> int:
        return len(self.files)

    def read(self, rows: NDArray[np.int64]) -> Pixels:
        """The images of these rows, uint8 of shape (B, S, S, 3), RGB; it may be called from any thread.

        Raises:
            InputError: a file cannot be read.
        """
        if self.stored is not None:
            pixels: Pixels = self.stored[rows]
            return pixels
        return self._decoding().read(rows)

    def faults(self) -> list[str | None]:
        """Why each image cannot be read, in the order of the rows; None where it can."""
        return self._decoding().faults()

    def _decoding(self) -> _Decoder:
        if not self._decoder:
            self._decoder.append(_Decoder(self.files, self.side_px))
        return self._decoder[0]


class _Decoder:
    def __init__(self, files: ImageFiles, side_px: int) -> None:
        quiet_pillow()
        self._files, self._side_px = files, side_px
        self._bytes_of: Callable[[int], bytes | str] = files.reader()
        self._threads = ThreadPoolExecutor(cores(), thread_name_prefix="decode")

    def read(self, rows: NDArray[np.int64]) -> Pixels:
        squares = list(self._threads.map(self._read_one, rows.tolist()))
        return np.stack(squares) if squares else np.empty((0, self._side_px, self._side_px, 3), np.uint8)

    def faults(self) -> list[str | None]:
        return list(self._threads.map(self._fault, range(len(self._files))))

    def _fault(self, row: int) -> str | None:
        found = self._decode(row)
        return found if isinstance(found, str) else None

    def _decode(self, row: int) -> Picture | str:
        content = self._bytes_of(row)
        return content if isinstance(content, str) else decode(content, self._side_px)

    def _read_one(self, row: int) -> Pixels:
        found = self._decode(row)
        if isinstance(found, str):
            raise InputError(f"{self._files.place / self._files.names[row]}: the image cannot be read ({found}).")
        return found.pixels


def thumbnails(images: Images, rows: NDArray[np.int64]) -> list[bytes]:
    """The images of these rows as JPEG files of at most 64 pixels a side."""
    return [
        encode_jpeg(pixels, THUMBNAIL_PX)
        for start in range(0, len(rows), ROWS_AT_ONCE)
        for pixels in images.read(rows[start : start + ROWS_AT_ONCE])
    ]

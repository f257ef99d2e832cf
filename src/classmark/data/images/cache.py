"""Decoding a whole set of images once, by all cores, into a file of the cache folder that is mapped into memory.

`pixels/KEY-SIDE.u8` are the pixels, `pixels/KEY-SIDE.json` their checksums, and `pixels/KEY.json`, for every side alike,
what is known about the files. Each is written whole under a temporary name and in this order, so that what a killed
process leaves behind is never taken for whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from classmark.data.images.decode import Pixels, decode, pillow_version, quiet_pillow, shorter_side
from classmark.data.images.files import ImageFiles
from classmark.data.images.pixels import Images
from classmark.errors import InputError, OutsideError, RunError
from classmark.system.cache import data_cache
from classmark.system.files import atomic_path, read_json, write_json
from classmark.system.machine import cores
from classmark.system.processes import in_processes
from classmark.system.progress import shown_progress

CACHE_VERSION = 2  # of these files and of how images are decoded
MOST_STORED_BYTES = 8 << 30
CHUNK_BYTES, CHUNK_ROWS = 16 << 20, 512
FEW = 2_000  # images for which other processes are not worth their start
SAMPLE = 4_096
STALE_SECONDS = 3_600


@dataclass(frozen=True)
class Facts:
    """What is known about each of N image files.

    Attributes:
        sha256: of the bytes of each file, in hexadecimal; empty where there are none.
        width, height: as shown, in pixels; 0 where the image cannot be read.
        faults: row → why it cannot be read.
    """

    sha256: list[str] = field(default_factory=list)
    width: list[int] = field(default_factory=list)
    height: list[int] = field(default_factory=list)
    faults: dict[int, str] = field(default_factory=dict)

    @property
    def largest_px(self) -> int:
        """The longest of the images' shorter sides; 0 where no image can be read."""
        return max(map(min, self.width, self.height), default=0)

    def extend(self, later: Facts) -> None:
        """Take over the facts of the rows that follow."""
        self.sha256.extend(later.sha256)
        self.width.extend(later.width)
        self.height.extend(later.height)
        self.faults.update(later.faults)


def open_images(files: ImageFiles, most_px: int) -> tuple[Images, Facts]:
    """The images of these files as squares, and what is known about the files.

    The square's side is the shorter side of the largest image, but at most `most_px`: small images are not enlarged
    for storage. Up to 8 GiB of pixels are kept in the cache folder; of a larger set every image is decoded once to
    check it, and again whenever it is read.

    Raises:
        InputError: the cache folder cannot be written, or has no room.
    """
    quiet_pillow()
    cache = _Cache(data_cache() / "pixels", files)
    facts = cache.facts()
    largest = _largest_in_sample(files) if facts is None else facts.largest_px
    side_px = min(most_px, largest or most_px)
    if facts is None:
        facts = cache.make(side_px)
        if (right := min(most_px, facts.largest_px or most_px)) != side_px:
            cache.remove(side_px)  # the sample lacked the largest image
            side_px = right
    if not cache.stores(side_px):
        return Images(files, side_px), facts
    stored = cache.pixels(side_px)
    if stored is None:
        facts = cache.make(side_px)
        stored = cache.pixels(side_px)
    return Images(files, side_px, stored), facts


class _Cache:
    """The cache files of one set of images."""

    def __init__(self, folder: Path, files: ImageFiles) -> None:
        identity = json.dumps([CACHE_VERSION, pillow_version(), files.identity()])
        self._folder, self._files = folder, files
        self._key = hashlib.sha256(identity.encode()).hexdigest()[:24]

    def stores(self, side_px: int) -> bool:
        """Whether a set of this size is kept as pixels."""
        return self._bytes(side_px) <= MOST_STORED_BYTES

    def facts(self) -> Facts | None:
        """What is known about the files; None where nothing is known, or the cache file is damaged."""
        try:
            known = read_json(self._path(".json"))
            facts = Facts(**{**known, "faults": {int(row): reason for row, reason in known["faults"].items()}})
            lengths = {len(facts.sha256), len(facts.width), len(facts.height)}
        except (RunError, OSError, KeyError, TypeError, ValueError, AttributeError):
            return None
        return facts if lengths == {len(self._files)} else None

    def pixels(self, side_px: int) -> Pixels | None:
        """The mapped pixels, shape (N, S, S, 3); None where they are missing or damaged."""
        shape, chunks = (len(self._files), side_px, side_px, 3), self._chunks(side_px)
        try:
            expected = read_json(self._path(f"-{side_px}.json"))["crc32"]
            path = self._path(f"-{side_px}.u8")
            if path.stat().st_size != self._bytes(side_px):
                return None
            mapped: Pixels = np.memmap(path, np.uint8, "r", shape=shape).view(np.ndarray)
        except (RunError, OSError, KeyError, ValueError):
            return None
        with ThreadPoolExecutor(cores()) as threads:
            found = list(threads.map(lambda chunk: zlib.crc32(mapped[chunk[0] : chunk[1]].data), chunks))
        return mapped if found == expected else None

    def make(self, side_px: int) -> Facts:
        """Decode every image and write the cache files anew.

        Raises:
            InputError: they cannot be written.
        """
        try:
            self._sweep()
            if not self.stores(side_px):
                facts, _ = self._decode(side_px, None)
            else:
                self._check_room(side_px)
                with atomic_path(self._path(f"-{side_px}.u8")) as temporary:
                    os.truncate(temporary, self._bytes(side_px))
                    facts, checksums = self._decode(side_px, temporary)
                write_json(self._path(f"-{side_px}.json"), {"crc32": checksums})
            write_json(self._path(".json"), asdict(facts))
        except (OSError, OutsideError) as error:
            reason = error.reason if isinstance(error, OutsideError) else error.strerror or error
            raise InputError(
                f"{self._folder}: {self._bytes(side_px):,} bytes of pixels cannot be kept there ({reason}). "
                "Name a folder with room for them: CLASSMARK_CACHE=…"
            ) from None
        return facts

    def remove(self, side_px: int) -> None:
        """Take the pixels of this side away."""
        for ending in ("json", "u8"):
            self._path(f"-{side_px}.{ending}").unlink(missing_ok=True)

    def _decode(self, side_px: int, out: Path | None) -> tuple[Facts, list[int]]:
        task, chunks, facts, checksums = _DecodeRows(self._files, side_px, out), self._chunks(side_px), Facts(), []
        parallel = len(self._files) > FEW and cores() > 1
        results = in_processes(task, chunks, min(cores(), len(chunks))) if parallel else map(task, chunks)
        shown = shown_progress("decoding images", len(self._files)) if len(self._files) > FEW else _silent()
        with shown as advance:
            for rows, checksum in results:
                facts.extend(rows)
                checksums.append(checksum)
                advance(len(rows.sha256))
        return facts, checksums

    def _chunks(self, side_px: int) -> list[tuple[int, int]]:
        """The first row of each chunk and the one behind its last."""
        rows = max(1, min(CHUNK_ROWS, CHUNK_BYTES // _square_bytes(side_px)))
        return [(start, min(start + rows, len(self._files))) for start in range(0, len(self._files), rows)]

    def _check_room(self, side_px: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self._folder).free
        if free < self._bytes(side_px):
            raise OSError(f"{free:,} are free")

    def _sweep(self) -> None:
        """Remove what killed processes left behind; what a running one writes is younger."""
        for path in self._folder.glob(".*"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > STALE_SECONDS:
                    path.unlink()

    def _bytes(self, side_px: int) -> int:
        return len(self._files) * _square_bytes(side_px)

    def _path(self, ending: str) -> Path:
        return self._folder / f"{self._key}{ending}"


@dataclass(frozen=True)
class _DecodeRows:
    """Decodes the rows of a chunk, writes their pixels in their place, and gives facts and checksum."""

    files: ImageFiles
    side_px: int
    out: Path | None

    @cached_property
    def _bytes_of(self) -> Callable[[int], bytes | str]:
        quiet_pillow()  # once a process
        return self.files.reader()

    def __call__(self, chunk: tuple[int, int]) -> tuple[Facts, int]:
        pixels = np.zeros((chunk[1] - chunk[0], self.side_px, self.side_px, 3), np.uint8)
        facts = Facts()
        for place, row in enumerate(range(*chunk)):
            content = self._bytes_of(row)
            found = content if isinstance(content, str) else decode(content, self.side_px)
            width, height = (0, 0) if isinstance(found, str) else (found.width, found.height)
            if isinstance(found, str):
                facts.faults[row] = found
            else:
                pixels[place] = found.pixels
            facts.sha256.append("" if isinstance(content, str) else hashlib.sha256(content).hexdigest())
            facts.width.append(width)
            facts.height.append(height)
        if self.out is not None:
            with self.out.open("r+b") as file:
                file.seek(chunk[0] * _square_bytes(self.side_px))
                file.write(pixels.data)
        return facts, zlib.crc32(pixels.data)


def _square_bytes(side_px: int) -> int:
    return side_px * side_px * 3


def _largest_in_sample(files: ImageFiles) -> int:
    """The longest shorter side of up to 4,096 images, by their headers."""
    bytes_of = files.reader()
    contents = map(bytes_of, range(0, len(files), -(-len(files) // SAMPLE) or 1))
    return max((shorter_side(content) for content in contents if isinstance(content, bytes)), default=0)


@contextmanager
def _silent() -> Iterator[Callable[[int], None]]:
    yield lambda done: None

"""Where the bytes of each image are: files of a folder, members of a zip, or memory."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from classmark.data.archives import DAMAGE, MOST_MEMBER_BYTES, member_names


@dataclass(frozen=True)
class ImageFiles:
    """One file an image, by row; it can be sent to another process.

    Attributes:
        place: the folder or the zip.
        names: of the files, from the folder or the zip's root on, as `member_names` gives them.
        contents: the files themselves, where they are in memory; `place` is then but a name.
    """

    place: Path
    names: tuple[str, ...]
    contents: tuple[bytes, ...] | None = None

    def __len__(self) -> int:
        return len(self.names)

    def chosen(self, rows: Sequence[int]) -> ImageFiles:
        """Those of these rows, in this order."""
        contents = None if self.contents is None else tuple(self.contents[row] for row in rows)
        return ImageFiles(self.place, tuple(self.names[row] for row in rows), contents)

    def identity(self) -> str:
        """A digest that changes with the place, the files, their sizes and their times of change."""
        digest = hashlib.sha256(str(self.place.resolve()).encode("utf-8", "surrogateescape"))
        if self.contents is None and self.place.is_file():
            status = self.place.stat()
            digest.update(f"{status.st_size} {status.st_mtime_ns}".encode())
        for row, name in enumerate(self.names):
            digest.update(f"\x1e{name}\x1f".encode("utf-8", "surrogateescape"))
            if self.contents is not None:
                digest.update(hashlib.sha256(self.contents[row]).digest())
            elif not self.place.is_file():
                digest.update(_state(self.place / name).encode())
        return digest.hexdigest()

    def reader(self) -> Callable[[int], bytes | str]:
        """A function from a row to the file's bytes, or to the reason why they cannot be had, as a string.

        It may be called by several threads at once.
        """
        if self.contents is not None:
            return self.contents.__getitem__
        return _zip_reader(self) if self.place.is_file() else lambda row: _file_bytes(self.place, self.names[row])


def _state(path: Path) -> str:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return "missing"
    return f"{status.st_size} {status.st_mtime_ns}"


def _file_bytes(folder: Path, name: str) -> bytes | str:
    path = folder / name
    try:
        if not name:
            return "no path is given"
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return "it is a folder" if stat.S_ISDIR(status.st_mode) else "it is no file but a device or a pipe"
        if status.st_size > MOST_MEMBER_BYTES:
            return f"{status.st_size:,} bytes, more than the {MOST_MEMBER_BYTES:,} that are read"
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # the last: a name with a zero byte
        return "there is no such file"
    except OSError as error:
        return f"it cannot be opened ({error.strerror or error})"


def _zip_reader(files: ImageFiles) -> Callable[[int], bytes | str]:
    status = files.place.stat()
    archive, members = _open_zip(files.place, status.st_size, status.st_mtime_ns, os.getpid())

    def read(row: int) -> bytes | str:
        member = members.get(files.names[row])
        if member is None:
            return "there is no such file"
        try:
            return archive.read(member)
        except DAMAGE as error:
            return f"damaged in the archive ({error or type(error).__name__})"

    return read


@lru_cache(maxsize=2)
def _open_zip(place: Path, size: int, changed: int, process: int) -> tuple[zipfile.ZipFile, dict[str, zipfile.ZipInfo]]:
    """A zip and its members, read once for all chunks of rows; each process has a file position of its own."""
    archive = zipfile.ZipFile(place)
    return archive, member_names(archive)

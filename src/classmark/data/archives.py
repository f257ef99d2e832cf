"""Archives read member by member into memory: nothing is unpacked, nothing outside is touched."""

from __future__ import annotations

import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from classmark.errors import InputError

MOST_MEMBERS = 2_000_000
MOST_MEMBER_BYTES = 256 << 20
MOST_TOTAL_BYTES = 16 << 30


def read_members(archive: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Name and content of each wanted file in a tar (however compressed) or zip archive, in the archive's order.

    Raises:
        InputError: it is no archive, is truncated or damaged, or holds what no data set needs: an absolute path, `..`,
            a link, a device, more than 2 million members, a file over 256 MiB, more than 16 GiB in all.
    """
    total = 0
    try:
        members = _zip_members(archive, wanted) if zipfile.is_zipfile(archive) else _tar_members(archive, wanted)
        for count, (name, size, content) in enumerate(members, start=1):
            total += size
            if count > MOST_MEMBERS or total > MOST_TOTAL_BYTES:
                raise InputError(f"{archive}: larger than any data set classmark reads ({count:,} members, {total:,} bytes).")
            if content is not None:
                yield name, content
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, OSError) as error:
        reason = str(error) or type(error).__name__
        raise InputError(f"{archive}: truncated, damaged or no archive ({reason}). Fetch it again.") from None


def _tar_members(archive: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, int, bytes | None]]:
    with tarfile.open(archive, "r|*") as tar:
        for member in tar:
            check_member(archive, member.name, member.size)
            if member.isdir():
                continue
            if not member.isreg():
                raise InputError(f"{archive}: {member.name} is a link or a device; a data set has none. The archive is refused.")
            stream = tar.extractfile(member) if wanted(member.name) else None
            yield member.name, member.size, stream.read() if stream is not None else None


def _zip_members(archive: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, int, bytes | None]]:
    with zipfile.ZipFile(archive) as opened:
        for member in opened.infolist():
            check_member(archive, member.filename, member.file_size)
            if (member.external_attr >> 16) & 0o170000 == 0o120000:
                raise InputError(f"{archive}: {member.filename} is a link; a data set has none. The archive is refused.")
            content = opened.read(member) if wanted(member.filename) and not member.is_dir() else None
            yield member.filename, member.file_size, content


def check_member(archive: Path, name: str, size: int) -> None:
    """Refuse a member whose name leads out of the archive or whose size is absurd."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        raise InputError(f"{archive}: {name} leads out of the archive. The archive is refused.")
    if size > MOST_MEMBER_BYTES:
        raise InputError(f"{archive}: {name} has {size:,} bytes, more than any example. The archive is refused.")

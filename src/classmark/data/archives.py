"""Archives read member by member into memory: nothing is unpacked, nothing outside is touched."""

from __future__ import annotations

import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from classmark.data.zip_names import STANDARD, UTF_8, Encoding, names_encoding
from classmark.errors import InputError, one_line

MOST_MEMBERS = 2_000_000
MOST_MEMBER_BYTES = 256 << 20
MOST_TOTAL_BYTES = 16 << 30
MOST_HEADER_BYTES = 1 << 20

DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,  # gzip and bz2 raise it
    ValueError,  # zipfile: a name that is marked as UTF-8 and is not
    struct.error,  # zipfile: a cut extra field
    NotImplementedError,  # zipfile: a compression it does not know
    RuntimeError,  # zipfile: encrypted
)
EXTENDED_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)

UNTIDY = re.compile(r"\\|//|(?:^|/)\./")
UTF_8_FLAG, ENCRYPTED_FLAG = 0x800, 0x1
UNICODE_PATH = 0x7075  # Info-ZIP's extra field with the name in UTF-8

Member = tuple[str, int, bytes | None]


def read_members(archive: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Name and content of each wanted file in a tar (however compressed) or zip, in the archive's order.

    Raises:
        InputError: it is no archive, is truncated or damaged, or holds what no data set needs: an absolute
            path, `..`, a link, a device, more than 2 million members, a file over 256 MiB, over 16 GiB in all.
    """
    total = 0
    try:
        members = _zip_members if zipfile.is_zipfile(archive) else _tar_members
        for count, (name, size, content) in enumerate(members(archive, wanted), start=1):
            total += size
            if count > MOST_MEMBERS:
                raise InputError(f"{archive}: more than {MOST_MEMBERS:,} members. The archive is refused.")
            if total > MOST_TOTAL_BYTES:
                raise InputError(f"{archive}: unpacks to more than {MOST_TOTAL_BYTES:,} bytes. The archive is refused.")
            if content is not None:
                yield name, content
    except DAMAGE as error:
        reason = str(error) or type(error).__name__
        raise InputError(f"{archive}: truncated, damaged or no archive ({reason}). Fetch it again.") from None


class _ModestHeader(tarfile.TarInfo):
    """A tar header whose extension, which tarfile reads into memory, has a modest size."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _ModestHeader:
        header = super().frombuf(buf, encoding, errors)
        if header.type in EXTENDED_HEADERS and header.size > MOST_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {header.size:,} bytes")
        return header


def _tar_members(archive: Path, wanted: Callable[[str], bool]) -> Iterator[Member]:
    with tarfile.open(archive, "r|*", tarinfo=_ModestHeader) as tar:
        for member in tar:
            check_member(archive, member.name, member.size)
            if not (member.isdir() or member.isreg()) or member.issparse():
                raise InputError(
                    f"{archive}: {member.name} is a link, a device or a sparse file; a data set has none. "
                    "The archive is refused."
                )
            stream = tar.extractfile(member) if member.isreg() and wanted(member.name) else None
            yield member.name, member.size, stream.read() if stream is not None else None


def _zip_members(archive: Path, wanted: Callable[[str], bool]) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as opened:
        for name, member in member_names(opened).items():
            check_member(archive, name, member.file_size)
            kind = (member.external_attr >> 16) & 0o170000  # of a Unix file; 0 where the maker had none
            if kind not in (0, 0o100000, 0o040000):
                raise InputError(
                    f"{archive}: {one_line(name)} is a link or a device; a data set has none. The archive is refused."
                )
            content = opened.read(member) if wanted(name) and not name.endswith("/") else None
            yield name, member.file_size, content


def member_names(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """True name → member of a zip, in its order; of members of the same name the last, as when it is unpacked.

    Names are decoded from what they are really in, have `/` between their parts where Windows wrote a backslash, and are
    without `./` and `//`; those of folders end in `/`. Names that lead out of the archive are given too: `check_member`
    refuses them.
    """
    encoding, found = archive_encoding(archive), {}
    for member in archive.infolist():
        name = _decoded(member, encoding)
        if UNTIDY.search(name):
            name = name.replace("\\", "/")
            name = PurePosixPath(name).as_posix() + "/" * name.endswith("/")
        found[name] = member
    return found


def archive_encoding(archive: zipfile.ZipFile) -> Encoding:
    """The encoding of the names in a zip that are not marked as UTF-8."""
    names = [_raw(member) for member in archive.infolist() if not _is_marked(member) and not member.filename.isascii()]
    return names_encoding(names) if names else UTF_8


def _decoded(member: zipfile.ZipInfo, encoding: Encoding) -> str:
    if member.filename.isascii() or _is_marked(member) or encoding is STANDARD:
        return _unicode_path(member) or member.filename
    return _unicode_path(member) or _raw(member).decode(encoding.codec)


def _is_marked(member: zipfile.ZipInfo) -> bool:
    """Whether the zip says in which encoding the name is."""
    return bool(member.flag_bits & UTF_8_FLAG) or bool(_unicode_path(member))


def _raw(member: zipfile.ZipInfo) -> bytes:
    return member.filename.encode(STANDARD.codec)  # zipfile has decoded it so, without loss


def _unicode_path(member: zipfile.ZipInfo) -> str:
    """The name of the extra field that gives it in UTF-8, if it is there and belongs to the name.

    Source: PKWARE's APPNOTE, section 4.6.9: a version, the CRC of the name in the header, the name.
    """
    extra = member.extra
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        content, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == UNICODE_PATH and len(content) > 5 and content[0] == 1:
            marked = bool(member.flag_bits & UTF_8_FLAG)
            header = member.orig_filename.encode("utf-8" if marked else STANDARD.codec)
            if struct.unpack_from("<I", content, 1)[0] == zlib.crc32(header):
                return content[5:].decode("utf-8", "replace")
    return ""


def check_member(archive: Path, name: str, size: int) -> None:
    """Refuse a member whose name leads out of the archive or whose size is absurd.

    Raises:
        InputError: it is such a member.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts and path.parts[0].endswith(":")):
        raise InputError(f"{archive}: {one_line(name)} leads out of the archive. The archive is refused.")
    if size > MOST_MEMBER_BYTES:
        raise InputError(
            f"{archive}: {one_line(name)} has {size:,} bytes, more than the {MOST_MEMBER_BYTES:,} of a data set's largest "
            "file. The archive is refused."
        )

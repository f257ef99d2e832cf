"""Gzip and Zstandard taken off, whatever the file is called."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import replace

from classmark.errors import InputError, MissingExtraError
from classmark.tables.contents import Content

GZIP, ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
ENDINGS = {".gz": GZIP, ".zst": ZSTANDARD}


def unpacked(content: Content) -> Content:
    """The content without its compression; the name loses `.gz` or `.zst`.

    Raises:
        InputError: the compressed data is damaged, or it is not compressed at all.
        MissingExtraError: Zstandard needs a package.
    """
    ending = next((ending for ending in ENDINGS if content.name.lower().endswith(ending)), "")
    if ending and not content.data.startswith(ENDINGS[ending]):
        kind = "gzip" if ending == ".gz" else "Zstandard"
        raise InputError(
            f"{content.source}: the name ends in {ending}, but the content is not {kind} data.",
            f"Take {ending} off the name if the file is not compressed, or fetch the file again.",
        )
    data, layers = content.data, list[str]()
    while len(layers) < 3:
        if data.startswith(GZIP):
            data = _gunzipped(content.source, data)
            layers.append("gzip")
        elif data.startswith(ZSTANDARD):
            data = _unzstandard(content.source, data)
            layers.append("Zstandard")
        else:
            break
    hidden = layers[1:] if ending else layers
    notes = (f"The content is compressed ({', '.join(hidden)}), which the name does not say.",) if hidden else ()
    notes = notes if content.name else ()
    name = content.name[: -len(ending)] if ending else content.name
    return replace(content, name=name, data=data, notes=content.notes + notes)


def _gunzipped(source: str, data: bytes) -> bytes:
    try:
        return gzip.decompress(data)
    except EOFError:
        problem = "the gzip data ends too early"
    except (gzip.BadGzipFile, zlib.error):
        problem = "the gzip data is damaged"
    raise InputError(f"{source}: {problem}.", "Fetch or compress the file again.")


def _unzstandard(source: str, data: bytes) -> bytes:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]  # from Python 3.14 on
    except ImportError:
        return _unzstandard_by_package(source, data)
    try:
        return bytes(zstd.decompress(data))
    except (zstd.ZstdError, EOFError):
        raise _damaged(source) from None


def _unzstandard_by_package(source: str, data: bytes) -> bytes:
    try:
        import zstandard
    except ImportError:
        raise MissingExtraError("zstandard", "zstd", f"{source}: a file compressed with Zstandard") from None
    whole = list[bytes]()
    while data:
        frame = zstandard.ZstdDecompressor().decompressobj()
        try:
            whole.append(frame.decompress(data))
        except zstandard.ZstdError:
            raise _damaged(source) from None
        if not frame.eof:
            raise _damaged(source)
        data = frame.unused_data
    return b"".join(whole)


def _damaged(source: str) -> InputError:
    return InputError(
        f"{source}: the Zstandard data is damaged or ends too early.", "Fetch or compress the file again."
    )

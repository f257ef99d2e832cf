"""Downloads: announced, shown, checked, and kept in the cache folder."""

from __future__ import annotations

import hashlib
import sys
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from classmark.errors import InputError
from classmark.system.cache import cache_folder
from classmark.system.files import atomic_path

CHUNK_BYTES = 1 << 20


def fetch(address: str, md5: str) -> Path:
    """The file at an address, from the cache folder if it is there.

    Args:
        address: of the file.
        md5: its known checksum, in hexadecimal; it guards against damage, not against an attacker.

    Raises:
        InputError: it cannot be fetched, or the checksum is another.
    """
    target = cache_folder() / "downloads" / Path(urlsplit(address).path).name
    if target.exists():
        return target
    print(f"Fetching {address} into {target.parent}", file=sys.stderr)
    try:
        with atomic_path(target) as temporary:
            found = _download(address, temporary)
            if found != md5:
                raise InputError(
                    f"{address}: what came has the checksum {found}, not {md5}; nothing was kept. Try again later."
                )
    except (OSError, HTTPException) as error:
        if isinstance(error, HTTPError):
            error.close()  # it holds the connection open
        reason = getattr(error, "reason", None) or error
        raise InputError(
            f"{address}: cannot be fetched ({reason}). Fetch it where there is a network, "
            "and give its path: data.path=…"
        ) from None
    return target


def _download(address: str, path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with (
        urllib.request.urlopen(address, timeout=60) as response,
        path.open("wb") as file,
        Progress(*columns, console=Console(stderr=True), transient=True) as progress,
    ):
        task = progress.add_task("", total=int(response.headers.get("Content-Length") or 0) or None)
        while chunk := response.read(CHUNK_BYTES):
            file.write(chunk)
            digest.update(chunk)
            progress.advance(task, len(chunk))
    return digest.hexdigest()

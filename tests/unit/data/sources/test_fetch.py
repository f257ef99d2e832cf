from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from classmark.data.sources.fetch import fetch
from classmark.errors import InputError

CONTENT = bytes(range(256)) * 10_000
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    served = tmp_path / "served"
    served.mkdir()
    (served / "set.tar.gz").write_bytes(CONTENT)
    return served


def test_a_file_is_fetched_once_announced_and_kept(
    folder: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(folder) as address:
        path = fetch(f"{address}/set.tar.gz", MD5)
    assert path == cache / "downloads" / "set.tar.gz"
    assert path.read_bytes() == CONTENT
    shown = capsys.readouterr()
    assert f"Fetching {address}/set.tar.gz into {path.parent}" in shown.err
    assert shown.out == ""
    assert fetch(f"{address}/set.tar.gz", MD5) == path  # the server is gone


def test_another_checksum_keeps_nothing(folder: Path, cache: Path) -> None:
    with serving(folder) as address, pytest.raises(InputError) as caught:
        fetch(f"{address}/set.tar.gz", "0" * 32)
    assert str(caught.value) == (
        f"{address}/set.tar.gz: what came has the checksum {MD5}, not {'0' * 32}; nothing was kept. Try again later."
    )
    assert list((cache / "downloads").iterdir()) == []


def test_a_missing_file_says_what_to_do(folder: Path) -> None:
    with serving(folder) as address, pytest.raises(InputError) as caught:
        fetch(f"{address}/other.tar.gz", MD5)
    assert str(caught.value) == (
        f"{address}/other.tar.gz: cannot be fetched (File not found). Fetch it where there is a network, "
        "and give its path: data.path=…"
    )


def test_no_network_says_what_to_do(folder: Path) -> None:
    with serving(folder) as address:
        pass
    with pytest.raises(InputError, match=r"cannot be fetched .* give its path: data\.path=…"):
        fetch(f"{address}/set.tar.gz", MD5)

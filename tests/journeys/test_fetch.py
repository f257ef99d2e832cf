"""`classmark train imdb-bilstm` without a path: the archive is fetched, checked, announced, and trained on."""

from __future__ import annotations

import hashlib
import json
import random
import socket
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from classmark.cli.main import run
from classmark.data.sources import imdb
from made import make_tar

WORDS = {"neg": ("dull", "slow", "flat"), "pos": ("fine", "warm", "witty")}
CHANGES = (
    "input.vectors=null", "model.embedding_size=4", "model.hidden_size=4", "model.layers=1", "train.epochs=1",
    "train.precision=fp32", "train.threads=1", "judge.draws=100", "judge.baselines=false",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What a server on this machine was asked for; it has a small archive, which takes the place of the official one."""
    drawn, requests = random.Random(2), list[str]()
    reviews = {
        f"aclImdb/{split}/{kind}/{number}_{9 if kind == 'pos' else 2}.txt": " ".join(
            [f"review {split} {number}", *drawn.choices(words, k=12)]
        ).encode()
        for split in ("train", "test")
        for kind, words in WORDS.items()
        for number in range(20)
    }
    (tmp_path / "served").mkdir()
    archive = make_tar(tmp_path / "served" / "aclImdb_v1.tar.gz", reviews)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            requests.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(archive.parent)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setattr(imdb, "ADDRESS", f"http://127.0.0.1:{server.server_address[1]}/{archive.name}")
    monkeypatch.setattr(imdb, "MD5", hashlib.md5(archive.read_bytes(), usedforsecurity=False).hexdigest())
    yield requests
    server.shutdown()
    thread.join()
    server.server_close()


def train(out: str) -> int:
    return run(["train", "imdb-bilstm", *CHANGES, "--out", out])


def refused(capsys: pytest.CaptureFixture[str]) -> str:
    """The message of a training that cannot begin; only the recipe and the reason are left."""
    assert train("out") == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert {path.name for path in Path("out").iterdir()} == {"recipe.yaml", "status.json"}
    *_, last = shown.err.strip().split("error: ")
    status = json.loads(Path("out/status.json").read_text())
    assert (status["state"], status["message"]) == ("failed", last)
    return last


def test_the_archive_is_fetched_once_and_trained_on(
    asked: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("first") == 0
    shown = capsys.readouterr()
    assert shown.out == "first\n"
    kept = tmp_path / "cache" / "downloads"
    assert f"Fetching {imdb.ADDRESS} into {kept}\n" in shown.err
    assert "data     train 28, validation 12, test 40; classes negative, positive\n" in shown.err
    assert [path.name for path in kept.iterdir()] == ["aclImdb_v1.tar.gz"]
    assert json.loads(Path("first/judgement.json").read_text())["rows"] == 40
    assert train("second") == 0
    assert "Fetching" not in capsys.readouterr().err
    assert len(asked) == 1
    weights = "model/weights.safetensors"
    assert Path("first", weights).read_bytes() == Path("second", weights).read_bytes()


def test_another_checksum_is_refused_and_nothing_kept(
    asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = imdb.MD5
    monkeypatch.setattr(imdb, "MD5", "7c2ac02c03563afcf9b574c7e56c153a")
    assert refused(capsys) == (
        f"{imdb.ADDRESS}: what came has the checksum {found}, not 7c2ac02c03563afcf9b574c7e56c153a; nothing was kept. "
        "Try again later."
    )
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []
    assert len(asked) == 1


def test_without_a_server_the_message_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as bound:  # a port of our own on which nobody listens
        bound.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{bound.getsockname()[1]}/aclImdb_v1.tar.gz"
        monkeypatch.setattr(imdb, "ADDRESS", address)
        said = refused(capsys)
    assert said.startswith(f"{address}: cannot be fetched (")
    assert "refused" in said
    assert said.endswith("). Fetch it where there is a network, and give its path: data.path=…")

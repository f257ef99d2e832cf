"""An encoder by its name on the hub, from a server on this machine: what is fetched, which commit is kept, what is refused."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from classmark.errors import RecipeError
from classmark.models.encoder_files import encoder_files
from classmark.models.hub import commit_of
from classmark.recipes.schema import Encoder
from encoders import write_encoder

COMMIT = "0123456789abcdef0123456789abcdef01234567"
MODELS = {"owner/tiny": "model.safetensors", "owner/pickled": "pytorch_model.bin"}


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The paths that the server was asked for."""
    folder, paths = write_encoder(tmp_path / "bert"), list[str]()
    (folder / "pytorch_model.bin").write_bytes(b"never fetched")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            paths.append(path)
            if path.startswith("/api/models/"):
                name = "/".join(path.split("/")[3:5])
                revision = path.partition("/revision/")[2]
                if name not in MODELS or revision not in ("", "main", COMMIT):
                    self.answer(b"", 404, {"X-Error-Code": "RevisionNotFound" if name in MODELS else "RepoNotFound"})
                    return
                names = ["config.json", "tokenizer.json", "pytorch_model.bin", "README.md", MODELS[name]]
                found = {"id": name, "sha": COMMIT, "siblings": [{"rfilename": each} for each in names]}
                self.answer(json.dumps(found).encode())
            else:
                content = (folder / path.rsplit("/", 1)[-1]).read_bytes()
                tag = hashlib.sha256(content).hexdigest()
                self.answer(content, 200, {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT})

        do_HEAD = do_GET  # noqa: N815

        def answer(self, content: bytes, code: int = 200, headers: dict[str, str] | None = None) -> None:
            self.send_response(code)
            for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    yield paths
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_name_is_fetched_once(asked: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    commit = commit_of("owner/tiny", None)
    assert commit == COMMIT
    files = encoder_files(Encoder(weights="owner/tiny", revision=commit))
    assert "weights  fetching owner/tiny at 0123456789ab from the Hugging Face hub" in capfd.readouterr().err
    assert files.config["model_type"] == "bert"
    assert len(files.tensors()) > 30
    fetched = {path.rsplit("/", 1)[-1] for path in asked if "/resolve/" in path}
    assert fetched == {"config.json", "tokenizer.json", "model.safetensors"}
    asked.clear()
    encoder_files(Encoder(weights="owner/tiny", revision=commit))
    assert asked == []


@pytest.mark.parametrize(("name", "revision", "message"), [
    ("owner/none", None, "model.weights: owner/none cannot be fetched from the Hugging Face hub: there is no such folder here, "
     "and no such public model there. Check the name."),
    ("owner/tiny", "v2", "model.weights: owner/tiny at v2 cannot be fetched from the Hugging Face hub: there is no such "
     "revision. Check the name."),
    ("owner/pickled", None, "model.weights: owner/pickled has no weights as .safetensors on the hub; others are not read, since "
     "loading them can run code. Take another model."),
])  # fmt: skip
def test_what_cannot_be_fetched(name: str, revision: str | None, message: str, asked: list[str]) -> None:
    with pytest.raises(RecipeError) as caught:
        encoder_files(Encoder(weights=name, revision=revision))
    assert str(caught.value) == message
    assert not any("/resolve/" in path for path in asked)

"""A service as a process: slow and vanishing clients, new runs under load, and its end. The last test ends it."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import classmark
from classmark.models.weights import read_tensors, write_tensors
from served import Service, copied, linked, served

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
WAIT_MS, LIMIT_SECONDS = 400, 2


@pytest.fixture(scope="module")
def runs(text_run: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two runs whose weights differ, and the link that is served."""
    folder = tmp_path_factory.mktemp("runs")
    second = copied(text_run, folder / "second")
    weights = second / "model" / "weights.safetensors"
    write_tensors(weights, {name: 2 * tensor for name, tensor in read_tensors(weights).items()})
    return {"first": text_run, "second": second, "link": linked(text_run, folder / "current")}


@pytest.fixture(scope="module")
def service(runs: dict[str, Path]) -> Iterator[Service]:
    words = ["--batch", 2, "--wait-ms", WAIT_MS, "--timeout", LIMIT_SECONDS, "--watch"]
    with served(runs["link"], *map(str, words)) as found:
        yield found


def until(holds: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def weights_of(service: Service) -> str:
    return str(service.send("GET", "/ready")[1]["models"]["current"])


def counted(service: Service, name: str) -> float:
    lines = service.send("GET", "/metrics")[1].splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def test_it_listens_on_this_machine_alone(service: Service) -> None:
    assert service.host == "127.0.0.1"
    assert service.send("GET", "/health") == (200, {"status": "ok"})


def test_headers_that_never_end(service: Service) -> None:
    with service.connect() as slow:
        slow.sendall(b"POST /predict HTTP/1.1\r\nHost: x\r\n")
        started = time.monotonic()
        for _ in range(3):
            time.sleep(0.3)
            slow.sendall(b"X-More: 1\r\n")
        assert slow.recv(100) == b""
        assert LIMIT_SECONDS - 0.5 < time.monotonic() - started < LIMIT_SECONDS + 5


def test_a_body_that_never_ends(service: Service) -> None:
    with service.connect() as slow:
        slow.sendall(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
        )
        answer = slow.makefile("rb").read().decode()
    assert answer.startswith("HTTP/1.1 408 ")
    assert "the request: it was not complete after 2 seconds. Send it faster." in answer


def test_a_body_that_is_larger_than_it_says_it_may_be(service: Service) -> None:
    with service.connect() as large:
        head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: text/csv\r\n"
        large.sendall(head + b"Content-Length: 99999999999\r\n\r\n")
        assert large.recv(4_000).startswith(b"HTTP/1.1 413 ")
    with service.connect() as large:
        large.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        answer = b""
        with suppress(OSError):  # refused before all was sent
            for _ in range(40):
                large.sendall(b"100000\r\n" + b"a" * 0x100000 + b"\r\n")
        with suppress(ConnectionError):
            answer = large.recv(4_000)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 413 ")
    assert service.send("GET", "/health")[0] == 200


def test_what_is_no_http(service: Service) -> None:
    for content in (
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET\r\n\r\n",
        b"POST /predict HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ):
        with service.connect() as odd:
            odd.sendall(content + b"\r\n\r\n")
            assert odd.recv(4_000).startswith(b"HTTP/1.1 400 ")
    assert service.send("GET", "/health")[0] == 200


def test_a_client_that_leaves_is_not_computed_for(service: Service) -> None:
    rows, aborted = counted(service, "classmark_rows_total"), counted(service, "classmark_aborted_requests_total")
    body = b'{"text": "never computed"}'
    with service.connect() as brief:
        head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        brief.sendall(head.encode() + body)
        time.sleep(0.1)
    until(lambda: counted(service, "classmark_aborted_requests_total") == aborted + 1)
    time.sleep(2 * WAIT_MS / 1_000)
    assert counted(service, "classmark_rows_total") == rows
    assert counted(service, 'classmark_requests_total{endpoint="/predict",status="500"}') == 0


def test_new_runs_lose_no_request(service: Service, runs: dict[str, Path]) -> None:
    answers: list[tuple[int, Any]] = []
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            answers.append(service.send("POST", "/predict", {"text": "a fine film"}))

    clients = [threading.Thread(target=ask) for _ in range(4)]
    for client in clients:
        client.start()
    first = weights_of(service)
    linked(runs["second"], runs["link"])  # found by --watch
    until(lambda: weights_of(service) != first)
    linked(runs["first"], runs["link"])
    service.process.send_signal(signal.SIGHUP)
    until(lambda: weights_of(service) == first)
    stop.set()
    for client in clients:
        client.join()
    assert {status for status, _ in answers} == {200}
    by_weights = {answer["weights"]: answer["predictions"][0]["probabilities"]["good"] for _, answer in answers}
    assert len(by_weights) == 2
    for _, answer in answers:  # an answer is of the weights that it names
        found = answer["predictions"][0]["probabilities"]["good"]
        assert found == pytest.approx(by_weights[answer["weights"]], abs=1e-6)
    assert len(set(by_weights.values())) == 2


def test_a_run_that_cannot_be_loaded_leaves_the_old_one(
    service: Service, runs: dict[str, Path], tmp_path: Path
) -> None:
    before, failed = weights_of(service), 'classmark_model_loads_total{model="current",outcome="failed"}'
    damaged = copied(runs["second"], tmp_path / "damaged")
    (damaged / "model" / "model.json").write_text("{}")
    linked(damaged, runs["link"])
    until(lambda: counted(service, failed) >= 1)
    assert weights_of(service) == before
    assert service.send("POST", "/predict", {"text": "a fine film"})[0] == 200
    linked(runs["first"], runs["link"])


def test_it_answers_what_it_has_before_it_ends(service: Service) -> None:
    answers: list[tuple[int, Any]] = []
    client = threading.Thread(target=lambda: answers.append(service.send("POST", "/predict", {"text": "the last"})))
    client.start()
    time.sleep(0.15)
    os.kill(service.process.pid, signal.SIGTERM)
    client.join()
    assert [status for status, _ in answers] == [200]
    assert service.process.wait(10) == 0
    with pytest.raises(ConnectionRefusedError):
        service.connect()
    said = service.process.stderr.read()  # type: ignore[union-attr]
    assert "Traceback" not in said
    assert said.count("current: reloaded, weights ") == 2
    assert "current: not loaded, the old model stays: " in said


@pytest.mark.parametrize(
    ("host", "key", "warns"),
    [("0.0.0.0", None, True), ("0.0.0.0", "a-key-that-is-long-enough", False), ("127.0.0.1", None, False)],
)
def test_others_may_reach_it_only_after_a_warning(
    host: str, key: str | None, warns: bool, text_run: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr("asyncio.run", lambda coroutine: coroutine.close())
    if key is not None:
        monkeypatch.setenv("CLASSMARK_API_KEY", key)
    classmark.serve(text_run, host=host, port=0)
    said = capsys.readouterr().err
    end = " can use this service. Set a key: CLASSMARK_API_KEY, or --key-file FILE\n"
    assert said.startswith("warning: everyone who reaches 0.0.0.0:") == said.endswith(end) == warns
    assert warns or said == ""

"""What a service costs beside the bare model, what a reload does to requests, and whether memory stays flat.

    python benchmarks/serving.py RUN [--clients 32] [--rounds 3] [--reloads 5] [--reload-requests 10000]
        [--memory-requests 100000] [--out docs/serving.md]

RUN is a finished run of texts with its test predictions. The bare model and the service answer the same texts in turn, so
that whatever else the machine does slows both. Clients are plain sockets in this process, which cost little.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

import classmark
from classmark.models.weights import read_tensors, write_tensors
from classmark.system.machine import cores

TEXTS, BATCH, FEW_WORDS, SAMPLES = 512, 32, 8, 10


@dataclass
class Load:
    """What clients saw.

    Attributes:
        seconds: in all.
        latencies: of each request, in seconds.
        statuses: status → how many; 0 where a connection broke.
        weights: names of the weights that answered.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    weights: set[bytes] = field(default_factory=set)

    @property
    def failures(self) -> int:
        return sum(count for status, count in self.statuses.items() if status != 200)


def request_of(text: str) -> bytes:
    """A whole request."""
    body = json.dumps({"text": text}).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def ask(port: int, requests: Sequence[bytes], clients: int) -> Load:
    """Send every request once, each client one after the other over one connection."""
    load, waiting = Load(), iter(requests)

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in waiting:
            started = time.perf_counter()
            try:
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                body, status = await reader.readexactly(length), int(head[9:12])
                load.weights.add(body.partition(b'"weights": "')[2][:12])
            except (OSError, asyncio.IncompleteReadError, ValueError):
                status = 0
            load.latencies.append(time.perf_counter() - started)
            load.statuses[status] = load.statuses.get(status, 0) + 1
            if status == 0:
                writer.close()
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    load.seconds = time.perf_counter() - started
    return load


def core_seconds(process: int) -> float:
    """What a process has computed so far, over all cores."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(process: int) -> int:
    """The memory that a process holds."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def beside_the_model(run: Path, service: Service, texts: Sequence[str], words: argparse.Namespace) -> list[str]:
    """The rows of the table on throughput: the bare model and the service in turn."""
    model, requests = classmark.load(run), [request_of(text) for text in texts]
    model.predict_proba(list(texts[:BATCH]))
    asyncio.run(ask(service.port, requests[:BATCH], words.clients))
    kinds: dict[str, list[tuple[float, float, Load | None]]] = {"batches": [], "whole": [], "service": []}
    for _ in range(words.rounds):
        for kind in kinds:
            wall, used = time.perf_counter(), time.process_time()
            load = None
            if kind == "service":
                used = core_seconds(service.process.pid)
                load = asyncio.run(ask(service.port, requests, words.clients))
                used = core_seconds(service.process.pid) - used
            else:
                size = BATCH if kind == "batches" else len(texts)
                for start in range(0, len(texts), size):
                    model.predict_proba(list(texts[start : start + size]))
                used = time.process_time() - used
            kinds[kind].append((time.perf_counter() - wall, used, load))
    rates = {kind: len(texts) / float(np.median([wall for wall, _, _ in rows])) for kind, rows in kinds.items()}
    costs = {kind: 1_000 * float(np.median([used for _, used, _ in rows])) / len(texts) for kind, rows in kinds.items()}
    latencies = np.concatenate([load.latencies for _, _, load in kinds["service"] if load is not None])
    p50, p99 = 1_000 * np.quantile(latencies, [0.5, 0.99])
    titles = {
        "batches": f"bare model, batches of {BATCH}",
        "whole": f"bare model, all {len(texts)} at once",
        "service": f"service, {words.clients} clients, one text per request",
    }
    rows = [
        f"| {titles[kind]} | {rates[kind]:.1f} | {rates[kind] / rates['batches']:.0%} | {costs[kind]:.1f} |"
        for kind in kinds
    ]
    failed = sum(load.failures for _, _, load in kinds["service"] if load is not None)
    return [
        "| | texts per second | of the bare model | core-milliseconds per text |", "|---|---|---|---|", *rows, "",
        f"Latency of a request with {words.clients} clients at work: p50 {p50:.0f} ms, p99 {p99:.0f} ms. "
        f"Requests that failed: {failed} of {len(latencies):,}. A batch held {service.mean_batch():.1f} texts on average:",
        "while one is computed, the clients of the last one ask again.",
    ]  # fmt: skip


def during_reloads(
    service: Service, requests: Sequence[bytes], links: Sequence[Path], words: argparse.Namespace
) -> str:
    """What clients see while the link is turned to other weights again and again."""

    async def both() -> tuple[Load, int]:
        asking = asyncio.create_task(ask(service.port, requests, words.clients))
        turned = 0
        while not asking.done() and turned < words.reloads:
            before = service.loads()
            service.turn(links[(turned + 1) % 2])
            while not asking.done() and service.loads() == before:
                await asyncio.sleep(0.2)
            turned += service.loads() > before
        return await asking, turned

    load, turned = asyncio.run(both())
    return (
        f"{len(requests):,} requests by {words.clients} clients during {turned} reloads: {load.failures} failed, "
        f"{len(load.weights)} kinds of weights answered; p50 {1_000 * np.quantile(load.latencies, 0.5):.0f} ms, "
        f"p99 {1_000 * np.quantile(load.latencies, 0.99):.0f} ms, longest {1_000 * max(load.latencies):.0f} ms."
    )


def memory(service: Service, requests: Sequence[bytes], words: argparse.Namespace) -> str:
    """How the service's memory goes over many requests."""
    held, failed = [resident_bytes(service.process.pid)], 0
    for _ in range(SAMPLES):
        part = (requests * (words.memory_requests // SAMPLES // len(requests) + 1))[: words.memory_requests // SAMPLES]
        failed += asyncio.run(ask(service.port, part, words.clients)).failures
        held.append(resident_bytes(service.process.pid))
    shown = ", ".join(f"{each / 2**20:.0f}" for each in held)
    return f"MiB before, and after each tenth of {words.memory_requests:,} requests: {shown}. {failed} failed."


@dataclass
class Service:
    """The process that serves, and the link that it follows."""

    process: subprocess.Popen[str]
    port: int
    link: Path
    log: Path

    def loads(self) -> int:
        """How often it has reloaded a run."""
        return self.log.read_text().count("reloaded")

    def mean_batch(self) -> float:
        """Rows in a batch so far."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        counted = {
            line.partition("{")[0]: float(line.rpartition(" ")[2])
            for line in lines
            if line.startswith("classmark_batch_rows_")
        }
        return counted["classmark_batch_rows_sum"] / counted["classmark_batch_rows_count"]

    def turn(self, run: Path) -> None:
        """Turn the link to another run."""
        fresh = self.link.with_name(".fresh")
        fresh.symlink_to(run)
        fresh.rename(self.link)


def start(run: Path, folder: Path) -> Service:
    """A service of a link to the run."""
    link, log = folder / "current", folder / "log"
    link.symlink_to(run)
    command = [sys.executable, "-m", "classmark", "serve", str(link), "--port", "0", "--watch", "--batch", str(BATCH)]
    with log.open("w") as stream:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stream, text=True)
    assert process.stdout is not None
    return Service(process, int(process.stdout.readline().rpartition(":")[2]), link, log)


def other_weights(run: Path, folder: Path) -> Path:
    """The run again, with other weights and without all that a service does not read."""
    for part in ("model", "predictions"):
        subprocess.run(["cp", "-r", str(run / part), str(folder / part)], check=True)
    weights = folder / "model" / "weights.safetensors"
    write_tensors(weights, {name: 1.01 * tensor for name, tensor in read_tensors(weights).items()})
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--texts", type=int, default=TEXTS)
    parser.add_argument("--reloads", type=int, default=5)
    parser.add_argument("--reload-requests", type=int, default=10_000)
    parser.add_argument("--memory-requests", type=int, default=100_000)
    parser.add_argument("--out", type=Path)
    words = parser.parse_args()
    run, waiting = words.run.resolve(), os.getloadavg()
    table = pl.read_parquet(run / "predictions" / "test.parquet")["text"].to_list()
    texts = [table[place % len(table)] for place in range(words.texts)]
    short = [request_of(" ".join(text.split()[:FEW_WORDS])) for text in table]
    many = (short * (words.reload_requests // len(short) + 1))[: words.reload_requests]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        service = start(run, folder)
        try:
            other = folder / "other"
            other.mkdir()
            lines = beside_the_model(run, service, texts, words)
            print("\n".join(lines), flush=True)
            lines += ["", "## New runs while requests are answered", ""]
            lines += [during_reloads(service, many, (run, other_weights(run, other)), words)]
            print(lines[-1], flush=True)
            lines += ["", "## Memory", "", memory(service, short, words)]
            print(lines[-1], flush=True)
            service.process.terminate()
            assert service.process.wait(60) == 0
        finally:
            service.process.kill()
    words_each = np.mean([len(text.split()) for text in texts])
    head = [
        "# What a service costs",
        "",
        f"`python benchmarks/serving.py RUN --out docs/serving.md` on {cores()} cores, the run of `reviews-quick`; "
        "[the guide](guides/serve.md).",
        "",
        "The bare model and the service answer the same texts in turn, in one run. Compare the rows, not the figures with",
        f"those of another day. Medians of {words.rounds} rounds of {words.texts} reviews of {words_each:.0f} words; the two",
        f"parts below take the first {FEW_WORDS} words of each review. A service computes batch after batch in one thread; its",
        "core-milliseconds hold the model and all that HTTP costs, without the clients'. Before the first and after the last",
        f"request, {waiting[0]:.0f} and {os.getloadavg()[0]:.0f} processes were at work or waiting for the {cores()} cores:",
        f"above {cores()}, texts per second say who got the cores, and only the core-milliseconds say what was needed.",
        "",
    ]
    if words.out:
        words.out.write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

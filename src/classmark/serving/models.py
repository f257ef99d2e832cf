"""The models of a service: loaded, named, and replaced while requests are answered."""

from __future__ import annotations

import asyncio
import hashlib
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from classmark.errors import ClassmarkError, RunError, nearest, shortened
from classmark.inference.chunks import Kind
from classmark.inference.decisions import DecidingModel, load_deciding
from classmark.runs import RunFiles
from classmark.runs.model import DESCRIPTION, model_folder
from classmark.serving.batching import Batcher
from classmark.serving.computing import Answer, compute
from classmark.serving.contents import Rows
from classmark.serving.metrics import Metrics
from classmark.serving.options import USUAL_SETS, ServeOptions
from classmark.serving.refusals import Refused

WATCH_SECONDS = 1.0
WEIGHTS = "weights.safetensors"
Computes = Batcher[Rows, Answer | ClassmarkError]


@dataclass(frozen=True)
class Loaded:
    """A model in memory.

    Attributes:
        model: with its decisions.
        run: the folder that it was loaded from, without links.
        weights: the first 12 digits of the sha256 of its weights.
        since: when it was loaded.
        signature: of the files that it was loaded from.
    """

    model: DecidingModel
    run: Path
    weights: str
    since: datetime
    signature: str | None

    @property
    def kind(self) -> Kind:
        return self.model.classifier.kind

    @property
    def classes(self) -> tuple[str, ...]:
        return self.model.classifier.classes


@dataclass(frozen=True)
class Served:
    """A loaded model that answers under a name."""

    name: str
    loaded: Loaded
    batcher: Computes


class Models:
    """All models of a service; the first is the default.

    Args:
        runs: name → run folder, or a link to one.
        options: how they are served.
        metrics: told of batches and loads.

    Raises:
        ClassmarkError: a run cannot be loaded.
    """

    def __init__(self, runs: Mapping[str, Path], options: ServeOptions, metrics: Metrics) -> None:
        self.options, self.metrics = options, metrics
        self._runs = dict(runs)
        self._first = {name: load_run(path, options) for name, path in runs.items()}
        self._served: dict[str, Served] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._reloading = asyncio.Lock()

    @property
    def names(self) -> list[str]:
        return list(self._runs)

    def served(self, name: str | None = None) -> Served:
        """The model of this name, or the default.

        Raises:
            Refused: there is none of this name.
        """
        if name is not None and name not in self._served:
            raise Refused(
                404, f'there is no model "{name}"; there is {shortened(self.names)}.{nearest(name, self.names)}'
            )
        return self._served[name or self.names[0]]

    def kinds(self) -> dict[str, Kind]:
        """What each model takes."""
        return {name: loaded.kind for name, loaded in self._first.items()}

    async def start(self) -> None:
        """Begin to answer."""
        self._worker = ThreadPoolExecutor(1, "inference")
        self._loader = ThreadPoolExecutor(1, "loading")
        for name, loaded in self._first.items():
            self._serve(name, loaded)

    async def stop(self) -> None:
        """Answer what waits, and end."""
        for one in self._served.values():
            one.batcher.close()
        await asyncio.gather(*self._tasks)
        self._worker.shutdown()
        self._loader.shutdown(wait=False, cancel_futures=True)

    async def reload(self, *, changed_only: bool = False) -> None:
        """Reload runs. A request that has its model keeps it; one whose run cannot be loaded keeps the old model."""
        async with self._reloading:
            for name, path in self._runs.items():
                if changed_only and signature(path) in (None, self._served[name].loaded.signature):
                    continue
                try:
                    load = partial(load_run, path, self.options)
                    loaded = await asyncio.get_running_loop().run_in_executor(self._loader, load)
                    check_same_kind(self._served[name].loaded, loaded)
                except Exception as error:  # whatever is wrong with the new run, the old model goes on answering
                    self.metrics.not_loaded(name)
                    said = error.spelt("command line") if isinstance(error, ClassmarkError) else repr(error)
                    print(f"{name}: not loaded, the old model stays: {said}", file=sys.stderr, flush=True)
                    continue
                before = self._served[name]
                self._serve(name, loaded)
                before.batcher.close()
                print(f"{name}: reloaded, weights {loaded.weights}", file=sys.stderr, flush=True)

    async def watch(self) -> None:
        """Reload a run whenever its files have changed and stay as they are for a second."""
        seen = {name: served.loaded.signature for name, served in self._served.items()}
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = {name: signature(path) for name, path in self._runs.items()}
            wanted = {name: state for name, state in now.items() if state != self._served[name].loaded.signature}
            if wanted and all(seen.get(name) == state for name, state in wanted.items()):
                await self.reload(changed_only=True)
            seen = now

    def _serve(self, name: str, loaded: Loaded) -> None:
        batcher = Computes(
            compute=partial(compute, loaded.model),
            worker=self._worker,
            batch=self.options.batch,
            wait_seconds=self.options.wait_seconds,
            most_waiting=self.options.limits.waiting_rows,
            computed=partial(self.metrics.computed, name),
        )
        self._served[name] = Served(name, loaded, batcher)
        self.metrics.loaded(name, loaded.weights)
        task = asyncio.create_task(batcher.work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def load_run(path: Path, options: ServeOptions) -> Loaded:
    """The model of a run, loaded whole from one folder even if a link is turned meanwhile.

    Raises:
        ClassmarkError: it cannot be loaded, or not with these options.
    """
    run, sets = path.resolve(), options.sets
    if sets is None and not options.mixture and RunFiles(run).predictions("validation").is_file():
        sets = USUAL_SETS
    before = signature(path)
    try:
        model = load_deciding(run, calibrated=options.calibrated, mixture=options.mixture, at=options.at, sets=sets)
        digest = hashlib.sha256((model_folder(run) / WEIGHTS).read_bytes()).hexdigest()
    except OSError as error:
        raise RunError(f"{path}: the model cannot be loaded ({error.strerror}).") from None
    if signature(path) != before:
        raise RunError(f"{path}: its files changed while they were read.", "Load it again.")
    return Loaded(model, run, digest[:12], datetime.now(UTC), before)


def check_same_kind(before: Loaded, now: Loaded) -> None:
    """Refuse a model that could not read what its predecessor was sent.

    Raises:
        RunError: it takes something else.
    """
    if before.kind != now.kind:
        raise RunError(f"{now.run}: its model takes {now.kind}, the one in use {before.kind}.", "Restart the service.")


def signature(path: Path) -> str | None:
    """What changes when another model stands at this path; None while there is no whole one."""
    try:
        run = path.resolve()
        states = [(model_folder(run) / name).stat() for name in (DESCRIPTION, WEIGHTS)]
    except OSError:
        return None
    return " ".join([str(run), *(f"{state.st_ino} {state.st_size} {state.st_mtime_ns}" for state in states)])

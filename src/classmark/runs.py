"""The run folder: one property per file in it, written atomically.

Nothing here knows what the files mean; the modules that write them do.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from classmark.errors import RunError

SILENT_SECONDS = 5.0


@dataclass(frozen=True)
class Run:
    """The folder of one run; `Run(path).recipe` is the path of its recipe, and so on."""

    path: Path

    @property
    def recipe(self) -> Path:
        return self.path / "recipe.yaml"

    @property
    def environment(self) -> Path:
        return self.path / "environment.json"

    @property
    def data(self) -> Path:
        return self.path / "data.json"

    @property
    def history(self) -> Path:
        return self.path / "history.jsonl"

    @property
    def timings(self) -> Path:
        return self.path / "timings.jsonl"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        return self.path / "model"

    @property
    def judgement(self) -> Path:
        return self.path / "judgement.json"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    @property
    def figures(self) -> Path:
        return self.path / "figures"

    @property
    def status(self) -> Path:
        return self.path / "status.json"

    def predictions(self, split: str, floor: str | None = None) -> Path:
        """The predictions table of a split, by the run's own model or by the baseline `floor`."""
        stem = split if floor is None else f"floor-{floor}-{split}"
        return self.path / "predictions" / f"{stem}.parquet"

    def floors(self, split: str) -> dict[str, Path]:
        """Baseline name → predictions table of a split, for the baselines that were judged."""
        prefix, suffix = "floor-", f"-{split}.parquet"
        found = sorted((self.path / "predictions").glob(f"{prefix}*{suffix}"))
        return {path.name[len(prefix) : -len(suffix)]: path for path in found}

    @property
    def state(self) -> str:
        """`running`, `done`, `interrupted`, `failed`, or `missing` where there is no status yet."""
        return str(read_json(self.status).get("state", "missing")) if self.status.exists() else "missing"

    @property
    def was_killed(self) -> bool:
        """Whether the status says `running` and is not renewed, as a living run does twice a second."""
        return self.state == "running" and time.time() - self.status.stat().st_mtime > SILENT_SECONDS

    @property
    def name(self) -> str:
        return self.path.name


def new_run(recipe_name: str, folder: Path = Path("runs"), now: datetime | None = None) -> Run:
    """An unused run folder `<recipe>-<date>-<time>-<4 letters>`; nothing is created yet."""
    stamp = (now or datetime.now()).strftime("%Y%m%d-%H%M%S")
    letters = "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(4))
    return Run(folder / f"{recipe_name}-{stamp}-{letters}")


def open_run(path: Path) -> Run:
    """The run in a folder.

    Raises:
        RunError: there is no `recipe.yaml` in it, so that it is no run folder.
    """
    run = Run(path)
    if not run.recipe.is_file():
        raise RunError(f"{path}: this is no run folder (it has no recipe.yaml). `classmark runs` lists the runs.")
    return run


def cache_folder() -> Path:
    """Where classmark keeps what can be made again: `CLASSMARK_CACHE`, else `~/.cache/classmark`."""
    return Path(os.environ.get("CLASSMARK_CACHE") or Path.home() / ".cache" / "classmark")


def measured_once(name: str, facts: Sequence[object], measure: Callable[[], Any]) -> Any:
    """What `measure` gave the first time that it was asked for these facts on this machine, or gives now.

    Kept in `<name>.json` of the cache folder, so that later runs decide alike.
    """
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
    path = cache_folder() / f"{name}.json"
    known = read_json(path) if path.exists() else {}
    if key not in known:
        known[key] = measure()
        write_json(path, known)
    return known[key]


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary sibling of `path` to write to; on success it is fsynced and takes the name `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write a UTF-8 text file whole or not at all."""
    write_bytes(path, content.encode("utf-8"))


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write a JSON file whole or not at all; floats round-trip, NaN is refused."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def write_jsonl(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write one JSON object a line, whole or not at all."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows))


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        RunError: the file is missing or damaged.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RunError(f"{path}: the file is missing, so the run is unfinished or incomplete.") from None
    except ValueError as error:
        raise RunError(f"{path}: not valid JSON ({error}); the file is damaged.") from None
    if not isinstance(value, dict):
        raise RunError(f"{path}: expected a JSON object, found {type(value).__name__}.")
    return value


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON-lines file, one a line; an absent file has none."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]

"""Files that are written whole or not at all, and JSON in them."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from classmark.errors import OutsideError, RunError
from classmark.system.outside import WRITING, outside_error, shown_path, system_number

UNFINISHED = re.compile(r"\..{1,40}\.[a-z0-9_]{8}")  # as tempfile names what `atomic_path` writes to


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary sibling of `path` to write to; on success it is fsynced and takes the name `path`.

    Raises:
        OutsideError: the disk is full, there are no rights, the name is too long, and so on.
    """
    with written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
        os.close(descriptor)
        temporary = Path(name)
        try:
            yield temporary
            with temporary.open("r+b") as file:  # Windows syncs only what may be written
                os.fsync(file.fileno())
            with suppress(OSError):  # some file systems have no rights to set
                temporary.chmod(0o644)
            temporary.replace(path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` to write into; on success it takes the name `path`, else nothing is left.

    Raises:
        OutsideError: the disk is full, there are no rights, the name is too long, and so on.
    """
    with written(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name[:40]}.", dir=path.parent))
        try:
            yield temporary
            for file in (one for one in temporary.rglob("*") if one.is_file()):
                with file.open("r+b") as opened:
                    os.fsync(opened.fileno())
                with suppress(OSError):
                    file.chmod(0o644)
            with suppress(OSError):
                temporary.chmod(0o755)
            temporary.replace(path)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed process was writing in a folder that is ours alone."""
    for path in folder.glob(".*"):
        if UNFINISHED.fullmatch(path.name):
            with suppress(OSError):
                path.unlink()


@contextmanager
def written(path: Path) -> Iterator[None]:
    """In it, a refusal of the machine to write `path` becomes an error that names it and a remedy.

    Raises:
        OutsideError: the disk is full, there are no rights, the name is too long, and so on.
    """
    try:
        yield
    except Exception as error:
        found = outside_error(error, path)
        if found is None or system_number(error) not in WRITING:
            raise
        named = error.filename if isinstance(error, OSError) else None
        elsewhere = named and Path(named).absolute().parent != path.absolute().parent
        if found.place and not elsewhere:  # the temporary file beside it has a name that nobody knows
            found = OutsideError(found.reason, found.remedy, shown_path(path))
        raise found from error


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
    """Write one JSON object per line, whole or not at all."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows))


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        RunError: the file is missing, cannot be read or is damaged.
    """
    value = _parsed(_read_text(path), str(path))
    if not isinstance(value, dict):
        raise RunError(f"{path}: expected a JSON object, found {type(value).__name__}.")
    return value


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSON-lines file, one per line; an absent file has none.

    Raises:
        RunError: the file cannot be read or is damaged.
    """
    if not path.exists():
        return []
    rows = []
    for number, line in enumerate(_read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        row = _parsed(line, f"{path}, line {number}")
        if not isinstance(row, dict):
            raise RunError(f"{path}, line {number}: expected a JSON object, found {type(row).__name__}.")
        rows.append(row)
    return rows


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise RunError(f"{path}: the file is missing, so the run is unfinished or incomplete.") from None
    except OSError as error:
        raise RunError(f"{path}: the file cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError as error:
        raise RunError(f"{path}: not valid UTF-8 (byte {error.start + 1}); the file is damaged.") from None


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise RunError(f"{where}: not valid JSON ({error}); the file is damaged.") from None

"""How often a test split has been looked at: a ledger beside the runs, `test-looks.jsonl`.

A look is a test table made by new weights. Making or judging the table of the same weights again is none, and what is
fitted or chosen on validation rows is none. Each line is a look; lines are only ever added, in one write each, so that
runs that end at once lose none; a damaged line is passed over.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classmark.errors import RunError
from classmark.predictions import Predictions
from classmark.runs import RunFiles
from classmark.system.files import written
from classmark.system.notes import note

LEDGER = "test-looks.jsonl"


@dataclass(frozen=True)
class Looks:
    """The looks that one test split has had.

    Attributes:
        recipes: recipe name → looks by it.
        count: of all recipes.
    """

    recipes: dict[str, int]
    count: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", sum(self.recipes.values()))


def record_look(run: RunFiles, recipe: str, test: Predictions) -> Looks | None:
    """The looks at this test split, that of this run among them; it is written down if it is new.

    None where the table does not say which weights made it.

    Raises:
        RunError: the ledger cannot be read.
        OutsideError: it cannot be written.
    """
    weights = test.metadata.get("weights_sha256")
    if not weights:
        return None
    look = {
        "test_sha256": rows_sha256(test),
        "weights_sha256": weights,
        "data_fingerprint": test.metadata.get("data_fingerprint"),
        "recipe": recipe,
        "run": run.name,
    }
    path = _ledger(run)
    if not any(_same(look, known) for known in _read(path)):
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            note(f"{path} cannot be written, so this look at the test split is not counted there.")
            return known_looks(run, test)
        _append(path, look)
    return known_looks(run, test)


def known_looks(run: RunFiles, test: Predictions) -> Looks | None:
    """The looks that the ledger beside the run holds of this test split; None where it holds none.

    Raises:
        RunError: the ledger cannot be read.
    """
    rows = rows_sha256(test)
    weights = {look["weights_sha256"]: look["recipe"] for look in _read(_ledger(run)) if look["test_sha256"] == rows}
    return Looks(dict(sorted(Counter(weights.values()).items()))) if weights else None


def looks_beside(folder: Path) -> int:
    """How many looks at test rows the ledger of a folder of runs holds, and runs in it with predictions of test rows.

    Raises:
        RunError: the ledger cannot be read.
    """
    tables = {path.parents[1].name for path in folder.glob("*/predictions/*test.parquet")}
    return len(tables | {str(look.get("run")) for look in _read(folder / LEDGER)})


def rows_sha256(test: Predictions) -> str:
    """sha256 over the ids and labels of a table, whatever their order, in hexadecimal."""
    rows = sorted(zip(test.ids.to_list(), test.frame["label"].to_list(), strict=True))
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _ledger(run: RunFiles) -> Path:
    return run.path.absolute().parent / LEDGER


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(one[name] == other[name] for name in ("test_sha256", "weights_sha256"))


def _read(path: Path) -> list[dict[str, str]]:
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise RunError(f"{path}: the ledger of test looks cannot be read ({error.strerror}).") from None
    return [look for line in lines if (look := _look(line)) is not None]


def _look(line: bytes) -> dict[str, str] | None:
    try:
        look = json.loads(line)
    except ValueError:
        return None
    names = ("test_sha256", "weights_sha256", "recipe")
    return look if isinstance(look, dict) and all(isinstance(look.get(name), str) for name in names) else None


def _append(path: Path, look: Mapping[str, Any]) -> None:
    """Add a line in one write; it starts a line of its own also where the last one was cut off."""
    with written(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            os.lseek(descriptor, max(0, size - 1), os.SEEK_SET)
            cut = size > 0 and os.read(descriptor, 1) != b"\n"
            line = (b"\n" if cut else b"") + json.dumps(look, ensure_ascii=False).encode() + b"\n"
            if os.write(descriptor, line) < len(line):  # part of a line is passed over
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

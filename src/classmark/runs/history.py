"""`history.jsonl` and `timings.jsonl`: what a run learned, and how fast; apart, so that equal runs have equal histories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from classmark.runs.folder import RunFiles
from classmark.system.files import read_jsonl, write_jsonl

Row = dict[str, Any]


def read_history(run: RunFiles) -> list[Row]:
    """One row per epoch or evaluation, without clock times; none if nothing was evaluated yet.

    Raises:
        RunError: the file is damaged.
    """
    return read_jsonl(run.history)


def write_history(run: RunFiles, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write all rows of the history so far."""
    write_jsonl(run.history, rows)


def read_timings(run: RunFiles) -> list[Row]:
    """One row per epoch: seconds, tokens or images per second, the share of waiting; none before the first epoch's end.

    Raises:
        RunError: the file is damaged.
    """
    return read_jsonl(run.timings)


def write_timings(run: RunFiles, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the rows of all epochs so far."""
    write_jsonl(run.timings, rows)

"""Threads in each of which torch computes with one core: none waits for another at every time step."""

from __future__ import annotations

import torch

from classmark.system.workers import Workers


def one_core_workers(count: int) -> Workers:
    """So many workers, in each of which torch computes with one thread; the caller's own thread stays as it is."""
    return Workers(count, _use_one_core)


def _use_one_core() -> None:
    torch.set_num_threads(1)
    # Threads must not share the casts of weights that one of them has made: they belong to its graph.
    torch.set_autocast_cache_enabled(False)

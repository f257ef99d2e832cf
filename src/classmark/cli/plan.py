"""Plan how many rows to label or seeds to run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from classmark import api
from classmark.cli.output import show
from classmark.system.progress import shown_wait


def plan(pilot: Sequence[str], words: Mapping[str, Any], read: Mapping[str, Any], *, as_json: bool) -> None:
    """Print how many rows or seeds are needed, what that assumes, and what other targets need."""
    with shown_wait("planning"):
        found = api.plan(*pilot, **words, **read)
    show(found.to_json(), found, as_json)

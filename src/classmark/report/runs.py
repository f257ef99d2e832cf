"""All runs of a folder: what is said of each, and the page that lists them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from classmark.errors import RunError
from classmark.judging.judgement import read_judgement
from classmark.judging.statistics.intervals import Estimate
from classmark.judging.statistics.level import percent
from classmark.recipes.load import read_sections
from classmark.report.page import page_environment
from classmark.runs import RunFiles
from classmark.runs.facts import read_data_facts
from classmark.runs.status import read_status
from classmark.system.files import write_text

SHOWN = ("accuracy", "log_loss", "f1_macro")
DAMAGED = "damaged"


@dataclass(frozen=True)
class RunRow:
    """A run among others.

    Attributes:
        run: the name of its folder.
        path: as a shell takes it.
        state: of the run, or `damaged`.
        recipe, data: the names of its recipe and of the source; None where they are not known.
        seed: of the recipe.
        split, rows: that it was judged on.
        metrics: name → estimate; empty before it is judged.
        seconds, core_seconds: that it took.
        fingerprint: of its data with the split; empty where it is not known.
        level: of the intervals; None before it is judged.
    """

    run: str
    path: str
    state: str
    recipe: str | None = None
    data: str | None = None
    seed: int | None = None
    split: str | None = None
    rows: int | None = None
    metrics: Mapping[str, Estimate] = field(default_factory=dict)
    seconds: float | None = None
    core_seconds: float | None = None
    fingerprint: str = ""
    level: float | None = None


def damaged_row(run: RunFiles) -> RunRow:
    """The row of a run whose files cannot be read."""
    return RunRow(run.name, shlex.quote(str(run.path)), DAMAGED)


def read_row(run: RunFiles) -> RunRow:
    """What is said of a run.

    Raises:
        RunError: a file of it is damaged.
        RecipeError: likewise.
    """
    recipe, status = read_sections(run.recipe), read_status(run)
    if not isinstance(data := recipe.get("data"), Mapping):
        raise RunError(f"{run.recipe}: the section data is missing.")
    judgement = read_judgement(run.judgement) if run.judgement.exists() else None
    seed = recipe.get("seed")
    return RunRow(
        run=run.name,
        path=shlex.quote(str(run.path)),
        state=status.state_now,
        recipe=recipe.get("name"),
        data=data.get("source"),
        seed=seed if isinstance(seed, int) else None,
        split=None if judgement is None else judgement.split,
        rows=None if judgement is None else judgement.rows,
        metrics={} if judgement is None else judgement.metrics,
        seconds=status.total_seconds,
        core_seconds=status.processor_seconds,
        fingerprint=str(read_data_facts(run).get("fingerprint", "")),
        level=None if judgement is None else judgement.level,
    )


def write_runs(path: Path, folder: Path, rows: Sequence[RunRow]) -> None:
    """Write the page of all runs of a folder: sortable, with filters; ticking two shows the command that compares them."""
    known: dict[str, set[str]] = {
        name: {str(value) for row in rows if (value := getattr(row, name)) is not None}
        for name in ("recipe", "data", "state", "seed")
    }
    page = (
        page_environment()
        .get_template("runs.html.j2")
        .render(
            title=f"runs in {folder}",
            folder=str(folder),
            rows=rows,
            levels=" or ".join(
                percent(level) for level in sorted({row.level for row in rows if row.level is not None})
            ),
            metrics=[name for name in SHOWN if any(name in row.metrics for row in rows)],
            filters={
                name: sorted(values, key=lambda one: (one.isdigit() and len(one), one))
                for name, values in known.items()
            },
        )
    )
    write_text(path, page)

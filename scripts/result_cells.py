"""What stands in the rows of a recipe's table in docs/results.md: each a text for the runs of one column."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from classmark.judging.studies.seeds import over_seeds
from classmark.report.words import linear_baseline, seconds_text
from result_texts import loss_text, points_text, share_text

Record = Mapping[str, Any]
Group = Sequence[Record]  # runs of one recipe, machine and data that differ in their seed alone

SEVERAL = 3  # seeds from which on an interval over them is given
DASH, UNKNOWN = "–", "not recorded"


def over(group: Group, read: Callable[[Record], Any], form: Callable[[Any], str]) -> str:
    """An estimate as text: of one run with its own interval, of two side by side, of more their mean with a t interval."""
    estimates = [read(one) for one in group]
    if any(one is None for one in estimates):
        return DASH
    if len(estimates) < SEVERAL:
        return "; ".join(map(form, estimates))
    return form(vars(over_seeds(np.array([one["value"] for one in estimates]))))


def mean(group: Group, read: Callable[[Record], float | None]) -> float | None:
    """The mean over runs of what every one of them has; else None."""
    values = [value for one in group if (value := read(one)) is not None]
    return sum(values) / len(values) if len(values) == len(group) else None


def each_run(group: Group) -> str:
    """The seeds one by one, where there are several."""
    if len(group) == 1:
        return DASH
    return "; ".join(f"{one['seed']}: {share_text(one['accuracy'])}" for one in group)


def seeds_text(group: Group) -> str:
    """`1, 2, 3 (mean over 3 seeds, t interval)`."""
    seeds = ", ".join(str(one["seed"]) for one in group)
    return f"{seeds} (means over {len(group)} seeds, t intervals)" if len(group) >= SEVERAL else seeds


def leaks_text(group: Group) -> str:
    """How many test rows stand in the training data, and the accuracy without them."""
    counts = [one["leaked_rows"] for one in group]
    if any(count is None for count in counts):
        return UNKNOWN
    count = " and ".join(f"{count:,}" for count in sorted(set(counts)))
    without = over(group, lambda one: one["accuracy_without_leaked"], share_text)
    return count if without == DASH else f"{count}; without them {without}"


def split_text(record: Record) -> str:
    """`2,500 validation rows, drawn from the training rows by whole groups (film)`."""
    rows = f"{record['validation_rows']:,} validation rows"
    if record["own_split"]:
        return f"{rows} of a split of their own"
    together = f"whole groups ({record['group']})" if record["group"] else "class"
    return f"{rows}, drawn from the training rows by {together}"


def kept_text(group: Group) -> str:
    """`5 of 5`, for each seed."""
    return "; ".join(f"{one['selection']['epoch']} of {one['selection']['epochs']}" for one in group)


def core_minutes(group: Group) -> str:
    """What all cores computed."""
    seconds = mean(group, lambda one: one["processor_seconds"])
    return UNKNOWN if seconds is None else f"{seconds / 60:.1f}"


def peak_text(group: Group) -> str:
    """The most memory that a run of the group held."""
    peaks = [one["peak_bytes"] for one in group]
    return UNKNOWN if None in peaks else f"{max(peaks) / 2**30:.1f} GiB"


def speed_text(group: Group) -> str:
    """`6,593 tokens/s`."""
    speed = mean(group, lambda one: inside(one, "speed", "per_second"))
    return UNKNOWN if speed is None else f"{speed:,.0f} {group[0]['speed']['unit']}/s"


def baseline_method(group: Group) -> str:
    """What the linear baseline is."""
    method = inside(group[0], "baseline", "method")
    return DASH if method is None else linear_baseline(method).removeprefix("a ")


def looks_text(group: Group) -> str:
    """How often the test split had been read once these runs were judged."""
    return "; ".join(UNKNOWN if one["test_looks"] is None else str(one["test_looks"]) for one in group)


def versions_text(group: Group) -> str:
    """`torch 2.14.1`, of every run."""
    return ", ".join(sorted({f"torch {one['versions']['torch']}" for one in group}))


def inside(record: Record, *names: str) -> Any:
    """What stands under these names; None where a part on the way does."""
    found: Any = record
    for name in names:
        found = None if found is None else found.get(name)
    return found


# The rows of a recipe's table: title → what a group has there. A row that no group has is left out.
ROWS: dict[str, Callable[[Group], str]] = {
    "seeds": seeds_text,
    "**test accuracy**": lambda group: f"**{over(group, lambda one: one['accuracy'], share_text)}**",
    "each seed": each_run,
    "test log loss": lambda group: over(group, lambda one: one["log_loss"], loss_text),
    "linear baseline": lambda group: over(group, lambda one: inside(one, "baseline", "accuracy"), share_text),
    "the baseline is": baseline_method,
    "model − baseline": lambda group: over(group, lambda one: inside(one, "baseline", "difference"), points_text),
    "mixture": lambda group: over(group, lambda one: inside(one, "mixture", "accuracy"), share_text),
    "mixture − model": lambda group: over(
        group, lambda one: inside(one, "mixture", "differences", "model"), points_text
    ),
    "mixture − baseline": lambda group: over(
        group, lambda one: inside(one, "mixture", "differences", "linear"), points_text
    ),
    "test rows": lambda group: f"{group[0]['rows']:,}",
    "test rows that stand in training": leaks_text,
    "split used for selection": lambda group: split_text(group[0]["selection"]),
    "validation accuracy": lambda group: over(group, lambda one: one["selection"]["accuracy"], share_text),
    "epoch kept": kept_text,
    "time in all": lambda group: seconds_text(mean(group, lambda one: one["seconds"]["total"])),
    "training alone": lambda group: seconds_text(mean(group, lambda one: one["seconds"]["training"])),
    "core-minutes": core_minutes,
    "peak memory": peak_text,
    "speed (median over epochs)": speed_text,
    "precision": lambda group: f"{group[0]['precision']}, of predictions {group[0]['predict_precision']}",
    "versions": versions_text,
    "reads of the test split by then": looks_text,
}

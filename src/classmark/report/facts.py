"""What the files of a run folder say about a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from classmark.runs import RunFiles
from classmark.runs.facts import read_data_facts, read_environment
from classmark.runs.history import read_history, read_timings
from classmark.runs.model import read_description
from classmark.runs.status import read_status


def run_facts(run: RunFiles) -> dict[str, Any]:
    """The content of each file; an absent file's entry is empty."""
    from classmark.recipes.load import read_yaml  # the schema takes 0.15 s, and a judged file has no recipe

    data, timings = read_data_facts(run), read_timings(run)
    inputs = data.get("input", {})
    return {
        "recipe": read_yaml(run.recipe) if run.recipe.exists() else "",
        "data": data,
        "kind": data.get("kind", "text"),
        "sizes": sizes_text(inputs.get("pixels", {})),
        "augmentation": augmentation_text(inputs.get("augmentation", {})),
        "environment": read_environment(run),
        "seconds": read_status(run).seconds,
        "model": read_description(run.model),
        "history": read_history(run),
        "timings": timings,
        "speed": fastest_epoch(timings),
    }


def fastest_epoch(timings: Sequence[Mapping[str, Any]]) -> str:
    """The speed of the fastest epoch, such as `44,000 tokens/s`; empty without rows of `timings.jsonl`."""
    speeds = [
        (speed, unit)
        for row in timings
        for unit in ("tokens", "texts", "images")
        if (speed := row.get(f"{unit}_per_second")) is not None
    ]
    return "{:,.0f} {}/s".format(*max(speeds)) if speeds else ""


def sizes_text(pixels: Mapping[str, Any]) -> str:
    """The sizes of the images as they come, such as `32 to 500 pixels wide and 64 high`; empty where they are not known."""
    spans = []
    for side, word in (("width", "wide"), ("height", "high")):
        ends = [pixels[f"{end}_{side}"] for end in ("min", "max") if f"{end}_{side}" in pixels]
        if ends:
            spans.append(f"{' to '.join(f'{end:,}' for end in sorted(set(ends)))} pixels {word}")
    return " and ".join(spans)


def augmentation_text(section: Mapping[str, Any]) -> str:
    """What of the recipe's `input.augmentation` is switched on, such as `flip, shift_px 6`; or `none`."""
    on = {name: value for name, value in section.items() if value}
    if "randaugment" not in on:  # the magnitude is RandAugment's
        on.pop("magnitude", None)
    words = [name if value is True else f"{name} {value}" for name, value in on.items()]
    return ", ".join(words) or "none"

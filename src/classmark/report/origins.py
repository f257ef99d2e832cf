"""Where the models come from: what their recipes choose differently, and what they are known to share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from classmark.judging.comparisons.multiple import listed
from classmark.recipes.section import flattened
from classmark.recipes.side_by_side import Setting, all_same, initial_weights, value_text
from classmark.report.sides import Side, Sides
from classmark.report.words import seconds_text


def known_recipes(sides: Sides) -> Sides:
    """The sides that have a recipe; all of them where fewer than two have, and nothing can be set beside each other."""
    known = tuple(side for side in sides if side.recipe)
    return known if len(known) > 1 else sides


def unknown_recipes(sides: Sides) -> str:
    """Which sides are no run folders, where others are compared in their recipes; empty where none is missing."""
    known = [side.letter for side in known_recipes(sides)]
    without = [side.letter for side in sides if side.letter not in known]
    if not without:
        return ""
    which = "is no run folder" if len(without) == 1 else "are no run folders"
    return (
        f"{listed(without)} {which}, so nothing is known of how {'it was' if len(without) == 1 else 'they were'} made."
    )


def settings_sentence(sides: Sides, settings: list[Setting]) -> str:
    """What the differing settings allow to conclude."""
    without = [side.letter for side in sides if not side.recipe]
    if without:
        none = "Neither side is" if len(sides) == 2 else "None of them is"
        who = none if len(without) == len(sides) else f"{listed(without)} {'is' if len(without) == 1 else 'are'} not"
        return f"{who} a run folder, so nothing is known of how the models were made."
    if not settings:
        return "The recipes choose the same everywhere."
    them = "the two" if len(sides) == 2 else "the models"
    sections = list(dict.fromkeys(setting.key.split(".")[0] for setting in settings))
    if sections == ["seed"]:
        return f"The recipes differ in the seed alone. What tells {them} apart is the luck of the training run."
    if len(sections) == 1:
        return (
            f"The recipes differ in {sections[0]} alone. What tells {them} apart comes from that, or from the luck of "
            f"one training run each: a second seed may move {'both' if len(sides) == 2 else 'all'}."
        )
    return f"The recipes differ in {listed(sections)} at once, so no difference in score can be laid to one of them."


def shared_facts(sides: Sides) -> list[tuple[str, str]]:
    """What is known to be the same on all sides, or else what differs: what it is about, and the answer."""
    rows = len(sides[0].predictions)
    facts = [("Judged rows", f"the same {rows:,}, matched by id; their labels agree")]
    data = _same_data(sides)
    facts.append(("Training data and split", data[1]))
    if all(side.recipe for side in sides):
        seeds = [side.recipe.get("seed") for side in sides]
        same = f"the same, {seeds[0]}" if all_same(seeds) else f"differs: {_in_each(sides, seeds)}"
        facts.append(("Seed", same))
        facts.append(
            (
                "Initial weights",
                initial_weights(
                    [side.recipe for side in sides],
                    [side.environment.get("packages") for side in sides],
                    same_data=data[0],
                ),
            )
        )
    if all(side.environment for side in sides):
        facts.append(("Machine and versions", _machines(sides)))
    times = [side.training_seconds for side in sides]
    if None not in times:
        facts.append(("Time of training", _in_each(sides, [seconds_text(time) for time in times])))
    return facts


def _same_data(sides: Sides) -> tuple[bool, str]:
    found = [_fingerprint(side) for side in sides]
    missing = [side.letter for side, one in zip(sides, found, strict=True) if one is None]
    if missing:
        return False, f"not known, since {listed(missing)} {'does' if len(missing) == 1 else 'do'} not say"
    short = [str(one)[:12] for one in found]
    if all_same(found):
        return True, f"the same (fingerprint {short[0]})"
    return False, f"differ (fingerprint {_in_each(sides, short)})"


def _fingerprint(side: Side) -> str | None:
    return side.data.get("fingerprint") or side.predictions.metadata.get("data_fingerprint")


def _machines(sides: Sides) -> str:
    found = [flattened(side.environment) for side in sides]
    keys = dict.fromkeys(key for one in found for key in one)
    differing = {key: values for key in keys if not all_same(values := [one.get(key) for one in found])}
    if not differing:
        return "the same"
    parts = [
        f"{key.removeprefix('packages.')} {_in_each(sides, [value_text(value) for value in values])}"
        for key, values in differing.items()
    ]
    return "differ: " + "; ".join(parts[:8]) + (f"; … ({len(parts)} in all)" if len(parts) > 8 else "")


def _in_each(sides: Sides, values: Sequence[Any]) -> str:
    """`0.001 in A, 0.002 in B`."""
    return ", ".join(f"{value} in {side.letter}" for side, value in zip(sides, values, strict=True))

"""Where two models come from: what their recipes choose differently, and what they are known to share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from classmark.report.sides import Side, Sides
from classmark.report.words import seconds_text

MOST_CHARACTERS = 120
# What a run is called and where its files lie changes nothing in the model.
LEFT_OUT = ("name", "description", "data.path", "data.test_path")


@dataclass(frozen=True)
class Setting:
    """A key of the recipe, such as `loss.kind`, that differs; a dash where a recipe lacks it."""

    key: str
    a: str
    b: str


def differing_settings(sides: Sides) -> list[Setting]:
    """The keys in which two resolved recipes differ; none where a side has no recipe."""
    a, b = (_flat(side.recipe) for side in sides)
    if not (a and b):
        return []
    keys = [key for key in dict.fromkeys([*a, *b]) if key not in LEFT_OUT]
    return [Setting(key, _shown(a.get(key)), _shown(b.get(key))) for key in keys if a.get(key) != b.get(key)]


def settings_sentence(sides: Sides, settings: list[Setting]) -> str:
    """What the differing settings allow to conclude."""
    without = [side.letter for side in sides if not side.recipe]
    if without:
        who = "Neither side is" if len(without) == 2 else f"{without[0]} is not"
        return f"{who} a run folder, so nothing is known of how the models were made."
    if not settings:
        return "The recipes choose the same everywhere."
    sections = list(dict.fromkeys(setting.key.split(".")[0] for setting in settings))
    if sections == ["seed"]:
        return "The recipes differ in the seed alone. What tells the two apart is the luck of the training run."
    if len(sections) == 1:
        return (
            f"The recipes differ in {sections[0]} alone. What tells the two apart comes from that, or from the luck of "
            "one training run each: a second seed may move both."
        )
    listed = f"{', '.join(sections[:-1])} and {sections[-1]}"
    return f"The recipes differ in {listed} at once, so no difference in score can be laid to one of them."


def shared_facts(sides: Sides) -> list[tuple[str, str]]:
    """What is known to be the same on both sides, or else what differs: what it is about, and the answer."""
    rows = len(sides[0].predictions)
    facts = [("Judged rows", f"the same {rows:,}, matched by id; their labels agree")]
    data = _same_data(sides)
    facts.append(("Training data and split", data[1]))
    if all(side.recipe for side in sides):
        a, b = (side.recipe.get("seed") for side in sides)
        facts.append(("Seed", f"the same, {a}" if a == b else f"differs: {a} in A, {b} in B"))
        facts.append(("Initial weights", _initial_weights(sides, same_data=data[0])))
    if all(side.facts("environment") for side in sides):
        facts.append(("Machine and versions", _machines(sides)))
    times = [(side.facts("status").get("seconds") or {}).get("training") for side in sides]
    if None not in times:
        facts.append(("Time of training", f"{seconds_text(times[0])} in A, {seconds_text(times[1])} in B"))
    return facts


def _same_data(sides: Sides) -> tuple[bool, str]:
    found = [_fingerprint(side) for side in sides]
    missing = [side.letter for side, one in zip(sides, found, strict=True) if one is None]
    if missing:
        return False, f"not known, since {' and '.join(missing)} {'do' if len(missing) == 2 else 'does'} not say"
    a, b = (str(one)[:12] for one in found)
    if found[0] == found[1]:
        return True, f"the same (fingerprint {a})"
    return False, f"differ (fingerprint {a} in A, {b} in B)"


def _fingerprint(side: Side) -> str | None:
    return side.facts("data").get("fingerprint") or side.predictions.metadata.get("data_fingerprint")


def _initial_weights(sides: Sides, *, same_data: bool) -> str:
    """What is known of them; they follow from the seed and from each parameter's name and shape."""
    a, b = (side.recipe for side in sides)
    if a.get("model") != b.get("model"):
        return "not known to be the same, since the models differ"
    pretrained = (a.get("model") or {}).get("weights") or (a.get("input") or {}).get("vectors")
    if a.get("seed") != b.get("seed"):
        return "differ, as the seeds do" + (", but for what is pretrained" if pretrained else "")
    packages = [side.facts("environment").get("packages") for side in sides]
    if packages[0] != packages[1]:
        return "not known, since the packages' versions differ"
    # The vocabulary, and with it the shape of the first layer, follows from the data and from what is made of it.
    if not same_data or _shaping(a) != _shaping(b):
        return "not known, since data or input may give layers of another shape"
    return "the same: they follow from the seed and the names of the parameters"


def _shaping(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The input's choices but for augmentation, which changes no shape."""
    return {key: value for key, value in (recipe.get("input") or {}).items() if key != "augmentation"}


def _machines(sides: Sides) -> str:
    a, b = (_flat(side.facts("environment")) for side in sides)
    keys = [key for key in dict.fromkeys([*a, *b]) if a.get(key) != b.get(key)]
    if not keys:
        return "the same"
    listed = [f"{key.removeprefix('packages.')} {_shown(a.get(key))} in A, {_shown(b.get(key))} in B" for key in keys]
    return "differ: " + "; ".join(listed[:8]) + (f"; … ({len(listed)} in all)" if len(listed) > 8 else "")


def _flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"loss": {"kind": "focal"}}` as `{"loss.kind": "focal"}`."""
    found: dict[str, Any] = {}
    for key, value in content.items():
        nested = isinstance(value, Mapping)
        found |= _flat(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return found


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, str):
        # Of a file, its name: where it lies is no choice of the recipe.
        return PurePath(value).name if PurePath(value).is_absolute() else value
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"

"""The question of a study whose runs are there already: what is asked of them, without recipes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from classmark.errors import nearest, shortened
from classmark.recipes.overrides import Overrides, copied, put_in, read_overrides
from classmark.recipes.places import Places
from classmark.recipes.problems import listed, refusal
from classmark.recipes.study_load import LOWER
from classmark.recipes.study_schema import Arm, Study

# Keys that say how runs are made.
OF_RUNS = ("recipe", "overrides", "arms", "grid", "seeds", "cores", "workers")


def load_question(table: Path, overrides: Overrides, arms: Sequence[str]) -> Study:
    """What is asked of the runs that a table lists, whose arms have no recipe and whose seeds are the table's.

    Args:
        table: names the study and its folder.
        overrides: keys of the question, such as `metric`, `margin`, `direction`, and `reference`, the arm to compare with.
        arms: their names; without a reference the first is it.

    Raises:
        RecipeError: there is no such key or arm, or a value cannot be used.
    """
    changes = read_overrides(overrides)
    places = Places(str(table), {})
    known = [key for key in Study.model_fields if key not in OF_RUNS]
    problems = [
        f"{change.place.text}: there is no such key for a table of runs; the keys are reference, "
        f"{', '.join(known)}.{nearest(change.key, [*known, 'reference'])}"
        for change in changes
        if change.key not in (*known, "reference")
    ]
    asked = [str(copied(change.value)) for change in changes if change.key == "reference"]
    if asked and asked[-1] not in arms:
        problems.append(
            f'reference: "{asked[-1]}" is no arm of {table}; the arms are {shortened(arms)}.{nearest(asked[-1], arms)}'
        )
    if problems:
        raise listed(problems)
    content: dict[str, Any] = {
        "name": re.sub(r"[^A-Za-z0-9._=,+-]", "-", table.name.split(".")[0]).lstrip("._=,+-") or "runs",
        "question": "asked",
        "margin": 0.0,
        "arms": {"a": {}, "b": {}},
    }
    put_in(content, [change for change in changes if change.key != "reference"], places)
    try:
        study = Study.model_validate(content)
    except ValidationError as error:
        raise refusal(error, Study, places) from None
    reference = asked[-1] if asked else arms[0]
    direction = study.direction or ("lower" if study.metric in LOWER else "higher")
    others = ", ".join(arm for arm in arms if arm != reference)
    question = f"Is {study.metric} {direction} in {others} than in {reference}?"
    return study.model_copy(
        update={
            "arms": {arm: Arm() for arm in sorted(arms, key=lambda arm: arm != reference)},
            "direction": direction,
            "question": question if not any(change.key == "question" for change in changes) else study.question,
        }
    )

"""What stands in the folder of one run of a study."""

from __future__ import annotations

from classmark.errors import RunError
from classmark.judging.studies.learning import learning_curve
from classmark.judging.studies.outcomes import WAITING, Outcome, measure
from classmark.reading.side import open_side
from classmark.recipes.load import read_sections
from classmark.runs import RunFiles
from classmark.runs.facts import read_data_facts
from classmark.runs.history import read_history
from classmark.runs.status import DONE, FAILED, MISSING, read_status


def read_outcome(run: RunFiles, arm: str, seed: int, fold: int | None = None) -> Outcome:
    """What stands in a run folder, or that there is none yet."""
    if not run.recipe.exists():
        return Outcome(arm, seed, fold=fold)
    status, recipe = read_status(run), read_sections(run.recipe)
    seconds = status.total_seconds
    if status.state != DONE:
        state = WAITING if status.state == MISSING else status.state
        return Outcome(arm, seed, state, status.message if state == FAILED else "", seconds, recipe=recipe, fold=fold)
    side = open_side(run)
    if side.validation is None:
        raise RunError(
            f"{run.path}: the run has no validation predictions. Run it again: delete its folder and resume the study."
        )
    measured = measure(side.table, side.validation, (recipe.get("judge") or {}).get("positive"))
    curve = learning_curve(read_history(run))
    rows = read_data_facts(run).get("splits", {}).get("train")
    known = {"curve": curve, "recipe": recipe, "training_rows": rows, "fold": fold}
    return Outcome(arm, seed, DONE, "", seconds, **known, **measured)

"""Small records of runs, which docs/results.md is written from; the run folders themselves are too large for git.

A record holds what its page shows and nothing else: no path of a machine, and of a run that was only tried for its
validation rows nothing of the test split.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from pydantic import ValidationError

from classmark.errors import InputError, RunError
from classmark.judging.judgement import Judgement, read_judgement
from classmark.judging.statistics.intervals import wilson
from classmark.recipes.load import load_recipe, read_sections, shipped_recipes
from classmark.recipes.schema import Recipe
from classmark.recipes.section import flattened
from classmark.runs import RunFiles
from classmark.runs.facts import read_data_facts, read_environment
from classmark.runs.history import Row, read_history, read_timings
from classmark.runs.status import read_status

UNITS = ("tokens", "texts", "images")
LABELS = ("name", "description")
SETTLED = ("train.threads", "model.revision")  # a recipe leaves them open; a run settles them, as it does every `auto`
SPLITS = ("data.validation_path", "data.split_column")
BASELINE = "linear"
MIXTURE = "mixture"


def run_record(run: RunFiles, recipe: str | None = None, machine: str | None = None) -> dict[str, Any]:
    """What docs/results.md says of a finished run; what it does not know is None.

    Args:
        run: its judgement of the test split has to be whole; whether the page could be drawn does not matter.
        recipe: the shipped recipe that its command names; without it the recipe's own name.
        machine: what to call the machine, instead of its processor and graphics card.

    Raises:
        RunError: a file is missing or damaged, or the run was judged on validation rows alone.
        InputError: no recipe of this name is shipped.
    """
    sections, environment, data = whole_sections(run), read_environment(run), data_facts(run)
    judgement, status = read_judgement(run.judgement), read_status(run)
    if judgement.split != "test":
        raise RunError(
            f"{run.path}: its judgement is not of the test split, so the run is unfinished.",
            f"Finish it: classmark train --resume {run.path}",
        )
    name = recipe or str(sections["name"])
    return {
        "recipe": name,
        "seed": sections["seed"],
        "changes": changes(shipped_sections(name), sections),
        "machine": machine or machine_text(environment),
        "gpu": environment.get("gpu"),
        "versions": {name: environment.get("packages", {}).get(name) for name in ("classmark", "torch")},
        "precision": sections["train"]["precision"],
        "predict_precision": sections["train"]["predict_precision"],
        "source": data["source"],
        "selection": selection_record(run, sections, data),
        **test_record(judgement, data),
        "seconds": {name: status.seconds.get(name) for name in ("total", "training")},
        "processor_seconds": status.processor_seconds,
        "peak_bytes": status.peak_bytes,
        "speed": speed_record(run),
    }


def ablation_record(runs: list[RunFiles], recipe: str | None = None) -> dict[str, Any]:
    """What the ablation table says of runs: which keys differ from the first one's, and what each gave on validation.

    Reads `history.jsonl`, `data.json`, `environment.json` and `recipe.yaml` alone.

    Raises:
        RunError: a file is missing or damaged, or no epoch is behind a run.
        InputError: no recipe of this name is shipped.
    """
    every = [whole_sections(run) for run in runs]
    name = recipe or str(every[0]["name"])
    rows = []
    for run, sections in zip(runs, every, strict=True):
        rows.append(
            {
                "run": run.name,
                "changes": changes(every[0], sections, with_seed=True),
                "machine": machine_text(read_environment(run)),
                **selection_record(run, sections, data_facts(run)),
            }
        )
    return {
        "recipe": name,
        "seed": every[0]["seed"],
        "changes": changes(shipped_sections(name), every[0]),
        "rows": rows,
    }


def data_facts(run: RunFiles) -> dict[str, Any]:
    """The content of `data.json`.

    Raises:
        RunError: it is missing or damaged.
    """
    if facts := read_data_facts(run):
        return facts
    raise RunError(f"{run.data}: the file is missing, so the run is unfinished or incomplete.")


def selection_record(run: RunFiles, sections: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    """The split that the epoch was chosen on, that epoch, and its loss and accuracy there."""
    epochs: dict[int, Row] = {row["epoch"]: row for row in read_history(run)}  # the last row of an epoch is its end
    if not epochs:
        raise RunError(f"{run.path}: no epoch is finished.", f"Finish the run: classmark train --resume {run.path}")
    flat, rows = flattened(sections), data["splits"]["validation"]
    last, best = epochs[max(epochs)], min(epochs.values(), key=lambda row: row["validation_loss"])
    kept = last if flat.get("train.keep") == "last" else best
    share = wilson(round(kept["validation_accuracy"] * rows), rows)
    return {
        "epoch": kept["epoch"],
        "epochs": len(epochs),
        "validation_rows": rows,
        "group": data.get("group"),
        "own_split": any(flat.get(key) for key in SPLITS),
        "loss": kept["validation_loss"],
        "accuracy": vars(share),
    }


def test_record(judgement: Judgement, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the judgement says of the test split: the model, the linear baseline, the mixture, leaked rows."""
    compared, mixture = judgement.baseline_comparison.get(BASELINE), judgement.mixture
    leaked, looks = judgement.leaked, judgement.test_looks
    return {
        "rows": judgement.rows,
        "accuracy": vars(judgement.metrics["accuracy"]),
        "log_loss": vars(judgement.metrics["log_loss"]),
        "baseline": compared
        and {
            "method": judgement.baseline_methods.get(BASELINE),
            "accuracy": vars(judgement.baselines[BASELINE]["accuracy"]),
            "difference": difference_record(compared.metrics["accuracy"]),
        },
        "mixture": mixture
        and {
            "accuracy": vars(mixture.others[MIXTURE]["accuracy"]),
            "differences": {
                part: difference_record(one.metrics["accuracy"]) for part, one in mixture.comparisons.items()
            },
        },
        "leaked_rows": data.get("leaked_test_rows"),
        "accuracy_without_leaked": leaked and vars(leaked.metrics_without["accuracy"]),
        "test_looks": looks and looks.count,
    }


def difference_record(difference: Any) -> dict[str, Any]:
    """A paired difference in the form of an estimate."""
    return {
        "value": difference.difference,
        "low": difference.low,
        "high": difference.high,
        "method": difference.method,
    }


def speed_record(run: RunFiles) -> dict[str, Any] | None:
    """The median speed of training over epochs; None where no epoch was timed."""
    timings = read_timings(run)
    for unit in UNITS:
        if speeds := [row[f"{unit}_per_second"] for row in timings if f"{unit}_per_second" in row]:
            return {"unit": unit, "per_second": statistics.median(speeds)}
    return None


def machine_text(environment: Mapping[str, Any]) -> str:
    """A machine as a column is headed: graphics card, processor, threads, instructions."""
    parts = [environment.get("gpu"), environment.get("processor"), f"{environment.get('threads')} threads"]
    return ", ".join(str(part).replace("(R)", "") for part in [*parts, environment.get("capability")] if part)


def whole_sections(run: RunFiles) -> dict[str, Any]:
    """The recipe of a run; keys that its version of classmark did not have stand at their defaults, which is what it did."""
    sections = read_sections(run.recipe)
    try:
        return Recipe.model_validate(sections).model_dump(mode="json")
    except ValidationError:  # a key that is no longer known
        return sections


def shipped_sections(name: str) -> dict[str, Any]:
    """A shipped recipe with all its defaults.

    Raises:
        InputError: there is none of this name.
    """
    if name not in shipped_recipes():
        raise InputError(f'No recipe "{name}" is shipped, so no command repeats the run.', "Name one with --recipe.")
    return load_recipe(name).model_dump(mode="json")


def changes(before: Mapping[str, Any], after: Mapping[str, Any], *, with_seed: bool = False) -> dict[str, Any]:
    """Key → value of what one recipe has otherwise than another, with paths as their file name alone.

    What `before` leaves open and a run settles is no change, nor is a key that only one of the two versions of classmark
    knows and that is switched off.
    """
    known, found = flattened(before), {}
    for key, value in flattened(after).items():
        if key in LABELS or key in SETTLED or (key == "seed" and not with_seed) or known.get(key) == "auto":
            continue
        if known[key] != value if key in known else value not in (None, False):
            found[key] = file_name(value)
    return found


def file_name(value: Any) -> Any:
    """The value, or of a whole path the name of its file."""
    if isinstance(value, str):
        for path in (PurePosixPath(value), PureWindowsPath(value)):
            if path.is_absolute():
                return path.name
    return value

"""The predictions of all folds as one table, its judgement with an audit of every label, and the means over folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from classmark.data.class_names import matched_name, trimmed
from classmark.errors import RunError
from classmark.judging.judge import judge
from classmark.judging.judgement import write_judgement
from classmark.judging.metric import METRICS
from classmark.judging.parts.label_errors import find_label_errors, label_error_frame, write_label_errors
from classmark.judging.statistics.intervals import Estimate
from classmark.judging.studies.cross_validation import mean_over_folds
from classmark.judging.studies.resampled import Folds
from classmark.predictions import Predictions, read, write
from classmark.recipes.schema import Recipe
from classmark.report.page import write_report
from classmark.report.screen import judgement_table
from classmark.report.words import interval_text, value_text
from classmark.runs import RunFiles
from classmark.studies.averaged import averaged
from classmark.studies.outcomes import read_outcome
from classmark.system.files import read_json, write_json
from classmark.system.screen import Screen


@dataclass(frozen=True)
class FoldRun:
    """The run of a fold in the folder of a cross-validation, both counted from 1."""

    repetition: int
    fold: int
    path: Path


def fold_runs(folder: Path) -> list[FoldRun]:
    """The runs of a finished cross-validation; none if the folder is something else.

    Raises:
        RunError: the file that lists them is damaged.
    """
    path = RunFiles(folder).cross_validation
    if not path.is_file():
        return []
    try:
        return [
            FoldRun(int(one["repetition"]), int(one["fold"]), folder / "runs" / str(one["run"]))
            for one in read_json(path)["runs"]
        ]
    except (KeyError, TypeError, ValueError):
        raise RunError(f"{path}: the file is damaged. Write it again: classmark train --resume {folder}") from None


def judge_folds(run: RunFiles, recipe: Recipe, runs: Sequence[RunFiles]) -> None:
    """Write the out-of-fold predictions, `cross-validation.json`, the judgement, its page and the list of labels to check.

    The table and its judgement are of the first repetition, in which each row is predicted once; means over folds and the
    audit of labels are of all.

    Args:
        run: the folder of the cross-validation.
        recipe: its own.
        runs: one per fold, repetition by repetition; the test rows of each are its fold.
    """
    count = recipe.data.folds or len(runs)
    repetitions = [runs[start : start + count] for start in range(0, len(runs), count)]
    folds, means = _over_folds(run, runs, count)
    caveat = sampling_words(folds, means["accuracy"])
    table = _write(run, repetitions[0], caveat, None)
    baselines = {name: _write(run, repetitions[0], caveat, name) for name in runs[0].baselines("test")}
    audited = averaged([table, *map(out_of_fold, repetitions[1:])])
    judgement = judge(
        table, baselines=baselines, positive=_positive(recipe, table), draws=recipe.judge.draws, seed=recipe.seed
    )
    judgement = replace(judgement, label_errors=find_label_errors(audited))
    write_judgement(run.judgement, judgement)
    write_label_errors(label_error_frame(audited), audited, run.path / "label-errors.csv")
    write_report(run.path, judgement, table, None, audited)
    console = Screen()
    console.print(judgement_table(judgement))
    found = means["accuracy"]
    console.print(
        f"over {folds.folds * folds.repetitions} folds  {METRICS['accuracy'].title} {value_text(found.value, 'accuracy')} "
        f"({interval_text(found, 'accuracy')}), {found.method}",
        markup=False, highlight=False, soft_wrap=True,
    )  # fmt: skip


def out_of_fold(runs: Sequence[RunFiles], baseline: str | None = None) -> Predictions:
    """The test rows of the folds of one repetition as one table, with the column `fold`."""
    tables = [read(one.predictions("test", baseline)) for one in runs]
    frames = [
        table.frame.drop("leaked", strict=False).with_columns(fold=pl.lit(str(fold)))
        for fold, table in enumerate(tables, start=1)
    ]
    known = tables[0].metadata
    metadata = {name: known[name] for name in ("schema_version", "classes", "remarks") if name in known}
    metadata |= {"split": "test", "caveats": tables[0].caveats}
    return Predictions(pl.concat(frames, how="diagonal"), metadata)


def _positive(recipe: Recipe, table: Predictions) -> str | None:
    """The class that a recipe means, spelled as labels are."""
    name = recipe.judge.positive
    return name and (matched_name(trimmed(name) or "", table.classes) or name)


def _write(run: RunFiles, runs: Sequence[RunFiles], caveat: str, baseline: str | None) -> Predictions:
    table = out_of_fold(runs, baseline)
    metadata = {**table.metadata, "caveats": {**table.caveats, "cross_validation": caveat}}
    path = run.predictions("test", baseline)
    write(replace(table, metadata=metadata), path)
    return read(path)


def _over_folds(run: RunFiles, runs: Sequence[RunFiles], count: int) -> tuple[Folds, dict[str, Estimate]]:
    """The mean of each metric over folds, written into `cross-validation.json` with those of every fold."""
    outcomes = [read_outcome(one, one.name, 0) for one in runs]
    repetitions = len(runs) // count
    rows = sum(len(one.ids) for one in outcomes) / repetitions
    folds = Folds(count, repetitions, rows / count, rows - rows / count)
    shared = [name for name in METRICS if all(name in one.metrics for one in outcomes)]
    means = {name: mean_over_folds(np.array([one.metrics[name] for one in outcomes]), folds, name) for name in shared}
    content = {
        "folds": asdict(folds),
        "metrics": {name: asdict(found) for name, found in means.items()},
        "runs": [
            {
                "repetition": place // count + 1,
                "fold": place % count + 1,
                "run": one.name,
                "metrics": dict(outcome.metrics),
            }
            for place, (one, outcome) in enumerate(zip(runs, outcomes, strict=True))
        ],
    }
    write_json(run.cross_validation, content)
    return folds, means


def sampling_words(folds: Folds, accuracy: Estimate) -> str:
    """The sampling model of the judgement, in words."""
    whole = value_text(accuracy.value, "accuracy")
    if accuracy.low is not None:
        whole += f" ({interval_text(accuracy, 'accuracy')})"
    return (
        f"Out-of-fold predictions: each row is predicted by one of {folds.folds} models, which did not learn from it. The "
        "intervals here take these models as one and their rows as independent; another sample of training rows is not in them. "
        f"Over {folds.folds * folds.repetitions} folds, with the corrected resampled t test, accuracy is {whole}."
    )

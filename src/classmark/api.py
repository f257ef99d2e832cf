"""The public functions, as thin as can be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from classmark.errors import InputError

if TYPE_CHECKING:
    from classmark.inference import Classifier
    from classmark.judging.comparisons import Comparison
    from classmark.judging.judgement import Judgement
    from classmark.predictions import Predictions
    from classmark.runs import Run


def train(recipe: str | Path, out: str | Path | None = None, **overrides: Any) -> Run:
    """The finished run of a recipe.

    Args:
        recipe: a shipped recipe's name or the path of a YAML file.
        out: the run folder; without it, a new one under `runs/`.
        overrides: changes with `__` for the dot: `train__epochs=1`, `data__limit=2000`.

    Raises:
        ClassmarkError: the recipe or its data cannot be used.
    """
    import json

    from classmark.recipes import load_recipe
    from classmark.training import train as train_recipe

    changes = [f"{key.replace('__', '.')}={json.dumps(value)}" for key, value in overrides.items()]
    return train_recipe(load_recipe(str(recipe), changes), Path(out) if out is not None else None)


def judge(
    labels: Sequence[Any],
    probabilities: ArrayLike,
    classes: Sequence[Any] | None = None,
    validation: tuple[Sequence[Any], ArrayLike] | None = None,
) -> Judgement:
    """The judgement of predictions in memory.

    Args:
        labels: N true classes.
        probabilities: shape (N, C), rows sum to one, or (N,): the second class's of two.
        classes: C names in the order of the columns; without them, the sorted labels.
        validation: labels and probabilities of other rows by the same model; what is fitted or chosen comes from these.

    Raises:
        PredictionsError: the values break the contract of a predictions table.

    Example:
        >>> import classmark
        >>> found = classmark.judge(["no", "yes", "yes", "no"], [0.1, 0.8, 0.4, 0.3])
        >>> found.metrics["accuracy"].value
        0.75
    """
    from classmark.judging.judge import judge as judge_table

    names = tuple(str(name) for name in (classes if classes is not None else sorted(set(labels))))
    held_out = None if validation is None else _table(*validation, names, "validation")
    return judge_table(_table(labels, probabilities, names, "labels and probabilities"), validation=held_out)


def compare(a: str | Path, b: str | Path) -> Comparison:
    """The comparison of two predictions files or run folders on the same rows; differences are B − A.

    Raises:
        PredictionsError: they are not about the same rows.
    """
    from classmark.foreign import read_predictions
    from classmark.judging.comparisons import compare as compare_tables
    from classmark.runs import open_run

    paths = (open_run(Path(path)).predictions("test") if Path(path).is_dir() else Path(path) for path in (a, b))
    return compare_tables(*(read_predictions(path) for path in paths))


def load(run: str | Path) -> Classifier:
    """The trained classifier of a run folder, with `predict_proba(texts)`.

    Raises:
        RunError: there is no finished model in it.
    """
    from classmark.inference import load as load_classifier

    return load_classifier(run)


def _table(labels: Sequence[Any], probabilities: ArrayLike, classes: Sequence[str], source: str) -> Predictions:
    from classmark.predictions import build_predictions

    values = np.asarray(probabilities, dtype=np.float64)
    if values.ndim == 1:
        values = np.stack([1 - values, values], axis=1)
    if len(values) != len(labels):
        raise InputError(
            f"judge: {len(labels):,} labels and {len(values):,} rows of probabilities. Give one row a label."
        )
    if values.shape[1] != len(classes):
        raise InputError(
            f"judge: {values.shape[1]} columns of probabilities for {len(classes)} classes. Name them: classes=[…]"
        )
    ids = [str(row) for row in range(1, len(labels) + 1)]
    names = [str(label) for label in labels]
    return build_predictions(ids, names, values, classes, metadata={"numbered": True}, source=source)

"""The public functions, as thin as can be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from classmark.errors import InputError

if TYPE_CHECKING:
    from classmark.inference import Classifier
    from classmark.judging.comparisons import Comparison
    from classmark.judging.multiple import Comparisons
    from classmark.predictions import Predictions
    from classmark.reading.values import Values
    from classmark.runs import RunFiles
    from classmark.shown import ShownJudgement

    Compared = str | Path | RunFiles | Predictions | ShownJudgement


def train(recipe: str | Path, out: str | Path | None = None, **overrides: Any) -> RunFiles:
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
    labels: Any,
    probabilities: Any = None,
    classes: Sequence[Any] | None = None,
    validation: Sequence[Any] | Mapping[str, Any] | None = None,
    *,
    predicted: Any = None,
    logits: bool = False,
    positive: Any = None,
    ids: Any = None,
    groups: Any = None,
    columns: Any = None,
    at: Sequence[str] = (),
    costs: Mapping[str, float] | None = None,
    slices: Sequence[str] | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> ShownJudgement:
    """The judgement of predictions in memory: arrays, lists, polars or pandas series and frames.

    Args:
        labels: N true classes; rows without one (None, NaN) are left out, and said to be.
        probabilities: shape (N, C), rows sum to one, or (N,): one score for two classes, that of the positive one.
        classes: C names in the order of the columns; without them, a frame's column names where these are the labels,
            else the sorted labels.
        validation: labels and probabilities (or predicted classes) of other rows by the same model, as (labels, values) or
            as a dictionary with the names of these arguments; whatever is fitted or chosen comes from these rows.
        predicted: N predicted classes, instead of probabilities.
        logits: the probabilities are logits.
        positive: the positive class of two; without it, the second.
        ids: N unique names of rows; without them, they are numbered.
        groups: N names of what rows belong to (a film, a patient); whole groups are then resampled.
        columns: further columns by name (a frame or a dictionary), such as `text`, which the page shows.
        at: two classes: goals of thresholds, chosen on the validation rows: `f1`, `precision>=0.95`.
        costs: `true:predicted` → cost of such a row, as `{"yes:no": 5}`; an error that is not named costs 1.
        slices: columns whose slices are judged; without them, all that make some.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        InputError: the values do not fit each other, or break the contract of a predictions table.

    Example:
        >>> import classmark
        >>> found = classmark.judge(["no", "yes", "yes", "no"], [0.1, 0.8, 0.4, 0.3])
        >>> found.metrics["accuracy"].value
        0.75
    """
    from classmark.judging.judge import judge as judge_table
    from classmark.reading.table import ReadOptions, class_spelt
    from classmark.reading.values import Values, read_values
    from classmark.shown import shown

    if isinstance(classes, str):
        raise InputError('classes: give a list of names, such as ["negative", "positive"], not one text.')
    if isinstance(classes, set | frozenset):
        raise InputError("classes: a set has no order; give a list of names in the order of the probabilities.")
    if classes is not None and not isinstance(classes, Iterable):
        raise InputError(f"classes: {type(classes).__name__} is no list of names.")
    names = None if classes is None else tuple(str(name) for name in classes)
    options = ReadOptions(classes=names, positive=None if positive is None else str(positive), logits=logits)
    table = read_values(Values(labels, probabilities, predicted, ids, groups, columns), options, "predictions")
    held_out = None
    if validation is not None:
        other = _held_out_values(validation, labels_only=probabilities is None)
        held_out = read_values(other, replace(options, classes=options.classes or table.classes), "validation")
    found = judge_table(
        table,
        validation=held_out,
        positive=None if options.positive is None else class_spelt(options.positive, table.classes),
        at=(at,) if isinstance(at, str) else at,
        costs=costs,
        slices=(slices,) if isinstance(slices, str) else slices,
        draws=draws,
        seed=seed,
    )
    return shown(found, table, held_out)


@overload
def compare(
    a: Compared, b: Compared, /, *, names: Sequence[str] | None = ..., positive: str | None = ..., draws: int = ...
) -> Comparison: ...


@overload
def compare(
    a: Compared,
    b: Compared,
    /,
    *more: Compared,
    names: Sequence[str] | None = ...,
    positive: str | None = ...,
    draws: int = ...,
) -> Comparison | Comparisons: ...


def compare(
    a: Compared,
    b: Compared,
    /,
    *more: Compared,
    names: Sequence[str] | None = None,
    positive: str | None = None,
    draws: int = 1000,
) -> Comparison | Comparisons:
    """The paired comparison of two or more models on the same rows, matched by id; differences are the later − the earlier.

    Args:
        a: the baseline: a predictions file, a run or its folder, a judgement that `classmark.judge` made, or a
            predictions table. Judgements without ids are matched by row number.
        b: another.
        more: further ones; there are then `Comparisons`: all against A, every pair, p values after Holm's correction.
        names: what they are called; without these, as files, runs or letters.
        positive: the positive class of two.
        draws: of the bootstrap.

    Raises:
        PredictionsError: they are not about the same rows.
        InputError: something else than these is given.

    Example:
        >>> import classmark
        >>> labels = ["no", "yes"] * 50
        >>> a = classmark.judge(labels, [0.4, 0.6] * 50)
        >>> b = classmark.judge(labels, [0.6, 0.6] * 50)
        >>> classmark.compare(a, b, names=["old", "new"]).sentence
        'old is better than new by 50.0 points (38.9 to 59.1) of accuracy on 100 rows.'
    """
    from classmark.judging.multiple import LETTERS, compare_all

    called, tables = zip(*(_compared(one) for one in (a, b, *more)), strict=True)
    if names is not None and len(names) != len(tables):
        raise InputError(f"compare: {len(names)} names for {len(tables)} models. Give one a model: names=[…]")
    known = called if len(set(called)) == len(called) else LETTERS[: len(called)]
    return compare_all(tables, names=tuple(names or known), positive=positive, draws=draws)


def load(run: str | Path) -> Classifier:
    """The trained classifier of a run folder, with `predict_proba(texts)`.

    Raises:
        RunError: there is no finished model in it.
    """
    from classmark.inference import load as load_classifier

    return load_classifier(run)


def _compared(given: Compared) -> tuple[str, Predictions]:
    """What one side of a comparison is called, and its table."""
    from classmark.predictions import Predictions
    from classmark.reading.files import read_predictions
    from classmark.runs import RunFiles, open_run

    if isinstance(given, Predictions):
        return given.source, given
    if isinstance(table := getattr(given, "predictions", None), Predictions):
        return table.source, table
    if isinstance(given, RunFiles):
        given = given.path
    if not isinstance(given, str | Path):
        raise InputError(
            f"compare: a {type(given).__name__} is no predictions file, run or judgement. "
            "Judge values in memory first: classmark.compare(classmark.judge(labels, probabilities), …)"
        )
    path = Path(given)
    if path.is_dir():
        run = open_run(path)
        return path.resolve().name, read_predictions(run.predictions("test"))
    return str(path), read_predictions(path)


def _held_out_values(given: Sequence[Any] | Mapping[str, Any], labels_only: bool) -> Values:
    from classmark.reading.values import Values

    names = [field.name for field in fields(Values)]
    if isinstance(given, Mapping):
        unknown = [name for name in given if name not in names]
        if unknown or "labels" not in given:
            raise InputError(f"validation: a dictionary of {', '.join(names)}, with labels; it has {', '.join(given)}.")
        return Values(**given)
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise InputError(
            "validation: give (labels, probabilities) of the validation rows, or a dictionary of arguments."
        )
    labels, values = given
    return Values(labels, predicted=values) if labels_only else Values(labels, values)

"""What is said about the predictions of one model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from classmark.api.sides import held_out_of, names_of, one_side, several_sides, unlabelled_of, validation_of
from classmark.errors import InputError, RunError
from classmark.reading.options import FileWords, ReadWords, read_options

if TYPE_CHECKING:
    import polars as pl

    from classmark.reading.side import Side
    from classmark.shown.judgement import ShownJudgement


def read(predictions: Any, **options: Unpack[ReadWords]) -> Side:
    """The predictions of one model, read and checked; `judge` and `compare` take the result.

    Args:
        predictions: a file, a folder of Parquet parts, a run or its folder, a frame, or a dictionary of columns.
        options: what the columns mean, where the file does not say: see `judge`.

    Raises:
        ClassmarkError: it cannot be read, or nothing or too much in it may be predictions.
    """
    from classmark.reading.side import open_side

    return open_side(predictions, read_options(options))


def judge(
    predictions: Any,
    probabilities: Any = None,
    classes: Sequence[Any] | None = None,
    validation: Any = None,
    *,
    predicted: Any = None,
    weights: Any = None,
    ids: Any = None,
    groups: Any = None,
    columns: Any = None,
    unlabelled: Any = None,
    at: Sequence[str] = (),
    confidence: float | None = None,
    costs: Mapping[str, float] | None = None,
    slices: Sequence[str] | None = None,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    require: str | Sequence[str] = (),
    **options: Unpack[FileWords],
) -> ShownJudgement:
    """The judgement of predictions: of a file, a run, a frame, or of values in memory.

    Args:
        predictions: a file, a folder of Parquet parts, `-` for standard input, a run or its folder, what `read` gave, or a
            frame with all columns. Or N true classes, with the predictions of them in the next arguments; rows without a
            class (None, NaN) are left out, and the judgement says how many.
        probabilities: of values: shape (N, C), rows sum to one, or (N,): one score for two classes. Of a file: the names of
            the columns.
        classes: C names in the order of the probabilities; without them, the column names if these are the classes, else the
            sorted labels.
        validation: predictions of the same model on other rows: a file, or (labels, probabilities), or a dictionary with the
            names of these arguments. Whatever is fitted or chosen comes from these rows.
        predicted: N predicted classes, or the name of their column. With probabilities beside them, accuracy, F1 and the
            confusion matrix come from these.
        weights: how much each row counts: N numbers, or the name of their column.
        ids: N unique names of rows; without them, rows are numbered.
        groups: N names of what rows belong to (a film, a patient); whole groups are then resampled.
        columns: further columns by name (a frame or a dictionary), such as `text`, which the page shows.
        unlabelled: predictions of the same model on rows whose labels are not known, drawn as the labelled ones: a file with
            the same columns, or probabilities. They sharpen accuracy and the shares of the classes.
        at: goals of thresholds, chosen on the validation rows. Two classes: `f1`, `precision>=0.95`. Any number: `error<=0.02`
            of the rows that are answered, the others being left to people.
        confidence: such as 0.9: minimums and highest errors are then to hold on new rows, in at least so many of 100 samples
            of validation rows; no threshold is chosen where these rows cannot promise that.
        costs: `true:predicted` → cost of such a row, as `{"yes:no": 5}`; an error that is not named costs 1.
        slices: columns whose slices are judged, `a*b` for the combinations of two; without them, all that make some.
        draws: of the bootstrap.
        seed: of the bootstrap.
        level: how often an interval is to hold the true value; tests of differences use 1 − level.
        require: what the whole interval of a metric must keep, such as `accuracy>=0.9`; `checks` has the results.
        options: `positive`, `logits`; of a file also `label`, `id`, `group`, `labels` (a second file with the true classes,
            joined by id), `where` (such as `{"split": "test"}`), `labels_only`, `rescale`, `missing_label`.

    Raises:
        ClassmarkError: the predictions cannot be read, or nothing or too much in them may be predictions.

    Example:
        >>> import classmark
        >>> found = classmark.judge(["no", "yes", "yes", "no"], [0.1, 0.8, 0.4, 0.3])
        >>> found.metrics["accuracy"].value
        0.75
    """
    from classmark.judging.checks import check_requirements, read_requirements
    from classmark.judging.judge import judge as judge_table
    from classmark.judging.parts.mixed_tables import known_mixture
    from classmark.judging.statistics.level import at_level, checked_level
    from classmark.runs.looks import known_looks
    from classmark.runs.prediction_cost import read_prediction_cost
    from classmark.shown.judgement import shown

    required, level = read_requirements(require), checked_level(level)
    given = {"probabilities": probabilities, "predicted": predicted, "ids": ids, "groups": groups, "weights": weights}
    words = dict(options) | {"classes": classes}
    side, words = one_side(predictions, given | {"columns": columns}, words)
    many = None if unlabelled is None else unlabelled_of(unlabelled, predictions, given, words, side)
    held_out = side.validation if validation is None else validation_of(validation, words, side)
    table = side.table
    with at_level(level):
        found = judge_table(
            table,
            validation=held_out,
            unlabelled=many,
            baselines=side.baselines,
            mixing=known_mixture(side.mixture, {"model": table, **side.baselines}),
            looks=known_looks(side.run, table) if side.run and table.split == "test" else None,
            at=(at,) if isinstance(at, str) else at,
            confidence=confidence,
            costs=costs,
            slices=(slices,) if isinstance(slices, str) else slices,
            draws=draws,
            seed=seed,
        )
        checks = check_requirements(found.metrics, required)
    cost = read_prediction_cost(side.run) if side.run else None
    return shown(replace(found, checks=checks, prediction_cost=cost), table, held_out, side.run)


def judge_parts(predictions: Any, by: str, **arguments: Any) -> dict[str, ShownJudgement]:
    """A judgement for each value of a column: of each model or split that one file holds.

    Args:
        predictions: a file or a frame.
        by: the column.
        arguments: as of `judge`.

    Raises:
        ClassmarkError: the column does not exist or has one value only, or a part cannot be judged.
    """
    from classmark.reading.side import part_values

    if arguments.get("unlabelled") is not None:
        raise InputError("it goes with one set of predictions.", "Name one part by where.", argument="unlabelled")
    where = dict(arguments.pop("where", None) or {})
    if by in where:
        raise InputError(f'"{by}" is named by where and by "by".', "Leave one of them out.", argument="where")
    return {value: judge(predictions, where=where | {by: value}, **arguments) for value in part_values(predictions, by)}


def judge_matrix(
    matrix: Any,
    classes: Sequence[Any] | None = None,
    *,
    positive: Any = None,
    level: float = 0.95,
    require: str | Sequence[str] = (),
) -> ShownJudgement:
    """The judgement of a published confusion matrix.

    Args:
        matrix: C × C counts; rows are true classes, columns predicted ones.
        classes: C names; without them, negative and positive, or the numbers from 0.
        positive: the positive class of two; without it, the second.
        level: as of `judge`.
        require: as of `judge`.

    Raises:
        InputError: it is not a square matrix of counts, or the classes do not fit it.

    Example:
        >>> import classmark
        >>> classmark.judge_matrix([[10805, 1695], [1099, 11401]]).metrics["accuracy"].value
        0.88824
    """
    from classmark.judging.checks import check_requirements, read_requirements
    from classmark.judging.published import judge_confusion
    from classmark.judging.statistics.level import at_level
    from classmark.reading.arrays import is_frame
    from classmark.shown.judgement import shown

    if is_frame(matrix):
        matrix, classes = _matrix_of(matrix, classes)
    options = read_options({"classes": classes, "positive": positive})
    names = options.classes or (("negative", "positive") if len(matrix) == 2 else None)
    required = read_requirements(require)
    with at_level(level):
        found = judge_confusion(matrix, names, positive=options.positive)
        checks = check_requirements(found.metrics, required)
    return shown(replace(found, checks=checks), None, None)


def find_label_errors(predictions: Any, **options: Unpack[ReadWords]) -> pl.DataFrame:
    """The rows with whose label the model disagrees, most suspicious first: id, label, suggested, confidence, label_probability.

    Args:
        predictions: a file, a run, a frame or a judgement, as `judge` takes them; they should not be those of the model's own
            training rows. Of a run, its validation rows.
        options: what the columns mean, as in `judge`.

    Raises:
        InputError: the predictions have no probabilities.

    Source: Northcutt, Jiang, Chuang 2021, confident learning.
    """
    from classmark.judging.parts.label_errors import label_error_frame
    from classmark.reading.side import open_side

    side = open_side(predictions, read_options(options))
    return label_error_frame(side.validation or side.table)


def mix(
    first: Any,
    /,
    *others: Any,
    validation: Any = None,
    by: str | None = None,
    names: Sequence[str] | None = None,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    **options: Unpack[ReadWords],
) -> ShownJudgement:
    """The judgement of a mixture of two or more models, compared with each of them on the same rows.

    Weights for the models' log-probabilities and a bias per class are fitted on validation rows.

    Args:
        first: test predictions of a model: a file, a run or its folder, a judgement that `judge` made, what `read` gave, or
            a frame.
        others: those of the other models on the same rows, matched by id.
        validation: a list with each model's predictions on the same validation rows, in the order of the models. Those of
            runs, and of judgements that have some, need not be given.
        by: the column that says which model a row of the first, and of the validation rows, is of.
        names: what the models are called; without these, as files, runs or letters.
        draws: of the bootstrap.
        seed: of the bootstrap.
        level: as of `judge`.
        options: what the columns of all files mean, as in `judge`.

    Raises:
        PredictionsError: the models are not about the same rows, or a validation row is among the test rows.
        InputError: something else than these is given, or there are no validation rows or no probabilities.

    Example:
        >>> import classmark
        >>> labels = ["no", "yes", "yes"] * 40
        >>> a, b = [0.4, 0.7, 0.3] * 40, [0.2, 0.4, 0.9] * 40
        >>> test = [{"label": labels, "p_yes": scores} for scores in (a, b)]
        >>> validation = [{"label": labels[:60], "p_yes": scores[:60]} for scores in (a, b)]
        >>> classmark.mix(*test, validation=validation).mixture.verdict
        'better'
    """
    from classmark.judging.judge import judge as judge_table
    from classmark.judging.parts.mixed_tables import mix_tables
    from classmark.judging.statistics.level import at_level, checked_level
    from classmark.shown.judgement import shown

    said, level = read_options(options), checked_level(level)
    sides = several_sides("mix", (first, *others), by, said)
    for side in sides:
        if side.run is not None and side.table.split == "validation":
            raise RunError(
                f"{side.run.path}: the run is unfinished and has no test predictions.",
                f"Finish it: classmark train --resume {side.run.path}",
            )
    held_out = held_out_of(validation, sides, by, said)
    mixing = mix_tables([side.table for side in sides], held_out, names_of(sides, names))
    with at_level(level):
        found = judge_table(mixing.table, mixing=mixing, draws=draws, seed=seed)
    return shown(found, mixing.table, None)


def _matrix_of(frame: Any, classes: Sequence[Any] | None) -> tuple[Any, Sequence[Any]]:
    """The counts of a pandas frame with the true classes as its index and the predicted ones as its columns, and the classes."""
    columns = [str(name) for name in frame.columns]
    index = [str(name) for name in frame.index] if hasattr(frame, "index") else columns
    if set(index) != set(columns) or len(set(index)) < len(index) or len(set(columns)) < len(columns):
        raise InputError(
            f"the rows are called {', '.join(index[:6])} and the columns {', '.join(columns[:6])}.",
            "Call both by the same classes, without totals.",
            argument="matrix",
        )
    counts = frame.to_numpy()[:, [columns.index(name) for name in index]]
    inner = counts[:-1, :-1]
    if (
        len(counts) > 2
        and (inner.sum(axis=1) == counts[:-1, -1]).all()
        and (inner.sum(axis=0) == counts[-1, :-1]).all()
    ):
        raise InputError(f'the last row and column, "{index[-1]}", are totals.', "Leave them out.", argument="matrix")
    if classes is None:
        return counts, index
    wanted = [str(name) for name in classes]
    if set(wanted) != set(index):
        raise InputError(f"the matrix has the classes {', '.join(index[:6])}.", "Name these.", argument="classes")
    places = [index.index(name) for name in wanted]
    return counts[places][:, places], wanted

"""The public functions; the command line calls the same ones."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from classmark.errors import InputError, MissingExtraError, RunError
from classmark.reading.options import FileWords, ReadOptions, ReadWords, read_options
from classmark.system.packages import load_package

if TYPE_CHECKING:
    import polars as pl

    from classmark.exports import Exported
    from classmark.inference import Classifier, MixedClassifier
    from classmark.judging.studies.tuned import Tuned
    from classmark.predictions import Predictions
    from classmark.reading.side import Side
    from classmark.run import Run
    from classmark.runs import RunFiles
    from classmark.shown.answers import ShownAnswers
    from classmark.shown.audit import ShownAudit
    from classmark.shown.comparisons import ShownComparisons
    from classmark.shown.judgement import ShownJudgement
    from classmark.shown.plan import ShownPlan

VALUE_WORDS = ("labels", "probabilities", "predicted", "ids", "groups", "weights", "columns")


def train(
    recipe: str | Path | None = None,
    out: str | Path | None = None,
    *,
    resume: str | Path | Run | None = None,
    **overrides: Any,
) -> Run:
    """The finished run of a recipe, or with `data__folds=5` the finished cross-validation: a run for each fold.

    Args:
        recipe: a shipped recipe's name or the path of a YAML file.
        out: the run folder; without it, a new one under `runs/`.
        resume: a run, or its folder, to go on with instead of a recipe.
        overrides: changes with `__` for the dot: `train__epochs=1`, `data__limit=2000`. Paths, tuples, and numpy's scalars
            and arrays are taken too; None unsets a key that may be absent.

    Raises:
        ClassmarkError: the recipe or its data cannot be used.
    """
    from classmark.recipes import load_recipe
    from classmark.run import Run
    from classmark.runs import open_run
    from classmark.studies.cross_validation import cross_validate, is_cross_validation, resume_cross_validation

    if (recipe is None) == (resume is None):
        raise InputError("name a recipe, or a run to go on with.", argument="resume")
    if resume is not None:
        if out is not None or overrides:
            raise InputError("it goes on with a run as it was begun, without out and changes.", argument="resume")
        run = open_run(resume.path if isinstance(resume, Run) else Path(resume))
        if is_cross_validation(load_recipe(str(run.recipe))):
            return Run(resume_cross_validation(run).path)
        from classmark.training import resume as resume_run

        return Run(resume_run(run).path)
    _check_path("recipe", recipe)
    if out is not None:
        _check_path("out", out)
    asked, folder = load_recipe(str(recipe), overrides), Path(out) if out is not None else None
    if is_cross_validation(asked):
        return Run(cross_validate(asked, folder).path)
    from classmark.training import train as train_recipe

    return Run(train_recipe(asked, folder).path)


def _path_of(run: Any) -> Path:
    """The folder of a run, or of what names its folder."""
    path = getattr(run, "path", run)
    _check_path("run", path)
    return Path(path)


def _check_path(name: str, value: Any) -> None:
    """Refuse what is neither a text nor a path, such as a table."""
    if not isinstance(value, str | os.PathLike):
        raise InputError(f"{type(value).__name__}: a name or a path is expected.", argument=name)


def predict(
    run: str | Path | Run,
    inputs: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    text: str = "text",
    image: str = "image",
    image_folder: str | Path | None = None,
    image_ending: str | None = None,
    label: str | None = None,
    id: str | None = None,  # noqa: A002 - the name of the option
    quoting: Literal["auto", "none"] = "auto",
    calibrated: bool = False,
    mixture: bool = False,
    skip_unreadable: bool = False,
    skip_unknown_labels: bool = False,
    no_labels: bool = False,
    at: str | None = None,
    sets: float | None = None,
) -> Path:
    """The path of the table of predictions of new texts or images, written.

    What is left out, and what was guessed in reading, goes to standard error.

    Args:
        run: a run, or the path of its folder.
        inputs: tables, `.txt` or image files, or folders or zips of them.
        out: `.parquet` is a predictions table; `.csv` and `.jsonl` have a column `p_<class>` per class.
        text: column of a table.
        image: column of a table, with paths.
        image_folder: where these count from; without it, the folder of the table.
        image_ending: what is added to paths without an image's ending.
        label: column of the true classes; without it the column `label`, if there is one.
        id: column of ids, if there is one.
        quoting: `none` if quotes in a CSV or TSV are ordinary characters.
        calibrated: divide the logits by the temperature that the run fitted on its validation rows.
        mixture: predict with the mixture of the model and its linear baseline, if the recipe said `judge.mixture`.
        skip_unreadable: leave out empty texts, damaged images and files that cannot be read.
        skip_unknown_labels: leave out rows whose label is no class of the model.
        no_labels: do not read true classes.
        at: decide by the threshold that reaches this goal on the run's validation rows: `f1`, `precision>=0.95`, or
            `error<=0.02`, which says of each row whether it is sure enough to be answered.
        sets: give sets of classes that hold the true one in this share of rows, such as 0.9.

    Raises:
        ClassmarkError: the run has no model, or an input cannot be read; nothing is written then.
    """
    from classmark.inference import PredictOptions, predict_files
    from classmark.run import Run

    names = [str(inputs)] if isinstance(inputs, str | Path) else [str(one) for one in inputs]
    options = PredictOptions(
        text=text,
        image=image,
        image_folder=None if image_folder is None else str(image_folder),
        image_ending=image_ending,
        label=label,
        id=id,
        quoting=quoting,
        calibrated=calibrated,
        mixture=mixture,
        skip_unreadable=skip_unreadable,
        skip_unknown_labels=skip_unknown_labels,
        no_labels=no_labels,
        at=at,
        sets=sets,
    )
    predicted = predict_files(run.path if isinstance(run, Run) else Path(run), names, Path(out), options)
    for line in predicted.notes:
        print(line, file=sys.stderr)
    return Path(out)


def export(
    run: str | Path | Run,
    to: str = "onnx",
    out: str | Path | None = None,
    *,
    quantise: str | None = None,
    license: str = "unknown",  # noqa: A002 - the name of the option
    language: str | Sequence[str] = (),
) -> Exported:
    """What a finished run was written to for other programs; `path` says where.

    Args:
        run: a run, or the path of its folder.
        to: `onnx`, a folder that predicts with onnxruntime alone; `huggingface`, one that `transformers` or `timm` load; `card`,
            the model card, a Markdown file.
        out: the folder or file; without it, one in `exports/`.
        quantise: `int8`: weights in 8 bits, for onnx. What that costs and gains is measured.
        license: for the model card, as the Hugging Face hub calls it, such as `apache-2.0`.
        language: for the model card: `en`, or several.

    Raises:
        ClassmarkError: the run, its data or its kind of model cannot be used.
        AgreementError: what was written does not say what the run says on its test rows; it is removed.
    """
    from classmark.exports import ExportOptions, export_run
    from classmark.runs import open_run

    files = open_run(_path_of(run))
    languages = (language,) if isinstance(language, str) else tuple(language)
    place = None if out is None else Path(out)
    return export_run(files, ExportOptions(to, place, quantise, license, languages))


def load(
    run: str | Path | Run | RunFiles, *, calibrated: bool = False, mixture: bool = False
) -> Classifier | MixedClassifier:
    """The trained classifier of a run, with `predict(texts)` and `predict_proba(texts)`.

    Args:
        run: a run, or the path of its folder.
        calibrated: divide the logits by the temperature that the run fitted on its validation rows.
        mixture: the mixture of the model and its linear baseline, if the recipe said `judge.mixture`.

    Raises:
        InputError: both are asked for.
        RunError: there is no finished model in it, or no temperature or mixture.
    """
    from classmark.inference import load_any

    return load_any(run, calibrated=calibrated, mixture=mixture)


def serve(
    runs: str | Path | Run | Sequence[str | Path | Run],
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    calibrated: bool = False,
    mixture: bool = False,
    at: str | None = None,
    sets: float | None = None,
    batch: int = 32,
    wait_ms: float = 5.0,
    watch: bool = False,
    key_file: str | Path | None = None,
    max_bytes: int = 16 << 20,
    max_rows: int = 1_000,
    max_characters: int = 100_000,
    max_pixels: int = 40_000_000,
    timeout: float = 30.0,
) -> None:
    """Serve the models of runs behind an HTTP address, until SIGTERM or SIGINT.

    The address goes to standard output once requests are answered; the page to try the models is there. SIGHUP loads the
    runs anew. If the variable CLASSMARK_API_KEY is set, or `key_file` is given, requests must show that key.

    Args:
        runs: one or more run folders, or links to them; the first is the default.
        host: of the address; other machines reach "0.0.0.0" or "::".
        port: of the address; 0 is any free one.
        calibrated: as of `predict`.
        mixture: as of `predict`.
        at: as of `predict`.
        sets: as of `predict`; without it, sets of 0.9 where the run has predictions of validation rows.
        batch: rows from which on requests that wait are computed together at once.
        wait_ms: how long a request waits for others.
        watch: look every second whether a run was replaced, and load it anew.
        key_file: its first line is the key.
        max_bytes: of a request.
        max_rows: of a request.
        max_characters: of a text.
        max_pixels: of an image.
        timeout: seconds for sending a request, and again for its answer.

    Raises:
        ClassmarkError: a run cannot be loaded, or the address cannot be used.
    """
    from classmark.run import Run
    from classmark.runs.model import input_kind

    asked = [runs] if isinstance(runs, str | Path | Run) else list(runs)
    paths = [one.path if isinstance(one, Run) else Path(one) for one in asked]
    for package in ("fastapi", "uvicorn", "python_multipart", "prometheus_client"):
        load_package(package, "serve", "Serving")
    try:
        from classmark.serving.options import Limits, ServeOptions, read_key
        from classmark.serving.server import Address, serve_runs
    except ModuleNotFoundError as error:
        raise MissingExtraError(str(error.name), input_kind(paths[0]), "Serving this run") from None
    limits = Limits(max_bytes, max_rows, max_characters, max_pixels, timeout)
    key = read_key(None if key_file is None else Path(key_file))
    options = ServeOptions(calibrated, mixture, at, sets, batch, wait_ms / 1_000, watch, limits, key)
    serve_runs(paths, Address(host, port), options)


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
        level: of all intervals, which hold the true value so often; tests of differences are at one less it.
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
    side, words = _side(predictions, given | {"columns": columns}, words)
    many = None if unlabelled is None else _unlabelled(unlabelled, predictions, given, words, side)
    held_out = side.validation if validation is None else _validation(validation, words, side)
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


def compare(
    first: Any,
    /,
    *others: Any,
    by: str | None = None,
    names: Sequence[str] | None = None,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.95,
    fail_if_worse: str | Sequence[str] = (),
    not_worse_than: Mapping[str, float] | str | Sequence[str] = (),
    equivalent: Mapping[str, float] | str | Sequence[str] = (),
    **options: Unpack[ReadWords],
) -> ShownComparisons:
    """The paired comparison of two or more models on the same rows, matched by id; differences are the later − the earlier.

    Args:
        first: the baseline: a file, a run or its folder, a judgement that `judge` made, what `read` gave, or a frame.
            Judgements without ids are matched by row number.
        others: the other models. To read one of them with options of its own, give `read(file, label="truth")`.
        by: the column that says which model a row of the first is of, if one file holds them all.
        names: what the models are called; without these, as files, runs or letters.
        draws: of the bootstrap.
        seed: of the bootstrap.
        level: of all intervals; tests are at one less it.
        fail_if_worse: metrics; a check fails where a model is shown to be worse than the first.
        not_worse_than: metric → margin, such as `{"accuracy": 0.01}` or `"accuracy:0.01"`; a check passes where a model is
            shown to be worse by less than that, if at all.
        equivalent: metric → margin; a check passes where the difference is shown to lie within it on both sides.
        options: what the columns of all files mean, as in `judge`.

    Raises:
        PredictionsError: they are not about the same rows.
        InputError: something else than these is given.

    Example:
        >>> import classmark
        >>> labels = ["no", "yes"] * 50
        >>> a = classmark.judge(labels, [0.4, 0.6] * 50)
        >>> b = classmark.judge(labels, [0.6, 0.6] * 50)
        >>> classmark.compare(a, b, names=["old", "new"]).sentence
        'old is better than new by 50.0 points (40.4 to 59.6) of accuracy on 100 rows.'
    """
    from classmark.judging.checks import read_margins
    from classmark.judging.comparisons.multiple import compare_all, with_costs
    from classmark.judging.comparisons.not_worse import Asked
    from classmark.judging.statistics.level import at_level, checked_level
    from classmark.runs.prediction_cost import read_prediction_cost
    from classmark.shown.comparisons import shown_comparisons

    level = checked_level(level)
    asked = Asked(
        (fail_if_worse,) if isinstance(fail_if_worse, str) else fail_if_worse,
        read_margins(not_worse_than, "not_worse_than"),
        read_margins(equivalent, "equivalent"),
    )
    sides = _sides("compare", (first, *others), by, read_options(options))
    _check_same_split(sides)
    called = _called(sides, names)
    with at_level(level):
        comparisons = compare_all([side.table for side in sides], names=called, draws=draws, seed=seed, asked=asked)
    costs = [read_prediction_cost(side.run) if side.run else None for side in sides]
    return shown_comparisons(with_costs(comparisons, costs), sides)


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
    sides = _sides("mix", (first, *others), by, said)
    for side in sides:
        if side.run is not None and side.table.split == "validation":
            raise RunError(
                f"{side.run.path}: the run is unfinished and has no test predictions.",
                f"Finish it: classmark train --resume {side.run.path}",
            )
    held_out = _held_out(validation, sides, by, said)
    mixing = mix_tables([side.table for side in sides], held_out, _called(sides, names))
    with at_level(level):
        found = judge_table(mixing.table, mixing=mixing, draws=draws, seed=seed)
    return shown(found, mixing.table, None)


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


def audit(
    *inputs: str | Path,
    text: str = "text",
    image: str = "image",
    label: str = "label",
    id: str | None = None,  # noqa: A002 - the name of the option
    image_folder: str | Path | None = None,
    image_ending: str | None = None,
    quoting: Literal["auto", "none"] = "auto",
    jaccard: float = 0.6,
) -> ShownAudit:
    """The audit of a data set: duplicates, leaks into the test, label conflicts, odd rows.

    Args:
        inputs: a recipe and changes to it, such as `data.path=…`; or a table, image folder or zip, and a second one for the
            test.
        text: column of a table.
        image: column of a table, with paths.
        label: column of a table.
        id: column of a table.
        image_folder: where the paths of a table count from; without it, the folder of the table.
        image_ending: what is added to paths without an image's ending.
        quoting: `none` if quotes in a CSV or TSV are ordinary characters.
        jaccard: texts are near duplicates from this similarity on, 0.3 to 1.

    Raises:
        ClassmarkError: there is no such recipe or file, or it cannot be read.
    """
    from classmark.data.audit.audit import audit as audit_rows
    from classmark.data.audit.audited import audited_rows
    from classmark.recipes.kinds import Span
    from classmark.recipes.values import read_argument
    from classmark.shown.audit import shown_audit

    for one in inputs:
        _check_path("inputs", one)
    similarity = read_argument("jaccard", jaccard, float, Span(0.3, 1.0))
    columns = {"text": text, "image": image, "label": label}
    keys = {f"{name}_column": read_argument(name, column, str) for name, column in columns.items()}
    keys |= {"id_column": read_argument("id", id, str | None)}
    keys |= {"image_folder": None if image_folder is None else str(image_folder)}
    keys |= {"image_ending": read_argument("image_ending", image_ending, str | None)}
    keys |= {"quoting": read_argument("quoting", quoting, Literal["auto", "none"])}
    material = audited_rows([str(one) for one in inputs], keys)
    return shown_audit(audit_rows(material, similarity), material)


def plan(
    *pilot: Any,
    metric: str | None = None,
    of_class: str | None = None,
    accuracy: float | None = None,
    recall: float | None = None,
    precision: float | None = None,
    roc_auc: float | None = None,
    prevalence: float | None = None,
    width: float | None = None,
    minimum: float | None = None,
    difference: float | None = None,
    disagreement: float | None = None,
    margin: float | None = None,
    not_worse_than: float | None = None,
    equivalent: float | None = None,
    deviation: float | None = None,
    pilot_seeds: int | None = None,
    group_size: float | None = None,
    icc: float | None = None,
    correlation: float | None = None,
    power: float = 0.8,
    level: float = 0.95,
    **options: Unpack[ReadWords],
) -> ShownPlan:
    """How many rows to label, or seeds to run, before a decision can be made.

    Say what you want to know (`width`, `minimum`, `difference`, `not_worse_than` or `equivalent`), and what you guess; or give
    a pilot's predictions instead of the guess. Shares and differences are fractions: 0.01 is one point.

    Args:
        pilot: predictions of one model, or of two on the same rows, as `judge` takes them.
        metric: of a pilot, what is to be known: `accuracy`, `recall`, `precision` or `roc_auc`.
        of_class: of a pilot, the class of recall, precision and ROC area.
        accuracy: what it is guessed to be.
        recall: of a class, likewise.
        precision: of a class, likewise.
        roc_auc: likewise.
        prevalence: the share of rows of the class; of precision the share of rows that are called so.
        width: wanted of the interval, from end to end.
        minimum: the lower end of the interval is to lie above this.
        difference: of two models, B − A, that is to be shown.
        disagreement: the share of rows that only one of the two gets right; without it, from `accuracy`, as if errors were
            independent, which is more than usual.
        margin: B is to be shown better by more than this.
        not_worse_than: B is to be shown not worse by more than this.
        equivalent: both are to be shown to differ by less than this.
        deviation: of the difference between runs of one seed; then seeds are planned.
        pilot_seeds: how many pairs of runs that deviation comes from; its upper 80 % limit is then used.
        group_size: rows per group, on average.
        icc: intra-class correlation: how alike rows of a group are, of what is averaged.
        correlation: of both models' scores within a class, for a difference of their ROC areas.
        power: how often the decision is to be reached.
        level: of the interval; tests are at one less it.
        options: what the columns of a pilot mean, as in `judge`.

    Raises:
        InputError: nothing says what is wanted, or a figure is missing, out of range or contradicts another.

    Example:
        >>> import classmark
        >>> classmark.plan(accuracy=0.9, width=0.02).needed
        3461
        >>> classmark.plan(difference=0.01, disagreement=0.08).needed
        6268
    """
    from classmark.judging.planning.asked import read_question
    from classmark.judging.planning.pilot import pilot_of_one, pilot_of_two
    from classmark.judging.planning.plan import make_plan
    from classmark.judging.statistics.level import at_level
    from classmark.shown.plan import shown_plan

    guesses = {"accuracy": accuracy, "recall": recall, "precision": precision, "roc_auc": roc_auc}
    figures = {
        "prevalence": prevalence, "width": width, "minimum": minimum, "difference": difference,
        "disagreement": disagreement, "margin": margin, "not_worse_than": not_worse_than, "equivalent": equivalent,
        "deviation": deviation, "pilot_seeds": pilot_seeds, "group_size": group_size, "icc": icc,
        "correlation": correlation, "power": power,
    }  # fmt: skip
    question = read_question(guesses, figures, metric, pilots=len(pilot))
    if not pilot:
        if of_class is not None or options:
            name = "of_class" if of_class is not None else next(iter(options))
            raise InputError("it goes with a pilot file.", argument=name)
        with at_level(level):
            return shown_plan(make_plan(question))
    from classmark.reading.side import open_side

    said = read_options(options)
    sides = [open_side(one, said, letter) for one, letter in zip(pilot, "AB", strict=False)]
    if len(sides) == 1:
        asked, face_value = pilot_of_one(sides[0].table, question, of_class)
    else:
        asked, face_value = pilot_of_two((sides[0].table, sides[1].table), question, of_class)
    with at_level(level):
        return shown_plan(make_plan(asked, face_value, " and ".join(side.name for side in sides)))


def study(
    name: str | Path | None = None,
    *,
    table: str | Path | None = None,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    jobs: int | None = None,
    **overrides: Any,
) -> ShownAnswers:
    """The answers of a study, run or continued, or of a table of runs: is the claim supported, not by the margin, or not settled?

    They are written into the study's folder with the page.

    Args:
        name: a shipped study's name or the path of a YAML file.
        table: instead of a study, a file that lists runs which are there already: arm, seed and file (a predictions table or
            a run folder), and if there are such, `fold` of a cross-validation, `validation` predictions and `training_rows`.
        out: the folder; without it, `studies/` and the study's name.
        resume: go on with the study in this folder.
        jobs: runs at the same time, sharing the cores.
        overrides: changes with `__` for the dot: `seeds=8`, `data__path="tiny-imagenet-200.zip"`. Of a table, what is asked:
            `metric`, `margin`, `direction`, `reference`, `level`; and what the columns of its predictions mean, as in `judge`.

    Raises:
        ClassmarkError: the study or the table cannot be used, or every run failed.
        Interrupted: after Ctrl-C; the answers so far are written first.
    """
    from classmark.recipes.kinds import Span
    from classmark.recipes.values import read_argument
    from classmark.shown.answers import shown_answers
    from classmark.studies.settle import Places, settle

    workers = read_argument("jobs", jobs, int | None, Span(1, 1_024))
    paths = [Path(one) if one else None for one in (out, resume, table)]
    places = Places(paths[0], paths[1], workers, paths[2])
    of_columns = {key: overrides.pop(key) for key in ReadWords.__optional_keys__ if table and key in overrides}
    found, _ = settle(None if name is None else str(name), overrides, places, read_options(of_columns))
    return shown_answers(found)


def judge_estimator(
    estimator: Any,
    X: Any,  # noqa: N803 - scikit-learn's name
    y: Any,
    *,
    training: tuple[Any, Any] | None = None,
    validation: tuple[Any, Any] | None = None,
    cv: Any = 5,
    repeats: int = 1,
    groups: Any = None,
    ids: Any = None,
    columns: Any = None,
    baselines: Mapping[str, Any] | None = None,
    n_jobs: int | None = None,
    seed: int = 0,
    **arguments: Any,
) -> ShownJudgement:
    """The judgement of a scikit-learn classifier on rows that it did not learn from.

    Without further arguments X and y are put into folds, and each row is predicted by a copy of the estimator that was fitted
    on the other folds. With `training`, a copy is fitted on these rows and judged on X and y. With `cv="prefit"`, the
    estimator is fitted already, on other rows than these.

    Args:
        estimator: a classifier, a pipeline or a search.
        X: N rows.
        y: N labels.
        training: (X, y) to fit on. Temperature, thresholds and prediction sets then come from out-of-fold predictions of them.
        validation: (X, y) of further rows, from which these come instead.
        cv: a number of folds, a splitter of scikit-learn, or `prefit`.
        repeats: how often rows are put into folds; the judgement is of the first, the accuracy over folds of all.
        groups: N names of what rows belong to; whole groups are in one fold.
        ids: N unique names of rows.
        columns: further columns by name, for the page and for slices.
        baselines: further estimators by name, fitted on the same rows, beside the shares of the classes (`majority`).
        n_jobs: folds at the same time.
        seed: of the folds and of the bootstrap.
        arguments: `positive`, `at`, `confidence`, `costs`, `slices`, `draws` and `require`, as of `judge`.

    Raises:
        ClassmarkError: the arguments do not go together.
        ValueError: rows or labels cannot be used.

    Example:
        >>> import classmark
        >>> from sklearn.linear_model import LogisticRegression
        >>> X, y = [[0.1], [0.3], [0.7], [0.9]] * 25, ["no", "no", "yes", "yes"] * 25
        >>> classmark.judge_estimator(LogisticRegression(), X, y).metrics["accuracy"].value
        1.0
    """
    from classmark.estimators.folds import Resampling
    from classmark.estimators.judged import Apart, estimator_side, read_rows

    rows = read_rows(X, y, ids, groups, columns)
    side = estimator_side(
        estimator, rows, Apart(training, validation), Resampling(cv, repeats, seed, n_jobs), baselines
    )
    return judge(side, seed=seed, **arguments)


def compare_estimators(
    estimators: Mapping[str, Any],
    X: Any,  # noqa: N803 - scikit-learn's name
    y: Any,
    *,
    cv: Any = 5,
    repeats: int = 1,
    groups: Any = None,
    metric: str = "accuracy",
    margin: float = 0.0,
    direction: str | None = None,
    reference: str | None = None,
    positive: Any = None,
    n_jobs: int | None = None,
    seed: int = 0,
) -> ShownAnswers:
    """Which of several scikit-learn classifiers is better on rows like these, by cross-validation on the same folds.

    Intervals and verdicts are those of the corrected resampled t test, as of `study` with a table of folds.

    Args:
        estimators: name → classifier; the first is the one to compare with.
        X: N rows.
        y: N labels.
        cv: a number of folds, or a splitter of scikit-learn in which each row is tested once per repetition.
        repeats: how often rows are put into folds; ten times ten folds are usual.
        groups: N names of what rows belong to; whole groups are in one fold.
        metric: by which verdicts are given.
        margin: the smallest difference that matters, in units of the metric.
        direction: what is claimed of the others, `higher` or `lower`; without it, the better one.
        reference: the estimator to compare with, if it is not the first.
        positive: the positive class of two; without it, the second.
        n_jobs: folds at the same time.
        seed: of the folds.

    Raises:
        ClassmarkError: the estimators, the folds or the question cannot be used.
        ValueError: rows or labels cannot be used.

    Example:
        >>> import classmark
        >>> from sklearn.dummy import DummyClassifier
        >>> from sklearn.linear_model import LogisticRegression
        >>> X, y = [[row % 7, row % 2] for row in range(100)], [row % 2 if row % 9 else 1 for row in range(100)]
        >>> models = {"shares": DummyClassifier(), "linear": LogisticRegression()}
        >>> classmark.compare_estimators(models, X, y).comparisons[0].verdict
        'supported'

    Source: Nadeau & Bengio 2003; for repeated folds Bouckaert & Frank 2004.
    """
    from classmark.estimators.compared import answer_estimators
    from classmark.estimators.folds import Resampling
    from classmark.estimators.judged import read_rows
    from classmark.shown.answers import shown_answers

    asked = {"metric": metric, "margin": margin, "direction": direction, "reference": reference}
    answers = answer_estimators(
        estimators,
        read_rows(X, y, groups=groups),
        Resampling(cv, repeats, seed, n_jobs),
        {name: value for name, value in asked.items() if value is not None},
        None if positive is None else str(positive),
    )
    return shown_answers(answers)


def tune(
    recipe: str | Path | None = None,
    space: str | Path | None = None,
    trials: int | None = None,
    *,
    workers: int = 1,
    fresh: float | None = None,
    out: str | Path | None = None,
    resume: str | Path | None = None,
    **overrides: Any,
) -> Tuned:
    """What the trials of a recipe say, run or continued: which values are best on validation rows, and how much that flatters.

    Everything is written into the folder: every trial, `tune.json`, the page, and `best.yaml`, the best recipe. No trial
    predicts a test row.

    Args:
        recipe: a shipped recipe's name or the path of a YAML file.
        space: the YAML file of the ranges.
        trials: in all, with those that the folder has; without it, 20.
        workers: trials at the same time, sharing the cores.
        fresh: the share of the validation rows that chooses nothing, in place of the file's own.
        out: the folder; without it, `tunes/` and the recipe's name.
        resume: go on with the tuning in this folder.
        overrides: changes to the recipe, with `__` for the dot: `train__epochs=3`.

    Raises:
        ClassmarkError: the recipe or the ranges cannot be used, or no trial was done.
        Interrupted: after Ctrl-C; what there is so far is written first.
    """
    from classmark.recipes.kinds import Span
    from classmark.recipes.values import read_argument
    from classmark.tuning.tune import Asked
    from classmark.tuning.tune import tune as run_tuning

    count = read_argument("trials", trials, int | None, Span(1, 100_000))
    jobs = read_argument("workers", workers, int, Span(1, 1_024))
    paths = [Path(one) if one else None for one in (space, out, resume)]
    asked = Asked(paths[0], count, jobs, fresh, paths[1], paths[2])
    return run_tuning(None if recipe is None else str(recipe), overrides, asked)


def _side(predictions: Any, given: Mapping[str, Any], words: dict[str, Any]) -> tuple[Side, dict[str, Any]]:
    """The side to judge, and the options with what is said about columns."""
    from classmark.reading.side import open_side
    from classmark.reading.values import Values

    if _is_whole(predictions, given):
        named = {name: given[name] for name in ("probabilities", "predicted", "weights") if given[name] is not None}
        values = [name for name in ("ids", "groups", "columns") if given[name] is not None]
        if values:
            raise InputError(
                f"{type(predictions).__name__} has its own columns.", f"Leave {values[0]} out.", argument=values[0]
            )
        for name, value in named.items():
            if not isinstance(value, str) and (name != "probabilities" or not _names_columns(value)):
                raise InputError(f"{type(value).__name__} beside a table: name its column instead.", argument=name)
        words = words | named
        return open_side(predictions, read_options(words)), words
    for name in ("label", "id", "group", "labels", "where", "missing_label", "labels_only"):
        if words.get(name):
            raise InputError("it is for files and frames; values in memory have no columns.", argument=name)
    values_given = Values(predictions, **{name: given[name] for name in VALUE_WORDS if name != "labels"})
    return open_side(values_given, read_options(words)), words


def _is_whole(predictions: Any, given: Mapping[str, Any]) -> bool:
    """Whether a table is given with all its columns, and not just the labels."""
    from classmark.judging.judgement import Judgement
    from classmark.predictions import Predictions
    from classmark.reading.arrays import is_frame
    from classmark.reading.side import Side
    from classmark.run import Run
    from classmark.runs import RunFiles

    if isinstance(predictions, str | Path):
        return True
    scores, decisions = given["probabilities"], given["predicted"]
    if is_frame(predictions) or isinstance(predictions, Mapping):
        return (scores is None or _names_columns(scores)) and (decisions is None or isinstance(decisions, str))
    return isinstance(predictions, Predictions | Side | RunFiles | Run | Judgement)


def _names_columns(value: Any) -> bool:
    if isinstance(value, str):
        return True
    return isinstance(value, list | tuple) and len(value) > 0 and all(isinstance(one, str) for one in value)


def _sides(command: str, models: Sequence[Any], by: str | None, said: ReadOptions) -> tuple[Side, ...]:
    """The sides of two or more models, or of one file that holds them all."""
    from classmark.judging.comparisons.multiple import LETTERS
    from classmark.reading.side import open_side, side_parts

    if by is not None:
        if len(models) > 1:
            raise InputError("it names the models of one file, but several are given.", "Give one.", argument="by")
        sides = tuple(side_parts(models[0], by, said).values())
    else:
        letters = [*LETTERS, *(f"model {number}" for number in range(len(LETTERS) + 1, len(models) + 1))]
        sides = tuple(open_side(one, said, letter) for letter, one in zip(letters, models, strict=False))
    if len(sides) < 2:
        raise InputError(f"{command}: one set of predictions.", "Give two or more, on the same rows.")
    if len(sides) > len(LETTERS):
        raise InputError(f"{command}: {len(sides)} sets of predictions.", f"Give two to {len(LETTERS)}.")
    return sides


def _called(sides: Sequence[Side], names: Sequence[str] | None) -> tuple[str, ...]:
    """What the models are called, each by another name."""
    from classmark.judging.comparisons.multiple import LETTERS

    if isinstance(names, str) or (names is not None and len(names) != len(sides)):
        count = 1 if isinstance(names, str) else len(names or ())
        raise InputError(
            f"{count} name{'s' * (count != 1)} for {len(sides)} models.", "Give one name per model.", argument="names"
        )
    if names:
        return tuple(names)
    called = [side.name for side in sides]
    if len(set(called)) < len(called):  # two runs of one name in different folders
        called = [str(side.run.path) if side.run is not None else side.name for side in sides]
    return tuple(called if len(set(called)) == len(called) else LETTERS[: len(sides)])


def _held_out(given: Any, sides: Sequence[Side], by: str | None, said: ReadOptions) -> list[Predictions]:
    """The validation table of each side: the given ones in their order, else its own."""
    from classmark.reading.side import open_side, side_parts

    listed = given if isinstance(given, list | tuple) else [] if given is None else [given]
    if by is not None and listed:
        if len(listed) != 1:
            raise InputError(
                "one file holds all models.", "Give one with their validation rows.", argument="validation"
            )
        parts = side_parts(listed[0], by, said)
        if absent := [side.name for side in sides if side.name not in parts]:
            raise InputError(f'no row is of "{absent[0]}".', "Give rows of every model.", argument="validation")
        return [parts[side.name].table for side in sides]
    lacking = [side for side in sides if side.validation is None]
    wanted = sides if len(listed) == len(sides) else lacking
    if len(listed) != len(wanted):
        problem = (
            f"{len(listed)} for {len(sides)} models" if listed else f"{lacking[0].name} has none to fit a mixture on"
        )
        raise InputError(
            f"{problem}.", "Give one per model, in their order; runs bring their own.", argument="validation"
        )
    opened = iter([open_side(one, said, "validation") for one in listed])
    given_tables = (one.validation if one.run and one.validation else one.table for one in opened)
    own = {id(side): side.validation for side in sides if not any(side is one for one in wanted)}
    return [own.get(id(side)) or next(given_tables) for side in sides]


def _validation(given: Any, words: Mapping[str, Any], side: Side) -> Any:
    """The table of the validation rows, read with the same options."""
    from classmark.reading.side import open_side
    from classmark.reading.values import Values

    if isinstance(given, Mapping) and "labels" in given and not isinstance(given["labels"], str):
        unknown = [name for name in given if name not in VALUE_WORDS]
        if unknown:
            raise InputError(
                f"a dictionary of {', '.join(VALUE_WORDS)}; it has {', '.join(given)}.", argument="validation"
            )
        values: Any = Values(**given)
    elif isinstance(given, tuple | list):
        if len(given) != 2:
            raise InputError(
                "give (labels, probabilities) of the validation rows, a dictionary of arguments, or a file.",
                argument="validation",
            )
        labels, scores = given
        values = Values(labels, scores) if side.table.has_probabilities else Values(labels, predicted=scores)
    else:
        return open_side(given, read_options(words), "validation").table
    said = read_options({name: words.get(name) for name in ("classes", "positive", "logits", "rescale")})
    named = said if said.classes else said.with_(classes=side.table.classes)
    return open_side(values, named, "validation").table


def _unlabelled(
    given: Any, predictions: Any, arrays: Mapping[str, Any], words: Mapping[str, Any], side: Side
) -> Predictions:
    """The table of the rows without labels, read as the labelled ones are."""
    from classmark.reading.unlabelled import open_unlabelled
    from classmark.reading.values import Values

    judged: Any = predictions
    if not _is_whole(predictions, arrays):
        judged = Values(predictions, arrays["probabilities"])
        if arrays["predicted"] is not None or arrays["probabilities"] is None:
            raise InputError("it goes with probabilities alone.", "Leave predicted out.", argument="unlabelled")
    return open_unlabelled(given, judged, side, read_options(words))


def _check_same_split(sides: Iterable[Side]) -> None:
    """Refuse a finished run against an unfinished one, which has predictions of validation only."""
    of_runs = [side for side in sides if side.run is not None]
    finished = next((side.run for side in of_runs if side.table.split == "test"), None)
    for side in of_runs:
        assert side.run is not None
        if finished is not None and side.table.split == "validation":
            raise RunError(
                f"{side.run.path}: the run is unfinished and has no test predictions, as {finished.path} has. "
                f"Finish it: classmark train --resume {side.run.path}"
            )

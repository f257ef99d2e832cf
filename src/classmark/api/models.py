"""Trained models: trained, searched for, loaded, used, written for other programs, served."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from classmark.api.arguments import check_path, path_of
from classmark.errors import InputError, MissingExtraError
from classmark.reading.options import ReadWords, read_options
from classmark.system.packages import load_package

if TYPE_CHECKING:
    from classmark.exports import Exported
    from classmark.inference import Classifier, MixedClassifier
    from classmark.judging.studies.tuned import Tuned
    from classmark.run import Run
    from classmark.runs import RunFiles
    from classmark.shown.answers import ShownAnswers


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
    check_path("recipe", recipe)
    if out is not None:
        check_path("out", out)
    asked, folder = load_recipe(str(recipe), overrides), Path(out) if out is not None else None
    if is_cross_validation(asked):
        return Run(cross_validate(asked, folder).path)
    from classmark.training import train as train_recipe

    return Run(train_recipe(asked, folder).path)


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

    files = open_run(path_of(run))
    languages = (language,) if isinstance(language, str) else tuple(language)
    place = None if out is None else Path(out)
    return export_run(files, ExportOptions(to, place, quantise, license, languages))


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

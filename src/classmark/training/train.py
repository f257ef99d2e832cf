"""The table of contents of a run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from classmark.data.dataset import Dataset
from classmark.data.fresh import FRESH
from classmark.data.sources.source import Source
from classmark.errors import Interrupted
from classmark.inference.classifier import Classifier, save
from classmark.inputs.examples import Inputs
from classmark.judging.parts.recalibration import LIMITS, fit_temperature, table_logits
from classmark.models.encoder import EncoderClassifier
from classmark.models.lora import merge_lora
from classmark.predictions import Predictions
from classmark.recipes import load_recipe
from classmark.recipes.schema import Encoder, Recipe
from classmark.runs import RunFiles, new_run
from classmark.runs.calibration import write_temperature
from classmark.runs.status import DONE, owned_run, read_status
from classmark.system.progress import shown_wait
from classmark.training.first_model import pin_weights
from classmark.training.inputs import load_inputs
from classmark.training.judge_run import judge_run, predict_splits, write_baselines
from classmark.training.loop import fit
from classmark.training.memory import check_batch, check_memory
from classmark.training.prediction_cost import write_cost
from classmark.training.prepare import build_job, check_unused, open_folder, restore, settle, write_facts
from classmark.training.processor import prepare_processor, release_memory
from classmark.training.state import put_back
from classmark.training.trackers.tracked import Trackers, check_trackers
from classmark.training.watch import RunWatch, watched


@dataclass(frozen=True)
class Trained:
    """What training gives: the recipe as it was settled, the examples, and the model of them."""

    recipe: Recipe
    dataset: Dataset
    inputs: Inputs
    classifier: Classifier


def train(recipe: Recipe, out: Path | None = None) -> RunFiles:
    """The finished run of a recipe, in the folder `out` or a new one under `runs/`.

    Raises:
        ClassmarkError: what the recipe names cannot be used; nothing but the run folder is left.
        Interrupted: after Ctrl-C or SIGTERM; the run can be resumed.
    """
    check_trackers(recipe)
    threads = prepare_processor(recipe.train.threads)
    run = RunFiles(out) if out else new_run(recipe.name)
    check_unused(run)
    with owned_run(run):
        return _finished(open_folder(run, recipe, threads))


def resume(run: RunFiles) -> RunFiles:
    """The same run, finished: from its newest checkpoint on, or from the start where there is none.

    Raises:
        RunError: another process is training it.
    """
    if read_status(run).state == DONE:
        return run
    with owned_run(run):
        return run if read_status(run).state == DONE else _finished(run)


def train_rows(recipe: Recipe, source: Source, out: Path) -> RunFiles:
    """The run of rows in memory: its model with a temperature, and validation predictions. Nothing is judged.

    Args:
        recipe: its `data` names no file, so that the run cannot be resumed.
        source: the rows.
        out: the run folder.

    Raises:
        ClassmarkError: the rows cannot be used.
        KeyboardInterrupt: after Ctrl-C or SIGTERM.
    """
    threads = prepare_processor(recipe.train.threads)
    run = RunFiles(out)
    with owned_run(run):
        open_folder(run, recipe, threads)
        with watched(run, recipe.train.epochs) as watch:
            trained = _trained(run, watch, source)
            if watch.interrupted:
                raise KeyboardInterrupt
            save(trained.classifier, trained.recipe, trained.inputs.shape, run.model)
            table = _predict(run, trained, ["validation"])["validation"]
            temperature = fit_temperature(table_logits(table), table.labels)
            withheld = LIMITS.get(temperature)
            write_temperature(run.model, None if withheld else temperature, len(table), withheld)
    return run


def _finished(run: RunFiles) -> RunFiles:
    recipe = load_recipe(str(run.recipe))
    check_trackers(recipe)
    with watched(run, recipe.train.epochs) as watch:
        trained = _trained(run, watch)
        recipe, dataset = trained.recipe, trained.dataset
        if watch.interrupted:
            judge_run(run, recipe, _predict(run, trained, ["validation"]), {}, watch)
            raise Interrupted(f"Stopped. Continue with: classmark train --resume {run.path}", watch.signal_number)
        save(trained.classifier, recipe, trained.inputs.shape, run.model)
        judged = _judged_split(trained)
        with shown_wait("fitting the baselines"):
            baselines = write_baselines(run, recipe, dataset) if recipe.judge.baselines and judged == "test" else {}
        release_memory()
        tables = _predict(run, trained, ["validation"] if judged is None else ["validation", judged])
        cost = write_cost(run, recipe, dataset, trained.classifier.threads, watch)
        judgement = judge_run(run, recipe, tables, baselines, watch, cost)
        assert watch.trackers is not None
        watch.trackers.judged(judgement, run)
    return run


def _trained(run: RunFiles, watch: RunWatch, source: Source | None = None) -> Trained:
    """The model that a run's recipe asks for, or as far as it came where the watch is interrupted."""
    recipe = load_recipe(str(run.recipe))
    threads = prepare_processor(recipe.train.threads)
    recipe = pin_weights(run, recipe)
    with shown_wait("reading the data"):
        dataset, inputs = load_inputs(recipe, source)
    write_facts(run, recipe, dataset, inputs, watch)
    check_memory(recipe, dataset, inputs)
    recipe = settle(run, recipe, inputs)
    job = build_job(run, recipe, dataset, inputs, watch)
    check_batch(job, inputs.shape)
    release_memory()
    watch.trackers = Trackers(run, recipe, watch.say)
    watch.stage("training")
    best = fit(job, *restore(job))
    torch.set_num_threads(threads)
    release_memory()
    watch.stage("judging")
    if best:
        put_back(job.module, best)
    if isinstance(recipe.model, Encoder) and recipe.model.lora is not None:
        assert isinstance(job.module, EncoderClassifier)
        merge_lora(job.module)
    precision = recipe.train.predict_precision
    classifier = Classifier(job.module, inputs.encoder, dataset.classes, precision, threads=threads)
    return Trained(recipe, dataset, inputs, classifier)


def _judged_split(trained: Trained) -> str | None:
    """What is judged beside validation: the test rows, or those that a tuning holds back; None where there are neither."""
    if trained.recipe.data.fresh is not None:
        return FRESH
    return "test" if trained.dataset.test.height else None


def _predict(run: RunFiles, trained: Trained, splits: list[str]) -> dict[str, Predictions]:
    return predict_splits(run, trained.recipe, trained.classifier, trained.dataset, trained.inputs, splits)

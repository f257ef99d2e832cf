"""The table of contents of a run."""

from __future__ import annotations

from pathlib import Path

import torch

from classmark.errors import Interrupted
from classmark.inference.classifier import Classifier, save
from classmark.models.encoder import EncoderClassifier
from classmark.models.lora import merge_lora
from classmark.recipes import load_recipe
from classmark.recipes.schema import Encoder, Recipe
from classmark.runs import RunFiles, new_run
from classmark.runs.status import DONE, owned_run, read_status
from classmark.training.first_model import pin_weights
from classmark.training.inputs import load_inputs
from classmark.training.judge_run import judge_run, predict_splits, write_baselines
from classmark.training.loop import fit
from classmark.training.memory import check_batch, check_memory
from classmark.training.prediction_cost import write_cost
from classmark.training.prepare import build_job, check_unused, open_folder, restore, settle, write_facts
from classmark.training.processor import prepare_processor, release_memory
from classmark.training.state import put_back
from classmark.training.watch import watched


def train(recipe: Recipe, out: Path | None = None) -> RunFiles:
    """The finished run of a recipe, in the folder `out` or a new one under `runs/`.

    Raises:
        ClassmarkError: what the recipe names cannot be used; nothing but the run folder is left.
        Interrupted: after Ctrl-C or SIGTERM; the run can be resumed.
    """
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


def _finished(run: RunFiles) -> RunFiles:
    recipe = load_recipe(str(run.recipe))
    threads = prepare_processor(recipe.train.threads)
    with watched(run, recipe.train.epochs) as watch:
        recipe = pin_weights(run, recipe)
        dataset, inputs = load_inputs(recipe)
        write_facts(run, recipe, dataset, inputs, watch)
        check_memory(recipe, dataset, inputs)
        recipe = settle(run, recipe, inputs)
        job = build_job(run, recipe, dataset, inputs, watch)
        check_batch(job, inputs.shape)
        release_memory()
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
        classifier = Classifier(
            job.module, inputs.encoder, dataset.classes, recipe.train.predict_precision, threads=threads
        )
        if watch.interrupted:
            tables = predict_splits(run, recipe, classifier, dataset, inputs, ["validation"])
            judge_run(run, recipe, tables, {}, watch)
            raise Interrupted(f"Stopped. Continue with: classmark train --resume {run.path}", watch.signal_number)
        save(classifier, recipe, inputs.shape, run.model)
        baselines = write_baselines(run, recipe, dataset) if recipe.judge.baselines else {}
        release_memory()
        tables = predict_splits(run, recipe, classifier, dataset, inputs, ["validation", "test"])
        cost = write_cost(run, recipe, dataset, threads, watch)
        judge_run(run, recipe, tables, baselines, watch, cost)
    return run

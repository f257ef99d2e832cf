"""From a recipe and its inputs to a job that can train: folder, facts, model, optimiser, restored state."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from classmark.data.dataset import Dataset
from classmark.errors import RunError
from classmark.inputs.examples import Inputs
from classmark.inputs.subwords import SubwordEncoder
from classmark.inputs.text import TextEncoder
from classmark.losses import build_loss
from classmark.models.threads import one_core_workers
from classmark.recipes import write_recipe
from classmark.recipes.resolve import seen_from_anywhere
from classmark.recipes.schema import TRAINED_VECTORS, BiLSTM, ImageInput, Recipe
from classmark.runs import RunFiles
from classmark.runs.facts import read_data_facts, write_data_facts, write_environment
from classmark.runs.status import is_owned
from classmark.system.locks import NAME as LOCK
from classmark.training.average import Average
from classmark.training.features import feature_splits, settle_features
from classmark.training.first_model import first_model, rate_shares
from classmark.training.loop import Job
from classmark.training.optimizers import build_optimizer
from classmark.training.pieces import Computation
from classmark.training.precision import resolve_precision
from classmark.training.processor import describe_environment
from classmark.training.state import TrainState, load_checkpoint
from classmark.training.watch import RunWatch

MOST_NAMED = 3
FABRIC_PRECISION = {"fp32": "32-true", "bf16": "bf16-mixed", "fp16": "16-mixed"}


def check_unused(run: RunFiles) -> None:
    """Refuse a folder that holds something already, and no running process.

    Raises:
        RunError: it is a file or is not empty.
    """
    if run.path.is_file():
        raise RunError(f"{run.path}: this is a file, and a run needs a folder. Name a new one.")
    if run.path.is_dir() and not is_owned(run) and {path.name for path in run.path.iterdir()} - {LOCK}:
        hint = f"go on with it: classmark train --resume {run.path}" if run.recipe.exists() else "name another"
        raise RunError(f"{run.path}: the folder is not empty. Give a new folder to --out, or {hint}")


def open_folder(run: RunFiles, recipe: Recipe, threads: int) -> RunFiles:
    """A new run folder that holds the recipe, from which alone the run can be repeated; `settle` completes it."""
    train = recipe.train.model_copy(update={"threads": threads})
    write_recipe(run.recipe, seen_from_anywhere(recipe).model_copy(update={"train": train}))
    return run


def settle(run: RunFiles, recipe: Recipe, inputs: Inputs) -> Recipe:
    """The recipe with every `auto` replaced by what suits the texts and is fastest here, also in the run folder."""
    assert recipe.train.threads is not None
    settled = recipe
    if isinstance(inputs.encoder, TextEncoder | SubwordEncoder):
        settled = recipe.model_copy(update={"input": inputs.encoder.section})
    settled = settle_features(resolve_precision(settled, recipe.train.threads, inputs.shape), inputs)
    if settled != recipe:
        write_recipe(run.recipe, settled)
    return settled


def write_facts(run: RunFiles, recipe: Recipe, dataset: Dataset, inputs: Inputs, watch: RunWatch) -> None:
    """Write `environment.json` and `data.json`, and say the essentials on screen.

    Raises:
        RunError: the run was begun on other data.
    """
    begun = read_data_facts(run)
    if begun and any(begun.get(key) != dataset.description.get(key) for key in ("fingerprint", "unlabelled")):
        raise RunError(
            f"{run.path}: the data is no longer what this run began with (other fingerprint). "
            "Bring the old data back, or start a new run."
        )
    assert recipe.train.threads is not None
    write_environment(run, describe_environment(recipe.train.threads))
    write_data_facts(run, {**dataset.description, "input": inputs.description})
    sizes = ", ".join(f"{name} {rows:,}" for name, rows in dataset.description["splits"].items())
    watch.say(f"data     {sizes}; classes {', '.join(dataset.classes[:6])}{', …' if len(dataset.classes) > 6 else ''}")
    for line in [*data_lines(dataset.description), *input_lines(inputs.description)]:
        watch.say(line)


def data_lines(description: Mapping[str, Any]) -> list[str]:
    """What is said on screen about how the data was read and what is odd about it."""
    noted = [*description.get("notes", ()), *(one["message"] for one in description.get("remarks", ()))]
    if skipped := description.get("skipped"):
        noted.append(left_out(skipped, description.get("unreadable", ())))
    if renamed := description.get("renamed_columns"):
        pairs = ", ".join(f'"{written}" as "{name}"' for written, name in renamed.items())
        noted.append(f"Columns whose names mean something else in the predictions are there under another: {pairs}.")
    return [f"note     {message}" for message in noted]


def left_out(count: int, unreadable: Sequence[Mapping[str, str]]) -> str:
    """How many rows `data.skip_unreadable` left out, and the first images among them."""
    rows = "1 row was" if count == 1 else f"{count:,} rows were"
    named = "; ".join(f"{one['path']}: {one['reason']}" for one in unreadable[:MOST_NAMED])
    more = ", …" if len(unreadable) > MOST_NAMED else ""
    return f"{rows} left out, as data.skip_unreadable says{f': {named}{more}' if named else ''}."


def input_lines(description: Mapping[str, Any]) -> list[str]:
    """What is said on screen about the inputs."""
    if "size_px" in description:
        found = description["pixels"]
        spans = [(found[f"min_{side}"], found[f"max_{side}"]) for side in ("width", "height")]
        sizes = " × ".join(f"{low}" if low == high else f"{low}–{high}" for low, high in spans)
        return [
            f"images   {sizes} pixels, kept as squares of {description['stored_px']}, seen at {description['size_px']}"
        ]
    if description["tokens_are"] == "subwords":
        return [
            f"tokens   subwords, {description['vocabulary']:,} in the vocabulary; the longest text has "
            f"{description['longest_tokens']:,}, and {description['cut_texts']:.1%} of the texts are cut to "
            f"{description['max_tokens']}"
        ]
    unknown = (
        f"unknown in training {description['unknown_tokens']:.1%}, "
        f"in validation {description['unknown_tokens_in_validation']:.1%}"
    )
    lines = [
        f"tokens   {description['tokens_are']}; {description['writing']}",
        f"words    {description['vocabulary']:,} in the vocabulary; {unknown}",
    ]
    if "vectors" in description:
        found = description["vectors"]
        if found["name"] == TRAINED_VECTORS:
            return [*lines, f"vectors  {found['width']} numbers a word, trained on {found['texts']:,} texts"]
        shares = f"{found['types']:.1%} of the words, {found['tokens']:.1%} of the tokens found"
        lines.append(f"vectors  {found['name']}: {shares}")
    return lines


def build_job(run: RunFiles, recipe: Recipe, dataset: Dataset, inputs: Inputs, watch: RunWatch) -> Job:
    """Model, optimiser and loss of a recipe, on the device that there is."""
    # Fabric tells at every start which precision plugin it uses; `status.json` and the recipe say it already.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    fabric = Fabric(devices=1, precision=FABRIC_PRECISION[recipe.train.precision])  # type: ignore[arg-type]
    model = first_model(recipe, inputs, len(dataset.classes), watch)
    if recipe.train.compile:
        # Where CUDA is installed and no card is there, compiling would warn of it.
        logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
        model.compile()
    counts = [dataset.description["class_counts"]["train"][name] for name in dataset.classes]
    wrapped, optimizer = fabric.setup(model, build_optimizer(recipe.optimizer, model, *rate_shares(recipe.model)))
    trained, size = (sum(p.numel() for p in model.parameters() if p.requires_grad or every) for every in (False, True))
    some = "" if trained == size else f", {trained:,} of them trained"
    watch.say(f"model    {size:,} parameters{some}, {recipe.train.precision} on {fabric.device}")
    train, validation = inputs.train, inputs.validation
    loss, computation = build_loss(recipe.loss, counts), None
    alone = not isinstance(recipe.model, BiLSTM) and recipe.model.tune == "head"
    if not isinstance(recipe.input, ImageInput) and fabric.device.type == "cpu" and not recipe.train.compile:
        assert recipe.train.threads is not None
        workers = one_core_workers(recipe.train.threads)
        computation = None if alone else Computation(model, loss, fabric, workers)
        torch.set_num_threads(1)  # the rest of a step too: sums over a tensor depend on it
    if alone:
        train, validation = feature_splits(model, inputs, recipe)
    return Job(
        recipe=recipe,
        run=run,
        fabric=fabric,
        model=wrapped,
        module=model,
        optimizer=optimizer,
        loss=loss,
        train=train,
        validation=validation,
        watch=watch,
        ids=dataset.train["id"],
        average=Average(recipe.train.average) if recipe.train.average else None,
        computation=computation,
    )


def restore(job: Job) -> tuple[TrainState, dict[str, Tensor]]:
    """Where the newest checkpoint stands, with its tensors put in place, or the very beginning."""
    found = load_checkpoint(job.run.checkpoints, job.module, job.optimizer)
    if found is None:
        return TrainState(), {}
    state, best, average = found
    job.fabric.strategy.precision.load_state_dict(state.scaler)
    if job.average is not None:
        job.average.tensors.update(average)
    if isinstance(job.watch, RunWatch):
        job.watch.say(f"resumed  at epoch {state.epoch}, step {state.step}")
    return replace(state), best

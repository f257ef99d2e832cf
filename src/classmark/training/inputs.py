"""From a recipe to its data set, and to what its model is trained on."""

from __future__ import annotations

from classmark.data import load_dataset
from classmark.data.dataset import Dataset
from classmark.inputs.examples import Inputs
from classmark.inputs.images import prepare_images, stored_px
from classmark.inputs.text import prepare_text
from classmark.models.backbone import preprocessing_of
from classmark.recipes.schema import Backbone, BiLSTM, ImageInput, Recipe, TextInput


def load_inputs(recipe: Recipe) -> tuple[Dataset, Inputs]:
    """The examples of a recipe, split, and as its model takes them.

    Raises:
        ClassmarkError: the data, or what else the recipe names, cannot be used.
    """
    match recipe.input, recipe.model:
        case TextInput() as section, BiLSTM() as model:
            dataset = load_dataset(recipe.data, recipe.seed)
            return dataset, prepare_text(section, model, recipe.seed, dataset)
        case ImageInput() as section, Backbone(backbone=name):
            preprocessing = preprocessing_of(name)  # a misspelt name is told before minutes of decoding
            dataset = load_dataset(recipe.data, recipe.seed, stored_px(section))
            return dataset, prepare_images(section, preprocessing, dataset, recipe.train.epochs)
        case _:
            raise AssertionError("the schema lets only kinds through that fit")

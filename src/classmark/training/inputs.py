"""From a recipe to its data set, and to what its model is trained on."""

from __future__ import annotations

from classmark.data import load_dataset
from classmark.data.dataset import Dataset
from classmark.data.load import SIDE_PX, load_source
from classmark.data.sources.source import Source
from classmark.inputs.examples import EncoderShape, Inputs
from classmark.inputs.images import prepare_images, stored_px
from classmark.inputs.subwords import open_subword_encoder, prepare_subwords
from classmark.inputs.text import prepare_text
from classmark.models.backbone import preprocessing_of
from classmark.models.encoder import configuration, most_tokens
from classmark.models.encoder_files import EncoderFiles, encoder_files
from classmark.recipes.schema import Backbone, BiLSTM, Encoder, ImageInput, Recipe, SubwordInput, TextInput


def load_inputs(recipe: Recipe, source: Source | None = None) -> tuple[Dataset, Inputs]:
    """The examples of a recipe, split, and as its model takes them.

    Args:
        recipe: settles both.
        source: rows that are in memory; without them, those that the recipe's `data` names.

    Raises:
        ClassmarkError: the data, or what else the recipe names, cannot be used.
    """
    match recipe.input, recipe.model:
        case TextInput() as section, BiLSTM() as model:
            dataset = _load(recipe, source)
            return dataset, prepare_text(section, model, recipe.seed, dataset)
        case SubwordInput() as section, Encoder() as model:
            files = encoder_files(model)  # what it lacks is told before the data is read
            shape = encoder_shape(files)
            encoder = open_subword_encoder(section, shape, files.tokenizer, model.weights)
            dataset = _load(recipe, source)
            return dataset, prepare_subwords(encoder, shape, dataset)
        case ImageInput() as section, Backbone(backbone=name):
            preprocessing = preprocessing_of(name)  # a misspelt name is told before minutes of decoding
            dataset = _load(recipe, source, stored_px(section))
            return dataset, prepare_images(section, preprocessing, dataset, recipe.train.epochs)
        case _:
            raise AssertionError("the schema lets only kinds through that fit")


def _load(recipe: Recipe, source: Source | None, side_px: int = SIDE_PX) -> Dataset:
    if source is None:
        return load_dataset(recipe.data, recipe.seed, side_px)
    return load_source(source, recipe.data, recipe.seed, side_px)


def encoder_shape(files: EncoderFiles) -> EncoderShape:
    """What an encoder is, as `model.json` holds it.

    Raises:
        MissingExtraError: transformers is not installed.
        ClassmarkError: its configuration cannot be used.
    """
    padding = configuration(files.config).pad_token_id
    return EncoderShape(files.config, 0 if padding is None else int(padding), most_tokens(files.config))

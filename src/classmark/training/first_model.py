"""The model before its first step, and what of a pretrained one is learned how fast."""

from __future__ import annotations

import torch
from torch import nn

from classmark.inputs.examples import Inputs
from classmark.models.backbone import BackboneClassifier, check_lone_image, check_size
from classmark.models.build import build_model, initialise
from classmark.models.encoder import EncoderClassifier
from classmark.models.encoder_files import encoder_files
from classmark.models.encoder_weights import check_encoder, load_encoder_weights
from classmark.models.hub import commit_of
from classmark.models.lora import add_lora
from classmark.models.pretrained import load_weights
from classmark.recipes import write_recipe
from classmark.recipes.resolve import EMBEDDED_ENCODER, is_encoder_folder
from classmark.recipes.schema import Backbone, Encoder, ImageInput, Model, Recipe, TextInput
from classmark.runs import RunFiles
from classmark.training.watch import RunWatch


def pin_weights(run: RunFiles, recipe: Recipe) -> Recipe:
    """The recipe with the commit of an encoder's weights on the hub, also in the run folder: names there can move on.

    Raises:
        RecipeError: the hub has no such model, or cannot be reached.
    """
    model = recipe.model
    if not isinstance(model, Encoder) or model.weights == EMBEDDED_ENCODER or is_encoder_folder(model.weights):
        return recipe
    pinned = model.model_copy(update={"revision": commit_of(model.weights, model.revision)})
    settled = recipe.model_copy(update={"model": pinned})
    if settled != recipe:
        write_recipe(run.recipe, settled)
    return settled


def rate_shares(section: Model) -> tuple[float | None, float]:
    """What each stage takes of the rate of the one behind it, and the classifier of the rate."""
    match section:
        case Encoder(layer_decay=decay, head_rate=rate):
            return decay, rate
        case Backbone(layer_decay=decay):
            return decay, 1.0
        case _:
            return None, 1.0


def first_model(recipe: Recipe, inputs: Inputs, classes: int, watch: RunWatch) -> nn.Module:
    """The model before its first step: drawn from the seed, with what is pretrained put in."""
    model = build_model(recipe.model, inputs.shape, classes)
    initialise(model, recipe.seed)
    if isinstance(model, BackboneClassifier):
        assert isinstance(recipe.model, Backbone)
        assert isinstance(recipe.input, ImageInput)
        if recipe.input.grow_from_px is not None:
            check_size(model, recipe.model.backbone, recipe.input.grow_from_px)
        if recipe.train.batch_size == 1:
            check_lone_image(model, recipe.model.backbone, recipe.input.grow_from_px or recipe.input.size_px)
        if recipe.model.weights is not None:
            watch.say(f"weights  {load_weights(model, recipe.model.backbone, recipe.model.weights)}")
    elif isinstance(model, EncoderClassifier):
        assert isinstance(recipe.model, Encoder)
        watch.say(f"weights  {load_encoder_weights(model, encoder_files(recipe.model))}")
        check_encoder(model, recipe.model.weights)
        if recipe.model.lora is not None:
            add_lora(model, recipe.model.lora, recipe.seed)
    elif isinstance(recipe.input, TextInput):
        if inputs.vectors is not None:
            with torch.no_grad():
                model.embedding.weight.copy_(torch.from_numpy(inputs.vectors))  # type: ignore[operator, union-attr]
        model.embedding.weight.requires_grad_(not recipe.input.freeze_vectors)  # type: ignore[union-attr]
    return model

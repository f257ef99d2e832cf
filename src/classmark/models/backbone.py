"""An image backbone of timm with a new classifier, which takes bytes of pixels and normalises them itself."""

from __future__ import annotations

import copy
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from classmark.errors import RecipeError, nearest
from classmark.inputs.examples import ImageShape, Interpolation, Preprocessing
from classmark.models.dropout import Dropout
from classmark.models.stages import first_tuned, hold_still, stage_numbers
from classmark.recipes.schema import Backbone
from classmark.system.packages import load_package


class BackboneClassifier(nn.Module):
    """Pixels → normalisation → backbone → dropout → linear layer.

    The state dictionary has timm's own names, so the weights load into the plain timm model. The weights stay
    contiguous and only images are channels-last: that is as fast, and a fused optimiser that resumes with moments in
    another layout than its weights mixes up their elements without a word.

    Args:
        section: the recipe's `model`.
        shape: of the images.
        classes: C; two classes get two logits.

    Raises:
        MissingExtraError: timm is not installed.
        RecipeError: timm has no such backbone, or it cannot take what the recipe says.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, section: Backbone, shape: ImageShape, classes: int) -> None:
        super().__init__()
        self.preprocessing = shape.preprocessing or preprocessing_of(section.backbone)
        self.shape = ImageShape(shape.size_px, self.preprocessing)
        self.backbone: Any = create_backbone(section, shape.size_px, classes)
        if section.stem == "small":
            make_stem_small(self.backbone, section)
        self.dropout = Dropout(section.dropout)
        self.test_time_flip = section.test_time_flip
        for name, values in (("mean", self.preprocessing.mean), ("std", self.preprocessing.std)):
            self.register_buffer(name, 255 * torch.tensor(values).view(1, 3, 1, 1), persistent=False)
        numbers = stage_numbers(self.backbone)
        last = max(numbers.values())
        if isinstance(section.tune, int) and section.tune > last:
            raise RecipeError(
                f"model.tune: {section.tune} stages, but this backbone has {last} (its stem is one); set it to 1 to {last}, "
                "or to all"
            )
        self._still = hold_still(
            self.backbone, numbers, first_tuned(section.tune, last), freeze_norm=section.freeze_norm
        )
        self.register_state_dict_post_hook(_leave_prefix_out)  # type: ignore[no-untyped-call]
        self.register_load_state_dict_pre_hook(_put_prefix_in)  # type: ignore[no-untyped-call]
        check_size(self, section.backbone)

    @property
    def classifier(self) -> nn.Linear:
        """The last layer."""
        layer: nn.Linear = self.backbone.get_classifier()
        return layer

    def stage_numbers(self) -> dict[str, int]:
        """The stage of every parameter by name: 0 is the stem, the largest the classifier alone."""
        return {f"backbone.{name}": number for name, number in stage_numbers(self.backbone).items()}

    def train(self, mode: bool = True) -> BackboneClassifier:
        """Training mode for what is tuned; what is not stays in evaluation mode, statistics included."""
        super().train(mode)
        for module in self._still:
            module.training = False
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Logits of shape (B, C).

        Args:
            images: values from 0 to 255, uint8 or float, shape (B, 3, H, W); or features of shape (B, F), which have
                been computed before.
        """
        features = images if images.ndim == 2 else self.features(images)
        logits: Tensor = self.classifier(self.dropout(features))
        return logits

    def features(self, images: Tensor) -> Tensor:
        """What the classifier sees of each image, shape (B, F)."""
        found = self._features_as_they_are(images)
        if self.test_time_flip and not self.training:
            # The classifier is linear: the mean of both logits is the logit of the mean.
            found = (found + self._features_as_they_are(images.flip(3))) / 2
        return found

    def _features_as_they_are(self, images: Tensor) -> Tensor:
        weights = next(self.backbone.parameters()).dtype
        pixels = ((images.float() - self.mean) / self.std).to(weights, memory_format=torch.channels_last)
        maps = self.backbone.forward_features(pixels)
        features: Tensor = self.backbone.forward_head(maps, pre_logits=True)
        return features


def preprocessing_of(name: str) -> Preprocessing:
    """What timm's configuration of a backbone says.

    Raises:
        MissingExtraError: timm is not installed.
        RecipeError: timm has no such backbone.
    """
    from timm.data.config import resolve_data_config

    found = resolve_data_config({}, pretrained_cfg=_configuration(name).to_dict())  # type: ignore[no-untyped-call]
    interpolation: Interpolation = "bilinear" if found["interpolation"] == "bilinear" else "bicubic"
    return Preprocessing(tuple(found["mean"]), tuple(found["std"]), interpolation)


def create_backbone(section: Backbone, size_px: int, classes: int) -> Any:
    """The timm model that a recipe names, with random weights.

    Raises:
        MissingExtraError: timm is not installed.
        RecipeError: timm has no such backbone, or it has no single linear classifier.
    """
    configuration = _configuration(section.backbone)
    size = {"img_size": size_px} if configuration.fixed_input_size else {}
    with torch.random.fork_rng(devices=[]):
        # `initialise` reads deviations off these draws.
        torch.manual_seed(0)
        try:
            backbone = load_timm().create_model(section.backbone, num_classes=classes, **size)
        except AssertionError as error:
            raise _unfit(section.backbone, size_px, error) from None
    if not isinstance(backbone.get_classifier(), nn.Linear) or not hasattr(backbone, "group_matcher"):
        raise RecipeError(
            f"model.backbone: {section.backbone} does not end in one linear classifier that could be replaced. "
            "Take another, such as densenet121."
        )
    return backbone


def make_stem_small(backbone: Any, section: Backbone) -> None:
    """Let the stem keep the size of the image: first convolution at stride 1, no max-pooling.

    A pretrained first convolution keeps its kernel; without weights it becomes 3 × 3 (as He et al. 2016, section 4.2,
    on images of 32 pixels).

    Raises:
        RecipeError: the backbone does not begin with one convolution of stride 2.
    """
    name = backbone.pretrained_cfg["first_conv"]
    first = backbone.get_submodule(name) if isinstance(name, str) else None
    if not isinstance(first, nn.Conv2d) or first.stride != (2, 2) or first.kernel_size[0] < 3:
        raise RecipeError(
            f"model.stem: small needs a backbone that begins with a convolution of stride 2; {section.backbone} "
            "does not. Set it to standard."
        )
    numbers = stage_numbers(backbone)
    first.stride = (1, 1)
    if section.weights is None and first.kernel_size != (3, 3):
        bias = first.bias is not None
        backbone.set_submodule(name, nn.Conv2d(first.in_channels, first.out_channels, 3, padding=1, bias=bias))
    pools = [name for name, module in backbone.named_modules() if isinstance(module, nn.MaxPool2d)]
    for pool in pools:
        if numbers[pool] == 0:
            backbone.set_submodule(pool, nn.Identity())


@torch.no_grad()
def check_size(model: BackboneClassifier, name: str, size_px: int | None = None) -> None:
    """Try an image of the recipe's size, or of another that images are to grow from.

    Raises:
        RecipeError: the backbone cannot take it.
    """
    size = size_px or model.shape.size_px
    try:
        model.eval()(torch.zeros(1, 3, size, size))
    except (RuntimeError, ValueError, AssertionError) as error:
        raise _unfit(name, size, error, grown=size_px is not None) from None
    model.train()


@torch.no_grad()
def check_lone_image(model: BackboneClassifier, name: str, size_px: int) -> None:
    """Try to train on batches of one image of this size.

    Raises:
        RecipeError: a batch norm would see but one value of each channel.
    """
    try:
        copy.deepcopy(model).train()(torch.zeros(1, 3, size_px, size_px))
    except ValueError:
        raise RecipeError(
            f"train.batch_size: 1, but the batch norms of {name} have nothing to average over in one image of "
            f"{size_px} pixels. Set it to 2 or more."
        ) from None


def load_timm() -> ModuleType:
    """The package timm.

    Raises:
        MissingExtraError: it is not installed.
    """
    return load_package("timm", "images", "model.backbone")


def _configuration(name: str) -> Any:
    timm = load_timm()
    try:
        configuration = timm.get_pretrained_cfg(name, allow_unregistered=False) if timm.is_model(name) else None
    except RuntimeError:
        configuration = None
    if configuration is None:
        known = nearest(name, timm.list_pretrained() if timm.is_model(name) else timm.list_models())
        raise RecipeError(
            f'model.backbone: timm has no "{name}".{known}\n'
            "All names: python -c 'import timm; print(*timm.list_models(), *timm.list_pretrained())'"
        )
    return configuration


def _unfit(name: str, size_px: int, error: Exception, *, grown: bool = False) -> RecipeError:
    key, usual = "input.size_px", f"Take another size, such as {_configuration(name).input_size[-1]}"
    if grown:
        key, usual = "input.grow_from_px", "Leave it out, or take a larger size"
    reason = str(error).splitlines()[0].rstrip(".")
    return RecipeError(f"{key}: {name} cannot take images of {size_px} pixels ({reason}). {usual}.")


def _leave_prefix_out(_: nn.Module, state: dict[str, Any], prefix: str, __: Any) -> None:
    for key in [key for key in state if key.startswith(f"{prefix}backbone.")]:
        state[prefix + key.removeprefix(f"{prefix}backbone.")] = state.pop(key)


def _put_prefix_in(_: nn.Module, state: dict[str, Any], prefix: str, *__: Any) -> None:
    for key in [key for key in state if key.startswith(prefix)]:
        state[f"{prefix}backbone.{key.removeprefix(prefix)}"] = state.pop(key)

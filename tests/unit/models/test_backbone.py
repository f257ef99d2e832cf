"""Backbones against the plain timm models, what stands still while others are tuned, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import timm
import torch
from torch import Tensor, nn

from classmark.errors import RecipeError
from classmark.inputs.examples import ImageShape, Preprocessing
from classmark.models.backbone import BackboneClassifier
from classmark.models.build import build_model, initialise
from classmark.models.stages import layer_depths, stage_numbers
from classmark.recipes.schema import Backbone

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
FAMILIES = {
    "densenet121": IMAGENET,
    "resnet18": IMAGENET,
    "tf_efficientnet_lite0": HALF,
    "mobilenetv3_small_050": IMAGENET,
    "convnext_atto": IMAGENET,
    "vit_tiny_patch16_224": HALF,
}


def images(size_px: int = 32, rows: int = 3) -> Tensor:
    drawn = torch.randint(0, 256, (rows, 3, size_px, size_px), generator=torch.Generator().manual_seed(1))
    return drawn.to(torch.uint8)


def model(classes: int = 5, size_px: int = 32, seed: int = 3, **changes: Any) -> BackboneClassifier:
    section = Backbone.model_validate({"backbone": "resnet18", **changes})
    built = build_model(section, ImageShape(size_px), classes)
    initialise(built, seed)
    assert isinstance(built, BackboneClassifier)
    return built


@pytest.mark.parametrize("name", FAMILIES)
def test_logits_are_those_of_the_plain_timm_model(name: str) -> None:
    ours = model(backbone=name).eval()
    size = {"img_size": 32} if name.startswith("vit") else {}
    theirs = timm.create_model(name, num_classes=5, **size).eval()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in FAMILIES[name])
    with torch.no_grad():
        expected = theirs((images() / 255 - mean) / std)
        torch.testing.assert_close(ours(images()), expected, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(ours(images().float()), expected, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(ours(ours.features(images())), ours(images()))


def test_mirror_images_count_as_much_as_images_outside_training() -> None:
    plain, both = model(), model(test_time_flip=True)
    mirrored = images().flip(3)
    with torch.no_grad():
        expected = (plain.eval()(images()) + plain(mirrored)) / 2
        torch.testing.assert_close(both.eval()(images()), expected)
        torch.testing.assert_close(both(mirrored), expected)
        torch.testing.assert_close(both.features(images()), both.features(mirrored))
        torch.testing.assert_close(both.train()(images()), plain.train()(images()))


def test_two_classes_have_two_logits() -> None:
    assert model(classes=2)(images()).shape == (3, 2)


def test_weights_are_read_back_under_the_same_names() -> None:
    one, other = model(seed=1), model(seed=2)
    weights = one.state_dict()
    assert next(iter(weights)) == "conv1.weight"
    other.load_state_dict(weights, strict=True)
    assert all(torch.equal(weights[name], tensor) for name, tensor in other.state_dict().items())
    assert not set(weights) & {"mean", "std"}
    with pytest.raises(RuntimeError, match="Missing key"):
        other.load_state_dict({name: weights[name] for name in list(weights)[1:]})


def test_the_shape_says_how_images_are_prepared() -> None:
    built = model(backbone="tf_efficientnet_lite0")
    assert built.shape == ImageShape(32, Preprocessing(*HALF, "bicubic"))
    other = Preprocessing((0.1, 0.2, 0.3), (1.0, 1.0, 1.0), "bilinear")
    kept = BackboneClassifier(Backbone(backbone="resnet18"), ImageShape(32, other), 5)
    assert kept.shape.preprocessing == other
    torch.testing.assert_close(kept.mean.flatten(), torch.tensor([25.5, 51.0, 76.5]))


@pytest.mark.parametrize(("name", "kernel", "first"), [("resnet18", 3, "conv1"), ("densenet121", 3, "features.conv0")])
def test_a_small_stem_keeps_the_size_of_the_image(name: str, kernel: int, first: str) -> None:
    standard, small = model(backbone=name).backbone, model(backbone=name, stem="small").backbone
    kept = model(backbone=name, stem="small", weights="file.pth").backbone
    maps = [
        backbone.eval().forward_features(torch.zeros(1, 3, 64, 64)).shape[-1] for backbone in (standard, small, kept)
    ]
    assert maps == [2, 8, 8]
    assert [b.get_submodule(first).kernel_size[0] for b in (standard, small, kept)] == [7, kernel, 7]
    assert not any(isinstance(module, nn.MaxPool2d) for module in small.modules())


def test_a_small_stem_of_efficientnet_has_the_standard_weights() -> None:
    standard = model(backbone="tf_efficientnet_lite0")
    small = model(backbone="tf_efficientnet_lite0", stem="small")
    weights = standard.state_dict()
    assert all(torch.equal(weights[name], tensor) for name, tensor in small.state_dict().items())
    assert small.backbone.conv_stem.stride == (1, 1)


def stepped(built: BackboneClassifier) -> set[str]:
    """The names of what moved in one step of training, statistics included."""
    before = {name: tensor.clone() for name, tensor in built.state_dict().items()}
    built.train()
    optimizer = torch.optim.SGD([p for p in built.parameters() if p.requires_grad], 0.1)
    built(images()).square().sum().backward()
    optimizer.step()
    return {name for name, tensor in built.state_dict().items() if not torch.equal(before[name], tensor)}


@pytest.mark.parametrize(
    ("name", "tune", "moving"),
    [
        ("resnet18", "all", ("conv1.", "bn1.", "layer1.", "layer2.", "layer3.", "layer4.", "fc.")),
        ("resnet18", "head", ("fc.",)),
        ("resnet18", 2, ("layer3.", "layer4.", "fc.")),
        ("resnet18", 5, ("conv1.", "bn1.", "layer1.", "layer2.", "layer3.", "layer4.", "fc.")),
        ("densenet121", "head", ("classifier.",)),
        ("densenet121", 1, ("features.denseblock4.", "features.norm5.", "classifier.")),
        ("densenet121", 2, ("features.denseblock3.", "features.transition3.", "features.denseblock4.",
                            "features.norm5.", "classifier.")),
        ("tf_efficientnet_lite0", 1, ("blocks.6.", "conv_head.", "bn2.", "classifier.")),
    ],
)  # fmt: skip
def test_only_what_is_tuned_moves(name: str, tune: str | int, moving: tuple[str, ...]) -> None:
    built = model(backbone=name, tune=tune, size_px=64)
    moved = stepped(built)
    assert {part for part in moving if any(key.startswith(part) for key in moved)} == set(moving)
    assert all(key.startswith(moving) for key in moved)
    assert any(key.endswith("running_mean") for key in moved) == (tune != "head")


def test_frozen_norms_stand_still_while_the_rest_is_tuned() -> None:
    moved = stepped(model(freeze_norm=True))
    assert "conv1.weight" in moved
    assert not any(".bn" in key or key.startswith("bn") for key in moved)


def test_dropout_is_on_in_training_where_only_the_head_is_tuned() -> None:
    built = model(tune="head", dropout=0.5).train()
    with torch.no_grad():
        assert torch.equal(built.features(images()), built.features(images()))
        assert not torch.equal(built(images()), built(images()))
        built.eval()
        assert torch.equal(built(images()), built(images()))


def test_stages_go_from_the_stem_to_the_classifier() -> None:
    numbers = stage_numbers(model(backbone="densenet121").backbone)
    expected = {"features.conv0": 0, "features.pool0": 0, "features.denseblock1": 1, "features.transition1": 1,
                "features.denseblock4": 4, "features.norm5.weight": 4, "features": 4, "": 5, "classifier": 5}  # fmt: skip
    assert {name: numbers[name] for name in expected} == expected


def test_depths_count_from_the_classifier() -> None:
    depths = layer_depths(model(backbone="resnet18"))
    found = {name: depths[f"backbone.{name}.weight"] for name in ("fc", "layer4.0.conv1", "layer1.0.bn1", "conv1")}
    assert found == {"fc": 0, "layer4.0.conv1": 1, "layer1.0.bn1": 4, "conv1": 5}


@pytest.mark.parametrize(
    ("changes", "size_px", "message"),
    [
        (
            {"backbone": "densnet121"},
            64,
            'model.backbone: timm has no "densnet121". Did you mean "densenet121"?\n'
            "All names: python -c 'import timm; print(*timm.list_models(), *timm.list_pretrained())'",
        ),
        (
            {"backbone": "densenet121.tv_in2k"},
            64,
            'model.backbone: timm has no "densenet121.tv_in2k". Did you mean "densenet121.tv_in1k"?\n'
            "All names: python -c 'import timm; print(*timm.list_models(), *timm.list_pretrained())'",
        ),
        (
            {"backbone": "deit_tiny_distilled_patch16_224"},
            32,
            "model.backbone: deit_tiny_distilled_patch16_224 does not end in one linear classifier that could be "
            "replaced. Take another, such as densenet121.",
        ),
        (
            {"tune": 6},
            64,
            "model.tune: 6 stages, but this backbone has 5 (its stem is one); set it to 1 to 5, or to all",
        ),
        (
            {"backbone": "convnext_atto", "stem": "small"},
            64,
            "model.stem: small needs a backbone that begins with a convolution of stride 2; convnext_atto does not. "
            "Set it to standard.",
        ),
        (
            {"backbone": "densenet121"},
            8,
            "input.size_px: densenet121 cannot take images of 8 pixels (Given input size: (256x1x1). Calculated output "
            "size: (256x0x0). Output size is too small). Take another size, such as 224.",
        ),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], size_px: int, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        model(size_px=size_px, **changes)
    assert str(caught.value) == message


def test_without_timm_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from classmark.errors import MissingExtraError

    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(MissingExtraError) as caught:
        model()
    assert str(caught.value) == 'model.backbone needs the package "timm": pip install "classmark[images]"'

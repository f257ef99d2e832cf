"""Initial weights follow from (seed, parameter name), in the distributions that are documented."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from classmark.inputs.examples import ImageShape
from classmark.models.build import build_model, derived_seed, initialise
from classmark.recipes.schema import Backbone


def weights(seed: int = 1, classes: int = 5, **changes: Any) -> dict[str, Tensor]:
    built = build_model(Backbone.model_validate({"backbone": "densenet121", **changes}), ImageShape(64), classes)
    initialise(built, seed)
    return dict(built.state_dict())


def differing(one: dict[str, Tensor], other: dict[str, Tensor]) -> set[str]:
    return {name for name in one.keys() | other.keys() if not torch.equal(one[name], other[name])}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        ({"classes": 7}, {"classifier.weight", "classifier.bias"}),
        ({"stem": "small"}, {"features.conv0.weight"}),
        ({"stem": "small", "weights": "file.pth"}, set()),
        ({"tune": 2, "dropout": 0.5, "freeze_norm": True}, set()),
    ],
)
def test_models_share_what_they_have_in_common(changes: dict[str, Any], expected: set[str]) -> None:
    torch.manual_seed(len(changes))
    assert differing(weights(), weights(**changes)) == expected


def test_the_seed_moves_every_weight_that_is_drawn() -> None:
    moved = differing(weights(1), weights(2))
    assert moved == {name for name in weights() if "conv" in name or name.startswith("classifier.weight")}


def test_densenet_is_drawn_as_torchvision_draws_it() -> None:
    drawn = weights()
    kernel = drawn["features.denseblock3.denselayer9.conv2.weight"]
    assert kernel.std().item() == pytest.approx(math.sqrt(2 / (128 * 9)), rel=0.02)
    assert kernel.mean().item() == pytest.approx(0.0, abs=1e-3)
    bound = 1 / math.sqrt(1024)
    assert bound * 0.99 < drawn["classifier.weight"].abs().max().item() <= bound
    assert drawn["classifier.bias"].abs().max().item() == 0.0
    assert set(drawn["features.norm5.weight"].tolist()) == {1.0}


def test_a_draw_is_that_of_its_own_generator() -> None:
    generator = torch.Generator().manual_seed(derived_seed(1, "backbone.features.conv0.weight"))
    expected = torch.empty(64, 3, 7, 7).normal_(0.0, math.sqrt(2 / 147), generator=generator)
    assert torch.equal(weights()["features.conv0.weight"], expected)


def test_what_is_neither_convolution_nor_linear_is_normal_as_timm_draws_it() -> None:
    one, other = weights(1, backbone="vit_tiny_patch16_224"), weights(2, backbone="vit_tiny_patch16_224")
    assert one["pos_embed"].std().item() == pytest.approx(0.02, rel=0.05)
    assert not torch.equal(one["pos_embed"], other["pos_embed"])
    assert set(one["blocks.0.norm1.weight"].tolist()) == {1.0}

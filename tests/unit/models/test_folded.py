"""Frozen features: folding changes nothing but rounding, and the fastest way is chosen by its whole time."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import torch

from classmark.inputs.examples import ImageShape
from classmark.models import folded
from classmark.models.build import build_model, initialise
from classmark.models.folded import conv_norm_pairs, fastest_way, fold, frozen, frozen_features, seconds_for, soonest
from classmark.recipes.schema import Backbone

SHAPE = ImageShape(32)


@pytest.fixture(scope="module")
def model() -> torch.nn.Module:
    built = build_model(Backbone(backbone="tf_efficientnet_lite0"), SHAPE, 3)
    initialise(built, 1)
    generator = torch.Generator().manual_seed(3)
    for module in built.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # statistics that are not 0 and 1
            module.running_mean.normal_(0, 0.2, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
    return built.eval()


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    return torch.randint(0, 256, (5, 3, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def test_folded_features_are_the_plain_ones(model: torch.nn.Module, images: torch.Tensor) -> None:
    with torch.no_grad():
        plain = model.features(images).numpy()
    assert len(conv_norm_pairs(model, images)) == sum(isinstance(m, torch.nn.Conv2d) for m in model.modules())
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in fold(model).modules())
    found = np.concatenate(list(frozen_features(model, images.split(2))))
    np.testing.assert_allclose(found, plain, atol=1e-4 * np.abs(plain).max())
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in model.modules())


def test_bf16_moves_them_a_little(model: torch.nn.Module, images: torch.Tensor) -> None:
    exact, rounded = (np.concatenate(list(frozen_features(model, [images], way))) for way in ("fp32", "bf16"))
    cosines = (exact * rounded).sum(axis=1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(rounded, axis=1)
    assert cosines.min() > 0.98
    assert rounded.dtype == np.float32


def test_compiling_does_not_warn_of_a_missing_card(model: torch.nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    logger = logging.getLogger("torch.utils.cpp_extension")
    monkeypatch.setattr(logger, "level", logging.NOTSET)
    monkeypatch.setattr(torch, "compile", lambda features, options: features)
    frozen(model, "bf16-compiled")
    assert logger.level == logging.ERROR


def test_the_way_with_the_fewest_seconds_is_taken_if_it_earns_its_rounding() -> None:
    measured = {
        "fp32": {"start_seconds": 1.0, "images_per_second": 100.0},
        "bf16": {"start_seconds": 1.0, "images_per_second": 200.0},
        "bf16-compiled": {"start_seconds": 60.0, "images_per_second": 400.0},
    }
    assert seconds_for(1_000, measured) == {"fp32": 11.0, "bf16": 6.0, "bf16-compiled": 62.5}
    assert soonest(seconds_for(1_000, measured)) == "bf16"
    assert soonest(seconds_for(100_000, measured)) == "bf16-compiled"
    assert soonest({"fp32": 10.0, "bf16": 9.5}) == "fp32"
    assert soonest(seconds_for(10, {**measured, "bf16-compiled": None})) == "fp32"


def test_ways_are_measured_once_and_compiling_only_where_it_can_pay(
    model: torch.nn.Module, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CLASSMARK_CACHE", str(tmp_path))
    tried: list[str] = []

    def measure(_: object, way: str) -> dict[str, float]:
        tried.append(way)
        return {"start_seconds": 1.0, "images_per_second": {"fp32": 100.0, "bf16": 200.0}.get(way, 800.0)}

    monkeypatch.setattr(folded, "measure", measure)
    assert fastest_way(model, "a processor", 1_000) == "bf16"
    assert fastest_way(model, "a processor", 1_000) == "bf16"
    assert tried == ["fp32", "bf16"]
    assert fastest_way(model, "a processor", 1_000_000) == "bf16-compiled"
    assert tried == ["fp32", "bf16", "bf16-compiled"]
    assert fastest_way(model, "another", 1_000) == "bf16"
    assert tried[3:] == ["fp32", "bf16"]

"""Schedules against torch's own, which parameters decay, and at which share of the rate they learn."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from timm.optim.muon import Muon
from torch import nn
from torch.nn import functional
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, OneCycleLR

from classmark.errors import MissingExtraError
from classmark.inputs.examples import ImageShape
from classmark.losses import build_loss
from classmark.models.build import build_model, initialise
from classmark.models.stages import layer_depths
from classmark.recipes.schema import Backbone, Optimizer, Recipe, Schedule
from classmark.runs import RunFiles
from classmark.training.features import FeatureExamples
from classmark.training.loop import Job, Pace, evaluate, train_epoch
from classmark.training.optimizers import build_optimizer, learning_rate
from classmark.training.state import TrainState, load_checkpoint, save_checkpoint
from classmark.training.watch import RunWatch

STEPS, HIGHEST = 137, 3e-3


def rates_of(make: type[LRScheduler], **options: float) -> list[float]:
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=HIGHEST)
    schedule = make(optimizer, **options)  # type: ignore[arg-type]
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return rates


@pytest.mark.filterwarnings("ignore:Tried to step")
@pytest.mark.parametrize("warmup", [0.0, 0.2])
def test_one_cycle_is_that_of_torch(warmup: float) -> None:
    expected = rates_of(OneCycleLR, max_lr=HIGHEST, total_steps=STEPS, pct_start=warmup or 0.3)
    found = [learning_rate(Schedule(kind="one_cycle", warmup=warmup), HIGHEST, step, STEPS) for step in range(STEPS)]
    assert found == pytest.approx(expected, rel=1e-9)


def test_cosine_is_that_of_torch() -> None:
    expected = rates_of(CosineAnnealingLR, T_max=STEPS)
    found = [learning_rate(Schedule(kind="cosine"), HIGHEST, step, STEPS) for step in range(STEPS)]
    assert found == pytest.approx(expected, rel=1e-9)


def test_a_warm_up_rises_in_a_line_to_the_highest_rate() -> None:
    found = [learning_rate(Schedule(warmup=0.1), 1.0, step, 100) for step in range(12)]
    assert found == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.0, 1.0])


@pytest.mark.parametrize("schedule", ["constant", "one_cycle", "cosine"])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_very_short_runs_have_a_rate(schedule: str, steps: int) -> None:
    rates = [learning_rate(Schedule(kind=schedule), 1.0, step, steps) for step in range(steps)]
    assert all(0.0 <= rate <= 1.0 for rate in rates)
    assert max(rates) > 0.0


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW), ("sgd", torch.optim.SGD), ("muon", Muon)],
)
def test_only_matrices_outside_the_embedding_decay(kind: str, expected: type) -> None:
    model = nn.ModuleDict({"embedding": nn.Embedding(5, 3), "fc": nn.Linear(3, 2)})
    model["fc"].bias.requires_grad_(False)
    optimizer = build_optimizer(Optimizer(kind=kind, weight_decay=0.1), model)
    assert type(optimizer) is expected
    decayed, spared = optimizer.param_groups
    assert [p is model["fc"].weight for p in decayed["params"]] == [True]
    assert [p is model["embedding"].weight for p in spared["params"]] == [True]
    assert (decayed["weight_decay"], spared["weight_decay"]) == (0.1, 0.0)


def test_muon_takes_an_orthogonal_step_of_the_size_of_adamws() -> None:
    """The first step against the polar factor of the gradient by a singular value decomposition in float64."""
    layer = nn.Conv2d(6, 16, 3)
    before = layer.weight.detach().clone()
    layer.weight.grad = torch.randn(before.shape, generator=torch.Generator().manual_seed(0))
    layer.bias.grad = torch.ones_like(layer.bias)
    bias = layer.bias.detach().clone()
    build_optimizer(Optimizer(kind="muon", learning_rate=0.01), layer).step()
    left, _, right = np.linalg.svd(layer.weight.grad.double().flatten(1).numpy(), full_matrices=False)
    polar = 0.2 * (6 * 3 * 3) ** 0.5 * left @ right
    step = (before - layer.weight.detach()).double().flatten(1).numpy() / 0.01
    cosine = (step * polar).sum() / np.linalg.norm(step) / np.linalg.norm(polar)
    assert cosine > 0.98
    assert np.linalg.norm(step) == pytest.approx(np.linalg.norm(polar), rel=0.15)
    # NAdam's first step looks ahead: 1 + 0.9 times Adam's.
    assert torch.allclose(bias - layer.bias, torch.full_like(bias, 0.019), rtol=1e-4)


def test_muon_without_timm_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm.optim.muon", None)
    with pytest.raises(MissingExtraError) as caught:
        build_optimizer(Optimizer(kind="muon"), nn.Linear(2, 2))
    assert str(caught.value) == (
        'optimizer.kind muon needs the package "timm.optim.muon": pip install "classmark[images]"'
    )


def test_all_that_muon_steps_follows_the_rate() -> None:
    def steps(rate: float) -> list[torch.Tensor]:
        model = nn.ModuleDict({"embedding": nn.Embedding(5, 8), "fc": nn.Linear(8, 8)})
        initialise(model, 0)
        optimizer = build_optimizer(Optimizer(kind="muon", learning_rate=1.0), model)
        before = [parameter.detach().clone() for parameter in model.parameters()]
        for parameter in model.parameters():
            parameter.grad = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0))
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
        return [old - new.detach() for old, new in zip(before, model.parameters(), strict=True)]

    for whole, half in zip(steps(0.5), steps(0.25), strict=True):
        assert torch.allclose(whole, 2 * half, rtol=1e-4, atol=1e-6)


def small_backbone(**changes: Any) -> nn.Module:
    model = build_model(Backbone.model_validate({"backbone": "test_resnet", **changes}), ImageShape(16), 3)
    initialise(model, 1)
    return model


def test_each_stage_learns_at_its_share() -> None:
    model = small_backbone()
    optimizer = build_optimizer(Optimizer(kind="adamw", weight_decay=0.1), model, 0.5)
    names = {parameter: name for name, parameter in model.named_parameters()}
    found = {names[each]: group for group in optimizer.param_groups for each in group["params"]}
    assert set(found) == set(names.values())
    depths = layer_depths(model)
    assert len(set(depths.values())) == 6
    for name, group in found.items():
        assert group["share"] == 0.5 ** depths[name]
        assert group["weight_decay"] == (0.1 if dict(model.named_parameters())[name].ndim > 1 else 0.0)
    assert found["backbone.fc.weight"]["share"] == 1.0
    assert found["backbone.layer4.0.conv1.weight"]["share"] == 0.5
    assert found["backbone.conv1.0.weight"]["share"] == 0.5**5


@pytest.mark.parametrize("decay", [None, 1.0])
def test_without_layer_decay_all_learn_alike(decay: float | None) -> None:
    assert {group["share"] for group in build_optimizer(Optimizer(), small_backbone(), decay).param_groups} == {1.0}


def test_shares_count_from_the_classifier_where_stages_stand_still() -> None:
    groups = build_optimizer(Optimizer(), small_backbone(tune=2), 0.5).param_groups
    assert sorted({group["share"] for group in groups}) == [0.25, 0.5, 1.0]


def made_job(model: nn.Module, optimizer: torch.optim.Optimizer, run: RunFiles) -> Job:
    """A job of four steps an epoch, for what it says of the learning rate."""
    generator = np.random.default_rng(1)
    views = [generator.normal(size=(8, model.classifier.in_features)).astype(np.float16)]  # type: ignore[union-attr, operator]
    examples: Any = FeatureExamples(views, torch.arange(8) % 3)
    content = {"name": "x", "data": {"source": "digits"}, "optimizer": {"learning_rate": 0.01}}
    recipe = Recipe.model_validate({**content, "train": {"batch_size": 2}, "schedule": {"kind": "cosine"}})
    fabric = Fabric(accelerator="cpu", devices=1)
    return Job(
        recipe=recipe, run=run, fabric=fabric, model=model, module=model, optimizer=optimizer,
        loss=build_loss(recipe.loss, [3, 3, 2]), train=examples, validation=examples, watch=RunWatch(run, 1),
    )  # fmt: skip


def test_history_has_the_highest_rate_and_steps_take_their_share(tmp_path: Path) -> None:
    model, run = small_backbone(), RunFiles(tmp_path)
    optimizer = build_optimizer(Optimizer(learning_rate=0.01), model, 0.5)
    job, state = made_job(model, optimizer, run), TrainState()
    train_epoch(job, state, Pace("images"), lambda: None)
    expected = learning_rate(Schedule(kind="cosine"), 0.01, 3, 4 * job.recipe.train.epochs)
    assert 0 < expected < 0.01
    assert evaluate(job, state)["learning_rate"] == expected
    assert [group["lr"] for group in optimizer.param_groups] == [
        expected * group["share"] for group in optimizer.param_groups
    ]


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd", "muon"])
def test_a_resumed_optimizer_keeps_its_shares_and_moments(kind: str, tmp_path: Path) -> None:
    section = Optimizer.model_validate({"kind": kind, "learning_rate": 0.01})
    images = torch.randint(0, 256, (4, 3, 16, 16), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)

    def step(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
        for group in optimizer.param_groups:
            group["lr"] = 0.01 * group["share"]
        optimizer.zero_grad()
        functional.cross_entropy(model.train()(images), torch.tensor([0, 1, 2, 0])).backward()
        optimizer.step()
        return {name: tensor.clone() for name, tensor in model.state_dict().items()}

    model = small_backbone()
    optimizer = build_optimizer(section, model, 0.5)
    step(model, optimizer)
    save_checkpoint(tmp_path, TrainState(step=1, global_step=1), model, optimizer, {})
    whole = step(model, optimizer)
    again = small_backbone()
    resumed = build_optimizer(section, again, 0.5)
    shares = [group["share"] for group in resumed.param_groups]
    assert load_checkpoint(tmp_path, again, resumed) is not None
    assert [group["share"] for group in resumed.param_groups] == shares
    assert len(set(shares)) == 6
    for name, tensor in step(again, resumed).items():
        assert torch.equal(tensor, whole[name]), name

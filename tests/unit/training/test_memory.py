"""What is too large for the memory that there is, is refused: a text by name, a batch of images with the size that fits."""

from __future__ import annotations

import contextlib
import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

from classmark.errors import InputError, OutsideError
from classmark.inputs.examples import ImageShape, TextShape
from classmark.recipes.schema import Recipe
from classmark.training import memory
from classmark.training.memory import check_batch, check_memory, image_bytes, longest_named

RECIPE = Recipe.model_validate({"name": "x", "data": {"source": "imdb"}, "model": {"hidden_size": 256, "layers": 2}})
ROWS: Any = pl.DataFrame({"id": ["short", "long"]})
DATASET: Any = SimpleNamespace(train=ROWS, validation=ROWS, test=ROWS)


def checked(monkeypatch: pytest.MonkeyPatch, available: int | None, **longest: int) -> str:
    def split(name: str) -> Any:
        return SimpleNamespace(sizes=np.array([7, longest.get(name, 8)]))

    inputs: Any = SimpleNamespace(
        shape=TextShape(1_000, 100), train=split("train"), validation=split("validation"), test=split("test")
    )
    monkeypatch.setattr(memory, "available_bytes", lambda: available)
    try:
        check_memory(RECIPE, DATASET, inputs)
    except InputError as error:
        return str(error)
    return ""


def test_a_text_of_a_million_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked(monkeypatch, 20 * 2**30, train=1_000_000) == (
        'the text "long" (train) has 1,000,000 tokens; training on it takes about 53.7 GiB of memory, and 20.0 GiB are '
        "available. Cut long texts: input.max_tokens=4000."
    )
    assert checked(monkeypatch, 90 * 2**30, train=1_000_000) == ""


def test_predicting_takes_less(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked(monkeypatch, 30 * 2**30, test=1_000_000) == ""
    assert '"long" (test) has 1,000,000 tokens; predicting it takes' in checked(monkeypatch, 4 * 2**30, test=1_000_000)


def test_nothing_is_refused_where_the_system_does_not_say(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checked(monkeypatch, None, train=10**12) == ""


def test_the_number_it_names_would_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    said = checked(monkeypatch, 2**26, train=50_000)
    number = int(said.rpartition("=")[2].rstrip("."))
    assert number >= 2
    assert checked(monkeypatch, 2**26, train=number) == ""


def test_a_lack_of_memory_in_a_step_names_the_longest_text() -> None:
    job: Any = SimpleNamespace(train=SimpleNamespace(unit="tokens", sizes=np.array([5, 9, 250_000, 4])), ids=None)
    with pytest.raises(OutsideError) as caught, longest_named(job, np.array([3, 2, 0])):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 5504032768 bytes.")
    assert caught.value.reason == (
        "there is not enough memory (5,504,032,768 bytes more were asked for); the longest text of the batch, row 3, has "
        "250,000 tokens"
    )
    with pytest.raises(ZeroDivisionError), longest_named(job, np.array([3])):
        raise ZeroDivisionError


class Bare(nn.Module):
    """A layer whose backward pass keeps its input and nothing else that grows with the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(3)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.norm(images).mean(dim=(1, 2, 3))


def image_job(rows: int, **model: Any) -> Any:
    keys = {"name": "x", "data": {"source": "digits"}, "train": {"batch_size": 64}}
    recipe = Recipe.model_validate(keys | {"model": {"kind": "backbone", "backbone": "resnet18", **model}})
    fabric = SimpleNamespace(autocast=contextlib.nullcontext, device=torch.device("cpu"))
    return SimpleNamespace(recipe=recipe, fabric=fabric, module=Bare(), train=range(rows))


def test_what_a_backward_pass_keeps_of_an_image_is_counted_and_the_model_left_as_it_was() -> None:
    job = image_job(100)
    before = {name: tensor.clone() for name, tensor in job.module.state_dict().items()}
    assert image_bytes(job, 32) == 3 * 32 * 32 * 4
    assert all(torch.equal(tensor, before[name]) for name, tensor in job.module.state_dict().items())


@pytest.mark.parametrize(
    ("rows", "available", "fits"), [(100, 64, True), (100, 63, False), (20, 63, True), (20, 19, False)]
)
def test_a_batch_of_images_that_cannot_fit_is_refused(
    monkeypatch: pytest.MonkeyPatch, rows: int, available: int, fits: bool
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: available * 3 * 512 * 512 * 4)
    job = image_job(rows)
    if fits:
        check_batch(job, ImageShape(512))
        return
    with pytest.raises(InputError) as caught:
        check_batch(job, ImageShape(512))
    found = re.fullmatch(
        r"a batch of (\d+) images at 512 × 512 pixels takes more than 0\.\d GiB of memory in training, and 0\.\d GiB are "
        r"available\. Take smaller batches: train\.batch_size=(\d+)\.",
        str(caught.value),
    )
    assert found is not None
    assert (int(found[1]), int(found[2])) == (min(rows, 64), 32 if available == 63 else 8)


def test_a_trained_head_and_an_unknown_memory_refuse_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: None)
    check_batch(image_job(100), ImageShape(512))
    monkeypatch.setattr(memory, "available_bytes", lambda: 1)
    check_batch(image_job(100, weights="pretrained", tune="head"), ImageShape(512))

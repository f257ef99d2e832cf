"""A text that is too long for the memory that there is, is refused by name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from classmark.errors import InputError, OutsideError
from classmark.inputs.examples import TextShape
from classmark.recipes.schema import Recipe
from classmark.training import memory
from classmark.training.memory import check_memory, longest_named

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

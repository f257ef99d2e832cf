from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits

from classmark.data import load_dataset
from classmark.data.sources.digits import read_digits
from classmark.errors import MissingExtraError
from classmark.recipes.schema import Data


def test_the_digits_are_images_of_their_own_size() -> None:
    dataset = load_dataset(Data(source="digits"), 1)
    assert dataset.classes == tuple("0123456789")
    assert dataset.description["splits"] == {"train": 1_079, "validation": 359, "test": 359}
    assert (dataset.description["kind"], dataset.description["path"]) == ("images", "digits")
    assert dataset.images is not None
    assert dataset.images.side_px == 8
    first = dataset.train.head(1)
    number = int(first["id"][0].removeprefix("digit-"))
    assert first["path"][0] == f"digit-{number:04d}.png"
    pixels = dataset.images.read(first["row"].to_numpy())[0]
    expected, target = (load_digits()[key][number] for key in ("images", "target"))
    np.testing.assert_array_equal(pixels, np.repeat(np.rint(expected * 255 / 16)[:, :, None], 3, axis=2))
    assert first["label"][0] == str(target)


def test_some_of_the_digits() -> None:
    dataset = load_dataset(Data(source="digits", classes=("3", "8"), limit=100), 1)
    assert dataset.classes == ("3", "8")
    assert sum(dataset.description["splits"].values()) == 100


def test_without_pillow_the_line_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(MissingExtraError) as caught:
        read_digits()
    assert str(caught.value) == ('data.source: digits needs the package "Pillow": pip install "classmark[images]"')

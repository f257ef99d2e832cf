from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from classmark.errors import EstimatorError
from classmark.sklearn import ImageClassifier

DIGITS = load_digits()
PIXELS = (DIGITS.images[:60] * 15).astype(np.uint8)
LABELS = DIGITS.target[:60] < 5


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> ImageClassifier:
    cache = tmp_path_factory.mktemp("cache")
    changes = {"train__epochs": 1, "train__threads": 1, "train__precision": "fp32", "train__batch_size": 16}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLASSMARK_CACHE", str(cache))
        model = ImageClassifier("digits-quick", **changes).fit(PIXELS, LABELS)
    assert list(cache.rglob("*")) == []  # pixels of rows in memory are not kept
    return model  # type: ignore[return-value]


def test_images_come_in_many_forms(fitted: ImageClassifier, tmp_path: Path) -> None:
    pixels = PIXELS[:4]
    expected = fitted.predict_proba(pixels)
    assert expected.shape == (4, 2)
    np.testing.assert_array_equal(fitted.predict(pixels), fitted.classes_[expected.argmax(axis=1)])
    pictures = [Image.fromarray(one) for one in pixels]
    paths = [tmp_path / f"{row}.png" for row in range(4)]
    for picture, path in zip(pictures, paths, strict=True):
        picture.save(path)
    colours = np.repeat(pixels[..., None], 3, axis=3)
    forms: list[Any] = [list(pixels), pictures, paths, np.array(list(map(str, paths))), colours, pixels[..., None]]
    forms.append([path.read_bytes() for path in paths])
    forms.append([*pictures[:1], *paths[1:]])
    for form in forms:
        np.testing.assert_array_equal(fitted.predict_proba(form), expected)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (
            DIGITS.images[:2],
            "image 1: float64 of shape (8, 8). Give a path, a PIL image, a file as bytes, or uint8 pixels of shape (H, W) or "
            "(H, W, 3).",
        ),
        (["gone.png"], "gone.png: the image cannot be read (there is no such file)."),
        ([PIXELS[0], None], "row 2: the image is missing."),
    ],
)
def test_other_images_are_refused(fitted: ImageClassifier, images: Any, message: str) -> None:
    with pytest.raises(EstimatorError) as caught:
        fitted.predict(images)
    assert str(caught.value) == message

"""The file that predicts without classmark reads images and cuts texts as classmark does."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from classmark.data.images.decode import Picture, decode
from classmark.exports import loader
from classmark.exports.loader import Predictor, square
from classmark.inputs.tokens import Tokens

SIDE = 8


def noise(width: int, height: int, channels: int = 3) -> Image.Image:
    values = np.random.default_rng(3).integers(0, 256, (height, width, channels), dtype=np.uint8)
    return Image.fromarray(values if channels > 1 else values[..., 0])


def content_of(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return content_of(noise(50, 24), "JPEG", exif=exif)


def deep() -> bytes:
    return content_of(Image.fromarray(np.random.default_rng(0).integers(0, 65_536, (12, 20), dtype=np.uint16)))


PICTURES: dict[str, bytes] = {
    "the right size": content_of(noise(SIDE, SIDE)),
    "wide": content_of(noise(21, 12)),
    "small": content_of(noise(3, 5)),
    "a large JPEG, decoded to an eighth": content_of(noise(200, 133), "JPEG"),
    "grey": content_of(noise(20, 12, 1)),
    "16 bits": deep(),
    "transparent": content_of(noise(20, 13, 4)),
    "a palette with transparency": content_of(noise(20, 13).quantize(16), transparency=3),
    "CMYK": content_of(noise(20, 13).convert("CMYK"), "JPEG"),
    "an animation": content_of(noise(20, 13), "GIF", save_all=True, append_images=[noise(20, 13).rotate(90)]),
    "WebP": content_of(noise(20, 13), "WEBP"),
    "black and white": content_of(noise(20, 13).convert("1")),
    **{f"turned {number}": turned(number) for number in range(1, 9)},
}


@pytest.mark.parametrize("name", PICTURES)
def test_an_image_becomes_the_same_bytes(name: str) -> None:
    expected = decode(PICTURES[name], SIDE)
    assert isinstance(expected, Picture), expected
    np.testing.assert_array_equal(square(PICTURES[name], SIDE), expected.pixels)


@pytest.mark.parametrize("keep", ["start", "ends"])
def test_a_text_is_cut_the_same(keep: Any) -> None:
    predictor = object.__new__(Predictor)

    class Letters:
        def encode(self, text: str, add_special_tokens: bool) -> Any:
            assert not add_special_tokens
            return type("Encoding", (), {"ids": [ord(letter) for letter in text]})

    predictor.tokenizer = Letters()
    predictor.rule = {"before": [1], "after": [2, 3], "empty": [0], "most_tokens": 5, "keep": keep}
    for text in ("", "a", "abcde", "abcdefgh"):
        ids = np.array([ord(letter) for letter in text] or [0], np.int32)
        whole = Tokens(ids, np.array([0, len(ids)])).cut(5, keep).between([1], [2, 3])
        assert predictor.ids(text) == whole.row(0).tolist()


@pytest.mark.parametrize("one", ["a text", b"bytes", Path("a.png"), {"text": "a"}])
def test_a_single_input_is_refused(one: Any) -> None:
    with pytest.raises(TypeError) as caught:
        object.__new__(Predictor).predict_proba(one)
    assert str(caught.value) == f"{type(one).__name__}: give a list of inputs, even of one"


def test_it_has_fewer_than_a_hundred_lines() -> None:
    assert len(Path(loader.__file__).read_text(encoding="utf-8").splitlines()) < 100


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "classmark.json").write_text(
        json.dumps({"schema_version": 1, "kind": "sound", "classes": [], "input": {}})
    )
    with pytest.raises(
        ValueError, match=r"this file does not know such a model; export it again with its own predict\.py"
    ):
        Predictor(tmp_path)

"""Predict with this folder: `python predict.py INPUT …` prints a line of JSON for each input, a text or the path of an image.

`-` reads an input from each line of standard input. It needs numpy and onnxruntime, for texts tokenizers, for images Pillow.
"""

import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF")
MOST_PIXELS, MOST_ROWS, MOST_TOKENS = 120_000_000, 64, 2**14


class Predictor:
    """The model of a folder. Its inputs are texts, or images: paths or the bytes of files."""

    def __init__(self, folder: str | Path = Path(__file__).parent) -> None:
        self.about = json.loads((Path(folder) / "classmark.json").read_text(encoding="utf-8"))
        self.is_text, self.classes, self.rule = self.about["kind"] == "text", self.about["classes"], self.about["input"]
        if self.about["schema_version"] != 1 or self.about["kind"] not in ("text", "images"):
            raise ValueError(f"{folder}: this file does not know such a model; export it again with its own predict.py")
        self.session = onnxruntime.InferenceSession(Path(folder) / self.about["model"]["file"])
        if self.is_text:
            from tokenizers import Tokenizer

            self.tokenizer = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))

    def predict_proba(self, inputs: Any, calibrated: bool = False) -> Any:
        """Probabilities of shape (N, C); calibrated: with the temperature that was fitted on validation rows, if one was."""
        if isinstance(inputs, str | bytes | Path | dict):
            raise TypeError(f"{type(inputs).__name__}: give a list of inputs, even of one")
        given = [self.ids(one) for one in inputs] if self.is_text else list(inputs)
        order = sorted(range(len(given)), key=lambda row: -len(given[row]) if self.is_text else row)
        found = np.empty((len(given), len(self.classes)), np.float32)
        while order:
            count = max(1, min(MOST_ROWS, MOST_TOKENS // len(given[order[0]]))) if self.is_text else MOST_ROWS
            rows, order = order[:count], order[count:]
            output = "calibrated_probabilities" if calibrated else "probabilities"
            found[rows] = self.session.run([output], self.feed([given[row] for row in rows]))[0]
        return found

    def predict(self, inputs: Any, at: str | None = None) -> list[str]:
        """The most probable class of each input, or what an operating point such as "f1" calls it."""
        probabilities = self.predict_proba(inputs)
        if at is None:
            return [self.classes[index] for index in probabilities.argmax(axis=1)]
        point = self.about["operating_points"][at]
        second = self.classes.index(point["positive"])
        calls = (probabilities[:, second].astype(float) >= point["threshold"]).tolist()
        return [self.classes[second if called else 1 - second] for called in calls]

    def ids(self, text: str) -> list[int]:
        """The tokens of a text, cut and between special ones."""
        found = self.tokenizer.encode(text, add_special_tokens=False).ids or self.rule["empty"]
        most = self.rule["most_tokens"] or len(found)
        head = most if self.rule["keep"] == "start" else (most + 1) // 2
        return [*self.rule["before"], *found[:head], *found[max(head, len(found) - most + head) :], *self.rule["after"]]

    def feed(self, batch: list[Any]) -> dict[str, Any]:
        """What the model takes: texts filled up behind, the longest first, or squares of pixels."""
        if not self.is_text:
            return {"pixels": np.stack([square(source, self.rule["side_px"]) for source in batch])}
        lengths = np.array([len(one) for one in batch], np.int64)
        tokens = [one + [self.rule["padding"]] * (lengths[0] - len(one)) for one in batch]
        return {"tokens": np.array(tokens, np.int64), "lengths": lengths}


def square(source: Any, side: int) -> Any:
    """The centre square of an image as classmark cuts it, uint8 of shape (side, side, 3)."""
    from PIL import Image, ImageOps

    image: Any = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, formats=FORMATS)
    if image.width * image.height > MOST_PIXELS or image.mode == "F":
        raise ValueError(f"an image of {image.width} × {image.height} pixels of mode {image.mode} is not read")
    if image.format in ("JPEG", "MPO") and min(image.size) >= 4 * side:
        image.draft(image.mode, (2 * side, 2 * side))  # decoded small, as in training
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits
        image = Image.fromarray(((np.asarray(image).astype(np.int64) + 128) // 257).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    image, cut = image.convert("RGB"), min(image.size)
    start = [(length - cut) / 2 for length in image.size]
    box = (*start, *(place + cut for place in start))
    if image.size != (side, side):
        image = image.resize((side, side), Image.Resampling.BICUBIC, box)
    return np.asarray(image)


if __name__ == "__main__":
    model, names = Predictor(), sys.stdin.read().splitlines() if sys.argv[1:] == ["-"] else sys.argv[1:]
    for name, row in zip(names, model.predict_proba(names, model.about["temperature"] is not None), strict=True):
        shares = dict(zip(model.classes, row.tolist(), strict=True))
        print(json.dumps({"input": name, "label": model.classes[row.argmax()], "probabilities": shares}))

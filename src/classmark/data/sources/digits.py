"""The embedded images: scikit-learn's 1,797 handwritten digits of 8 by 8 pixels (Alpaydin & Kaynak 1998)."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import polars as pl

from classmark.data.images.files import ImageFiles
from classmark.data.sources.source import Source
from classmark.errors import MissingExtraError

HIGHEST = 16  # of the values that scikit-learn gives


def read_digits() -> Source:
    """The digits, white on black, as PNG files in memory; classes are `0` to `9`.

    Raises:
        MissingExtraError: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise MissingExtraError("Pillow", "images", "data.source: digits") from None
    from sklearn.datasets import load_digits

    digits = load_digits()
    squares = np.rint(digits.images * (255 / HIGHEST)).astype(np.uint8)
    contents = []
    for square in squares:
        stream = io.BytesIO()
        Image.fromarray(square).save(stream, "PNG")
        contents.append(stream.getvalue())
    names = [f"digit-{row:04d}.png" for row in range(len(squares))]
    frame = pl.DataFrame(
        {
            "id": [name.removesuffix(".png") for name in names],
            "label": [str(label) for label in digits.target.tolist()],
            "path": names,
            "row": pl.Series(range(len(names)), dtype=pl.Int64),
        }
    )
    return Source("digits", frame, files=ImageFiles(Path("digits"), tuple(names), tuple(contents)))

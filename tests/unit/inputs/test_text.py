"""From a data set of texts to what a model trains on: vectors that are trained on its texts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from classmark.data import load_dataset
from classmark.data.dataset import Dataset
from classmark.errors import OutsideError, RecipeError
from classmark.inputs.text import prepare_text
from classmark.recipes.schema import BiLSTM, Data, TextInput

TRAINED = TextInput(vectors="trained")


def dataset(folder: Path, *, unlabelled: bool = False) -> Dataset:
    draws = np.random.default_rng(1)
    words = [f"word{number}" for number in range(30)]
    texts = [" ".join(draws.choice(words, 12)) for _ in range(60)]
    labels = ["a", "b"] * 20 + ([None] * 20 if unlabelled else ["a", "b"] * 10)
    path = folder / "t.csv"
    pl.DataFrame({"text": texts, "label": labels}).write_csv(path)
    return load_dataset(Data(source="table", path=str(path), unlabelled=unlabelled), 1)


def test_vectors_are_those_of_the_training_texts_alone(tmp_path: Path) -> None:
    given = dataset(tmp_path)
    found = prepare_text(TRAINED, BiLSTM(embedding_size=8), 1, given)
    assert found.vectors is not None
    assert found.vectors.shape == (32, 8)
    assert found.description["vectors"] == {"name": "trained", "width": 8, "types": 1.0, "tokens": 1.0, "texts": 36}
    for split in ("validation", "test"):
        frame = getattr(given, split)
        other = prepare_text(
            TRAINED,
            BiLSTM(embedding_size=8),
            1,
            Dataset(**{**vars(given), split: frame.with_columns(text=pl.lit("word1 word2 word1"))}),
        )
        assert other.vectors is not None
        np.testing.assert_array_equal(other.vectors, found.vectors)


def test_texts_without_a_label_change_vectors_and_not_the_vocabulary(tmp_path: Path) -> None:
    given = dataset(tmp_path, unlabelled=True)
    assert given.unlabelled is not None
    more = prepare_text(TRAINED, BiLSTM(embedding_size=8), 1, given)
    less = prepare_text(TRAINED, BiLSTM(embedding_size=8), 1, Dataset(**{**vars(given), "unlabelled": None}))
    assert more.vectors is not None
    assert less.vectors is not None
    assert more.description["vectors"]["texts"] == less.description["vectors"]["texts"] + len(given.unlabelled)
    assert more.vectors.shape == less.vectors.shape
    assert not np.allclose(more.vectors, less.vectors)


def test_more_numbers_than_words_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        prepare_text(TRAINED, BiLSTM(), 1, dataset(tmp_path))
    assert str(caught.value) == (
        "model.embedding_size: 100, but the vocabulary has 30 words, and vectors that are trained here have fewer numbers than "
        "there are words. Set it to 15 or less, or raise input.vocabulary_size if the texts have more words."
    )


def test_too_little_memory_is_told_with_the_keys_that_help(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("classmark.inputs.trained_vectors.near_counts", refuse)
    with pytest.raises(OutsideError) as caught:
        prepare_text(TRAINED, BiLSTM(embedding_size=8), 1, dataset(tmp_path))
    assert str(caught.value) == (
        "there is not enough memory to train word vectors. Set a smaller input.vocabulary_size, leave out data.unlabelled, or "
        "name a file: input.vectors=FILE"
    )

"""A saved model: alone enough to predict, the same whatever stands beside a text, refused when damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from classmark.errors import ClassmarkError, InputError
from classmark.inference.classifier import Classifier, load, save
from classmark.inputs.examples import TextShape
from classmark.inputs.text import TextEncoder
from classmark.inputs.tokens import fit_tokenizer
from classmark.models.build import build_model, initialise
from classmark.recipes.schema import BiLSTM, Recipe
from classmark.run import Run
from classmark.runs import RunFiles

RECIPE = Recipe.model_validate(
    {"name": "small", "data": {"source": "imdb"}, "model": {"hidden_size": 8, "embedding_size": 6, "pooling": "concat"}}
)
TEXTS = ["A fine film, finely made.", "dull", "I would not see it again " * 30, "", "unheard-of wörds"]

GIVEN: dict[str, Any] = {
    "a tuple": tuple(TEXTS),
    "a generator": (text for text in TEXTS),
    "an array of str": np.array(TEXTS),
    "an array of objects": np.array(TEXTS, dtype=object),
    "a polars series": pl.Series(TEXTS),
    "a pandas series": pd.Series(TEXTS, index=[9, 8, 7, 6, 5]),
    "a pandas series of strings": pd.Series(TEXTS, dtype="string"),
}
MISSING = "row 3: the text is missing."
LIST = "give a list, even of one: predict_proba([…])"
REFUSED: dict[str, tuple[Any, str]] = {
    "one text": ("a film", f"str: {LIST}"),
    "one number": (3, "int: give a list, an array or a series, even of one: predict_proba([…])"),
    "None": (None, "NoneType: give a list, an array or a series, even of one: predict_proba([…])"),
    "an array without axes": (
        np.array("a"),
        "ndarray: give a list, an array or a series, even of one: predict_proba([…])",
    ),
    "two axes": (np.array([["a"], ["b"]]), "an array of shape (2, 1): give one text per row, shape (N,)"),
    "a frame": (pl.DataFrame({"text": ["a"]}), "DataFrame: give one column of it: predict_proba(table[COLUMN])"),
    "a dictionary": ({"text": ["a"]}, "dict: give one column of it: predict_proba(table[COLUMN])"),
    "a number": (["a", 5], "row 2: int is no text."),
    "bytes": ([b"a"], "row 1: bytes is no text."),
    "None in a list": (["a", "b", None], MISSING),
    "NaN": (["a", "b", float("nan")], MISSING),
    "NaN in an array": (np.array(["a", "b", np.nan], dtype=object), MISSING),
    "null in polars": (pl.Series(["a", "b", None]), MISSING),
    "NaN in pandas": (pd.Series(["a", "b", None]), MISSING),
    "NA in pandas": (pd.Series(["a", "b", None], dtype="string"), MISSING),
    "NaN of numpy": (["a", "b", np.float32("nan")], MISSING),
    "NaT of numpy": (["a", "b", np.datetime64("NaT")], MISSING),
    "a lazy frame": (pl.LazyFrame({"text": ["a"]}), "LazyFrame: give one column of it: predict_proba(table[COLUMN])"),
    "a set": ({"a", "b"}, "set: it has no order. Give a list: predict_proba([…])"),
    "half a character": (
        ["a", "b\ud83d"],
        "row 2: character 2 is half of a surrogate pair, which is no character. "
        'Replace it: text.encode("utf-8", "replace").decode()',
    ),
    "numbers in an array": (np.arange(3), "row 1: int64 is no text."),
    "numbers in polars": (pl.Series([1, 2]), "row 1: int is no text."),
    "bytes in polars": (pl.Series([b"a"]), "row 1: bytes is no text."),
    "lists": ([["a"]], "row 1: list is no text."),
    "masked": (np.ma.MaskedArray(["a", "b", "c"], [False, False, True]), MISSING),
}


@pytest.fixture
def classifier() -> Classifier:
    tokenizer = fit_tokenizer(TEXTS[:3], 50)
    assert isinstance(RECIPE.model, BiLSTM)
    model = build_model(RECIPE.model, TextShape(tokenizer.get_vocab_size(), 6), 3)
    initialise(model, 1)
    return Classifier(model.eval(), TextEncoder(tokenizer, RECIPE.input), ("a", "b", "c"))


@pytest.fixture
def folder(classifier: Classifier, tmp_path: Path) -> Path:
    encoder = classifier.encoder
    assert isinstance(encoder, TextEncoder)
    save(classifier, RECIPE, TextShape(encoder.tokenizer.get_vocab_size(), 6), tmp_path / "model")
    return tmp_path / "model"


def test_a_text_has_the_same_probabilities_in_any_company(classifier: Classifier) -> None:
    together = classifier.predict_proba(TEXTS)
    alone = np.concatenate([classifier.predict_proba([text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together.sum(axis=1), 1.0, atol=1e-6)


def test_no_texts_give_no_rows(classifier: Classifier) -> None:
    assert classifier.predict_proba([]).shape == (0, 3)


def test_predict_names_the_class_with_the_largest_probability(classifier: Classifier) -> None:
    names = classifier.predict(TEXTS)
    assert names.tolist() == [classifier.classes[index] for index in classifier.predict_proba(TEXTS).argmax(axis=1)]
    assert classifier.classes_.tolist() == ["a", "b", "c"]
    assert names.dtype == classifier.classes_.dtype
    assert classifier.predict([]).shape == (0,)


@pytest.mark.parametrize("given", GIVEN)
def test_lists_arrays_and_series_of_texts_are_alike(classifier: Classifier, given: str) -> None:
    np.testing.assert_array_equal(classifier.predict_proba(GIVEN[given]), classifier.predict_proba(TEXTS))


@pytest.mark.parametrize("given", REFUSED)
def test_what_is_no_column_of_texts_is_refused(classifier: Classifier, given: str) -> None:
    inputs, message = REFUSED[given]
    for method in (classifier.predict, classifier.predict_proba, classifier.predict_logits):
        with pytest.raises(InputError) as caught:
            method(inputs)
        assert str(caught.value) == message


def test_a_run_is_loaded_by_its_path_or_as_it_is(folder: Path) -> None:
    (folder.parent / "recipe.yaml").touch()
    for run in (folder.parent, str(folder.parent), RunFiles(folder.parent), Run(folder.parent)):
        assert load(run).classes == ("a", "b", "c")


def test_the_folder_model_alone_predicts_the_same(classifier: Classifier, folder: Path) -> None:
    for place in (folder, folder.parent):
        again = load(place)
        assert again.classes == ("a", "b", "c")
        np.testing.assert_array_equal(again.predict_logits(TEXTS), classifier.predict_logits(TEXTS))


def test_a_folder_without_a_model_names_the_way_to_one(tmp_path: Path) -> None:
    with pytest.raises(
        ClassmarkError, match=r": this is neither a run folder nor a model folder\. `classmark runs` lists"
    ):
        load(tmp_path)
    (tmp_path / "recipe.yaml").touch()
    with pytest.raises(
        ClassmarkError, match=r"no trained model in this folder\. Finish the run: classmark train --res"
    ):
        load(tmp_path)


@pytest.mark.parametrize("file", ["weights.safetensors", "model.json", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\x00\xff" * 40])
def test_a_damaged_file_is_refused_in_one_sentence(folder: Path, file: str, content: bytes) -> None:
    (folder / file).write_bytes(content)
    with pytest.raises(ClassmarkError) as caught:
        load(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


def test_a_description_that_lacks_something_says_what(folder: Path) -> None:
    content = json.loads((folder / "model.json").read_text())
    del content["shape"]
    (folder / "model.json").write_text(json.dumps(content))
    with pytest.raises(ClassmarkError) as caught:
        load(folder)
    assert str(caught.value) == (
        f"{folder}: the model cannot be loaded (model.json: shape is missing). Copy the run's model folder anew."
    )


def test_a_missing_file_is_refused_in_one_sentence(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ClassmarkError, match="tokenizer"):
        load(folder)

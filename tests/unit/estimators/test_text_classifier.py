from __future__ import annotations

import pickle
import pickletools
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import classmark
from classmark.errors import EstimatorError, MissingExtraError, RunError
from classmark.estimators import fitting
from classmark.sklearn import TextClassifier
from estimators import texts_of, tiny

TEXTS, CODES = texts_of(45, tones=3)
NUMBERS = np.array([100, 9, 10])[CODES]  # as texts, they sort in another order


@pytest.fixture(scope="module")
def fitted() -> TextClassifier:
    return tiny().fit(TEXTS, NUMBERS)  # type: ignore[return-value]


def test_probabilities_are_those_of_the_run_in_the_order_of_the_labels(fitted: TextClassifier, tmp_path: Path) -> None:
    run = fitted.write_run(tmp_path / "run")
    loaded = classmark.load(run)
    assert loaded.classes == ("10", "100", "9")
    np.testing.assert_array_equal(fitted.classes_, [9, 10, 100])
    expected = loaded.predict_proba(TEXTS)[:, [2, 0, 1]]
    np.testing.assert_array_equal(fitted.predict_proba(TEXTS), expected)
    np.testing.assert_array_equal(fitted.predict(TEXTS), np.array([9, 10, 100])[expected.argmax(axis=1)])
    assert fitted.score(TEXTS, NUMBERS) == np.mean(fitted.predict(TEXTS) == NUMBERS)
    with pytest.raises(RunError, match="the folder is not empty"):
        fitted.write_run(run)


def test_a_temperature_divides_the_logits_if_asked_for(fitted: TextClassifier, tmp_path: Path) -> None:
    calibrated = pickle.loads(pickle.dumps(fitted)).set_params(calibrated=True)
    expected = classmark.load(fitted.write_run(tmp_path / "run"), calibrated=True).predict_proba(TEXTS)[:, [2, 0, 1]]
    np.testing.assert_array_equal(calibrated.predict_proba(TEXTS), expected)
    assert (expected != fitted.predict_proba(TEXTS)).any()


def test_a_model_without_a_temperature_says_so(fitted: TextClassifier) -> None:
    withheld = b'{"temperature": null, "withheld": "every row is right", "schema_version": 1}'
    model = clone(fitted).set_params(calibrated=True)
    vars(model).update(classes_=fitted.classes_, class_names_=fitted.class_names_)
    model.run_files_ = {**fitted.run_files_, "model/calibration.json": withheld}
    with pytest.warns(UserWarning, match="The probabilities are as the model gives them: no temperature is best"):
        found = model.predict_proba(TEXTS)
    np.testing.assert_array_equal(found, fitted.predict_proba(TEXTS))


def test_a_pickle_is_bytes_and_names(fitted: TextClassifier, tmp_path: Path) -> None:
    before = fitted.predict_proba(TEXTS)
    content = pickle.dumps(fitted)
    (tmp_path / "model.pickle").write_bytes(content)
    strings = [argument for _, argument, _ in pickletools.genops(content) if isinstance(argument, str)]
    modules = {text for text in strings if re.fullmatch(r"(classmark|numpy|sklearn|torch)(\.\w+)+", text)}
    assert {name for name in modules if not name.startswith("numpy")} == {"classmark.estimators.text"}
    code = (
        "import pickle, sys, numpy as np, classmark.sklearn; "
        "model = pickle.load(open(sys.argv[1], 'rb')); assert 'torch' not in sys.modules; "
        "np.save(sys.argv[2], model.predict_proba(sys.argv[3:]))"
    )
    words = [str(tmp_path / "model.pickle"), str(tmp_path / "after.npy"), *TEXTS[:3]]
    subprocess.run([sys.executable, "-c", code, *words], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "after.npy"), before[:3])


def test_parameters_are_changes_of_the_recipe(fitted: TextClassifier) -> None:
    assert b"epochs: 3" in fitted.run_files_["recipe.yaml"]
    assert b"seed: 1" in fitted.run_files_["recipe.yaml"]
    copy = clone(fitted).set_params(train__epochs=2, random_state=np.random.RandomState(0))
    assert copy.get_params() == {**fitted.get_params(), "train__epochs": 2, "random_state": copy.random_state}
    with pytest.raises(NotFittedError):
        copy.predict(TEXTS)
    with pytest.raises(NotFittedError):
        copy.write_run("anywhere")
    with pytest.raises(TypeError, match=r"no parameter epochs\. Changes of the recipe are written as train__epochs=1"):
        TextClassifier(epochs=3)
    with pytest.raises(ValueError, match=r"no parameter epochs\. There are calibrated, .* and changes"):
        copy.set_params(epochs=3)


def test_the_seed_decides_the_digits(fitted: TextClassifier) -> None:
    again = clone(fitted).set_params(random_state=1).fit(TEXTS, NUMBERS)
    np.testing.assert_array_equal(again.predict_proba(TEXTS), fitted.predict_proba(TEXTS))
    other = clone(fitted).set_params(random_state=2).fit(TEXTS, NUMBERS)
    assert (other.predict_proba(TEXTS) != fitted.predict_proba(TEXTS)).any()


@pytest.mark.parametrize(
    "form",
    [
        np.array, pd.Series, pl.Series, tuple,
        lambda texts: pd.DataFrame({"text": texts}),
        lambda texts: pl.DataFrame({"text": texts}),
        lambda texts: np.array(texts, dtype=object)[:, None],
    ],
)  # fmt: skip
def test_texts_come_in_many_forms(fitted: TextClassifier, form: Any) -> None:
    np.testing.assert_array_equal(fitted.predict_proba(form(TEXTS)), fitted.predict_proba(TEXTS))


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (np.zeros((3, 2)), "an array of shape (3, 2): give one text per row, shape (N,)"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), "a table of 2 columns. Give one of them: X = table[COLUMN]"),
        (["good", None], "row 2: the text is missing."),
        ([1, 2], "row 1: int is no text."),
        ("good", "str: give a list, even of one: predict_proba([…])"),
    ],
)
def test_other_rows_are_refused(fitted: TextClassifier, texts: Any, message: str) -> None:
    with pytest.raises(EstimatorError) as caught:
        fitted.predict(texts)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (None, "y: it requires y to be passed, but the target y is None."),
        (["a", None, "b"], "y: a label is missing (None or NaN). Leave these rows out."),
        (["a"] * 3, 'y: every row has the label "a"; a classifier needs more than one class.'),
        (np.array([1, "a", 1], dtype=object), "y: labels of several types: int, str. Give all of them one type."),
        (
            ["a", "b", "b"],
            'the given rows: the class "a" has 1 different text, too few for 2 splits. Add some, or name the classes to use: '
            "data.classes=[…]",
        ),
    ],
)
def test_labels_that_are_no_classes_are_refused(labels: Any, message: str) -> None:
    with pytest.raises(EstimatorError) as caught:
        tiny().fit(TEXTS[:3], labels)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data__path": "x.csv"}, "data__path: the rows are those that fit is given. Leave it out."),
        ({"judge__draws": 100}, "judge__draws: fit judges nothing. Leave it out."),
        ({"recipe": {"data": {}}}, "recipe: it has data. Leave that out; there is data__validation."),
        ({"recipe": {"seed": 3}}, "recipe: it has seed. Leave that out; there is random_state."),
    ],
)
def test_what_fit_settles_is_no_change(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(EstimatorError) as caught:
        tiny(**changes).fit(TEXTS, CODES)
    assert str(caught.value) == message


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "classmark.inference.rows", None)  # as if what it needs were not installed
    with pytest.raises(MissingExtraError, match=r'The estimator needs the package .*: pip install "classmark\[text\]"'):
        tiny().fit(TEXTS, CODES)


def test_a_misspelt_key_is_named() -> None:
    with pytest.raises(classmark.errors.RecipeError) as caught:
        tiny(train__epoch=1).fit(TEXTS, CODES)
    assert str(caught.value) == 'train__epoch: unknown key. Did you mean "epochs"?'


def test_nothing_is_left_and_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.chdir(tmp_path)
    model = tiny(train__epochs=1).fit(TEXTS, [code == 1 for code in CODES])
    assert model.predict(TEXTS[:1]).dtype == bool
    assert [path.name for path in tmp_path.rglob("*")] == ["temporary"]
    assert capfd.readouterr() == ("", "")


def test_a_run_is_kept_and_progress_shown_if_asked_for(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = tiny(train__epochs=1, run_folder=tmp_path, verbose=True, recipe={"name": "mine"})
    model.fit(TEXTS, np.array(["no", "yes"])[np.array(CODES) % 2])
    (folder,) = tmp_path.iterdir()
    assert re.fullmatch(r"mine-\d{8}-\d{6}-[a-z]{4}", folder.name)
    np.testing.assert_array_equal(classmark.load(folder).predict_proba(TEXTS), model.predict_proba(TEXTS))
    assert "epoch 1/1" in capfd.readouterr().err
    assert classmark.Run(folder).recipe.data.test == 0


@pytest.mark.parametrize(("said", "threads"), [("", 8), ("2", 2), ("64", 8), ("2,2", 8)])
def test_joblib_says_how_many_threads(said: str, threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", said)
    monkeypatch.setattr(fitting, "cores", lambda: 8)
    assert fitting.own_threads() == threads

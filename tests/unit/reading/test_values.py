"""Values in memory, in every form that people hold them in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import torch

from classmark.errors import ClassmarkError
from classmark.predictions import Predictions
from classmark.reading.arrays import is_frame, stated_order
from classmark.reading.options import read_options
from classmark.reading.side import open_side
from classmark.reading.values import Values, read_table_values, read_values
from unit.reading.tables import BOTH, LABELS, NEGATIVE, POSITIVE, read, refused, said

CODES = [0, 1, 0, 1]
DECIDED = ["neg", "pos", "pos", "pos"]  # at a threshold of one's own


def taken(labels: Any, probabilities: Any = None, words: dict[str, Any] | None = None, **values: Any) -> Predictions:
    return read_values(Values(labels, probabilities, **values), read_options(words or {}))


LABEL_FORMS: dict[str, Callable[[], Any]] = {
    "a list": lambda: CODES,
    "a tuple": lambda: tuple(CODES),
    "a generator": lambda: (code for code in CODES),
    "a range": lambda: [*range(2), *range(2)],
    "numpy": lambda: np.array(CODES),
    "numpy of objects": lambda: np.array(CODES, dtype=object),
    "numpy of texts": lambda: np.array(["0", "1", "0", "1"]),
    "numpy of floats": lambda: np.array([0.0, 1.0, 0.0, 1.0]),
    "one column": lambda: np.array(CODES)[:, None],
    "polars": lambda: pl.Series(CODES),
    "polars categories": lambda: pl.Series(["0", "1", "0", "1"], dtype=pl.Categorical),
    "polars, one column": lambda: pl.DataFrame({"y": CODES}),
    "pandas": lambda: pd.Series(CODES, index=list("dcba")),
    "pandas with missing values": lambda: pd.Series(CODES, dtype="Int64"),
    "pandas categories": lambda: pd.Series(["0", "1", "0", "1"], dtype="category"),
    "pandas, one column": lambda: pd.DataFrame({"y": CODES}),
    "an index": lambda: pd.Index(CODES),
    "torch": lambda: torch.tensor(CODES),
    "torch, one column": lambda: torch.tensor(CODES)[:, None],
}

SCORE_FORMS: dict[str, Callable[[], Any]] = {
    "a list": lambda: BOTH.tolist(),
    "a list of arrays": lambda: list(BOTH),
    "numpy": lambda: BOTH,
    "numpy in the order of columns": lambda: np.asfortranarray(BOTH),
    "numpy of objects": lambda: BOTH.astype(object),
    "every second row": lambda: np.repeat(BOTH, 2, axis=0)[::2],
    "one score": lambda: POSITIVE,
    "one column": lambda: np.array(POSITIVE)[:, None],
    "a generator": lambda: (score for score in POSITIVE),
    "polars": lambda: pl.DataFrame(BOTH, schema=["0", "1"], orient="row"),
    "polars in another order": lambda: pl.DataFrame(BOTH, schema=["0", "1"], orient="row")["1", "0"],
    "polars without names": lambda: pl.DataFrame(BOTH, orient="row"),
    "polars lists": lambda: pl.Series(BOTH.tolist()),
    "polars arrays": lambda: pl.Series(BOTH.tolist(), dtype=pl.Array(pl.Float64, 2)),
    "polars score": lambda: pl.Series("p", POSITIVE),
    "pandas": lambda: pd.DataFrame(BOTH, columns=["prob_0", "prob_1"], index=list("dcba")),
    "pandas with numbers for names": lambda: pd.DataFrame(BOTH),
    "pandas score": lambda: pd.DataFrame({"p": POSITIVE}),
    "a dictionary": lambda: {"1": POSITIVE, "0": NEGATIVE},
    "a dictionary of classes": lambda: {1: POSITIVE, 0: NEGATIVE},
    "torch": lambda: torch.tensor(BOTH),
    "torch that requires gradients": lambda: torch.tensor(BOTH, requires_grad=True),
    "torch score that requires gradients": lambda: torch.tensor(POSITIVE, dtype=torch.float64, requires_grad=True),
    "torch, sparse": lambda: torch.tensor(BOTH).to_sparse(),
    "scipy, sparse": lambda: scipy.sparse.csr_matrix(BOTH),
    "scipy, sparse array": lambda: scipy.sparse.coo_array(BOTH),
}


@pytest.mark.parametrize("name", LABEL_FORMS)
def test_labels_of_every_form(name: str) -> None:
    table = taken(LABEL_FORMS[name](), BOTH)
    assert table.classes == ("0", "1")
    assert table.labels.tolist() == CODES
    np.testing.assert_array_equal(table.probabilities, BOTH)


@pytest.mark.parametrize("name", SCORE_FORMS)
def test_probabilities_of_every_form(name: str) -> None:
    table = taken(CODES, SCORE_FORMS[name]())
    assert sorted(table.classes) == ["0", "1"]
    order = [table.classes.index("0"), table.classes.index("1")]
    np.testing.assert_allclose(table.probabilities[:, order], BOTH, atol=1e-15)
    assert table.remarks == ()


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float32])
def test_tensors_of_few_bits(kind: Any) -> None:
    given = torch.softmax(torch.tensor([[1.0, -1.0], [0.5, 2.0], [3.0, 0.0], [0.0, 0.25]]), 1).to(kind)
    table = taken(CODES, given[:, 1])
    np.testing.assert_array_equal(table.probabilities[:, 1], given[:, 1].double().numpy())


def test_a_dtype_states_the_order_of_classes() -> None:
    kind = pd.CategoricalDtype(["yes", "no"])
    for labels in (
        pd.Series(["no", "yes", "no", "yes"], dtype=kind),
        pl.Series(["no", "yes"] * 2, dtype=pl.Enum(["yes", "no"])),
    ):
        assert stated_order(labels) == ("yes", "no")
        assert taken(labels, BOTH[:, ::-1]).classes == ("yes", "no")
    assert stated_order(pl.Series(["no", "yes"])) is None
    assert stated_order(["no", "yes"]) is None


@pytest.mark.parametrize(
    "labels",
    [
        ["a", None, "b", "a"],
        ["a", float("nan"), "b", "a"],
        np.array(["a", None, "b", "a"], dtype=object),
        np.ma.masked_array(["a", "b", "b", "a"], mask=[0, 1, 0, 0]),
        ["a", np.ma.masked, "b", "a"],
        pl.Series(["a", None, "b", "a"]),
        pd.Series(["a", None, "b", "a"]),
        pd.Series(["a", pd.NA, "b", "a"], dtype="string"),
        pd.Series(["a", None, "b", "a"], dtype="category"),
    ],
)
def test_missing_labels_of_every_form(labels: Any) -> None:
    table = taken(labels, predicted=["a", "a", "b", "b"])
    assert table.frame["label"].to_list() == ["a", None, "b", "a"]


def test_missing_numbers_are_missing_labels() -> None:
    for labels in (np.array([0, np.nan, 1, 0]), pd.Series([0, None, 1, 0], dtype="Int64"), pl.Series([0, None, 1, 0])):
        assert taken(labels, BOTH).frame["label"].to_list() == ["0", None, "1", "0"]


def test_roles() -> None:
    columns = {"text": ["a", "b", "c", "d"], "day": np.array(["2024-01-01", "NaT"] * 2, dtype="datetime64[D]")}
    table = taken(
        LABELS, BOTH, predicted=DECIDED, ids=[7, 8, 9, 10], groups=list("xxyy"), weights=[1, 2, 3, 4], columns=columns
    )
    assert table.ids.to_list() == ["7", "8", "9", "10"]
    assert table.frame["group"].to_list() == list("xxyy")
    assert table.frame["weight"].to_list() == [1.0, 2.0, 3.0, 4.0]
    assert table.frame["predicted"].to_list() == DECIDED
    assert table.frame["text"].to_list() == ["a", "b", "c", "d"]
    assert table.frame["day"].null_count() == 2


def test_names_of_further_columns_do_not_take_roles() -> None:
    columns = {"label": ["x"] * 4, "id": ["x"] * 4, "predicted": ["x"] * 4, "score": [0.5] * 4, "y_true": ["x"] * 4}
    table = taken(LABELS, POSITIVE, {"positive": "pos"}, columns=columns)
    assert table.frame["label"].to_list() == LABELS
    np.testing.assert_allclose(table.probabilities, BOTH, atol=1e-15)
    assert table.ids.to_list() == ["1", "2", "3", "4"]


def test_predicted_classes_may_be_of_another_type() -> None:
    table = taken([0, 1, 1, 0], predicted=np.array([0.0, 1.0, 0.0, 0.0]))
    assert table.predicted.tolist() == [0, 1, 0, 0]
    assert taken([0, 1], predicted=[False, True]).predicted.tolist() == [0, 1]


TABLES: dict[str, Callable[[], Any]] = {
    "a dictionary": lambda: {"label": LABELS, "prob_neg": NEGATIVE, "prob_pos": POSITIVE},
    "a dictionary of arrays": lambda: {"label": np.array(LABELS), "probs": BOTH},
    "polars": lambda: pl.DataFrame({"label": LABELS, "prob_neg": NEGATIVE, "prob_pos": POSITIVE}),
    "pandas": lambda: pd.DataFrame({"label": LABELS, "prob_neg": NEGATIVE, "prob_pos": POSITIVE}, index=list("dcba")),
    "pandas with lists": lambda: pd.DataFrame({"label": LABELS, "probs": BOTH.tolist()}),
    "tensors": lambda: {"label": LABELS, "probs": torch.tensor(BOTH, requires_grad=True)},
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_in_memory(name: str) -> None:
    table = read(TABLES[name]())
    assert table.classes == ("neg", "pos")
    np.testing.assert_array_equal(table.probabilities, BOTH)
    assert said(table) == []


def test_what_is_a_frame() -> None:
    assert is_frame(pl.DataFrame())
    assert is_frame(pd.DataFrame())
    assert not is_frame({"label": LABELS})
    assert not is_frame(BOTH)


def test_a_lazy_frame_is_a_table() -> None:
    lazy = pl.LazyFrame({"label": LABELS, "prob_neg": NEGATIVE, "prob_pos": POSITIVE})
    np.testing.assert_array_equal(read(lazy).probabilities, BOTH)


def test_columns_of_unequal_length_are_refused() -> None:
    assert str(refused({"label": LABELS, "score": POSITIVE[:3]})) == (
        "predictions: columns of unequal length (3, 4). Give each column one value per row."
    )


REFUSALS: dict[str, tuple[tuple[Any, ...], dict[str, Any], dict[str, Any], str]] = {
    "nothing": ((LABELS,), {}, {}, "there is nothing to judge. Give probabilities, or the predicted classes as predicted=…"),
    "no rows": (([], []), {}, {}, "there are no rows. Give at least one label with its prediction."),
    "no rows of arrays": ((np.array([]), np.zeros((0, 2))), {}, {},
                          "there are no rows. Give at least one label with its prediction."),
    "fewer labels": ((LABELS[:3], POSITIVE), {}, {}, "3 labels and 4 rows of probabilities. Give one label per row."),
    "fewer ids": ((LABELS, POSITIVE), {"ids": ["a"]}, {}, "4 labels and 1 ids. Give one per label."),
    "fewer predictions": ((LABELS,), {"predicted": ["neg"]}, {}, "4 labels and 1 predicted classes. Give one per label."),
    "fewer texts": ((LABELS, POSITIVE), {"columns": {"text": ["a"]}}, {}, "4 labels and 1 text. Give one per label."),
    "rows of unequal length": ((LABELS, [[0.1, 0.9], [0.2, 0.8], [1.0], [0.3, 0.7]]), {}, {},
                               "rows of probabilities of unequal length (1, 2). Give one number per class."),
    "a row that is a number": ((["0", "1"], [[0.1, 0.9], 0.2]), {}, {},
                               "row 2 of the probabilities is not a list. Give one number per class."),
    "columns of unequal length": ((["0", "1"], {"0": [0.5], "1": [0.5, 0.5]}), {}, {},
                                  "columns of probabilities of unequal length (1, 2)."),
    "texts": ((LABELS, LABELS), {}, {},
              "the probabilities are text. If they are predicted classes, give them as predicted=…"),
    "whole numbers": ((CODES, CODES), {}, {},
                      "the probabilities are whole numbers. If they are predicted classes, give them as predicted=…"),
    "truth values": ((CODES, [True, False, True, True]), {}, {},
                     "the probabilities are true or false. If they are predicted classes, give them as predicted=…"),
    "a number": ((LABELS, 0.5), {}, {}, "probabilities is float. Give a list, an array, a series or a frame."),
    "one text": ((LABELS, "score"), {}, {}, "probabilities is one text. Give a list, an array, a series or a frame."),
    "a matrix of labels": ((np.eye(4), POSITIVE), {}, {}, "label of shape (4, 4). Give one value per row."),
    "a cube": ((LABELS, np.zeros((4, 2, 2))), {}, {},
               "probabilities of shape (4, 2, 2). Give (rows, classes), or one score per row."),
    "a column that is a number": ((LABELS, POSITIVE), {"columns": {"x": 5}}, {},
                                  'the column "x" is int. Give a list of values.'),
    "a column that is a text": ((LABELS, POSITIVE), {"columns": {"x": "abcd"}}, {},
                                'the column "x" is one text. Give a list, an array or a series.'),
    "objects": ((LABELS, POSITIVE), {"columns": {"x": [object()] * 4}}, {},
                'the column "x" holds Python objects. Give numbers, texts or dates.'),
    "an id that repeats": ((LABELS, POSITIVE), {"ids": list("abac")}, {"positive": "pos"},
                           'the id "a" stands in rows 1, 3; 2 rows share an id with another. Give each row an id of its own.'),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str) -> None:
    given, values, words, message = REFUSALS[name]
    with pytest.raises(ClassmarkError) as caught:
        taken(*given, words=words, **values)
    assert str(caught.value) == f"predictions: {message}"


ROWS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "not a number": ([0.1, np.nan, 0.3, 0.4], {}, '2: "score" holds nan, which is not a number.'),
    "none": ([0.1, 0.2, None, 0.4], {}, '3: "score" holds nan, which is not a number.'),
    "masked": (np.ma.masked_array(POSITIVE, mask=[0, 1, 0, 0]), {}, '2: "score" holds nan, which is not a number.'),
    "a missing class": ([*BOTH[:3].tolist(), [0.7, None]], {}, '4: "probabilities" holds [0.7, nan], which are not all numbers.'),
    "a missing group": (POSITIVE, {"groups": ["x", None, "y", "y"]}, "2: no group."),
    "a missing id": (POSITIVE, {"ids": ["a", None, "b", "c"]}, "2: no id."),
    "a sum": (BOTH * 0.9, {}, "1: the probabilities sum to 0.9, not to 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_rows_that_cannot_be_used(name: str) -> None:
    probabilities, values, message = ROWS[name]
    with pytest.raises(ClassmarkError, match=re.escape(f"theirs, row {message}")):
        open_side(Values(LABELS, probabilities, **values), read_options({"positive": "pos"}), "theirs")


def test_two_columns_of_one_name() -> None:
    error = refused({1: POSITIVE, "1": NEGATIVE, "label": LABELS})
    assert str(error) == 'predictions: several columns are called "1". Give each of them a name of its own.'


def test_a_table_without_rows() -> None:
    with pytest.raises(
        ClassmarkError, match=r"^theirs: there are no rows\. Give at least one label with its prediction\.$"
    ):
        read_table_values({"label": [], "score": []}, read_options({}), "theirs")

"""Ids, repeated examples, groups, weights, and the columns that are carried along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from unit.reading.tables import LABELS, NUMBERED, POSITIVE, read, refused, said

SCORED = {"label": LABELS, "score": POSITIVE}


@pytest.mark.parametrize("name", ["id", "ID", "row_id", "doc_id", "PassengerId", "inst#", "Unnamed: 0"])
def test_usual_names_of_ids(name: str) -> None:
    table = read({**SCORED, name: ["a", "b", "c", "d"]})
    assert table.ids.to_list() == ["a", "b", "c", "d"]
    assert table.plan == f"label ← label; P(pos) ← score; id ← {name}"
    assert table.remarks == ()


def test_without_ids_rows_are_numbered() -> None:
    table = read(SCORED)
    assert table.ids.to_list() == ["1", "2", "3", "4"]
    assert [(one.code, one.severity, one.message) for one in table.remarks] == [("assumed", "info", NUMBERED)]
    assert table.metadata["numbered"] is True


def test_a_named_column_of_ids() -> None:
    table = read({**SCORED, "id": list("abcd"), "key": [7, 8, 9, 10]}, id="key")
    assert table.ids.to_list() == ["7", "8", "9", "10"]


def test_blanks_around_ids_are_left_out() -> None:
    assert read({**SCORED, "id": [" a", "b ", "c\u200b", "d\u00a0e"]}).ids.to_list() == ["a", "b", "c", "d e"]


@pytest.mark.parametrize("values", [["a", "b", "a", "c"], ["a", "b", None, "c"]])
def test_doubtful_ids_are_not_read_and_said(values: list[str | None]) -> None:
    table = read({**SCORED, "index": values})
    assert table.ids.to_list() == ["1", "2", "3", "4"]
    assert said(table) == ['Values repeat or are missing in the column "index", so it is not read as the id.']


@pytest.mark.parametrize("name", ["fold", "Resample", "repeat"])
def test_examples_that_repeat_once_per_fold_are_groups(name: str) -> None:
    table = read({**SCORED, "id": ["a", "b", "a", "b"], name: [1, 1, 2, 2]})
    assert table.ids.to_list() == ["a/1", "b/1", "a/2", "b/2"]
    assert table.frame["group"].to_list() == ["a", "b", "a", "b"]
    assert table.plan == f"label ← label; P(pos) ← score; id ← id/{name}; group ← id"
    assert said(table) == [
        f'Each "id" stands in several rows, once per "{name}": 4 rows of 2 examples. Rows of one example form a group, so that '
        "intervals do not count them as independent."
    ]


def test_groups() -> None:
    table = read({**SCORED, "id": list("abcd"), "film": ["x", "x", "y", " y"]}, group="film")
    assert table.frame["group"].to_list() == ["x", "x", "y", "y"]
    assert table.plan == "label ← label; P(pos) ← score; id ← id; group ← film"
    assert read({**SCORED, "group": [1, 1, 2, 2]}).frame["group"].to_list() == ["1", "1", "2", "2"]


def test_weights() -> None:
    table = read({**SCORED, "id": list("abcd"), "w": ["1", "0", "2.5", "3"]}, weights="w")
    assert table.frame["weight"].to_list() == [1.0, 0.0, 2.5, 3.0]
    assert table.plan == "label ← label; P(pos) ← score; id ← id; weight ← w"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (("1.234", "2.500"), 'a point in "w" may stand between thousands, as other columns have decimal commas. Write the '
         "weights without thousands separators."),
        (("1.234,5", "2.500,0"), 'the column "w" holds no numbers.'),
    ],
)  # fmt: skip
def test_points_between_thousands_of_weights(cells: tuple[str, str], message: str, tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text(f"id;label;score;w\na;no;0,25;{cells[0]}\nb;yes;0,75;{cells[1]}\n", encoding="utf-8")
    assert refused(path, weights="w").spelt("command line") == f"--weights: {path}: {message}"


def test_decimal_commas_of_weights(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("id;label;score;w\na;no;0,25;1,5\nb;yes;0,75;2\n", encoding="utf-8")
    assert read(path, weights="w").frame["weight"].to_list() == [1.5, 2.0]


@pytest.mark.parametrize(
    ("values", "names"), [([7.0, 8.0, 9.0, 1e3], ["7", "8", "9", "1000"]), ([7.5, 8.0, 1.0, 2.0], None)]
)
def test_whole_numbers_of_ids_have_one_spelling(values: list[float], names: list[str] | None) -> None:
    assert read({**SCORED, "id": values}).ids.to_list() == (names or [str(value) for value in values])


def test_what_is_carried_along(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text(
        "id,label,score,length,share,checked,text,leaked,zip\n"
        "a,no,0.2,3,0.5,true,fine,yes,007\nb,yes,0.8,,1.5,FALSE,,0,008\n",
        encoding="utf-8",
    )
    frame = read(path).frame.drop("id", "label", "probabilities")
    assert frame.to_dict(as_series=False) == {
        "length": [3, None], "share": [0.5, 1.5], "checked": [True, False], "text": ["fine", None], "leaked": [True, False],
        "zip": [7, 8],
    }  # fmt: skip


def test_nested_columns_are_not_carried_along() -> None:
    frame = read({**SCORED, "vector": [["a"]] * 4, "age": [1, 2, 3, 4]}).frame
    assert frame.columns == ["id", "label", "probabilities", "age"]


REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any], str, str | None]] = {
    "ids that repeat": (
        {"id": ["a", "b", "a", "c"]}, {},
        'predictions: the id "a" stands in rows 1, 3; 2 rows share an id with another. Give each row an id of its own.', None,
    ),
    "ids of bytes": (
        {"id": [b"\xff", b"b", b"c", b"d"]}, {},
        'predictions: the column "id" holds bytes that cannot be read as UTF-8 text. Save it as text.', None,
    ),
    "ids of lists": (
        {"key": [["a"]] * 4}, {"id": "key"},
        'predictions: the column "key" holds lists of text, not one id per row. Name another one: id="COLUMN"',
        'predictions: the column "key" holds lists of text, not one id per row. Name another one: --id COLUMN',
    ),
    "groups of lists": (
        {"group": [["a"]] * 4}, {},
        'predictions: the column "group" holds lists of text, not one group per row. Name another one: group="COLUMN"',
        'predictions: the column "group" holds lists of text, not one group per row. Name another one: --group COLUMN',
    ),
    "a row without a group": (
        {"film": ["x", "x", "y", None]}, {"group": "film"},
        "predictions, row 4: no group. Give every row a group, or leave the column out.", None,
    ),
    "no such group": (
        {"film": ["x", "x", "y", "y"]}, {"group": "films"},
        'predictions: there is no column "films" (group=); the columns are label, score, film. Did you mean "film"?',
        'predictions: there is no column "films" (--group); the columns are label, score, film. Did you mean "film"?',
    ),
    "a negative weight": (
        {"w": [1, -2, 0, 1]}, {"weights": "w"},
        'predictions, row 2: the weight in "w" is -2, not a number from 0. Fix or remove this row.', None,
    ),
    "a missing weight": (
        {"w": [1.0, 2.0, None, 1.0]}, {"weights": "w"},
        'predictions, row 3: the weight in "w" is None, not a number from 0. Fix or remove this row.', None,
    ),
    "words for weights": (
        {"w": ["a", "b", "c", "d"]}, {"weights": "w"},
        'weights: predictions: the column "w" holds no numbers.', '--weights: predictions: the column "w" holds no numbers.',
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str) -> None:
    columns, words, python, line = REFUSALS[name]
    error = refused({**SCORED, **columns}, **words)
    assert str(error) == python
    assert error.spelt("command line") == (line or python)


@pytest.mark.parametrize("name", ["model", "split"])
def test_examples_that_repeat_once_per_model_or_split_are_refused(name: str) -> None:
    error = refused({**SCORED, "id": ["a", "b", "a", "b"], name: ["m", "m", "n", "n"]})
    assert error.spelt("command line") == (
        f'predictions: each "id" stands in several rows, once per "{name}". Read one of them: --where {name}=m, or each by '
        f"itself: --by {name}"
    )


def test_the_python_remedy_for_several_models_can_be_pasted() -> None:
    error = refused({**SCORED, "id": ["a", "b", "a", "b"], "model": ["m", "m", "n", "n"]})
    assert str(error) == (
        'predictions: each "id" stands in several rows, once per "model". Read one of them: where={"model": "m"}, or each by '
        'itself: classmark.judge_parts(…, by="model")'
    )


def test_rows_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    rows = ["a,no,0.2,train", "b,yes,0.8,test", "c,no,x,test", "d,yes,0.7,test"]
    path.write_text("\n".join(["id,label,score,split", *rows]), encoding="utf-8")
    error = refused(path, where={"split": "test"})
    assert str(error).startswith(f"{path}, row 3: \"score\" holds 'x', which is not a number.")

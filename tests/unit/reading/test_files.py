from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from classmark.errors import InputError
from classmark.predictions import Predictions, build_predictions, write
from classmark.reading.files import ReadOptions, read_predictions

LABELS = {"id": ["a", "b", "c"], "label": ["neg", "pos", "neg"]}
NEGATIVE, POSITIVE = [0.2, 0.4, 0.9], [0.8, 0.6, 0.1]
BOTH = np.column_stack([NEGATIVE, POSITIVE])
NUMBERED = "No id column: rows are numbered from 1, so two files compare only if their rows have one order."


def saved(folder: Path, columns: dict[str, object], ending: str = "csv") -> Path:
    path, frame = folder / f"theirs.{ending}", pl.DataFrame(columns)
    match ending:
        case "csv":
            frame.write_csv(path)
        case "jsonl":
            frame.write_ndjson(path)
        case _:
            frame.write_parquet(path)
    return path


def taken(folder: Path, columns: dict[str, object], options: ReadOptions | None = None) -> Predictions:
    return read_predictions(saved(folder, columns), options or ReadOptions())


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(
    "names", [("prob_neg", "prob_pos"), ("neg", "pos"), ("p_neg", "p_pos"), ("Proba_neg", "Proba_pos")]
)
def test_one_column_a_class(tmp_path: Path, ending: str, names: tuple[str, str]) -> None:
    path = saved(tmp_path, {**LABELS, names[0]: NEGATIVE, names[1]: POSITIVE}, ending)
    table = read_predictions(path)
    assert table.classes == ("neg", "pos")
    assert table.ids.to_list() == ["a", "b", "c"]
    np.testing.assert_array_equal(table.probabilities, BOTH)
    assert table.notes == (f'Taken as probabilities: "{names[0]}", "{names[1]}".',)


def test_classes_stand_in_the_order_of_the_columns(tmp_path: Path) -> None:
    table = taken(tmp_path, {**LABELS, "prob_pos": POSITIVE, "prob_neg": NEGATIVE})
    assert table.classes == ("pos", "neg")
    np.testing.assert_array_equal(table.probabilities, BOTH[:, ::-1])


def test_named_columns_and_classes(tmp_path: Path) -> None:
    columns = {"key": [7, 8, 9], "gold standard": LABELS["label"], "first": NEGATIVE, "second": POSITIVE}
    options = ReadOptions(label="gold standard", id="key", probabilities=("first", "second"), classes=("neg", "pos"))
    table = taken(tmp_path, columns, options)
    assert table.ids.to_list() == ["7", "8", "9"]
    assert table.notes == ()
    np.testing.assert_array_equal(table.probabilities, BOTH)


def test_named_columns_carry_the_class_names_after_what_they_share(tmp_path: Path) -> None:
    options = ReadOptions(probabilities=("model neg", "model pos"))
    assert taken(tmp_path, {**LABELS, "model neg": NEGATIVE, "model pos": POSITIVE}, options).classes == ("neg", "pos")


def test_one_score_is_that_of_the_second_class(tmp_path: Path) -> None:
    table = taken(tmp_path, {**LABELS, "score": POSITIVE})
    np.testing.assert_allclose(table.probabilities, BOTH, atol=1e-15)
    np.testing.assert_array_equal(table.probabilities[:, 1], POSITIVE)
    assert table.notes == (
        'Taken as score: "score".',
        'The score is taken as the probability of "pos"; if it is the other: --positive.',
    )


def test_one_score_of_the_named_positive_class(tmp_path: Path) -> None:
    table = taken(tmp_path, {**LABELS, "score": NEGATIVE}, ReadOptions(positive="neg"))
    assert table.classes == ("neg", "pos")
    np.testing.assert_array_equal(table.probabilities[:, 0], NEGATIVE)


def test_a_declared_logit_becomes_a_probability_and_stays(tmp_path: Path) -> None:
    table = taken(tmp_path, {**LABELS, "score": [2.0, -1.0, 0.0]}, ReadOptions(logits=True))
    np.testing.assert_allclose(table.probabilities[:, 1], 1 / (1 + np.exp([-2.0, 1.0, 0.0])), atol=1e-15)
    assert table.logits is not None
    np.testing.assert_array_equal(table.logits, [[0, 2], [0, -1], [0, 0]])


def test_logits_one_a_class(tmp_path: Path) -> None:
    columns = {**LABELS, "logit_neg": [1000.0, 0.0, 2.0], "logit_pos": [0.0, 0.0, 1.0]}
    table = taken(tmp_path, columns, ReadOptions(logits=True))
    np.testing.assert_allclose(table.probabilities[:, 0], [1, 0.5, 1 / (1 + np.exp(-1))], atol=1e-15)


def test_a_list_column(tmp_path: Path) -> None:
    table = read_predictions(saved(tmp_path, {**LABELS, "probs": BOTH.tolist()}, "jsonl"))
    np.testing.assert_array_equal(table.probabilities, BOTH)
    assert table.notes[-1] == "The probabilities are taken in the order of the sorted class names: neg, pos."


def test_predicted_labels_only(tmp_path: Path) -> None:
    table = taken(tmp_path, {"y_true": [0, 1, 2], "y_pred": [0, 2, 2]})
    assert table.classes == ("0", "1", "2")
    assert not table.has_probabilities
    assert table.predicted.tolist() == [0, 2, 2]
    assert table.notes == (
        'Column "y_true" is taken as the label.',
        NUMBERED,
        'Column "y_pred" is taken as the predicted.',
    )


def test_predicted_labels_that_differ_from_the_probabilities_are_noted(tmp_path: Path) -> None:
    table = taken(tmp_path, {**LABELS, "score": POSITIVE, "predicted": ["pos", "neg", "neg"]})
    assert table.notes[-1] == "1 rows name another predicted class than their largest probability does."


def test_whole_numbers_written_as_decimals_are_class_names(tmp_path: Path) -> None:
    assert taken(tmp_path, {"label": [0.0, 1.0, 1.0], "score": POSITIVE}).classes == ("0", "1")


def test_ids_and_class_names_keep_their_zeros(tmp_path: Path) -> None:
    columns = {"id": ["007", "008"], "label": ["01", "10"], "prob_01": [0.5, 0.2], "prob_10": [0.5, 0.8]}
    table = taken(tmp_path, columns)
    assert table.ids.to_list() == ["007", "008"]
    assert table.classes == ("01", "10")
    assert table.labels.tolist() == [0, 1]


def test_an_empty_label_is_unknown(tmp_path: Path) -> None:
    table = taken(tmp_path, {"id": [1, 2, 3], "label": ["neg", "", "pos"], "score": POSITIVE})
    assert table.labels.tolist() == [0, -1, 1]


def test_group_and_leaked_and_the_rest_are_carried(tmp_path: Path) -> None:
    table = taken(tmp_path, {**LABELS, "score": POSITIVE, "group": [1, 1, 2], "leaked": [0, 1, 0], "length": [3, 4, 5]})
    assert table.groups is not None
    assert table.groups.tolist() == [0, 0, 1]
    assert table.frame["leaked"].to_list() == [False, True, False]
    assert table.frame["length"].to_list() == [3, 4, 5]


def test_our_own_table_is_read_as_it_is(tmp_path: Path) -> None:
    table = build_predictions(
        ["a", "b"], ["x", "y"], [[0.5, 0.5], [0.25, 0.75]], ("y", "x"), metadata={"split": "test"}
    )
    write(table, tmp_path / "test.parquet")
    again = read_predictions(tmp_path / "test.parquet")
    assert (again.classes, again.split, again.notes) == (("y", "x"), "test", ())


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (
            {"foo": ["a", "b"], "score": [0.1, 0.2]},
            ReadOptions(),
            "no column is known to hold the true classes; the columns are foo, score. Name it: --label COLUMN",
        ),
        (
            {"label": ["a", "b"], "foo": [0.1, 0.2]},
            ReadOptions(),
            "neither probabilities nor predicted classes are found; the columns are label, foo. "
            "Name them: --probabilities COLUMN,COLUMN or --predicted COLUMN",
        ),
        (
            {"label": ["a", "b"], "score": [0.1, 0.2]},
            ReadOptions(label="lable"),
            'there is no column "lable" (--label); the columns are label, score. Did you mean "label"?',
        ),
        (
            {"label": ["a", "b", "c"], "score": [0.1, 0.2, 0.3]},
            ReadOptions(),
            "one score a row is for two classes, but there are 3 (a, b, c). "
            "Name both classes: --classes negative,positive",
        ),
        (
            {"label": ["a", "b"], "score": [0.1, 0.2]},
            ReadOptions(positive="c"),
            'the positive class "c" is none of the classes a, b.',
        ),
        (
            {"label": ["a", "b"], "prob_a": [0.1, 0.2], "prob_b": [0.9, 0.8]},
            ReadOptions(classes=("a", "b", "c")),
            "2 probabilities a row, but 3 classes (a, b, c). "
            "Name the classes in the order of the probabilities: --classes NAME,NAME",
        ),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, columns: dict[str, object], options: ReadOptions, message: str) -> None:
    path = saved(tmp_path, columns)
    with pytest.raises(InputError) as caught:
        read_predictions(path, options)
    assert str(caught.value) == f"{path}: {message}"


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        (
            {"id": ["x", "y"], "label": ["a", "b"], "score": ["0.2", "high"]},
            ReadOptions(probabilities=("score",)),
            "row 2: \"score\" holds 'high', which is not a number. Probability columns must hold numbers only.",
        ),
        (
            {"id": ["x", "y"], "label": ["a", "b"], "score": [0.5, 2.0]},
            ReadOptions(),
            "row 2: [-1, 2] are not probabilities from 0 to 1; 1 such rows. If they are logits, say so: --logits.",
        ),
        (
            {"id": ["x", "y"], "label": ["a", "b"], "score": [0.5, None]},
            ReadOptions(logits=True),
            "row 2: a logit is missing or not finite; 1 such rows. Repair or leave out these rows.",
        ),
        (
            {"id": ["x", "y"], "label": ["a", "b"], "prob_a": [0.5, 0.5], "prob_b": [0.5, 0.4]},
            ReadOptions(),
            "row 2: the probabilities sum to 0.9, not to 1 (tolerance 0.0001); 1 such rows. "
            "They are not rescaled silently.",
        ),
        (
            {"id": ["x", "y"], "label": ["a", "z"], "prob_a": [0.5, 0.5], "prob_b": [0.5, 0.5]},
            ReadOptions(),
            'row 2: the label "z" is none of the classes a, b.',
        ),
    ],
)
def test_rows_that_cannot_be_used(
    tmp_path: Path, columns: dict[str, object], options: ReadOptions, message: str
) -> None:
    path = saved(tmp_path, columns)
    with pytest.raises(InputError) as caught:
        read_predictions(path, options)
    assert str(caught.value) == f"{path}, {message}"


def test_lists_of_unequal_length(tmp_path: Path) -> None:
    path = saved(tmp_path, {**LABELS, "probs": [[0.5, 0.5], [1.0], [0.5, 0.5]]}, "jsonl")
    with pytest.raises(InputError) as caught:
        read_predictions(path)
    assert str(caught.value) == (
        f'{path}, row 2: "probs" holds 1 numbers, 2 in row 1. Every row needs one probability a class.'
    )


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_predictions(tmp_path / "none.csv")
    assert str(caught.value) == f"{tmp_path / 'none.csv'}: there is no such file."


def test_quotes_in_a_header_are_read(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text('id,"the ""true"" class","p_a ""q""",p_b\n7,b,0.25,0.75\n007,"a ""q""",0.5,0.5\n')
    table = read_predictions(path, ReadOptions(label='the "true" class'))
    assert table.classes == ('a "q"', "b")
    assert table.ids.to_list() == ["7", "007"]


def test_a_label_column_with_quotes_in_its_name_is_text(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text('"a ""true"" class",p_007,p_008\n007,0.75,0.25\n008,0.5,0.5\n')
    assert read_predictions(path, ReadOptions(label='a "true" class')).frame["label"].to_list() == ["007", "008"]


def test_named_classes_are_spelt_as_labels_are(tmp_path: Path) -> None:
    columns = {"label": [0.0, 1.0, 0.0], "score": POSITIVE}
    table = taken(tmp_path, columns, ReadOptions(classes=("0.0", "1.0"), positive="1.0"))
    assert table.classes == ("0", "1")
    np.testing.assert_array_equal(table.probabilities[:, 1], POSITIVE)


UNREADABLE = {
    "list label": ('{"label": ["a"], "score": 0.5}', 'the column "label" holds List(String), not one text'),
    "struct label": ('{"label": {"x": 1}, "score": 0.5}', "the column \"label\" holds Struct({'x': Int64}), not one"),
    "list id": ('{"id": ["a"], "label": "a", "score": 0.5}', 'the column "id" holds List(String), not one text'),
    "list predicted": ('{"label": "a", "predicted": ["a"]}', 'the column "predicted" holds List(String), not one text'),
    "list group": ('{"label": "a", "score": 0.5, "group": ["a"]}', 'the column "group" holds List(String), not one'),
    "texts": (
        '{"label": "a", "probabilities": ["0.5", "0.5"]}\n{"label": "b", "probabilities": ["x", "y"]}',
        "row 2: \"probabilities\" holds ['x', 'y'], which are not all numbers",
    ),
    "no number": ('{"label": "a", "probabilities": []}', 'row 1: "probabilities" holds no number'),
    "lists of lists": ('{"label": "a", "probabilities": [[0.5], [0.5]]}', "not lists of numbers"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_columns_of_other_types_are_refused(tmp_path: Path, name: str) -> None:
    text, message = UNREADABLE[name]
    path = tmp_path / "theirs.jsonl"
    path.write_text(text + "\n")
    with pytest.raises(InputError) as caught:
        read_predictions(path)
    assert message in str(caught.value)


@pytest.mark.parametrize("column", ["id", "label"])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, column: str) -> None:
    columns: dict[str, object] = {"id": ["a", "b"], "label": ["x", "y"], "score": [0.1, 0.9]}
    path = saved(tmp_path, columns | {column: [b"\xff\xfe", b"y"]}, "parquet")
    with pytest.raises(InputError, match=f'the column "{column}" holds Binary that cannot be read as UTF-8'):
        read_predictions(path)


def test_scores_without_any_label_have_nothing_to_be_judged_against(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("label,score\n,0.5\n,0.25\n")
    with pytest.raises(InputError, match="no row has a label, so there is nothing to judge against"):
        read_predictions(path)

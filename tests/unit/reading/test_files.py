"""Predictions in files: of other tools, classmark's own, and with the truth in a second file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from classmark.errors import ClassmarkError
from classmark.predictions import build_predictions, write
from unit.reading.tables import BOTH, LABELS, NEGATIVE, POSITIVE, read, refused

IDS = ["a", "b", "c", "d"]
SCORED: dict[str, Any] = {"id": IDS, "label": LABELS, "prob_neg": NEGATIVE, "prob_pos": POSITIVE}


def saved(path: Path, columns: dict[str, Any]) -> Path:
    frame = pl.DataFrame(columns)
    match path.suffix:
        case ".csv":
            frame.write_csv(path)
        case ".jsonl":
            frame.write_ndjson(path)
        case _:
            frame.write_parquet(path)
    return path


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(
    "names", [("prob_neg", "prob_pos"), ("neg", "pos"), ("p_neg", "p_pos"), ("Proba_neg", "Proba_pos")]
)
def test_one_column_per_class(tmp_path: Path, ending: str, names: tuple[str, str]) -> None:
    columns = {"id": IDS, "label": LABELS, names[0]: NEGATIVE, names[1]: POSITIVE}
    table = read(saved(tmp_path / f"theirs.{ending}", columns))
    assert table.classes == ("neg", "pos")
    assert table.ids.to_list() == IDS
    np.testing.assert_array_equal(table.probabilities, BOTH)
    assert table.plan == f"label ← label; P(neg) ← {names[0]}; P(pos) ← {names[1]}; id ← id"
    assert table.remarks == ()


def test_named_columns_and_classes(tmp_path: Path) -> None:
    columns = {"key": [7, 8, 9, 10], "gold standard": LABELS, "first": NEGATIVE, "second": POSITIVE}
    words = {"label": "gold standard", "id": "key", "probabilities": ["first", "second"], "classes": ["neg", "pos"]}
    table = read(saved(tmp_path / "theirs.csv", columns), **words)
    assert table.ids.to_list() == ["7", "8", "9", "10"]
    np.testing.assert_array_equal(table.probabilities, BOTH)


def test_ids_and_class_names_keep_their_zeros(tmp_path: Path) -> None:
    columns = {"id": ["007", "008"], "label": ["01", "10"], "prob_01": [0.5, 0.2], "prob_10": [0.5, 0.8]}
    table = read(saved(tmp_path / "theirs.csv", columns))
    assert table.ids.to_list() == ["007", "008"]
    assert table.classes == ("01", "10")
    assert table.labels.tolist() == [0, 1]


def test_quotes_in_a_header_are_read(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text('id,"the ""true"" class","p_a ""q""",p_b\n7,b,0.25,0.75\n007,"a ""q""",0.5,0.5\n', encoding="utf-8")
    table = read(path, label='the "true" class')
    assert table.classes == ('a "q"', "b")
    assert table.ids.to_list() == ["7", "007"]


def test_declared_logits_become_probabilities_and_stay(tmp_path: Path) -> None:
    path = saved(tmp_path / "theirs.csv", {"label": ["no", "yes", "no"], "score": [2.0, -1.0, 0.0]})
    table = read(path, logits=True)
    np.testing.assert_allclose(table.probabilities[:, 1], 1 / (1 + np.exp([-2.0, 1.0, 0.0])), atol=1e-15)
    assert table.logits is not None
    np.testing.assert_array_equal(table.logits, [[0, 2], [0, -1], [0, 0]])


def test_large_logits_do_not_overflow(tmp_path: Path) -> None:
    columns = {"label": ["no", "yes"], "logit_no": [1000.0, 0.0], "logit_yes": [0.0, 1000.0]}
    np.testing.assert_array_equal(read(saved(tmp_path / "t.csv", columns), logits=True).probabilities, np.eye(2))


def own_table(path: Path, **metadata: Any) -> Path:
    table = build_predictions(
        ["a", "b"], ["x", "y"], [[0.5, 0.5], [0.25, 0.75]], ("y", "x"), metadata={"split": "test", **metadata}
    )
    write(table, path)
    return path


def test_our_own_table_is_read_as_it_is(tmp_path: Path) -> None:
    table = read(own_table(tmp_path / "test.parquet", run="x"))
    assert (table.classes, table.split, table.plan, table.remarks) == (("y", "x"), "test", None, ())
    assert table.metadata["run"] == "x"


def test_our_own_table_with_another_positive_class(tmp_path: Path) -> None:
    path = own_table(tmp_path / "test.parquet")
    assert read(path, positive="y").positive == "y"
    assert str(refused(path, positive="z")) == f'positive: {path}: "z" is none of the classes y, x.'


def test_columns_may_be_named_in_our_own_table_too(tmp_path: Path) -> None:
    table = read(own_table(tmp_path / "test.parquet"), label="label", probabilities="probabilities")
    assert (table.classes, table.split) == (("y", "x"), "test")
    np.testing.assert_array_equal(table.probabilities, [[0.5, 0.5], [0.25, 0.75]])


def test_the_rows_of_one_value(tmp_path: Path) -> None:
    path = saved(tmp_path / "theirs.csv", {**SCORED, "split": ["train", "train", "test", "test"], "fold": [1, 2, 1, 2]})
    assert read(path, where={"split": "test"}).ids.to_list() == ["c", "d"]
    assert read(path, where={"split": "test", "fold": 2}).ids.to_list() == ["d"]
    for value, message in (
        ("tset", f'where: {path}: no row has "tset" in the column "split"; it holds test, train. Did you mean "test"?'),
        ("x", f'where: {path}: no row has "x" in the column "split"; it holds test, train.'),
    ):
        error = refused(path, where={"split": value})
        assert str(error) == message
        assert error.spelt("command line") == f"--{message}"
    error = refused(path, where={"spilt": "test"})
    assert error.spelt("command line") == (
        f'{path}: there is no column "spilt" (--where); the columns are id, label, prob_neg, prob_pos, split, fold. Did you '
        'mean "split"?'
    )


def truth(path: Path, ids: list[str], labels: list[str | None], **further: Any) -> Path:
    return saved(path, {"id": ids, "label": labels, **further})


def test_truth_in_a_second_file(tmp_path: Path) -> None:
    predictions = saved(tmp_path / "theirs.csv", {name: SCORED[name] for name in ("id", "prob_neg", "prob_pos")})
    other_order = truth(tmp_path / "truth.csv", [*IDS[::-1], "e"], [*LABELS[::-1], "neg"])
    table = read(predictions, labels=other_order)
    assert table.frame["label"].to_list() == LABELS
    assert table.plan == "label ← label (truth.csv); P(neg) ← prob_neg; P(pos) ← prob_pos; id ← id"


def test_truth_in_a_column_that_is_named(tmp_path: Path) -> None:
    predictions = saved(tmp_path / "theirs.csv", {"key": IDS, "prob_neg": NEGATIVE, "prob_pos": POSITIVE})
    labels = saved(tmp_path / "truth.csv", {"key": IDS, "first": LABELS, "second": LABELS[::-1]})
    assert read(predictions, labels=labels, id="key", label="first").frame["label"].to_list() == LABELS


def test_truth_that_does_not_fit(tmp_path: Path) -> None:
    predictions = saved(tmp_path / "theirs.csv", {name: SCORED[name] for name in ("id", "prob_neg", "prob_pos")})
    path = tmp_path / "truth.csv"

    def message(labels: Path, **words: Any) -> str:
        return refused(predictions, labels=labels, **words).spelt("command line")

    assert message(truth(path, ["a", "b", "a"], ["neg", "pos", "neg"])) == (
        f'{path}: the id "a" stands in several rows. Give each id one label.'
    )
    assert message(truth(path, ["a", "b"], ["neg", "pos"])) == (
        f'--labels: {path}: 2 of 4 ids of {predictions} have no row there, for instance "c". Give a label for every id.'
    )
    assert message(saved(path, {"name": IDS, "label": LABELS})) == (
        f"{path}: no column of ids to join labels by; the columns are name, label. Name it: --id COLUMN"
    )
    assert message(saved(path, {"id": IDS, "one": LABELS, "two": LABELS})) == (
        f"{path}: which column holds the true classes? The columns are id, one, two. Name it: --label COLUMN"
    )
    assert message(truth(path, IDS, list(LABELS)), label="lable") == (
        f'--label: {path}: there is no column "lable"; the columns are id, label. Did you mean "label"?'
    )
    assert message(tmp_path / "none.csv") == f"{tmp_path / 'none.csv'}: there is no such file."


def test_a_missing_file(tmp_path: Path) -> None:
    assert str(refused(tmp_path / "none.csv")) == f"{tmp_path / 'none.csv'}: there is no such file."


def test_one_name_for_two_columns(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("label,score,label\na,0.5,a\nb,0.25,b\n", encoding="utf-8")
    assert str(refused(path)) == f'{path}: several columns are called "label". Give each of them a name of its own.'


def test_two_columns_of_one_name_without_a_role_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "theirs.csv"
    path.write_text("label,x,x,score\nno,1,2,0.5\nyes,3,4,0.25\n", encoding="utf-8")
    assert read(path).frame.height == 2


UNREADABLE = {
    "list predicted": '{"label": "a", "predicted": ["a"]}\n',
    "texts": '{"label": "a", "probabilities": ["0.5", "0.5"]}\n{"label": "b", "probabilities": ["x", "y"]}\n',
    "no number": '{"label": "a", "probabilities": []}\n',
    "lists of lists": '{"label": "a", "probabilities": [[0.5], [0.5]]}\n',
    "an object of words": '{"label": "a", "probabilities": {"a": "x", "b": "y"}}\n',
    "list label": '{"label": ["a"], "score": 0.5}\n',
    "object label": '{"label": {"x": 1}, "score": 0.5}\n',
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_columns_of_other_types_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "theirs.jsonl"
    path.write_text(UNREADABLE[name], encoding="utf-8")
    error: ClassmarkError = refused(path)
    assert str(error).startswith(str(path))
    assert error.exit_code == 2


@pytest.mark.parametrize("column", ["id", "label"])
def test_bytes_that_are_no_text_are_refused(tmp_path: Path, column: str) -> None:
    columns: dict[str, object] = {"id": ["a", "b"], "label": ["x", "y"], "score": [0.1, 0.9]}
    path = saved(tmp_path / "theirs.parquet", columns | {column: [b"\xff\xfe", b"y"]})
    assert str(refused(path)) == (
        f'{path}: the column "{column}" holds bytes that cannot be read as UTF-8 text. Save it as text.'
    )


def test_bytes_of_images_beside_predictions_do_not_matter(tmp_path: Path) -> None:
    pictures = [b"\xff\xd8\x00", b"\x89PNG", b"\x80", b"\x81"]
    table = read(saved(tmp_path / "theirs.parquet", {**SCORED, "image": pictures, "set": pictures}))
    np.testing.assert_array_equal(table.probabilities, BOTH)
    assert table.remarks == ()


def test_texts_that_a_tool_wrote_as_bytes(tmp_path: Path) -> None:
    words = [name.encode() for name in LABELS]
    table = read(saved(tmp_path / "theirs.parquet", {"label": words, "predicted": words[::-1]}))
    assert table.classes == ("neg", "pos")
    assert table.predicted.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("label", [None, "target"])
@pytest.mark.parametrize(
    ("values", "plan"),
    [
        (["0.2", "0.8", "0.4"], "label ← target (truth.csv); P(yes) ← target; id ← id"),
        (["no", "yes", "yes"], "label ← target (truth.csv); predicted ← target; id ← id"),
    ],
)
def test_a_submission_calls_its_prediction_as_the_solution_calls_the_truth(
    label: str | None, values: list[str], plan: str, tmp_path: Path
) -> None:
    truth, submission = tmp_path / "truth.csv", tmp_path / "submission.csv"
    pl.DataFrame({"id": list("abc"), "target": ["no", "yes", "no"]}).write_csv(truth)
    pl.DataFrame({"id": list("abc"), "target": values}).write_csv(submission)
    assert read(submission, labels=truth, label=label).plan == plan

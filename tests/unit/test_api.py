"""The public functions on values in memory and files on disk; what is wrong with them, said by both ways in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn import metrics as sk

import classmark
from classmark.cli.main import run
from classmark.errors import ClassmarkError, InputError
from classmark.judging.judgement import Judgement, judgement_from_json
from classmark.judging.multiple import Comparisons

LABELS = ["no", "yes", "yes", "no"]
SCORES = [0.1, 0.8, 0.4, 0.3]
BOTH = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]]
FEW: dict[str, Any] = {"draws": 20}


def test_judge_takes_one_column_or_all() -> None:
    one = classmark.judge(LABELS, SCORES)
    all_of_them = classmark.judge(LABELS, BOTH, classes=["no", "yes"])
    assert one.metrics["accuracy"].value == 0.75
    assert all_of_them.metrics["roc_auc"].value == one.metrics["roc_auc"].value == 1.0


FORMS = {
    "lists": (LABELS, BOTH),
    "one score": (LABELS, SCORES),
    "numpy": (np.array(LABELS), np.array(BOTH)),
    "numpy of objects": (np.array(LABELS, dtype=object), np.array(BOTH, dtype=object)),
    "polars": (pl.Series(LABELS), pl.DataFrame(BOTH, schema=["no", "yes"], orient="row")),
    "polars in another order": (pl.Series(LABELS), pl.DataFrame(BOTH, schema=["no", "yes"], orient="row")["yes", "no"]),
    "polars without names": (pl.DataFrame({"y": LABELS}), pl.DataFrame(BOTH, orient="row")),
    "polars lists": (pl.Series(LABELS), pl.Series(BOTH)),
    "polars arrays": (pl.Series(LABELS, dtype=pl.Categorical), pl.Series(BOTH, dtype=pl.Array(pl.Float64, 2))),
    "pandas": (pd.Series(LABELS, index=list("dcba")), pd.DataFrame(BOTH, columns=["prob_no", "prob_yes"])),
    "pandas without names": (pd.Series(LABELS, dtype="category"), pd.DataFrame(BOTH)),
    "pandas score": (pd.DataFrame({"y": LABELS}), pd.DataFrame({"p": SCORES})),
    "a dictionary": (LABELS, {"yes": SCORES, "no": [1 - score for score in SCORES]}),
    "a generator": ((label for label in LABELS), (score for score in SCORES)),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_gives_the_same_judgement(name: str) -> None:
    labels, probabilities = FORMS[name]
    found = classmark.judge(labels, probabilities, positive="yes", **FEW)
    truth = np.array([0, 1, 1, 0])
    assert set(found.classes) == {"no", "yes"}
    assert found.metrics["log_loss"].value == pytest.approx(sk.log_loss(truth, np.array(SCORES)), abs=1e-12)
    assert found.metrics["brier"].value == pytest.approx(sk.brier_score_loss(truth, SCORES), abs=1e-12)
    assert found.metrics["recall"].value == 0.5


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (np.array([0, 1, 1, 0]), ("0", "1")),
        (pd.Series([0, 1, 1, 0], dtype="Int64"), ("0", "1")),
        (np.array([0.0, 1.0, 1.0, 0.0]), ("0", "1")),
        (np.array([False, True, True, False]), ("False", "True")),
        (pl.Series([1, 2, 2, 1]), ("1", "2")),
    ],
)
def test_classes_may_be_numbers(labels: Any, classes: tuple[str, ...]) -> None:
    found = classmark.judge(labels, BOTH, **FEW)
    assert found.classes == classes
    assert found.metrics["accuracy"].value == 0.75


def test_numbers_are_in_the_order_of_numbers_and_name_columns_without_rows() -> None:
    truth = np.array([0, 10, 9, 2, 11])
    found = classmark.judge(truth, np.eye(12)[truth], **FEW)
    assert found.classes == tuple(str(number) for number in range(12))
    assert found.metrics["accuracy"].value == 1.0


def test_logits_are_declared() -> None:
    scores = np.array([-2.0, 1.5, -0.2, -1.0])
    found = classmark.judge(LABELS, scores, logits=True, **FEW)
    expected = sk.log_loss([0, 1, 1, 0], 1 / (1 + np.exp(-scores)))
    assert found.metrics["log_loss"].value == pytest.approx(expected, abs=1e-12)


def test_predicted_labels_alone() -> None:
    found = classmark.judge(LABELS, predicted=["no", "yes", "no", "no"], **FEW)
    assert found.metrics["accuracy"].value == 0.75
    assert "log_loss" not in found.metrics
    assert "scores_left_out" in [finding.code for finding in found.findings]


def test_rows_without_a_label_are_left_out_and_said_to_be() -> None:
    for labels in (
        ["no", None, "yes", "no"],
        pd.Series(["no", None, "yes", "no"]),
        pl.Series(["no", None, "yes", "no"]),
    ):
        found = classmark.judge(labels, SCORES, **FEW)
        assert found.rows == 3
        assert "unlabelled_rows" in [finding.code for finding in found.findings]


def test_groups_ids_and_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["dull", "a joy", "a <b>bold</b> film", "no"], "length": [1, 2, None, 1]})
    found = classmark.judge(LABELS, SCORES, ids=[7, 8, 9, 10], groups=["x", "x", "y", "y"], columns=frame, **FEW)
    assert found.groups is not None
    assert found.groups.count == 2
    assert found.predictions is not None
    assert found.predictions.frame.columns == ["id", "label", "probabilities", "text", "length", "group"]
    page = found.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "a &lt;b&gt;bold&lt;/b&gt; film" in page
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_validation_is_a_pair_or_a_dictionary() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 400)
    scores = 1 / (1 + np.exp(-(3 * truth - 1.5 + rng.normal(size=400))))
    test, other = slice(0, 200), slice(200, 400)
    pair = classmark.judge(truth[test], scores[test], validation=(truth[other], scores[other]), **FEW)
    names = {"labels": truth[other], "probabilities": scores[other], "ids": range(200, 400)}
    mapping = classmark.judge(
        truth[test], scores[test], ids=range(200), validation={**names, "columns": {"text": ["x"] * 200}}, **FEW
    )
    assert pair.validation_rows == mapping.validation_rows == 200
    assert mapping.label_errors is not None
    assert mapping.label_errors.count > 0
    assert all(int(row.id) >= 200 for row in mapping.label_errors.rows)
    labels = classmark.judge(LABELS, predicted=LABELS, validation=(LABELS[:3], LABELS[:3]), **FEW)
    assert labels.validation_rows == 3


def test_a_judgement_is_a_table_a_page_and_json(tmp_path: Path) -> None:
    found = classmark.judge(LABELS, SCORES, **FEW)
    assert isinstance(found, Judgement)
    table = found.table()
    assert table.columns == ["metric", "value", "low", "high", "method"]
    assert table["metric"].to_list() == list(found.metrics)
    assert table.filter(pl.col("metric") == "accuracy")["value"].item() == 0.75
    content = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert judgement_from_json(content) == judgement_from_json(found.to_json())
    page = found.report(tmp_path / "judged")
    assert page == tmp_path / "judged" / "report.html"
    assert json.loads((tmp_path / "judged" / "judgement.json").read_text(encoding="utf-8")) == content


def test_a_judgement_shows_itself() -> None:
    found = classmark.judge(LABELS, SCORES, **FEW)
    assert repr(found) == "<Judgement of 4 rows, 2 classes, accuracy 75.00%>"
    text = str(found)
    assert "75.00 %" in text
    assert "\x1b" not in text
    assert "Only 4 labelled rows" in text
    html = classmark.judge(["<b>", "c", "c", "<b>"], SCORES, **FEW)._repr_html_()
    assert html.startswith("<table>")
    assert "75.00 %" in html
    assert "info</b> The score is taken as the probability of &#34;c&#34;" in html
    absent = classmark.judge(["c"] * 4, SCORES, classes=["<i>", "c"], **FEW)._repr_html_()
    assert "&lt;i&gt;" in absent
    assert "<i>" not in absent


def test_nothing_heavy_is_loaded_by_judging() -> None:
    code = (
        "import sys, time; begun = time.perf_counter(); import classmark; took = time.perf_counter() - begun\n"
        "assert took < 0.5, took\n"
        "classmark.judge(['a', 'b'], [0.2, 0.9], draws=10)\n"
        "print([name for name in ('torch', 'pandas', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


CASES: dict[str, tuple[Any, Any, dict[str, Any], str]] = {
    "sum": (LABELS, np.array(BOTH) * 0.9, {}, "predictions, row 1: the probabilities sum to 0.9, not to 1"),
    "nan": (LABELS, [0.1, np.nan, 0.3, 0.4], {}, "predictions, row 2: a probability is missing or not finite"),
    "none": (LABELS, [0.1, 0.2, None, 0.4], {}, "predictions, row 3: a probability is missing or not finite"),
    "pandas missing": (
        pd.Series([1, None, 0, 1], dtype="Int64"), pd.Series([0.1, 0.2, None, 0.3], dtype="Float64"), {},
        "predictions, row 3: a probability is missing or not finite",
    ),
    "above one": (LABELS, [0.1, 0.8, 1.4, 0.3], {}, "predictions, row 3: [-0.4, 1.4] are not probabilities from 0 to 1"),
    "logits": (LABELS, [-3.0, 1.0, 0.2, -1.0], {}, "If they are logits, say so: logits=True."),
    "infinite logit": (LABELS, [np.inf, 1.0, 0.2, 0.1], {"logits": True}, "row 1: a logit is missing or not finite"),
    "outside": (LABELS, SCORES, {"classes": ["no", "maybe"]}, 'row 2: the label "yes" is none of the classes no, maybe.'),
    "duplicate ids": (LABELS, SCORES, {"ids": list("abac")}, 'predictions: the id "a" stands in rows 1, 3'),
    "missing id": (LABELS, SCORES, {"ids": ["a", None, "b", "c"]}, "predictions, row 2: no id."),
    "unequal": (LABELS[:3], SCORES, {}, "predictions: 3 labels and 4 rows of probabilities. Give one row a label."),
    "unequal ids": (LABELS, SCORES, {"ids": ["a"]}, "predictions: 4 labels and 1 ids. Give one a label."),
    "unequal columns": (LABELS, SCORES, {"columns": {"text": ["a"]}}, "predictions: 4 labels and 1 text."),
    "ragged": (LABELS, [[0.1, 0.9], [0.2, 0.8], [1.0], [0.3, 0.7]], {}, "rows of probabilities of unequal length (1, 2)"),
    "width": (LABELS, np.full((4, 3), 1 / 3), {}, "3 probabilities a row, but 2 classes (no, yes). Name the classes"),
    "one class": (["a"] * 4, SCORES, {}, 'there is 1 (a). Name both classes: classes=["negative", "positive"]'),
    "empty": ([], [], {}, "predictions: there are no rows. Give at least one label with its prediction."),
    "empty arrays": (np.array([]), np.zeros((0, 2)), {}, "predictions: there are no rows."),
    "no label": ([None] * 4, SCORES, {"classes": ["no", "yes"]}, "no row has a label, so there is nothing to judge"),
    "texts": (LABELS, LABELS, {}, "the probabilities are text. If they are predicted classes, give them as predicted=…"),
    "whole numbers": ([0, 1, 1, 0], [0, 1, 0, 0], {}, "the probabilities are whole numbers. If they are predicted classes"),
    "both": (LABELS, SCORES, {"predicted": LABELS}, "give either probabilities or predicted=…"),
    "neither": (LABELS, None, {}, "give either probabilities or predicted=…"),
    "a number": (LABELS, 0.5, {}, "probabilities is float; give a list, an array, a series or a frame."),
    "a text": ("no", SCORES, {}, "labels is one text; give a list"),
    "classes as text": (LABELS, SCORES, {"classes": "no,yes"}, "classes: give a list of names"),
    "matrix of labels": (np.eye(4), SCORES, {}, "labels of shape (4, 4); give one name a row."),
    "cube": (LABELS, np.zeros((4, 2, 2)), {}, "probabilities of shape (4, 2, 2); give (rows, classes)"),
    "positive": (LABELS, SCORES, {"positive": "yess"}, 'the positive class "yess" is none of the classes no, yes. Did you'),
    "missing group": (LABELS, SCORES, {"groups": [1, None, 2, 2]}, "predictions, row 2: no group."),
    "test as validation": (LABELS, SCORES, {"validation": (LABELS, SCORES)}, "Nothing is fitted on test rows"),
    "half a pair": (LABELS, SCORES, {"validation": (LABELS,)}, "validation: give (labels, probabilities)"),
    "misspelt": (LABELS, SCORES, {"validation": {"label": LABELS}}, "validation: a dictionary of labels, probabilities,"),
    "bad validation": (LABELS, SCORES, {"validation": (LABELS, [2.0] * 4)}, "validation, row 1: [-1, 2] are not probabilit"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_judge_refuses_in_one_sentence(name: str) -> None:
    labels, probabilities, options, message = CASES[name]
    with pytest.raises(ClassmarkError) as caught:
        classmark.judge(labels, probabilities, **FEW, **options)
    assert message in str(caught.value)
    assert "--" not in str(caught.value)


FILES = {
    "sum": ("id,label,no,yes\na,no,0.8,0.1\nb,yes,0.2,0.8\n", (), "row 1: the probabilities sum to 0.9, not to 1"),
    "nan": ("id,label,score\na,no,0.1\nb,yes,\n", (), "row 2: a probability is missing or not finite"),
    "outside": (
        "id,label,score\na,no,0.1\nb,yes,0.3\n",
        ("--classes", "no,maybe"),
        'row 2: the label "yes" is none of the',
    ),
    "duplicate ids": ("id,label,score\na,no,0.1\na,yes,0.3\n", (), 'the id "a" stands in rows 1, 2'),
    "unequal": ("id,label,no,yes\na,no,0.9,0.1\nb,yes,0.3\n", (), "row 2: a probability is missing or not finite"),
    "one class": ("id,label,score\na,no,0.1\nb,no,0.3\n", (), "there is 1 (no). Name both classes: --classes"),
    "empty": ("", (), "the file is empty."),
    "no rows": ("id,label,score\n", (), "the file has no rows."),
    "no labels": ("id,label,score\na,,0.2\n", ("--classes", "no,yes"), "no row has a label"),
}


@pytest.mark.parametrize("name", FILES)
def test_the_command_line_refuses_the_same(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, words, message = FILES[name]
    path = tmp_path / "theirs.csv"
    path.write_text(content, encoding="utf-8")
    assert run(["judge", str(path), "--out", str(tmp_path / "out"), *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(f"error: {path}")
    assert message in captured.err
    assert not (tmp_path / "out").exists()


SMALL = {
    "three rows": (LABELS[:3], SCORES[:3]),
    "one row": (["yes"], [1.0]),
    "one class": (["yes"] * 4, SCORES),
    "sure and wrong": (["yes", "no"], [0.0, 1.0]),
}


@pytest.mark.parametrize("name", SMALL)
def test_few_rows_give_a_result_that_explains_itself(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels, scores = SMALL[name]
    found = classmark.judge(labels, scores, classes=["no", "yes"])
    codes = [finding.code for finding in found.findings]
    assert "too_few_rows" in codes
    assert ("absent_classes" in codes) == (len(set(labels)) == 1)
    for estimate in found.metrics.values():
        assert estimate.method
    path = tmp_path / "theirs.csv"
    path.write_text(
        "label,score\n" + "".join(f"{a},{b}\n" for a, b in zip(labels, scores, strict=True)), encoding="utf-8"
    )
    assert run(["judge", str(path), "--out", str(tmp_path / "out"), "--classes", "no,yes"]) == 0
    captured = capsys.readouterr()
    assert "Warning" not in captured.err
    content = json.loads((tmp_path / "out" / "judgement.json").read_text(encoding="utf-8"))
    assert content["metrics"] == found.to_json()["metrics"]


def test_compare_takes_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for name in ("a", "b"):
        rows = [f"{i},{LABELS[i % 4]},{p:.3f},{1 - p:.3f}" for i, p in enumerate(rng.random(40))]
        (tmp_path / f"{name}.csv").write_text("\n".join(["id,label,no,yes", *rows]), encoding="utf-8")
    found = classmark.compare(tmp_path / "a.csv", tmp_path / "b.csv")
    accuracy = found.metrics["accuracy"]
    assert accuracy.difference == pytest.approx(accuracy.b - accuracy.a)


def test_load_names_the_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ClassmarkError, match="no trained model"):
        classmark.load(tmp_path)


def test_train_names_an_unknown_recipe() -> None:
    with pytest.raises(ClassmarkError, match="reviews-quick"):
        classmark.train("reviews-quik")


def scored_judgement(seed: int, quality: float = 0.3) -> Any:
    labels = [LABELS[row % 4] for row in range(120)]
    noise = np.random.default_rng(seed).random(120)
    return classmark.judge(labels, np.clip(noise + [quality * (1, -1)[label == LABELS[0]] for label in labels], 0, 1))


def test_compare_takes_judgements_and_tables_and_says_how_rows_are_matched() -> None:
    a, b = scored_judgement(1), scored_judgement(2)
    found = classmark.compare(a, b, draws=100)
    assert found.names == ("A", "B")
    assert [finding.code for finding in found.findings] == ["matched_by_number"]
    assert classmark.compare(a.predictions, b.predictions, draws=100) == found


def test_compare_takes_many_and_calls_them_as_it_is_told() -> None:
    found = classmark.compare(*(scored_judgement(seed) for seed in (1, 2, 3)), names=["x", "y", "z"], draws=100)
    assert isinstance(found, Comparisons)
    assert found.names == ("x", "y", "z")
    assert [(pair.a, pair.b) for pair in found.pairs] == [("x", "y"), ("x", "z"), ("y", "z")]


def test_compare_refuses_what_is_no_predictions() -> None:
    a = scored_judgement(1)
    with pytest.raises(ClassmarkError, match=r"^compare: a list is no predictions file, run or judgement\. "):
        classmark.compare(a, [0.1, 0.2])  # type: ignore[call-overload]
    with pytest.raises(ClassmarkError, match=r"^compare: 1 names for 2 models"):
        classmark.compare(a, a, names=["one"])


def test_goals_costs_and_slices_from_python() -> None:
    labels, scores = ["no", "yes"] * 60, [0.2, 0.6, 0.4, 0.9] * 30
    found = classmark.judge(
        labels, scores, validation=(labels, [0.1, 0.6, 0.4, 0.8] * 30), at="f1", costs={"yes:no": 5},
        columns={"source": ["a", "b", "b"] * 40, "other": ["x", "y"] * 60}, slices="source",
    )  # fmt: skip
    assert found.thresholds is not None
    assert [point.goal for point in found.thresholds.points] == ["f1", "cost"]
    assert found.costs is not None
    assert {one.column for one in found.slices.found} == {"source"}


def test_class_names_are_spelt_as_labels_are() -> None:
    found = classmark.judge([0.0, 1.0, 1.0, 0.0], SCORES, classes=[0.0, 1.0], positive=1.0, **FEW)
    assert found.classes == ("0", "1")
    assert found.positive == "1"
    assert found.metrics["accuracy"].value == 0.75
    other = classmark.judge(np.array([0.0, 1.0, 1.0, 0.0]), 1 - np.array(SCORES), positive=0.0, **FEW)
    assert other.positive == "0"
    assert other.metrics["accuracy"].value == 0.75


def test_a_name_that_is_a_class_stays_as_it_is() -> None:
    found = classmark.judge(["0.5", "1.0", "1.0", "0.5"], SCORES, classes=["0.5", "1.0"], positive=1.0, **FEW)
    assert found.positive == "1.0"


def test_masked_labels_are_missing() -> None:
    masked = np.ma.masked_array([0, 1, 1, 0, 1], mask=[0, 0, 0, 0, 1])
    found = classmark.judge(masked, [*SCORES, 0.1], **FEW)
    assert found.metrics["accuracy"].value == classmark.judge([0, 1, 1, 0], SCORES, **FEW).metrics["accuracy"].value
    assert found.rows == 4
    assert classmark.judge([0, 1, 1, 0, np.ma.masked], [*SCORES, 0.1], **FEW).rows == 4


def test_a_masked_probability_is_missing() -> None:
    with pytest.raises(ClassmarkError, match="row 2: a probability is missing"):
        classmark.judge(LABELS, np.ma.masked_array(SCORES, mask=[0, 1, 0, 0]), **FEW)


def test_dates_are_carried_along() -> None:
    dates = np.array(["2024-01-01", "2024-01-02", "2024-01-03", "NaT"], dtype="datetime64[D]")
    assert classmark.judge(LABELS, SCORES, columns={"day": dates}, **FEW).rows == 4


UNUSABLE: dict[str, tuple[Any, Any, dict[str, Any], str]] = {
    "set of classes": (LABELS, SCORES, {"classes": {"no", "yes"}}, "a set has no order"),
    "frozenset of classes": (LABELS, SCORES, {"classes": frozenset({"no", "yes"})}, "a set has no order"),
    "number of classes": (LABELS, SCORES, {"classes": 2}, "classes: int is no list of names"),
    "class without a name": (LABELS, SCORES, {"classes": ["no", ""]}, "name 2 of 2 is empty"),
    "columns a number": (LABELS, SCORES, {"columns": 5}, "columns is int; give a frame"),
    "column a number": (LABELS, SCORES, {"columns": {"x": 5}}, 'the column "x" is int'),
    "column of objects": (LABELS, SCORES, {"columns": {"x": [object()] * 4}}, 'the column "x" holds Python objects'),
    "column of an array of objects": (
        *(LABELS, SCORES, {"columns": {"x": np.array([object()] * 4)}}),
        'the column "x" holds Python objects',
    ),
    "unequal columns": (["0", "1"], {"0": [0.5], "1": [0.5, 0.5]}, {}, "columns of probabilities of unequal length"),
    "second row a number": (["0", "1"], [[0.1, 0.9], 0.2], {}, "row 2 of the probabilities is no list"),
    "first row a number": (["0", "1"], [0.2, [0.1, 0.9]], {}, "row 1 of the probabilities is no list"),
    "no label, one score": ([None] * 4, SCORES, {}, "no row has a label, so there is nothing to judge against"),
    "no label, two columns": ([None] * 4, BOTH, {}, "no row has a label, so there is nothing to judge against"),
    "large logit": (LABELS, [0.0, 1e31, 0.0, 0.0], {"logits": True}, "row 2: a logit is beyond ±1e+30; 1 such rows"),
    "one class for two": (LABELS, BOTH, {"classes": ["no"]}, "2 probabilities a row, but 1 class (no)"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_unusable_values_are_refused_in_one_sentence(name: str) -> None:
    labels, probabilities, options, message = UNUSABLE[name]
    with pytest.raises(InputError) as caught:
        classmark.judge(labels, probabilities, **FEW, **options)
    assert message in str(caught.value)

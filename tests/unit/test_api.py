"""The public functions, on values in memory, on frames and on files."""

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
from classmark.errors import ClassmarkError, InputError, RunError
from classmark.judging.comparisons.multiple import Comparisons
from classmark.judging.judgement import Judgement, judgement_from_json
from classmark.predictions import build_predictions, write

LABELS = ["no", "yes", "yes", "no"]
SCORES = [0.1, 0.8, 0.4, 0.3]
BOTH = [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.7, 0.3]]
COLUMNS: dict[str, Any] = {"id": list("abcd"), "label": LABELS, "score": SCORES}
FEW: dict[str, Any] = {"draws": 20}
MANY = 120


def drawn(seed: int, quality: float = 0.3) -> pl.DataFrame:
    """120 rows with a score that is as good as `quality` says."""
    labels = [LABELS[row % 4] for row in range(MANY)]
    noise = np.random.default_rng(seed).random(MANY)
    scores = np.clip(noise + [quality if label == "yes" else -quality for label in labels], 0, 1).round(3)
    return pl.DataFrame({"id": [f"r{row}" for row in range(MANY)], "label": labels, "score": scores})


def pandas_of(frame: pl.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(frame.to_dict(as_series=False))


def test_judge_takes_one_column_or_all() -> None:
    one = classmark.judge(LABELS, SCORES)
    all_of_them = classmark.judge(LABELS, BOTH, classes=["no", "yes"])
    assert one.metrics["accuracy"].value == 0.75
    assert all_of_them.metrics["roc_auc"].value == one.metrics["roc_auc"].value == 1.0
    truth = [0, 1, 1, 0]
    assert one.metrics["log_loss"].value == pytest.approx(sk.log_loss(truth, SCORES), abs=1e-12)
    assert one.metrics["brier"].value == pytest.approx(sk.brier_score_loss(truth, SCORES), abs=1e-12)


def test_judge_takes_whatever_holds_predictions(tmp_path: Path) -> None:
    frame = drawn(1)
    path = tmp_path / "theirs.csv"
    frame.write_csv(path)
    from_file = classmark.judge(path, **FEW)
    forms = [
        str(path), frame, pandas_of(frame), frame.to_dict(as_series=False), classmark.read(path), from_file,
        from_file.predictions,
    ]  # fmt: skip
    for given in forms:
        assert classmark.judge(given, **FEW).metrics == from_file.metrics
    values = classmark.judge(frame["label"], frame["score"], ids=frame["id"], **FEW)
    assert values.metrics == from_file.metrics


def run_folder(path: Path) -> Path:
    """The folder of a finished run, but for its model."""
    (path / "predictions").mkdir(parents=True)
    (path / "recipe.yaml").write_text("name: reviews\n", encoding="utf-8")
    for split, first in (("test", "t"), ("validation", "v")):
        table = build_predictions(
            [f"{first}{row}" for row in range(4)], LABELS, BOTH, ("no", "yes"), metadata={"split": split}
        )
        write(table, path / "predictions" / f"{split}.parquet")
    return path


def test_a_run_is_judged_with_its_validation_rows(tmp_path: Path) -> None:
    path = run_folder(tmp_path / "run")
    for given in (path, str(path), classmark.Run(path), classmark.Run(path).files):
        found = classmark.judge(given, **FEW)
        assert (found.split, found.rows, found.validation_rows) == ("test", 4, 4)
        assert found.run is not None
        assert found.run.path == path
    assert classmark.judge(classmark.Run(path).predictions("test"), **FEW).validation_rows is None


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


def test_the_classes_of_a_scikit_learn_model_are_taken_as_they_are() -> None:
    for labels in (np.array([0, 1, 1, 0]), np.array([False, True, True, False]), np.array(LABELS)):
        found = classmark.judge(labels, BOTH, classes=np.unique(labels), **FEW)
        assert found.metrics["accuracy"].value == 0.75


def test_so_are_those_of_a_model_of_floats() -> None:
    labels = np.array([0.0, 1.0, 1.0, 0.0])
    assert classmark.judge(labels, BOTH, classes=np.unique(labels), **FEW).metrics["accuracy"].value == 0.75


def test_the_positive_class_moves_what_is_about_it() -> None:
    found = classmark.judge(LABELS, BOTH, positive="no", **FEW)
    assert found.positive == "no"
    assert found.metrics["recall"].value == 1.0
    assert classmark.judge(LABELS, BOTH, **FEW).metrics["recall"].value == 0.5
    assert classmark.judge(np.array([0.0, 1.0, 1.0, 0.0]), BOTH, positive=0.0, **FEW).positive == "0"


def test_logits_are_declared() -> None:
    scores = np.array([-2.0, 1.5, -0.2, -1.0])
    found = classmark.judge(LABELS, scores, logits=True, **FEW)
    expected = sk.log_loss([0, 1, 1, 0], 1 / (1 + np.exp(-scores)))
    assert found.metrics["log_loss"].value == pytest.approx(expected, abs=1e-12)


def test_predicted_classes_alone() -> None:
    found = classmark.judge(LABELS, predicted=["no", "yes", "no", "no"], **FEW)
    assert found.metrics["accuracy"].value == 0.75
    assert "log_loss" not in found.metrics
    assert "scores_left_out" in [finding.code for finding in found.findings]


def test_predicted_classes_beside_probabilities_are_the_decisions() -> None:
    found = classmark.judge(LABELS, SCORES, predicted=["no", "yes", "yes", "no"], **FEW)
    assert found.metrics["accuracy"].value == 1.0
    assert found.metrics["log_loss"].value == pytest.approx(sk.log_loss([0, 1, 1, 0], SCORES), abs=1e-12)
    assert "own_decisions" in [finding.code for finding in found.findings]


def test_weights() -> None:
    weights = [1, 2, 3, 4]
    found = classmark.judge(LABELS, SCORES, weights=weights, **FEW)
    assert found.metrics["accuracy"].value == pytest.approx(0.7, abs=1e-12)
    expected = sk.log_loss([0, 1, 1, 0], SCORES, sample_weight=weights)
    assert found.metrics["log_loss"].value == pytest.approx(expected, abs=1e-12)
    named = classmark.judge({**COLUMNS, "w": weights}, weights="w", **FEW)
    assert named.metrics == found.metrics


def test_rows_without_a_label_are_left_out_and_said_to_be() -> None:
    for labels in (
        ["no", None, "yes", "no"],
        pd.Series(["no", None, "yes", "no"]),
        pl.Series(["no", None, "yes", "no"]),
        np.ma.masked_array(LABELS, mask=[0, 1, 0, 0]),
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
    assert found.predictions.frame.columns == ["id", "label", "probabilities", "group", "text", "length"]
    page = found.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "a &lt;b&gt;bold&lt;/b&gt; film" in page
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_options_of_a_file_and_of_a_frame(tmp_path: Path) -> None:
    frame = pl.DataFrame({"key": list("abcd"), "truth of it": LABELS, "a": SCORES, "split": ["x", "x", "x", "y"]})
    path = tmp_path / "theirs.csv"
    frame.write_csv(path)
    words: dict[str, Any] = {"label": "truth of it", "probabilities": "a", "id": "key", "where": {"split": "x"}}
    for given in (path, frame, pandas_of(frame), frame.to_dict(as_series=False)):
        found = classmark.judge(given, **words, **FEW)
        assert found.rows == 3
        assert found.metrics["accuracy"].value == pytest.approx(2 / 3)


def test_validation_is_whatever_holds_predictions(tmp_path: Path) -> None:
    test, other = drawn(1), drawn(2).with_columns(id=pl.concat_str(pl.lit("v"), "id"))
    for name, frame in (("test", test), ("validation", other)):
        frame.write_csv(tmp_path / f"{name}.csv")
    labels, scores = other["label"], other["score"]
    wanted = classmark.judge(tmp_path / "test.csv", validation=tmp_path / "validation.csv", at="f1", **FEW)
    assert wanted.validation_rows == MANY
    assert wanted.thresholds is not None
    forms = [str(tmp_path / "validation.csv"), other, pandas_of(other), classmark.read(other), (labels, scores),
             {"labels": labels, "probabilities": scores}]  # fmt: skip
    for validation in forms:
        for given in (tmp_path / "test.csv", test):
            found = classmark.judge(given, validation=validation, at="f1", **FEW)
            assert found.thresholds is not None
            assert found.thresholds.points[0].threshold == wanted.thresholds.points[0].threshold
    values = classmark.judge(test["label"], test["score"], ids=test["id"], validation=other, at="f1", **FEW)
    assert values.thresholds is not None
    assert values.thresholds.points[0].threshold == wanted.thresholds.points[0].threshold


def test_validation_has_the_classes_of_the_test_rows() -> None:
    found = classmark.judge(LABELS, SCORES, validation=(["no", "no"], [0.2, 0.4]), **FEW)
    assert found.validation_rows == 2
    labels = classmark.judge(LABELS, predicted=LABELS, validation=(LABELS[:3], LABELS[:3]), **FEW)
    assert labels.validation_rows == 3


def test_goals_costs_and_slices() -> None:
    labels, scores = ["no", "yes"] * 60, [0.2, 0.6, 0.4, 0.9] * 30
    found = classmark.judge(
        labels, scores, validation=(labels, [0.1, 0.6, 0.4, 0.8] * 30), at="f1", costs={"yes:no": 5},
        columns={"source": ["a", "b", "b"] * 40, "other": ["x", "y"] * 60}, slices="source",
    )  # fmt: skip
    assert found.thresholds is not None
    assert [point.goal for point in found.thresholds.points] == ["f1", "cost"]
    assert found.costs is not None
    assert {one.column for one in found.slices.found} == {"source"}


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
    html = classmark.judge(["<b>", "c", "c", "<b>"], SCORES, positive="c", **FEW)._repr_html_()
    assert html.startswith("<table>")
    assert "75.00 %" in html
    absent = classmark.judge(["c"] * 4, SCORES, classes=["<i>", "c"], **FEW)._repr_html_()
    assert "&lt;i&gt;" in absent
    assert "<i>" not in absent


def test_nothing_heavy_is_loaded_by_judging() -> None:
    code = (
        "import sys, time; begun = time.perf_counter(); import classmark; took = time.perf_counter() - begun\n"
        "assert took < 0.5, took\n"
        "classmark.judge(['no', 'yes'], [0.2, 0.9], draws=10)\n"
        "print([name for name in ('torch', 'pandas', 'sklearn') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_judgement_for_each_part_of_a_file(tmp_path: Path) -> None:
    frame = pl.concat([drawn(seed).with_columns(model=pl.lit(name)) for seed, name in ((1, "b"), (2, "a"))])
    path = tmp_path / "models.csv"
    frame.write_csv(path)
    for given in (path, frame):
        found = classmark.judge_parts(given, "model", **FEW)
        assert list(found) == ["b", "a"]  # as they occur
        assert found["a"].metrics == classmark.judge(drawn(2), **FEW).metrics
    narrower = classmark.judge_parts(frame, "model", where={"label": "yes"}, classes=["no", "yes"], **FEW)
    assert {one.rows for one in narrower.values()} == {MANY // 2}
    with pytest.raises(InputError) as caught:
        classmark.judge_parts(frame.filter(model="a"), "model")
    assert str(caught.value) == 'by: the column "model" has one value only (a). Leave it out.'


def test_a_published_matrix() -> None:
    found = classmark.judge_matrix([[10805, 1695], [1099, 11401]])
    assert found.metrics["accuracy"].value == 0.88824
    assert (found.classes, found.positive) == (("negative", "positive"), "positive")
    named = classmark.judge_matrix(np.array([[10805, 1695], [1099, 11401]]), ["bad", "good"], positive="bad")
    assert named.metrics["recall"].value == pytest.approx(10805 / 12500)
    assert classmark.judge_matrix([[2, 0, 1], [0, 3, 0], [1, 0, 4]]).classes == ("0", "1", "2")
    with pytest.raises(InputError) as caught:
        classmark.judge_matrix([[1, 2], [3, 4]], ["a", "a"])
    assert str(caught.value) == "classes: a class is named twice in a, a."


COUNTS = pd.DataFrame([[10, 2], [3, 9]], index=["bad", "good"], columns=["bad", "good"])


def test_a_matrix_in_a_frame_is_read_by_its_names() -> None:
    for frame in (COUNTS, COUNTS[["good", "bad"]]):
        found = classmark.judge_matrix(frame)
        assert (found.classes, found.confusion) == (("bad", "good"), ((10, 2), (3, 9)))
    assert classmark.judge_matrix(COUNTS.loc[["good", "bad"]]).confusion == ((9, 3), (2, 10))


def test_a_matrix_with_totals_or_of_two_sets_of_names_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        classmark.judge_matrix(pd.crosstab(LABELS, LABELS[::-1], margins=True))
    assert str(caught.value) == 'matrix: the last row and column, "All", are totals. Leave them out.'
    with pytest.raises(InputError) as caught:
        classmark.judge_matrix(COUNTS.set_axis(["no", "yes"], axis=1))
    assert str(caught.value) == (
        "matrix: the rows are called bad, good and the columns no, yes. Call both by the same classes, without totals."
    )


def test_classes_order_a_matrix_with_names() -> None:
    found = classmark.judge_matrix(COUNTS, ["good", "bad"])
    assert (found.classes, found.confusion) == (("good", "bad"), ((9, 3), (2, 10)))


def test_totals_of_another_name_are_refused() -> None:
    with pytest.raises(InputError):
        classmark.judge_matrix(pd.crosstab(LABELS, LABELS[::-1], margins=True, margins_name="Total"))


@pytest.mark.parametrize("name", ["probabilities", "predicted", "weights", "ids", "groups"])
def test_series_with_another_index_than_the_labels_are_refused(name: str) -> None:
    labels = pd.Series(LABELS)
    given = {
        "probabilities": SCORES,
        "predicted": LABELS,
        "weights": [1, 2, 3, 4],
        "ids": list("abcd"),
        "groups": list("xxyy"),
    }
    moved = {"probabilities": SCORES, name: pd.Series(given[name], index=[3, 0, 1, 2])}
    with pytest.raises(InputError) as caught:
        classmark.judge(labels, **FEW, **moved)
    assert str(caught.value) == (
        f"predictions: the index of {name} is not that of the labels, and rows are read by position. Bring both into one order, "
        "or drop the indexes."
    )
    assert classmark.judge(labels, **FEW, **{**moved, name: pd.Series(given[name])}).rows == 4


@pytest.mark.parametrize("factor", [1e300, 1e-300])
def test_weights_count_relative_to_each_other(factor: float) -> None:
    weights = np.linspace(0.5, 2.0, MANY)
    frame = drawn(1)
    plain, scaled = (
        classmark.judge(frame["label"], frame["score"], weights=given, **FEW) for given in (weights, weights * factor)
    )
    for name, one in plain.metrics.items():
        found = scaled.metrics[name]
        assert (found.value, found.low, found.high) == pytest.approx((one.value, one.low, one.high), rel=1e-9), name
    assert scaled.effective_rows == pytest.approx(plain.effective_rows)


@pytest.mark.parametrize("seed", [-1, 0.5, "0", None])
def test_a_seed_is_a_whole_number_from_0(seed: Any) -> None:
    for judged in (lambda: classmark.judge(COLUMNS, seed=seed), lambda: classmark.compare(COLUMNS, COLUMNS, seed=seed)):
        with pytest.raises(InputError) as caught:
            judged()
        assert str(caught.value) == f"seed: {seed!r} is not a whole number from 0."


def test_what_rounding_takes_beyond_0_and_1_is_cut() -> None:
    for scores in ([-1e-8, 0.8, 0.4, 1 + 1e-8], [[1 + 1e-8, -1e-8], [0.2, 0.8], [0.6, 0.4], [-1e-8, 1 + 1e-8]]):
        found = classmark.judge(LABELS, scores, **FEW)
        assert found.predictions.probabilities.min() == 0.0
        assert found.predictions.probabilities.max() == pytest.approx(1.0)
    with pytest.raises(ClassmarkError) as caught:
        classmark.judge(LABELS, [-1e-3, 0.8, 0.4, 1.0])
    assert str(caught.value).startswith(
        'predictions, row 1: -0.001 in "score" is no probability from 0 to 1; 1 such rows.'
    )


def test_ids_that_are_numbers_match_those_that_are_floats() -> None:
    whole = drawn(1).with_columns(id=pl.int_range(MANY))
    floats = whole.with_columns(pl.col("id").cast(pl.Float64))
    assert classmark.compare(whole, floats[::-1], **FEW).rows == MANY


def test_a_lazy_frame_is_read_as_a_frame() -> None:
    frame = drawn(1)
    lazy = frame.lazy()
    assert classmark.judge(lazy, **FEW).metrics == classmark.judge(frame, **FEW).metrics
    assert classmark.compare(lazy, lazy, **FEW).rows == MANY
    halves = frame.with_columns(half=pl.Series(["first", "second"] * (MANY // 2))).lazy()
    assert list(classmark.judge_parts(halves, "half", **FEW)) == ["first", "second"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("label", "y"), ("id", "key"), ("group", "g"), ("where", {"split": "test"}), ("labels_only", True)],
)
def test_options_of_columns_are_not_for_values(name: str, value: Any) -> None:
    with pytest.raises(InputError) as caught:
        classmark.judge(LABELS, SCORES, **{name: value})
    assert str(caught.value) == f"{name}: it is for files and frames; values in memory have no columns."


def test_read_gives_what_judge_and_compare_take(tmp_path: Path) -> None:
    frame = drawn(1)
    frame.rename({"label": "verdict"}).write_csv(tmp_path / "other.csv")
    side = classmark.read(tmp_path / "other.csv", label="verdict")
    assert classmark.judge(side, **FEW).metrics == classmark.judge(frame, **FEW).metrics
    found = classmark.compare(frame, side, **FEW)
    assert found.metrics["accuracy"].difference == 0
    assert found.names == ("A", str(tmp_path / "other.csv"))


def test_compare_gives_pairs_of_two_as_of_many(tmp_path: Path) -> None:
    frames = [drawn(seed) for seed in (1, 2, 3)]
    two, three = classmark.compare(*frames[:2], **FEW), classmark.compare(*frames, names=["x", "y", "z"], **FEW)
    assert isinstance(two, Comparisons)
    assert [(pair.a, pair.b) for pair in two.pairs] == [("A", "B")]
    assert [(pair.a, pair.b) for pair in three.pairs] == [("x", "y"), ("x", "z"), ("y", "z")]
    assert three.pairs[0].metrics == two.pairs[0].metrics == two.metrics
    assert repr(three) == "<Comparison of 3 models on 120 rows>"
    page = two.report(tmp_path / "compared")
    assert page == tmp_path / "compared" / "report.html"
    content = json.loads((tmp_path / "compared" / "comparison.json").read_text(encoding="utf-8"))
    assert content == json.loads(json.dumps(two.to_json()))
    assert [pair["letters"] for pair in content["pairs"]] == [["A", "B"]]


def test_compare_takes_files_judgements_and_tables(tmp_path: Path) -> None:
    for seed in (1, 2):
        drawn(seed).write_csv(tmp_path / f"{seed}.csv")
    paths = [tmp_path / "1.csv", tmp_path / "2.csv"]
    wanted = classmark.compare(*paths, **FEW)
    assert wanted.names == tuple(map(str, paths))
    judged = [classmark.judge(path, **FEW) for path in paths]
    for given in (
        map(str, paths),
        judged,
        [one.predictions for one in judged],
        map(classmark.read, paths),
        map(pl.read_csv, paths),
    ):
        assert classmark.compare(*given, **FEW).metrics == wanted.metrics
    accuracy = wanted.metrics["accuracy"]
    assert accuracy.difference == pytest.approx(accuracy.b - accuracy.a)


def test_compare_judgements_without_ids_by_row_number() -> None:
    a, b = (classmark.judge(frame["label"], frame["score"], **FEW) for frame in (drawn(1), drawn(2)))
    found = classmark.compare(a, b, **FEW)
    assert found.names == ("A", "B")
    assert [finding.code for finding in found.findings] == ["matched_by_number"]


def test_compare_the_models_of_one_file() -> None:
    frames = [drawn(seed).with_columns(model=pl.lit(name)) for seed, name in ((1, "old"), (2, "new"))]
    found = classmark.compare(pl.concat(frames), by="model", **FEW)
    assert found.names == ("old", "new")
    assert found.metrics == classmark.compare(*frames, **FEW).metrics
    with pytest.raises(InputError) as caught:
        classmark.compare(frames[0], frames[1], by="model")
    assert str(caught.value) == "by: it names the models of one file, but several are given. Give one."


def test_options_of_compare_apply_to_all() -> None:
    frames = [drawn(seed).rename({"label": "verdict", "score": "s"}) for seed in (1, 2)]
    found = classmark.compare(*frames, label="verdict", probabilities="s", **FEW)
    assert found.metrics == classmark.compare(drawn(1), drawn(2), **FEW).metrics


COMPARED: dict[str, tuple[tuple[Any, ...], dict[str, Any], str]] = {
    "one": ((COLUMNS,), {}, "compare: one set of predictions. Give two or more, on the same rows."),
    "too few names": ((COLUMNS, COLUMNS), {"names": ["one"]}, "names: 1 name for 2 models. Give one name per model."),
    "one text for names": ((COLUMNS, COLUMNS), {"names": "one"}, "names: 1 name for 2 models. Give one name per model."),
    "a list": (
        (COLUMNS, [0.1, 0.2]), {},
        "B: a list does not hold predictions. Give a file, a run, a judgement or a frame; values in memory go "
        "through classmark.judge(labels, probabilities).",
    ),
    "a misspelt option": ((COLUMNS, COLUMNS), {"lable": "y"}, 'there is no argument "lable". Did you mean "label"?'),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPARED)
def test_what_compare_refuses(name: str) -> None:
    given, words, message = COMPARED[name]
    with pytest.raises(InputError) as caught:
        classmark.compare(*given, **words)
    assert str(caught.value) == message


def test_an_unfinished_run_is_not_compared_with_a_finished_one(tmp_path: Path) -> None:
    done, begun = run_folder(tmp_path / "done"), run_folder(tmp_path / "begun")
    (begun / "predictions" / "test.parquet").unlink()
    with pytest.raises(RunError) as caught:
        classmark.compare(done, begun)
    assert str(caught.value) == (
        f"{begun}: the run is unfinished and has no test predictions, as {done} has. Finish it: classmark train --resume {begun}"
    )


def test_label_errors_of_frames_judgements_and_files(tmp_path: Path) -> None:
    labels = LABELS * 10
    wrong = [("yes" if label == "no" else "no") if row in (5, 17) else label for row, label in enumerate(labels)]
    scores = [0.95 if label == "yes" else 0.05 for label in labels]
    frame = pl.DataFrame({"id": [f"r{row}" for row in range(40)], "label": wrong, "score": scores})
    found = classmark.find_label_errors(frame)
    assert found.columns == ["id", "label", "suggested", "confidence", "label_probability"]
    assert set(found["id"]) == {"r5", "r17"}
    assert classmark.find_label_errors(classmark.judge(frame, **FEW)).equals(found)
    frame.write_csv(tmp_path / "theirs.csv")
    assert classmark.find_label_errors(tmp_path / "theirs.csv", positive="yes").equals(found)
    with pytest.raises(ClassmarkError):
        classmark.find_label_errors({"label": LABELS, "predicted": LABELS})


def test_an_audit_shows_itself_and_writes_its_page(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("text,label\nA good film,yes\nbad film,no\na good film!,no\n", encoding="utf-8")
    found = classmark.audit(path)
    assert repr(found) == f"<Audit of {path}>"
    assert json.loads(json.dumps(found.to_json()))["conflicts"]["rows"] == 2
    assert "duplicates" in str(found)
    assert found.report(tmp_path / "audited") == tmp_path / "audited" / "report.html"
    assert json.loads((tmp_path / "audited" / "audit.json").read_text(encoding="utf-8"))["conflicts"]["rows"] == 2


def test_what_other_functions_refuse(tmp_path: Path) -> None:
    with pytest.raises(ClassmarkError, match="neither a run folder nor a model folder"):
        classmark.load(tmp_path)
    with pytest.raises(RunError, match="it has no recipe"):
        classmark.Run(tmp_path)
    with pytest.raises(ClassmarkError):
        classmark.predict(tmp_path, "nothing.csv", tmp_path / "p.csv")
    with pytest.raises(ClassmarkError, match="reviews-quick"):
        classmark.train("reviews-quik")
    with pytest.raises(ClassmarkError, match=r"^Name a study, for instance: "):
        classmark.study()
    with pytest.raises(ClassmarkError, match="focal-vs-ce"):
        classmark.study("focal-vs-cee", out=tmp_path / "s")


REFUSALS: dict[str, tuple[Any, Any, dict[str, Any], str]] = {
    "a sum": (LABELS, np.array(BOTH) * 0.953, {},
              "predictions, row 1: the probabilities sum to 0.953, not to 1 (tolerance 0.0001); 4 such rows. To divide each row "
              "by its sum: rescale=True"),
    "another label": (LABELS, SCORES, {"classes": ["no", "maybe"]},
                      'predictions, row 2: the label "yes" is none of the classes no, maybe.'),
    "equal ids": (LABELS, SCORES, {"ids": list("abac")},
                  'predictions: the id "a" stands in rows 1, 3; 2 rows share an id with another. Give each row an id of its '
                  "own."),
    "no label": ([None] * 4, SCORES, {"classes": ["no", "yes"]},
                 "predictions: no row has a label, so there is nothing to judge against. Give the table a column with the true "
                 "classes."),
    "one class": (["a"] * 4, SCORES, {},
                  "predictions: one score per row is for two classes, but there is 1 (a). Name both classes: "
                  'classes=["a", "OTHER"] or in the other order.'),
    "nothing predicted": (LABELS, None, {},
                          "predictions: there is nothing to judge. Give probabilities, or the predicted classes as predicted=…"),
    "test rows as validation": (LABELS, SCORES, {"validation": (LABELS, SCORES)},
                                'validation: 4 rows stand in predictions too (for instance "1", "2", "3", …). Nothing is fitted '
                                "on test rows: give validation rows that the test set does not have."),
    "half a pair": (LABELS, SCORES, {"validation": (LABELS,)},
                    "validation: give (labels, probabilities) of the validation rows, a dictionary of arguments, or a file."),
    "an unknown argument": (LABELS, SCORES, {"validation": {"labels": LABELS, "p": SCORES}},
                            "validation: a dictionary of labels, probabilities, predicted, ids, groups, weights, columns; it has "
                            "labels, p."),
    "validation out of bounds": (LABELS, SCORES, {"validation": (LABELS, [2.0] * 4)},
                                 'validation, row 1: 2 in "score" is no probability from 0 to 1; 4 such rows. If they are '
                                 "percentages, divide them by 100."),
    "validation that is a number": (LABELS, SCORES, {"validation": 3},
                                    "validation: a int does not hold predictions. Give a file, a run, a judgement or a frame; "
                                    "values in memory go through classmark.judge(labels, probabilities)."),
    "a misspelt option": (LABELS, SCORES, {"clases": ["no", "yes"]}, 'there is no argument "clases". Did you mean "classes"?'),
    "values beside a frame": (pl.DataFrame(COLUMNS), None, {"ids": [1, 2, 3, 4]},
                              "ids: DataFrame has its own columns. Leave ids out."),
    "values beside a file": ("theirs.csv", None, {"predicted": LABELS},
                             "predicted: list beside a table: name its column instead."),
    "weights beside a file": ("theirs.csv", None, {"weights": ["w"]}, "weights: list beside a table: name its column instead."),
    "scores beside a file": ("theirs.csv", SCORES, {}, "probabilities: list beside a table: name its column instead."),
    "no such file": ("theirs.csv", None, {}, "theirs.csv: there is no such file."),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_judge_refuses_in_one_sentence(name: str) -> None:
    given, probabilities, options, message = REFUSALS[name]
    with pytest.raises(ClassmarkError) as caught:
        classmark.judge(given, probabilities, **FEW, **options)
    assert str(caught.value) == message
    assert "--" not in message


SMALL = {
    "three rows": (LABELS[:3], SCORES[:3]),
    "one row": (["yes"], [1.0]),
    "one class": (["yes"] * 4, SCORES),
    "sure and wrong": (["yes", "no"], [0.0, 1.0]),
}


@pytest.mark.parametrize("name", SMALL)
def test_few_rows_give_a_result_that_explains_itself(name: str) -> None:
    labels, scores = SMALL[name]
    found = classmark.judge(labels, scores, classes=["no", "yes"])
    codes = [finding.code for finding in found.findings]
    assert "too_few_rows" in codes
    assert ("absent_classes" in codes) == (len(set(labels)) == 1)
    for estimate in found.metrics.values():
        assert estimate.method


def test_what_is_no_path_is_refused() -> None:
    table: Any = pl.DataFrame(COLUMNS)
    number: Any = 5
    for call in (lambda: classmark.train(table), lambda: classmark.audit(table)):
        with pytest.raises(InputError, match=r"^(recipe|inputs): DataFrame: a name or a path is expected\.$"):
            call()
    with pytest.raises(InputError, match=r"^out: int: a name or a path is expected\.$"):
        classmark.train("text-csv", number)

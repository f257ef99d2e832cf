"""Tables of several models brought to the same rows: ids, classes, groups, rows without labels, remarks and plans."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from classmark.errors import PredictionsError
from classmark.judging.comparisons.compare import Comparison, compare
from classmark.judging.comparisons.matching import match
from classmark.judging.comparisons.multiple import compare_all
from classmark.judging.rows import positive_index, scored_rows
from classmark.judging.stored import from_json
from classmark.predictions import Predictions, Remark, build_predictions, check

Make = Callable[..., Predictions]
CASES = Path(__file__).parents[3] / "cases" / "reading"


def labels_only(name: str) -> Predictions:
    """A file of the cases that names predicted classes."""
    frame = pl.read_csv(CASES / name, infer_schema=False)
    classes = sorted({*frame["label"].drop_nulls(), *frame["predicted"]})
    return check(Predictions(frame, {"classes": classes}, name))


def scores(name: str) -> Predictions:
    """A file of the cases that has one score."""
    frame = pl.read_csv(CASES / name, schema_overrides={"id": pl.String, "label": pl.String, "group": pl.String})
    second = frame["score"].to_numpy()
    further = [column for column in frame.columns if column == "group"]
    return build_predictions(
        frame["id"], frame["label"], np.column_stack([1 - second, second]), ("0", "1"), columns=frame.select(further),
        source=name,
    )  # fmt: skip


def codes(found: Any) -> list[tuple[str, str]]:
    return [(one.code, one.severity) for one in found.findings]


def test_a_difference_of_correlations_reaches_to_two() -> None:
    found = compare_all([labels_only("106_a.csv"), labels_only("106_b.csv")])
    mcc = found.metrics["mcc"]
    assert round(mcc.difference or 0, 4) == -1.1944
    assert mcc.low is not None
    assert -2 <= mcc.low < -1.2
    assert mcc.high == pytest.approx(2 * mcc.difference - mcc.low)


def test_groups_of_either_file_count() -> None:
    alone, grouped = scores("103_a_no_group.csv"), scores("103_b_group.csv")
    found = compare(alone, grouped)
    assert found.groups == len(set(grouped.frame["group"]))
    assert found == compare(
        alone.__class__(alone.frame.hstack([grouped.frame["group"]]), alone.metadata, alone.source), grouped
    )
    assert found.metrics["accuracy"].low < 0
    assert compare(grouped, alone).groups == found.groups


def test_groups_that_part_rows_otherwise_are_refused(make: Make) -> None:
    a = make(20, columns={"group": ["x", "y"] * 10}, source="a")
    renamed = make(20, columns={"group": ["film 2", "film 1"] * 10}, source="b")
    assert compare(a, renamed).groups == 2
    other = make(20, columns={"group": ["x", "x", "y", "y"] * 5}, source="c")
    with pytest.raises(PredictionsError) as caught:
        compare(a, other)
    assert str(caught.value) == (
        "a and c have different groups for the same rows. Give the rows the same groups in all files, or leave the "
        "column out of all but one."
    )


def test_rows_without_a_label_are_left_out_and_said_to_be() -> None:
    found = compare_all([scores("102_a_50_unlabelled.csv"), scores("102_b.csv")])
    assert found.rows == 250
    assert codes(found) == [("rows_left_out", "warning")]
    assert found.findings[0].message == (
        "Rows without a label are left out: 50 of 102_a_50_unlabelled.csv. 250 of 300 rows are compared."
    )


def test_rows_are_left_out_of_all_that_lack_a_label(make: Make) -> None:
    labels: list[str | None] = ["no", "yes"] * 5
    tables = [make(10, labels=[*labels[:8], None, None], source="a"), make(10, labels=[None, *labels[1:]], source="b")]
    found = compare(*tables)
    assert found.rows == 7
    assert "2 of a, 1 of b. 7 of 10 rows are compared." in found.findings[0].message


def test_a_class_that_predicted_labels_add_is_a_class_of_all() -> None:
    found = compare_all([labels_only("49_a.csv"), labels_only("49_b.csv")])
    assert found.rows == 300
    assert found.classes == ("fraud", "legit", "no answer")
    assert ("absent_classes", "info") in codes(found)
    assert "49_a.csv never names the class no answer, which another table predicts." in [
        one.message for one in found.findings
    ]


def test_a_table_of_scores_gives_an_unknown_class_no_probability(make: Make) -> None:
    a = make(60, source="a")
    frame = a.frame.select("id", "label").with_columns(predicted=pl.Series(["no", "yes", "no answer"] * 20))
    b = check(Predictions(frame, {"classes": ["no", "yes", "no answer"]}, "b"))
    first, second = match([a, b]).tables
    assert first.classes == second.classes == ("no", "yes", "no answer")
    assert first.probabilities[:, :2] == pytest.approx(a.probabilities)
    assert not first.probabilities[:, 2].any()
    assert first.predicted.tolist() == a.predicted.tolist()
    assert compare(a, b).metrics["accuracy"].a == pytest.approx((a.predicted == a.labels).mean())
    assert compare(b, a).classes == ("no", "yes", "no answer")


def test_logits_of_an_unknown_class_keep_the_order(make: Make) -> None:
    plain = make(60, source="a")
    a = build_predictions(
        plain.ids, plain.frame["label"], plain.probabilities, ("no", "yes"), logits=np.log(plain.probabilities)
    )
    frame = a.frame.select("id", "label").with_columns(predicted=pl.lit("no answer"))
    first = match([a, check(Predictions(frame, {"classes": ["no", "yes", "no answer"]}, "b"))]).tables[0]
    scored = scored_rows(first, 1)
    assert scored.margins is not None
    assert scored.rankings[1].order.tolist() == scored_rows(a, 1).rankings[0].order.tolist()


def test_classes_of_two_tables_of_scores_must_be_the_same(make: Make) -> None:
    with pytest.raises(PredictionsError, match='"maybe" is in one of them only'):
        compare(make(20), make(20, ("no", "yes", "maybe"), labels=["no", "yes"] * 10))


def test_blanks_around_ids_do_not_count(make: Make) -> None:
    a, b = make(30), make(30, seed=1)
    spaced = b.frame.with_columns(pl.concat_str(pl.lit("\u200b "), "id", pl.lit("\u00a0\ufeff")))[::-1]
    assert compare(a, replace(b, frame=spaced)) == compare(a, b)


def test_ids_that_blanks_alone_tell_apart_stay_apart(make: Make) -> None:
    a = make(2)
    frame = a.frame.with_columns(pl.Series("id", ["x", "x "]))
    assert match([replace(a, frame=frame), replace(a, frame=frame[::-1])]).tables[1].frame.equals(frame)


def test_ids_in_one_file_only_are_refused(make: Make) -> None:
    a = make(30, source="a")
    with pytest.raises(
        PredictionsError, match=r'a and b do not have the same rows: 2 ids only in the first \(for instance "row-'
    ):
        compare(a, replace(make(30, seed=1, source="b"), frame=a.frame[:28], source="b"))


def numbered(table: Predictions) -> Predictions:
    """The table as one without ids: its rows are numbered from 1."""
    ids = pl.Series("id", [str(row) for row in range(1, len(table) + 1)])
    return replace(table, frame=table.frame.with_columns(ids), metadata={**table.metadata, "numbered": True})


def test_ids_are_not_matched_with_row_numbers(make: Make) -> None:
    plain, named = numbered(make(20, source="plain")), make(20, source="named")
    for pair in ((plain, named), (named, plain)):
        with pytest.raises(PredictionsError) as caught:
            match(pair)
        assert str(caught.value) == (
            "plain has no ids, but named has, so rows cannot be matched. Give both the same ids."
        )
    counted = replace(named, frame=named.frame.with_columns(plain.ids))
    assert match([plain, counted]).tables[1].ids.equals(plain.ids)


def test_rows_that_hold_each_others_texts_are_in_another_order(make: Make) -> None:
    texts = [f"text {row}" for row in range(20)]
    a = numbered(make(20, columns={"text": texts}, source="a"))
    b = numbered(make(20, columns={"text": [*texts[1:], texts[0]]}, source="b"))
    with pytest.raises(PredictionsError) as caught:
        match([a, b])
    problem = 'a and b have the same values in "text", but in other rows: the rows are in another order.'
    assert str(caught.value) == f'{problem} If it names the rows, match by it: id="text"'
    assert caught.value.spelt("command line") == f"{problem} If it names the rows, match by it: --id text"


@pytest.mark.parametrize("texts", [["same"] * 20, [f"other {row}" for row in range(20)]])
def test_texts_that_repeat_or_are_others_say_nothing_of_the_order(make: Make, texts: list[str]) -> None:
    a = numbered(make(20, columns={"text": [f"text {row}" for row in range(20)]}, source="a"))
    b = numbered(make(20, columns={"text": texts}, source="b"))
    assert len(match([a, b]).tables[1]) == 20


def test_remarks_and_plans_of_both_sides_appear(make: Make) -> None:
    note = Remark("assumed", "warning", "The score is of yes.")
    a = replace(make(30, source="a.csv"), plan="label ← y")
    b = replace(make(30, seed=1, source="b.csv"), remarks=(note,))
    found = compare_all([a, b], draws=20)
    assert ("assumed", "warning") in codes(found)
    assert "b.csv: The score is of yes." in [one.message for one in found.findings]
    content = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert content["plans"] == {"A": "label ← y", "B": None}
    pair = compare(a, b, draws=20)
    assert from_json(Comparison, pair.to_json()) == pair
    assert pair.plans == {"A": "label ← y", "B": None}
    three = compare_all([a, b, replace(b, plan="z")], names=("x", "y", "z"), draws=20)
    assert three.plans == {"A": "label ← y", "B": None, "C": "z"}
    assert [one.message for one in three.findings if one.code == "assumed"] == [
        "y: The score is of yes.",
        "z: The score is of yes.",
    ]


def test_a_flipped_side_is_named(make: Make) -> None:
    a = make(300, source="a")
    flipped = replace(
        build_predictions(a.ids, a.frame["label"], a.probabilities[:, ::-1], ("no", "yes")), source="flipped"
    )
    found = compare_all([a, flipped], draws=50)
    (one,) = [finding for finding in found.findings if finding.code == "below_chance"]
    assert one.severity == "warning"
    assert one.message.startswith("flipped: The ROC area is 0.")


def test_the_positive_class_is_that_which_a_table_names(make: Make) -> None:
    table = make(60)
    named = replace(table, positive="no")
    assert positive_index(table, None) == 1
    assert positive_index(named, None) == 0
    assert positive_index(named, "yes") == 1
    assert positive_index(replace(make(60, ("no", "yes", "maybe")), positive="no"), None) == 1
    assert compare(table, named, draws=20).positive == "no"
    assert compare_all([named, table], draws=20).positive == "no"
    assert compare_all([named, table], positive="yes", draws=20).positive == "yes"

from __future__ import annotations

import json
from typing import Any

import numpy as np
import polars as pl
import pytest

from classmark.errors import PredictionsError
from classmark.judging.comparisons.compare import Comparison, compare
from classmark.judging.statistics.p_values import mcnemar
from classmark.judging.stored import from_json
from classmark.predictions import Predictions, build_predictions

DRAWS = 200


def reordered(table: Predictions) -> Predictions:
    """The same predictions with the rows and the classes in the opposite order."""
    classes = table.classes[::-1]
    turned = table.frame.reverse()
    values = table.probabilities[::-1, ::-1]
    return build_predictions(turned["id"], turned["label"], values, classes, source="b")


def test_rows_match_by_id_and_classes_by_name(make: Any) -> None:
    a, b = make(), make(seed=1)
    straight, turned = compare(a, b, draws=DRAWS), compare(a, reordered(b), draws=DRAWS)
    assert turned.metrics == straight.metrics
    assert turned.mcnemar == straight.mcnemar


def test_swapping_the_models_turns_every_difference_round(make: Any) -> None:
    for classes in (("no", "yes"), ("a", "b", "c")):
        a, b = make(classes=classes), make(classes=classes, seed=1)
        one, other = compare(a, b, draws=DRAWS), compare(b, a, draws=DRAWS)
        assert one.mcnemar.p_exact == other.mcnemar.p_exact
        for name in ("accuracy", "log_loss", "roc_auc", "brier"):
            here, there = one.metrics[name], other.metrics[name]
            assert (here.a, here.b) == (there.b, there.a)
            assert here.difference == pytest.approx(here.b - here.a, abs=1e-12)  # type: ignore[operator]
            assert here.difference == pytest.approx(-there.difference, abs=1e-12)  # type: ignore[operator]
            assert here.low == pytest.approx(-there.high, abs=1e-12)  # type: ignore[operator]
            assert here.low < here.difference < here.high  # type: ignore[operator]


def test_a_model_against_itself_is_not_told_apart(make: Any) -> None:
    comparison = compare(make(source="a.csv"), make(source="b.csv"), draws=DRAWS)
    assert comparison.metrics["accuracy"].difference == 0
    assert comparison.metrics["roc_auc"].difference == 0
    assert (comparison.mcnemar.p_exact, comparison.mcnemar.p_midp) == (1, 1)
    assert comparison.delong_p is None
    assert comparison.sentence == (
        "These data cannot tell a.csv (A) and b.csv (B) apart: "
        "B − A is +0.0 points (-1.3 to +1.3) of accuracy on 300 rows. "
        "A difference under 2.6 points would show in fewer than 80 of 100 such tests."
    )


def scores(positive: list[float]) -> Predictions:
    """Six rows, the last three positive, with these probabilities of the positive class."""
    values = np.column_stack([1 - np.array(positive), positive])
    return build_predictions([str(row) for row in range(6)], ["no"] * 3 + ["yes"] * 3, values, ["no", "yes"])


@pytest.mark.parametrize(
    ("a", "b", "difference"),
    [
        ([0.1, 0.2, 0.7, 0.3, 0.8, 0.9], [0.2, 0.3, 0.6, 0.4, 0.7, 0.8], 0.0),
        ([0.9, 0.8, 0.7, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.7, 0.8, 0.9], 1.0),
    ],
)
def test_roc_areas_without_variance_have_no_interval_and_no_p(
    a: list[float], b: list[float], difference: float
) -> None:
    comparison = compare(scores(a), scores(b))
    found = comparison.metrics["roc_auc"]
    assert (found.difference, found.low, found.high) == (difference, None, None)
    assert found.method == (
        "none: DeLong's variance is zero, both tables rank these rows alike or differ on each by the same amount"
    )
    assert comparison.delong_p is None
    assert comparison.metrics["log_loss"].low is not None


def test_a_mean_difference_that_never_varies_has_no_interval(make: Any) -> None:
    grouped = {"group": [str(row // 10) for row in range(300)]}
    for columns in (None, grouped):
        found = compare(make(columns=columns), make(columns=columns), draws=DRAWS).metrics["log_loss"]
        assert (found.difference, found.low, found.high) == (0, None, None)
        assert found.method == "none: the difference is the same on every row or group"


def predicted(right: int, rows: int, source: str) -> Predictions:
    """A table of predicted labels of which the first `right` are right."""
    frame = pl.DataFrame(
        {
            "id": [str(row) for row in range(rows)],
            "label": ["yes", "no"] * (rows // 2),
            "predicted": [("yes", "no")[(row + (row >= right)) % 2] for row in range(rows)],
        }
    )
    return Predictions(frame, {"schema_version": 1, "classes": ["no", "yes"], "split": None}, source)


@pytest.mark.parametrize(
    ("right_a", "right_b", "sentence"),
    [
        (2_000, 2_030, "b is better than a by 1.2 points (0.8 to 1.7) of accuracy on 2,500 rows."),
        (2_030, 2_000, "a is better than b by 1.2 points (0.8 to 1.7) of accuracy on 2,500 rows."),
        (2_000, 2_006, "b is better than a by 0.2 points (0.1 to 0.5) of accuracy on 2,500 rows."),
        (
            2_000,
            2_002,
            "These data cannot tell a (A) and b (B) apart: "
            "B − A is +0.1 points (-0.1 to +0.3) of accuracy on 2,500 rows. "
            "A difference under 0.3 points would show in fewer than 80 of 100 such tests.",
        ),
    ],
)
def test_the_sentence_says_who_is_better(right_a: int, right_b: int, sentence: str) -> None:
    assert compare(predicted(right_a, 2_500, "a"), predicted(right_b, 2_500, "b")).sentence == sentence


def test_better_is_said_only_where_the_test_agrees_with_the_interval() -> None:
    found = compare(predicted(0, 4, "a"), predicted(4, 4, "b"))
    assert found.metrics["accuracy"].low > 0  # type: ignore[operator]
    assert found.sentence == (
        "These data cannot tell a (A) and b (B) apart: B − A is +100.0 points (+2.0 to +100.0) of accuracy on 4 rows, and "
        "while the interval is without zero, McNemar's test does not agree (mid-p 0.062). "
        "So few rows show no difference in 80 of 100 such tests."
    )


def test_a_comparison_survives_json(make: Any) -> None:
    for classes in (("no", "yes"), ("a", "b", "c")):
        comparison = compare(make(classes=classes), make(classes=classes, seed=1), draws=DRAWS)
        content = json.loads(json.dumps(comparison.to_json(), allow_nan=False))
        assert from_json(Comparison, content) == comparison
        assert {"a", "b", "rows", "metrics", "mcnemar", "delong", "sentence"} <= set(content)


def test_groups_widen_the_intervals() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.integers(0, 2, 50), 20)
    groups = pl.DataFrame({"group": [str(row // 20) for row in range(1000)]})

    def table(columns: pl.DataFrame | None, seed: int) -> Predictions:
        score = np.repeat(np.random.default_rng(seed).uniform(size=50), 20) * 0.6 + 0.4 * labels
        ids = [str(row) for row in range(1000)]
        names = [("no", "yes")[index] for index in labels]
        return build_predictions(ids, names, np.column_stack([1 - score, score]), ("no", "yes"), columns=columns)

    grouped = compare(table(groups, 1), table(groups, 2), draws=DRAWS)
    independent = compare(table(None, 1), table(None, 2), draws=DRAWS)
    assert grouped.groups == 50
    for name in ("accuracy", "log_loss", "roc_auc", "brier"):
        wide, narrow = grouped.metrics[name], independent.metrics[name]
        assert wide.difference == pytest.approx(narrow.difference, abs=1e-12)  # type: ignore[arg-type]
        assert wide.high - wide.low > 3 * (narrow.high - narrow.low)  # type: ignore[operator]


def test_other_ids_are_refused_with_counts_and_examples(make: Any) -> None:
    a, b = make(rows=5, source="a.csv"), make(rows=7, source="b.csv")
    with pytest.raises(PredictionsError) as caught:
        compare(a, b)
    assert str(caught.value) == (
        "a.csv and b.csv do not have the same rows: 0 ids only in the first, 2 only in the second "
        '(for instance "row-5", "row-6"). Compare predictions of the same data, with the same ids.'
    )


def test_other_labels_are_refused(make: Any) -> None:
    a = make(rows=2, labels=["no", "yes"], source="a.csv")
    b = make(rows=2, labels=["no", "no"], source="b.csv")
    with pytest.raises(PredictionsError) as caught:
        compare(a, b)
    assert str(caught.value) == (
        'a.csv and b.csv give 1 rows different labels, for instance id "row-1": "yes" and "no". Labels must agree.'
    )


def test_other_classes_are_refused(make: Any) -> None:
    with pytest.raises(PredictionsError) as caught:
        compare(make(source="a.csv"), make(classes=("no", "maybe"), source="b.csv"))
    assert str(caught.value) == (
        'a.csv and b.csv do not have the same classes: "maybe", "yes" are in one of them only. '
        "Compare predictions over the same classes."
    )


def test_labels_only_against_probabilities_compares_accuracy_and_says_what_is_left_out(make: Any) -> None:
    scored = make(rows=100)
    predicted = [scored.classes[index] for index in make(rows=100, seed=3).predicted]
    frame = scored.frame.select("id", "label").with_columns(pl.Series("predicted", predicted))
    labels = Predictions(frame, scored.metadata, "labels.csv")
    comparison = compare(scored, labels, draws=DRAWS)
    assert list(comparison.metrics) == ["accuracy"]
    assert comparison.delong_p is None
    content = json.loads(json.dumps(comparison.to_json()))
    message = "labels.csv has predicted labels only, so these are left out: log loss, ROC area, average precision, Brier score."
    assert content["findings"] == [{"code": "scores_left_out", "severity": "info", "message": message}]
    assert from_json(Comparison, content) == comparison
    assert [finding.message for finding in compare(labels, labels, draws=DRAWS).findings] == [
        "Both tables have predicted labels only, so these are left out: log loss, ROC area, average precision, Brier score."
    ]
    assert compare(scored, make(rows=100, seed=3), draws=DRAWS).findings == ()


def test_mcnemar_of_a_known_table() -> None:
    # Twice the binomial tail: 2 × (1 + 10 + 45) / 1024, and less the probability of 2 of 10 for the mid-p form.
    test = mcnemar(2, 8)
    assert test.p_exact == pytest.approx(112 / 1024, abs=1e-15)
    assert test.p_midp == pytest.approx(112 / 1024 - 45 / 1024, abs=1e-15)
    assert mcnemar(0, 0).p_exact == 1
    assert mcnemar(9_000, 10_000).p_exact < 1e-11

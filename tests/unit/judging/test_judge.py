from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from classmark.errors import InputError, PredictionsError
from classmark.judging.findings.judgement import Finding
from classmark.judging.judge import judge
from classmark.judging.judgement import Judgement, judgement_from_json
from classmark.predictions import Predictions, build_predictions

DRAWS = 200
TOP_LEVEL = {
    "schema_version", "source", "split", "rows", "classes", "positive", "confidence", "draws", "seed", "metrics",
    "per_class", "confusion", "curves", "calibration", "thresholds", "slices", "validation_rows", "leaked", "groups", "baselines",
    "label_errors", "test_looks", "recalibration", "selective", "conformal", "baseline_methods", "baseline_comparison",
    "findings", "costs", "slicing", "validation_gap", "plan", "own_decisions", "effective_rows", "mixture",
    "prediction_powered", "prediction_cost", "checks", "level",
}  # fmt: skip


def codes(judgement: Judgement) -> list[str]:
    return [finding.code for finding in judgement.findings]


def labels_only(labels: list[str], predicted: list[str]) -> Predictions:
    frame = pl.DataFrame({"id": [str(row) for row in range(len(labels))], "label": labels, "predicted": predicted})
    classes = sorted({*labels, *predicted})
    return Predictions(frame, {"schema_version": 1, "classes": classes, "split": None}, "labels.csv")


def test_every_part_survives_json(make: Any) -> None:
    columns = {"leaked": [row % 50 == 0 for row in range(300)], "group": [str(row // 3) for row in range(300)]}
    judgement = judge(make(columns=columns), baselines={"linear": make(seed=1)}, draws=DRAWS)
    content = judgement.to_json()
    assert set(content) == TOP_LEVEL
    text = json.dumps(content, allow_nan=False)
    assert judgement_from_json(json.loads(text)) == judgement


@pytest.mark.parametrize("classes", [("no", "yes"), ("a", "b", "c")])
def test_what_is_chosen_and_sliced_survives_json(make: Any, classes: tuple[str, ...]) -> None:
    validation = apart(make(200, classes, seed=2))
    columns = {"source": ["web", "mail"] * 150, "length": list(range(300))}
    costs = {f"{classes[0]}:{classes[1]}": 3.0}
    judgement = judge(make(classes=classes, columns=columns), validation=validation, costs=costs, draws=DRAWS)
    assert judgement_from_json(json.loads(json.dumps(judgement.to_json(), allow_nan=False))) == judgement
    assert [one.column for one in judgement.slices.found] == ["source"] * 2 + ["length"] * 5
    assert judgement.costs is not None
    assert judgement.costs.tempered is not None
    goals = [point.goal for point in judgement.thresholds.points] if judgement.thresholds else None
    assert goals == (["f1", "youden", "cost"] if len(classes) == 2 else None)


def apart(table: Predictions) -> Predictions:
    """The same rows under other ids."""
    return Predictions(
        table.frame.with_columns(("validation-" + pl.col("id")).alias("id")), table.metadata, "validation.csv"
    )


def test_goals_need_two_classes_scores_and_validation_rows(make: Any) -> None:
    with pytest.raises(InputError, match="at: a threshold is chosen on validation rows, never on the rows that are ju"):
        judge(make(), at=["f1"], draws=DRAWS)
    with pytest.raises(InputError, match="at: a threshold is for two classes; table has 3"):
        judge(make(classes=("a", "b", "c")), validation=apart(make(classes=("a", "b", "c"))), at=["f1"], draws=DRAWS)
    labels = labels_only(["no", "yes"] * 20, ["no"] * 40)
    with pytest.raises(InputError, match=r"at: labels.csv has predicted labels only; a threshold needs probabilities"):
        judge(labels, validation=apart(labels), at=["f1"], draws=DRAWS)


def test_costs_of_predicted_labels(make: Any) -> None:
    found = judge(labels_only(["no", "yes"] * 20, ["no"] * 40), costs={"yes:no": 3.0}, draws=DRAWS).costs
    assert found is not None
    assert (found.given.value, found.expected) == (1.5, None)


def test_the_gap_between_validation_and_test(make: Any) -> None:
    test, validation = make(300), apart(make(200, seed=1, quality=3))
    gap = judge(test, validation=validation, draws=DRAWS).validation_gap
    assert gap is not None
    shares = [np.mean(table.labels == table.predicted) for table in (validation, test)]
    assert [gap.a, gap.b, gap.difference] == pytest.approx([*shares, shares[1] - shares[0]])


def test_a_group_in_both_splits_is_one(make: Any) -> None:
    test = make(300, columns={"group": [f"g{row // 3}" for row in range(300)]})
    validation = apart(make(300, seed=1, columns={"group": [f"g{row // 3 + 50}" for row in range(300)]}))
    gap = judge(test, validation=validation, draws=DRAWS).validation_gap
    assert gap is not None
    assert gap.method == "t interval by group sums (150 groups)"
    without = judge(test, validation=apart(make(300, seed=1)), draws=DRAWS).validation_gap
    assert without is not None
    assert without.method == "t interval by group sums (400 groups)"


def test_two_classes_have_these_metrics(make: Any) -> None:
    assert list(judge(make(), draws=DRAWS).metrics) == [
        "accuracy", "log_loss", "roc_auc", "average_precision", "brier", "ece", "balanced_accuracy", "precision",
        "recall", "f1", "precision_macro", "recall_macro", "f1_macro", "mcc",
    ]  # fmt: skip


def test_six_classes_have_top5_and_no_positive_class(make: Any) -> None:
    judgement = judge(make(classes=tuple("abcdef")), draws=DRAWS)
    assert judgement.positive is None
    assert "top5_accuracy" in judgement.metrics
    assert "precision" not in judgement.metrics
    assert "top5_accuracy" not in judge(make(classes=tuple("abcde")), draws=DRAWS).metrics


def test_every_interval_holds_its_value(make: Any) -> None:
    for classes in (("no", "yes"), tuple("abcdefg")):
        for name, estimate in judge(make(classes=classes), draws=DRAWS).metrics.items():
            if name == "ece":
                assert (estimate.low, estimate.high) == (None, None)
            else:
                assert estimate.low < estimate.value < estimate.high, name  # type: ignore[operator]


def test_the_seed_fixes_the_draws(make: Any) -> None:
    table = make(classes=("a", "b", "c"))
    first, again, other = (judge(table, draws=DRAWS, seed=seed).metrics["roc_auc"] for seed in (3, 3, 4))
    assert first == again
    assert first.low != other.low


def test_the_positive_class_can_be_named(make: Any) -> None:
    table = make(rows=200)
    yes, no = judge(table, draws=DRAWS), judge(table, positive="no", draws=DRAWS)
    assert (yes.positive, no.positive) == ("yes", "no")
    assert no.metrics["recall"].value == yes.per_class[0].recall.value
    assert no.metrics["roc_auc"].value == pytest.approx(yes.metrics["roc_auc"].value, abs=1e-12)
    assert no.curves.roc[0].name == "no"


def test_unlabelled_rows_are_left_out_and_named(make: Any) -> None:
    table = make(rows=150)
    labels = [None if row < 30 else name for row, name in enumerate(table.frame["label"])]
    judgement = judge(make(rows=150, labels=labels), draws=DRAWS)
    assert judgement.rows == 120
    messages = [finding.message for finding in judgement.findings if finding.code == "unlabelled_rows"]
    assert messages == ["30 of 150 rows have no label and are left out."]


def test_a_table_without_labels_is_refused(make: Any) -> None:
    with pytest.raises(InputError) as caught:
        judge(make(rows=3, labels=[None, None, None]))
    assert str(caught.value) == (
        "table: no row has a label, so there is nothing to judge against. "
        "Give the table a column with the true classes."
    )


def test_a_positive_class_that_is_none_is_refused(make: Any) -> None:
    with pytest.raises(InputError) as caught:
        judge(make(), positive="yess")
    assert str(caught.value) == ('table: the positive class "yess" is none of the classes no, yes. Did you mean "yes"?')


def test_a_positive_class_of_three_is_refused(make: Any) -> None:
    with pytest.raises(InputError) as caught:
        judge(make(classes=("a", "b", "c")), positive="a")
    assert str(caught.value) == "table: a positive class is for two classes; this table has 3. Leave it out."


def test_one_draw_is_refused(make: Any) -> None:
    with pytest.raises(InputError) as caught:
        judge(make(), draws=1)
    assert str(caught.value) == "draws: 1 bootstrap draws give no interval. Give at least 100; 1000 is usual."


def test_leaked_rows_are_left_out_beside_the_headline(make: Any) -> None:
    leaked = [row < 100 for row in range(300)]
    judgement = judge(make(columns={"leaked": leaked}), draws=DRAWS)
    clean = judge(make().filter(~np.array(leaked)), draws=DRAWS)
    assert judgement.leaked is not None
    assert judgement.leaked.rows == 100
    assert judgement.leaked.metrics_without == clean.metrics
    assert "leaked_rows" in codes(judgement)


def test_all_rows_leaked_is_a_problem(make: Any) -> None:
    judgement = judge(make(columns={"leaked": [True] * 300}), draws=DRAWS)
    assert judgement.leaked is not None
    assert judgement.leaked.metrics_without == {}
    assert judgement.findings[0].severity == "problem"


def test_no_leaked_row_says_nothing(make: Any) -> None:
    assert judge(make(columns={"leaked": [False] * 300}), draws=DRAWS).leaked is None


def test_groups_are_resampled_whole_and_independence_stands_beside() -> None:
    # Thirty-nine copies of each of 40 rows: the copies say nothing new, and an interval must not shrink with them.
    rng = np.random.default_rng(5)
    labels, scores = rng.integers(0, 2, 40), rng.uniform(size=40)
    scores = 0.6 * scores + 0.4 * labels
    names = [("no", "yes")[index] for index in np.repeat(labels, 39)]
    probability = np.repeat(scores, 39)
    probabilities = np.column_stack([1 - probability, probability])
    columns = pl.DataFrame({"group": [str(row // 39) for row in range(len(names))]})
    ids = [str(row) for row in range(len(names))]
    table = build_predictions(ids, names, probabilities, ("no", "yes"), columns=columns)
    judgement = judge(table, draws=DRAWS)
    assert judgement.groups is not None
    assert judgement.groups.count == 40
    for name, whole in judgement.metrics.items():
        independent = judgement.groups.independent[name]
        assert whole.value == independent.value
        if name != "ece":
            assert "whole groups" in whole.method
            assert "independent rows" in independent.method
            assert whole.high - whole.low > 3 * (independent.high - independent.low), name  # type: ignore[operator]


def test_a_group_for_each_row_is_independence(make: Any) -> None:
    judgement = judge(make(columns={"group": [str(row) for row in range(300)]}), draws=DRAWS)
    assert judgement.groups is None
    assert judgement.metrics == judge(make(), draws=DRAWS).metrics


def test_baselines_stand_beside_with_the_paired_difference(make: Any) -> None:
    baseline = make(seed=7, quality=0.2)
    judgement = judge(make(), baselines={"linear": baseline}, draws=DRAWS)
    assert judgement.baselines["linear"] == judge(baseline, draws=DRAWS).metrics
    accuracy = judgement.baseline_comparison["linear"].metrics["accuracy"]
    assert accuracy.a == judgement.baselines["linear"]["accuracy"].value
    assert accuracy.b == judgement.metrics["accuracy"].value
    assert not [code for code in codes(judgement) if "baseline" in code]


def test_a_baseline_whose_table_says_so_is_known_by_its_method(make: Any) -> None:
    baseline = make(seed=7)
    named = Predictions(baseline.frame, {**baseline.metadata, "baseline": "tf-idf"})
    judgement = judge(make(), baselines={"linear": named, "other": baseline}, draws=DRAWS)
    assert judgement.baseline_methods == {"linear": "tf-idf"}
    content = judgement.to_json()
    assert judgement_from_json(content) == judgement
    del content["baseline_methods"]  # as judgements before it had it
    assert judgement_from_json(content).baseline_methods == {}


@pytest.mark.parametrize("known", [{"seen_before": "The model knows these rows."}, None, "text", ["text"]])
def test_what_the_maker_of_a_table_knows_is_found(make: Any, known: Any) -> None:
    table = make()
    judgement = judge(Predictions(table.frame, {**table.metadata, "caveats": known}), draws=DRAWS)
    expected = [Finding("seen_before", "info", "The model knows these rows.")] if isinstance(known, dict) else []
    assert [finding for finding in judgement.findings if finding.code != "miscalibrated"] == expected


def test_a_model_that_does_not_beat_the_baseline_is_told_so(make: Any) -> None:
    same = judge(make(), baselines={"linear": make()}, draws=DRAWS)
    worse = judge(make(quality=0.1), baselines={"linear": make(quality=3)}, draws=DRAWS)
    assert "not_better_than_baseline" in codes(same)
    assert codes(worse)[0] == "worse_than_baseline"
    assert worse.findings[0].severity == "problem"


def test_predicted_labels_alone_give_no_score_metrics() -> None:
    judgement = judge(labels_only(["a", "b", "a", "b"] * 40, ["a", "b", "b", "b"] * 40), draws=DRAWS)
    assert not {"log_loss", "roc_auc", "average_precision", "brier", "ece"} & set(judgement.metrics)
    assert judgement.metrics["accuracy"].value == 0.75
    assert judgement.calibration is None
    assert judgement.curves.roc == ()
    messages = [finding.message for finding in judgement.findings if finding.code == "scores_left_out"]
    assert messages == [
        "The table has predicted labels only, so these are left out: log loss, ROC area, average precision, "
        "Brier score, calibration."
    ]


def test_one_class_in_the_labels_leaves_areas_undefined(make: Any) -> None:
    judgement = judge(make(rows=200, labels=["yes"] * 200), draws=DRAWS)
    assert judgement.metrics["roc_auc"].value is None
    assert judgement.metrics["accuracy"].value is not None
    assert judgement.metrics["mcc"].value == 0
    assert judgement.per_class[0].recall.value is None
    assert judgement.curves.roc == ()
    assert "absent_classes" in codes(judgement)
    json.dumps(judgement.to_json(), allow_nan=False)


def test_only_the_negative_class_in_the_labels(make: Any) -> None:
    judgement = judge(make(rows=200, labels=["no"] * 200), draws=DRAWS)
    assert judgement.metrics["recall"].value is None
    assert judgement.metrics["f1"].value is None
    assert judgement.metrics["precision"].value == 0
    json.dumps(judgement.to_json(), allow_nan=False)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_very_few_rows_give_a_result(make: Any, rows: int) -> None:
    for classes in (("no", "yes"), tuple("abcdefg")):
        judgement = judge(make(rows=rows, classes=classes), draws=DRAWS)
        assert "too_few_rows" in codes(judgement)
        json.dumps(judgement.to_json(), allow_nan=False)


def test_a_perfect_model_claims_no_certainty(make: Any) -> None:
    judgement = judge(make(rows=30, quality=50), draws=DRAWS)
    accuracy = judgement.metrics["accuracy"]
    assert accuracy.value == 1
    assert 0.8 < accuracy.low < 0.95  # type: ignore[operator]
    for name in ("roc_auc", "mcc", "f1_macro", "average_precision"):
        found = judgement.metrics[name]
        assert found.value == pytest.approx(1)
        assert found.low is None or found.low < 0.95


def test_a_class_that_is_never_predicted_is_named() -> None:
    table = labels_only(["a", "b", "c"] * 50, ["a", "b", "b"] * 50)
    judgement = judge(table, draws=DRAWS)
    assert judgement.per_class[2].precision.value == 0
    assert judgement.per_class[2].precision.low is None
    messages = [finding.message for finding in judgement.findings if finding.code == "class_never_predicted"]
    assert messages == ["Never predicted: c. Recall is 0 there, and precision is set to 0."]


def test_macro_averages_leave_absent_classes_out(make: Any) -> None:
    table = make(rows=300, classes=("a", "b", "c"))
    kept = table.filter(table.labels != 2)
    judgement = judge(kept, draws=DRAWS)
    recalls = [judgement.per_class[index].recall.value for index in (0, 1)]
    assert judgement.metrics["recall_macro"].value == pytest.approx(np.mean(recalls))  # type: ignore[arg-type]
    assert [curve.name for curve in judgement.curves.roc] == ["a", "b", "macro", "micro"]
    messages = [finding.message for finding in judgement.findings if finding.code == "absent_classes"]
    assert messages == ["No row has the class c; macro averages leave it out."]


def test_few_groups_are_named(make: Any) -> None:
    judgement = judge(make(columns={"group": [str(row % 5) for row in range(300)]}), draws=DRAWS)
    messages = [finding.message for finding in judgement.findings if finding.code == "few_groups"]
    assert messages == [
        "5 groups: with fewer than 10, intervals are wide and rest on what these few groups have in common."
    ]


def test_many_groups_of_very_unequal_size_are_few(make: Any) -> None:
    groups = np.minimum(np.arange(300) // 3, 40)  # 40 groups of 3 rows and one of 180
    judgement = judge(make(columns={"group": groups.astype(str)}), draws=DRAWS)
    messages = [finding.message for finding in judgement.findings if finding.code == "few_groups"]
    assert messages == [
        "41 groups of unequal size, which say as much as 2.7 of equal size: with fewer than 10, intervals are wide and "
        "rest on what these few groups have in common."
    ]
    assert judgement.groups is not None
    assert judgement.groups.effective == pytest.approx(300**2 / (180**2 + 40 * 9))
    twenty = judge(make(columns={"group": [str(row % 20) for row in range(300)]}), draws=DRAWS)
    assert not [finding for finding in twenty.findings if finding.code == "few_groups"]


def renamed(table: Predictions, prefix: str) -> Predictions:
    return replace(table, frame=table.frame.with_columns((pl.lit(prefix) + pl.col("id")).alias("id")))


def test_validation_rows_are_counted_and_survive_json(make: Any) -> None:
    judgement = judge(make(), validation=renamed(make(seed=1), "v"), draws=DRAWS)
    assert judgement.validation_rows == 300
    assert judgement_from_json(json.loads(json.dumps(judgement.to_json()))) == judgement


def test_nothing_is_fitted_on_a_judged_row(make: Any) -> None:
    with pytest.raises(PredictionsError, match=r"300 rows stand in .* too .*Nothing is fitted on test rows"):
        judge(make(), validation=make(seed=1), draws=DRAWS)


def test_numbered_rows_are_told_apart_by_what_stands_in_them(make: Any) -> None:
    test, other = (replace(table, metadata={**table.metadata, "numbered": True}) for table in (make(), make(seed=1)))
    assert judge(test, validation=other, draws=DRAWS).validation_rows == 300
    with pytest.raises(PredictionsError, match="Nothing is fitted on test rows"):
        judge(test, validation=test, draws=DRAWS)


def test_validation_of_another_model_is_refused(make: Any) -> None:
    with pytest.raises(PredictionsError, match=r'other classes than .*: "maybe", "yes" are in one of them'):
        judge(make(), validation=renamed(make(classes=("maybe", "no")), "v"), draws=DRAWS)
    with pytest.raises(PredictionsError, match="predicted labels only"):
        judge(make(), validation=labels_only(["no", "yes"], ["no", "yes"]), draws=DRAWS)


def test_labels_are_audited_on_validation_rows(make: Any) -> None:
    test, validation = make(), renamed(make(seed=1, source="held out"), "v")
    assert judge(test, draws=DRAWS).label_errors is None
    audit = judge(test, validation=validation, draws=DRAWS).label_errors
    assert audit is not None
    assert (audit.source, audit.audited) == ("held out", 300)
    assert 0 < audit.count == round(300 * audit.share)
    assert all(row.id.startswith("v") for row in audit.rows)
    unfinished = replace(validation, metadata={**validation.metadata, "split": "validation"})
    assert judge(unfinished, draws=DRAWS).label_errors == audit


@pytest.mark.parametrize("classes", [("no", "yes"), ("a", "b", "c")])
def test_what_validation_rows_fit_survives_json_and_is_left_out_without_them(
    make: Any, classes: tuple[str, ...]
) -> None:
    test, validation = make(classes=classes), renamed(make(classes=classes, seed=1), "v")
    judgement = judge(test, validation=validation, draws=DRAWS)
    content = json.loads(json.dumps(judgement.to_json(), allow_nan=False))
    assert judgement_from_json(content) == judgement
    assert judgement.recalibration is not None
    assert judgement.recalibration.rows == 300
    alone = judge(test, draws=DRAWS)
    assert (alone.recalibration, alone.conformal) == (None, None)
    assert alone.selective is not None
    assert alone.selective.targets is None
    for name in ("recalibration", "selective", "conformal"):
        del content[name]
    assert judgement_from_json(content) == replace(judgement, recalibration=None, selective=None, conformal=None)


def calibrated(rows: int, seed: int, first: str, temperature: float = 1.0) -> Predictions:
    """Two classes, labels drawn from softmax(logits), probabilities softmax(logits / temperature)."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(0, 2, rows)
    labels = np.where(rng.uniform(size=rows) < 1 / (1 + np.exp(-logit)), "yes", "no")
    second = 1 / (1 + np.exp(-logit / temperature))
    ids = [f"{first}-{row}" for row in range(rows)]
    return build_predictions(ids, labels.tolist(), np.column_stack([1 - second, second]), ("no", "yes"), source=first)


@pytest.mark.parametrize(("temperature", "lean"), [(0.4, "Over-confident: "), (2.5, "Under-confident: "), (1.0, "")])
@pytest.mark.parametrize("with_validation", [True, False])
def test_miscalibration_beyond_chance_is_found(temperature: float, lean: str, with_validation: bool) -> None:
    validation = calibrated(2_000, 1, "v", temperature) if with_validation else None
    judgement = judge(calibrated(2_000, 0, "t", temperature), validation=validation, draws=DRAWS)
    messages = [finding.message for finding in judgement.findings if finding.code == "miscalibrated"]
    assert len(messages) == (1 if lean else 0)
    assert all(message.startswith(lean) for message in messages)
    if messages and with_validation:
        assert "fitted on 2,000 validation rows, lowers the log loss by" in messages[0]
    elif messages:
        assert "a calibrated model would show" in messages[0]


def test_prediction_sets_that_miss_their_promise_are_found() -> None:
    same, harder = calibrated(2_000, 0, "t"), calibrated(2_000, 0, "t", temperature=0.2)
    validation = calibrated(2_000, 1, "v")
    assert "coverage_below_promise" not in codes(judge(same, validation=validation, draws=DRAWS))
    assert "coverage_below_promise" in codes(judge(harder, validation=validation, draws=DRAWS))

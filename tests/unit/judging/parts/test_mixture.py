"""Mixtures of predictions tables: the fit's properties, what is refused, and what a judgement says of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from classmark.errors import InputError, PredictionsError
from classmark.judging.comparisons.compare import Comparison
from classmark.judging.comparisons.paired import Difference
from classmark.judging.findings.mixture import find_mixture, verdict
from classmark.judging.judge import judge
from classmark.judging.judgement import judgement_from_json
from classmark.judging.parts import mixture
from classmark.judging.parts.mixed_tables import known_mixture, mix_tables
from classmark.judging.parts.mixture import Mixture, Problem, fit_mixture, log_probabilities, mixture_from_json
from classmark.judging.statistics.p_values import McNemar
from classmark.predictions import Predictions, build_predictions, read, write

Floats = NDArray[np.float64]
CLASSES = ("no", "so", "yes")


def scores(rows: int, classes: int, seed: int, noise: int = 0) -> tuple[Floats, NDArray[np.int64]]:
    """Probabilities of a model, and labels, which depend on `seed` alone."""
    labels = np.random.default_rng(seed).integers(classes, size=rows)
    logits = 1.5 * np.eye(classes)[labels] + np.random.default_rng((seed, noise)).normal(0, 1, (rows, classes))
    shares = np.exp(logits)
    return shares / shares.sum(axis=1, keepdims=True), labels


def loss(weights: Floats, biases: Floats, parts: list[Floats], labels: NDArray[np.int64]) -> float:
    return Problem(tuple(parts), labels, np.ones(len(labels))).value(np.concatenate([weights, biases]))


def table(rows: int, seed: int, noise: int, prefix: str, **columns: Any) -> Predictions:
    shares, labels = scores(rows, 3, seed, noise)
    frame = pl.DataFrame(columns) if columns else None
    return build_predictions(
        [f"{prefix}{row}" for row in range(rows)], [CLASSES[label] for label in labels], shares.astype(np.float32),
        CLASSES, columns=frame, metadata={"split": "test" if prefix == "t" else "validation"}, source=f"{prefix}{noise}",
    )  # fmt: skip


def tables(models: int = 2, rows: int = 200) -> tuple[list[Predictions], list[Predictions]]:
    return (
        [table(rows, 1, noise, "t") for noise in range(models)],
        [table(rows // 2, 2, noise, "v") for noise in range(models)],
    )


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 5), st.integers(1, 80), st.integers(2, 4), st.integers(0, 10_000))
def test_the_fit_is_the_best_and_does_not_depend_on_order(classes: int, rows: int, models: int, seed: int) -> None:
    found = [scores(rows, classes, seed, noise) for noise in range(models)]
    parts, labels = [log_probabilities(shares) for shares, _ in found], found[0][1]
    weights, biases = fit_mixture(parts, labels)
    assert (weights >= 0).all()
    assert biases.sum() == pytest.approx(0, abs=1e-9)
    best = loss(weights, biases, parts, labels)
    for place, part in enumerate(parts):  # each alone, with a weight and biases of its own, and as it is
        alone, own = fit_mixture([part], labels)
        only = np.zeros(models)
        only[place] = alone[0]
        assert best <= loss(only, own, parts, labels) + 1e-9
        assert best <= loss(np.eye(models)[place], np.zeros(classes), parts, labels) + 1e-9
    rng = np.random.default_rng(seed)
    order, turned = rng.permutation(rows), rng.permutation(models)
    again, same = fit_mixture([parts[place][order] for place in turned], labels[order])
    np.testing.assert_allclose(again, weights[turned], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(same, biases, rtol=1e-9, atol=1e-9)


def test_equal_models_share_their_weight() -> None:
    shares, labels = scores(100, 3, 1)
    weights, _ = fit_mixture([log_probabilities(shares)] * 2, labels)
    assert weights[0] == pytest.approx(weights[1], abs=1e-12)
    assert weights.sum() > 0.5


def test_a_constant_model_changes_next_to_nothing() -> None:
    shares, labels = scores(2_000, 3, 1)
    own = log_probabilities(shares)
    constant = log_probabilities(np.tile([0.5, 0.3, 0.2], (2_000, 1)))
    alone, mixed = fit_mixture([own], labels), fit_mixture([own, constant], labels)
    of_alone = Mixture(("a",), CLASSES, tuple(alone[0]), tuple(alone[1]), 2_000).logits([shares])
    of_both = Mixture(("a", "b"), CLASSES, tuple(mixed[0]), tuple(mixed[1]), 2_000).logits([shares, np.exp(constant)])
    centred = [logits - logits.mean(axis=1, keepdims=True) for logits in (of_alone, of_both)]
    np.testing.assert_allclose(centred[0], centred[1], atol=0.01)


def test_rows_that_say_nothing_leave_it_near_the_mean() -> None:
    sure = np.array([[0.9, 0.1], [0.1, 0.9]])
    weights, biases = fit_mixture(
        [log_probabilities(sure)] * 2, np.array([0, 1])
    )  # all right: no finite weight is best
    assert 0.5 < weights[0] < 1.0
    np.testing.assert_allclose(biases, 0, atol=1e-12)


def test_a_class_without_validation_rows_is_not_ruled_out() -> None:
    shares, labels = scores(300, 3, 4)
    kept = labels != 2
    _, biases = fit_mixture([log_probabilities(shares[kept])] * 2, labels[kept])
    assert -6 < biases[2] < 0


def test_very_many_classes_have_no_biases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mixture, "MOST_CLASSES_WITH_BIASES", 2)
    shares, labels = scores(100, 3, 1)
    weights, biases = fit_mixture([log_probabilities(shares), log_probabilities(scores(100, 3, 1, 1)[0])], labels)
    assert (weights > 0).all()
    assert biases.tolist() == [0.0, 0.0, 0.0]


def test_certain_models_are_clipped() -> None:
    certain = np.eye(2)[[0, 1, 0, 1]]
    weights, _ = fit_mixture([log_probabilities(certain), log_probabilities(1 - certain)], np.array([0, 1, 0, 1]))
    assert np.isfinite(weights).all()
    assert weights[0] > weights[1] >= 0


def test_tables_are_mixed_by_id_and_class_and_keep_their_columns() -> None:
    tests, validations = tables()
    tests[0] = table(200, 1, 0, "t", group=[str(row // 2) for row in range(200)], text=["a"] * 200)
    plain = mix_tables(tests, validations, ("a", "b"))
    turned = tests[1].frame[::-1]
    moved = build_predictions(
        turned["id"], turned["label"], turned["probabilities"].to_numpy()[:, [2, 0, 1]], ("yes", "no", "so")
    )
    mixed = mix_tables([tests[0], moved], validations, ("a", "b"))
    assert mixed.fit == plain.fit
    assert mixed.table.frame.equals(plain.table.frame)
    assert mixed.table.frame.columns == ["id", "label", "probabilities", "logits", "group", "text"]
    assert mixed.table.split == "test"
    assert mixed.table.metadata["mixture"] == mixed.fit.to_json()
    expected = plain.fit.logits([tests[0].probabilities, tests[1].probabilities])
    np.testing.assert_array_equal(mixed.table.logits, expected.astype(np.float64))


def test_a_row_that_one_part_has_seen_is_leaked() -> None:
    tests, validations = tables()
    tests[1] = table(200, 1, 1, "t", leaked=[row == 3 or None for row in range(200)])
    assert mix_tables(tests, validations, ("a", "b")).table.frame["leaked"].arg_true().to_list() == [3]
    tests[0] = table(200, 1, 0, "t", leaked=[row == 5 for row in range(200)])
    assert mix_tables(tests, validations, ("a", "b")).table.frame["leaked"].arg_true().to_list() == [3, 5]


def test_what_is_written_is_what_was_judged(tmp_path: Any) -> None:
    tests, validations = tables()
    mixing = mix_tables(tests, validations, ("model", "linear"))
    write(mixing.table, tmp_path / "m.parquet")
    again = read(tmp_path / "m.parquet")
    assert again.frame.equals(mixing.table.frame)
    known = known_mixture(again, {"model": tests[0], "linear": tests[1], "majority": tests[1]})
    assert known is not None
    assert known.fit == mixing.fit
    assert list(known.parts) == ["model", "linear"]
    assert known_mixture(again, {"model": tests[0]}) is None
    assert known_mixture(tests[0], {"model": tests[0]}) is None
    assert known_mixture(None, {}) is None
    assert mixture_from_json(json.loads(json.dumps(mixing.fit.to_json()))) == mixing.fit


def test_remarks_and_caveats_of_the_parts_stay() -> None:
    tests, validations = tables()
    tests[1] = build_predictions(
        tests[1].ids, tests[1].frame["label"], tests[1].probabilities, CLASSES,
        metadata={"caveats": {"pretrained_on_these_classes": "So it is."},
                  "remarks": [{"code": "assumed", "severity": "info", "message": "A guess."}]},
    )  # fmt: skip
    mixing = mix_tables(tests, validations, ("a", "b"))
    messages = [finding.message for finding in judge(mixing.table, mixing=mixing, draws=100).findings]
    assert "b: A guess." in messages
    assert "So it is." in messages


def test_the_judgement_of_a_mixture_compares_it_with_each_part() -> None:
    tests, validations = tables(3)
    mixing = mix_tables(tests, validations, ("a", "b", "c"))
    judgement = judge(mixing.table, mixing=mixing, draws=100)
    mixed = judgement.mixture
    assert mixed is not None
    assert mixed.is_judged
    assert list(mixed.others) == list(mixed.comparisons) == ["a", "b", "c"]
    for name, part in mixing.parts.items():
        alone = judge(part, draws=100).metrics
        assert mixed.others[name] == alone
        accuracy = mixed.comparisons[name].metrics["accuracy"]
        assert accuracy.a == alone["accuracy"].value
        assert accuracy.b == judgement.metrics["accuracy"].value
    assert judgement_from_json(json.loads(json.dumps(judgement.to_json()))) == judgement
    assert mixed.verdict == "better"
    assert [one.message for one in judgement.findings if one.code == "mixture_better"] == [mixed.sentence]


def test_of_a_run_the_mixture_stands_beside_the_model() -> None:
    tests, validations = tables()
    mixing = mix_tables(tests, validations, ("model", "linear"))
    judgement = judge(tests[0], baselines={"linear": tests[1]}, mixing=mixing, draws=100)
    mixed = judgement.mixture
    assert mixed is not None
    assert not mixed.is_judged
    assert list(mixed.others) == ["mixture"]
    assert mixed.others["mixture"] == judge(mixing.table, draws=100).metrics
    assert list(mixed.comparisons) == ["model", "linear"]
    assert judgement.metrics == judge(tests[0], draws=100).metrics


def compared(rows: int, **parts: tuple[float, float | None, float | None, float]) -> dict[str, Comparison]:
    """Comparisons by part: difference, low, high, accuracy of the part."""
    return {
        name: Comparison(
            name, "m", rows, CLASSES, None,
            {"accuracy": Difference(own, own + difference, difference, low, high, "made")}, McNemar(0, 0, 1, 1), None, "",
        )
        for name, (difference, low, high, own) in parts.items()
    }  # fmt: skip


def test_the_three_verdicts() -> None:
    better = compared(900, model=(0.013, 0.006, 0.02, 0.9), linear=(0.005, 0.001, 0.009, 0.91))
    assert [one.message for one in find_mixture(better)] == [
        "The mixture is better than each of its parts on the same 900 rows: +1.30 points of accuracy over the model (95 % "
        "interval +0.60 to +2.00) and +0.50 over the linear baseline (95 % interval +0.10 to +0.90)."
    ]
    unsettled = compared(900, model=(0.013, 0.006, 0.02, 0.9), linear=(0.002, -0.003, 0.007, 0.91))
    assert [(one.code, one.severity, one.message) for one in find_mixture(unsettled)] == [
        (
            "mixture_not_better", "info",
            "The mixture is not shown to be better than the linear baseline, its best part: +0.20 points of accuracy (95 % "
            "interval -0.30 to +0.70) on the same 900 rows.",
        )
    ]  # fmt: skip
    worse = compared(900, model=(0.013, 0.006, 0.02, 0.9), linear=(-0.01, -0.015, -0.005, 0.92))
    assert [(one.code, one.severity, one.message) for one in find_mixture(worse)] == [
        (
            "mixture_worse", "warning",
            "The mixture is worse than the linear baseline, its best part: -1.00 points of accuracy (95 % interval -1.50 to "
            "-0.50) on the same 900 rows. Use that alone.",
        )
    ]  # fmt: skip
    without = compared(9, **{"a.csv": (0.0, None, None, 0.9), "b.csv": (0.1, 0.01, 0.2, 0.8)})
    assert verdict(without) == "not settled"
    assert find_mixture(without)[0].message == (
        "The mixture is not shown to be better than a.csv, its best part: +0.00 points of accuracy, without an interval, on "
        "the same 9 rows."
    )


def test_a_better_ranking_is_told_where_accuracy_settles_nothing() -> None:
    unsettled = compared(900, model=(0.013, 0.006, 0.02, 0.9), linear=(0.002, -0.003, 0.007, 0.91))
    said = find_mixture(unsettled)[0].message

    def with_areas(**areas: tuple[float, float, float]) -> str:
        given = {
            name: replace(
                one,
                metrics={**one.metrics, "roc_auc": Difference(0.9, 0.9, *areas[name], "made")}
                if name in areas
                else one.metrics,
            )
            for name, one in unsettled.items()
        }
        return find_mixture(given)[0].message

    assert with_areas(model=(0.01, 0.005, 0.015), linear=(0.0032, 0.0014, 0.0051)) == (
        f"{said} But it ranks them better than each part does: its ROC area is higher by 0.0032 (0.0014 to 0.0051) than that "
        "of the linear baseline."
    )
    assert with_areas(model=(0.01, 0.005, 0.015), linear=(0.0032, -0.0014, 0.0051)) == said
    assert with_areas(model=(0.01, 0.005, 0.015)) == said


def test_what_cannot_be_mixed() -> None:
    tests, validations = tables()
    names = ("a", "b")
    with pytest.raises(InputError) as caught:
        mix_tables(tests[:1], validations[:1], names[:1])
    assert str(caught.value) == "mix: one set of predictions. Give two or more, on the same rows."
    labels_only = Predictions(
        tests[1].frame.drop("probabilities").with_columns(predicted=pl.col("label")), tests[1].metadata, "b.csv"
    )
    with pytest.raises(InputError) as caught:
        mix_tables([tests[0], labels_only], validations, names)
    assert str(caught.value) == (
        "b.csv: it has predicted labels only, and a mixture is one of probabilities. Give predictions with the probability "
        "of each class."
    )
    with pytest.raises(PredictionsError, match=r"rows stand in t1 too .*Nothing is fitted on test rows"):
        mix_tables(tests, [validations[0], tests[1]], names)
    with pytest.raises(PredictionsError, match="do not have the same rows"):
        mix_tables(tests, [validations[0], table(90, 2, 1, "v")], names)
    other = build_predictions(
        tests[1].ids,
        tests[1].frame["label"].replace("so", "no"),
        tests[1].probabilities,
        ("no", "maybe", "yes"),
        source="b",
    )
    with pytest.raises(PredictionsError, match='do not have the same classes: "maybe", "so" are in one of them only'):
        mix_tables([tests[0], other], validations, names)

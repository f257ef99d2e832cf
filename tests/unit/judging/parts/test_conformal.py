from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classmark.judging.parts.conformal import Conformal, conform
from classmark.judging.parts.conformal_scores import conformal_quantile, set_methods, set_scores
from classmark.judging.stored import from_json, to_json
from classmark.predictions import Predictions, build_predictions

METHODS = ("lac", "aps", "raps")


def drawn(rows: int, seed: int, classes: int = 4, first: str = "row") -> Predictions:
    """Rows of a model that is too sure of itself, so that its probabilities alone promise nothing."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (rows, classes))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (true.cumsum(axis=1) < rng.uniform(size=(rows, 1))).sum(axis=1)
    stated = np.exp(3 * logits) / np.exp(3 * logits).sum(axis=1, keepdims=True)
    names = [f"class-{index}" for index in range(classes)]
    return build_predictions([f"{first}-{row}" for row in range(rows)], [names[one] for one in labels], stated, names)


def found_by(result: Conformal, method: str, level: float) -> tuple[float, float]:
    one = next(sets for sets in result.sets if (sets.method, sets.level) == (method, level))
    assert one.coverage.value is not None
    return one.coverage.value, one.mean_size


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_coverage_is_as_promised_over_many_validation_sets(method: str, classes: int, level: float) -> None:
    # Exact theory for scores without ties: the mean coverage is ⌈(n + 1) level⌉ / (n + 1).
    rows, repeats, rng = 59, 2_000, np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (repeats * 2 * rows, classes))
    true = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (true.cumsum(axis=1) < rng.uniform(size=(len(true), 1))).sum(axis=1)
    stated = np.exp(3 * logits) / np.exp(3 * logits).sum(axis=1, keepdims=True)
    scores = set_scores(stated, rng.uniform(size=len(true)), [method])[method][np.arange(len(true)), labels]
    validation, test = np.split(scores.reshape(repeats, 2 * rows), 2, axis=1)
    covered = [(each <= conformal_quantile(seen, level)).mean() for each, seen in zip(test, validation, strict=True)]
    error = np.std(covered) / np.sqrt(repeats)
    assert np.mean(covered) == pytest.approx(math.ceil((rows + 1) * level) / (rows + 1), abs=4 * error)
    assert error < 0.0015


def test_the_sets_by_an_independent_loop() -> None:
    test, validation = drawn(120, 0, 8), drawn(80, 1, 8, "validation")
    result = conform(test, validation, seed=3)
    assert set_methods(8) == METHODS
    for method in METHODS:
        uniform = [np.random.default_rng(3 + place).uniform(size=len(t)) for place, t in enumerate((test, validation))]
        numbers = [
            dict(zip(sorted(table.ids.to_list()), values, strict=True))
            for table, values in zip((test, validation), uniform, strict=True)
        ]

        def score(table: Predictions, row: int, index: int, which: int) -> float:
            p = table.probabilities[row]
            if method == "lac":  # noqa: B023
                return 1 - p[index]
            adaptive = sum(p[p > p[index]]) + numbers[which][table.ids[row]] * p[index]  # noqa: B023
            return adaptive + (0.01 * max(0, sum(p >= p[index]) - 5) if method == "raps" else 0)  # noqa: B023

        seen = sorted(score(validation, row, label, 1) for row, label in enumerate(validation.labels))
        threshold = seen[math.ceil(81 * 0.9) - 1]
        sets = [{c for c in range(8) if score(test, row, c, 0) <= threshold + 1e-12} for row in range(120)]
        covered = np.mean([label in one for label, one in zip(test.labels, sets, strict=True)])
        found = next(one for one in result.sets if (one.method, one.level) == (method, 0.9))
        assert found.threshold == pytest.approx(threshold)
        assert found.coverage.value == pytest.approx(covered)
        assert found.mean_size == pytest.approx(np.mean([len(one) for one in sets]))
        assert found.singletons == pytest.approx(np.mean([len(one) == 1 for one in sets]))
        assert found.empty == pytest.approx(np.mean([len(one) == 0 for one in sets]))
        by_class = [np.mean([c in sets[row] for row in np.flatnonzero(test.labels == c)]) for c in range(8)]
        assert found.worst_class.coverage.value == pytest.approx(min(by_class))
        assert found.worst_class.name == f"class-{int(np.argmin(by_class))}"
        assert found.worst_class.rows == (test.labels == np.argmin(by_class)).sum()


def test_the_quantile_by_hand() -> None:
    scores = np.arange(1.0, 20.0)  # 19 of them: ⌈20 × 0.9⌉ = 18, ⌈20 × 0.95⌉ = 19
    assert conformal_quantile(scores, 0.9) == 18
    assert conformal_quantile(scores, 0.95) == 19
    assert conformal_quantile(scores[:18], 0.95) == math.inf


def test_too_few_validation_rows_give_sets_of_every_class() -> None:
    result = conform(drawn(50, 0), drawn(5, 1, first="validation"), 0)
    for one in result.sets:
        assert (one.threshold, one.coverage.value, one.mean_size, one.singletons) == (None, 1.0, 4.0, 0.0)


@given(seed=st.integers(0, 1_000), classes=st.integers(2, 6))
@settings(max_examples=20, deadline=None)
def test_neither_the_order_of_rows_nor_of_classes_matters(seed: int, classes: int) -> None:
    test, validation = drawn(60, seed, classes), drawn(40, seed + 1, classes, "validation")
    rng = np.random.default_rng(seed)
    names = rng.permutation(classes)
    rows = {id(table): rng.permutation(len(table)) for table in (test, validation)}

    def moved(table: Predictions) -> Predictions:
        order = rows[id(table)]
        return build_predictions(
            table.ids[order],
            table.frame["label"][order],
            table.probabilities[order][:, names],
            [table.classes[name] for name in names],
        )

    plain, other = conform(test, validation, 0), conform(moved(test), moved(validation), 0)
    for one, two in zip(plain.sets, other.sets, strict=True):
        assert two.coverage == one.coverage
        assert two.mean_size == pytest.approx(one.mean_size)
        assert two.worst_class.coverage.value == pytest.approx(one.worst_class.coverage.value)


def test_a_higher_level_gives_larger_sets() -> None:
    result = conform(drawn(2_000, 0), drawn(2_000, 1, first="validation"), 0)
    for method in set_methods(4):
        (low, small), (high, large) = (found_by(result, method, level) for level in (0.9, 0.95))
        assert low < high
        assert small < large


def test_adaptive_scores_are_the_mass_before_and_a_part_of_the_own() -> None:
    scores = set_scores(np.array([[0.2, 0.5, 0.3]]), np.array([0.5]), ["aps"])["aps"]
    np.testing.assert_allclose(scores, [[0.9, 0.25, 0.65]])


def test_regularised_scores_add_to_the_ranks_beyond_the_fifth() -> None:
    values = np.array([[0.3, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05]])
    scores = set_scores(values, np.array([0.5]), METHODS)
    np.testing.assert_allclose(scores["raps"] - scores["aps"], [[0, 0, 0, 0, 0, 0.01, 0.02]], atol=1e-12)
    assert set_methods(5) == ("lac", "aps")


def test_the_band_of_the_validation_rows_is_kept_and_groups_have_none() -> None:
    result = conform(drawn(400, 0), drawn(199, 1, first="validation"), 0)
    for one in result.sets:
        assert one.luck is not None
        assert one.luck.true_low < one.level < one.luck.true_high
        assert one.luck.seen_low < one.luck.true_low
        assert one.worst_class.lowest is not None
    grouped = conform(drawn(400, 0), drawn(199, 1, first="validation"), 0, np.arange(400) // 2)
    assert [(one.luck, one.worst_class.lowest) for one in grouped.sets] == [(None, None)] * 4


def test_groups_are_whole_in_the_interval() -> None:
    groups = np.arange(300) // 3
    result = conform(drawn(300, 0), drawn(200, 1, first="validation"), 0, groups)
    assert {one.coverage.method for one in result.sets} == {"t interval by group sums (100 groups)"}


def test_prediction_sets_survive_json() -> None:
    for rows in (3, 200):
        result = conform(drawn(50, 0), drawn(rows, 1, first="validation"), 0)
        assert from_json(Conformal, json.loads(json.dumps(to_json(result), allow_nan=False))) == result

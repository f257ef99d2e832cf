"""Laws of comparisons of many models, what they say, and what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classmark.errors import ClassmarkError, PredictionsError
from classmark.judging.comparisons.compare import Comparison, compare
from classmark.judging.comparisons.matching import match
from classmark.judging.comparisons.multiple import Comparisons, compare_all
from classmark.predictions import Predictions, build_predictions

Make = Callable[..., Predictions]
DRAWS = 20
SWAPPED = ("a", "b", "difference", "low", "high", "p")


def drawn(seed: int, rows: int, classes: int) -> Predictions:
    """Coarse random probabilities, so that rows tie, on labels that only `rows` and `classes` decide."""
    names = [f"c{place}" for place in range(classes)]
    labels = np.random.default_rng(rows).integers(0, classes, rows)
    shares = np.random.default_rng(seed).integers(1, 6, (rows, classes)) + 2.0 * np.eye(classes)[labels]
    shares = shares / shares.sum(axis=1, keepdims=True)
    return build_predictions(
        [str(row) for row in range(rows)], [names[label] for label in labels], shares, names, source=f"t{seed}"
    )


def turned(table: Predictions, order: Sequence[int], classes: Sequence[int]) -> Predictions:
    """The same predictions with rows and classes in another order."""
    names = [table.classes[place] for place in classes]
    frame = table.frame[list(order)]
    shares = table.probabilities[np.array(order)][:, np.array(classes)]
    return build_predictions(frame["id"], frame["label"], shares, names, source=table.source)


def of_two(a: Predictions, b: Predictions, **options: Any) -> Comparison:
    return compare(a, b, draws=DRAWS, every_metric=True, **options)


def close(one: float | None, other: float | None) -> bool:
    return one == pytest.approx(other, rel=1e-6, abs=1e-9) if other is not None else one is None


tables = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(12, 40), st.integers(2, 7))


@settings(max_examples=25, deadline=None)
@given(tables)
def test_swapping_two_models_turns_every_difference_round(drawing: tuple[int, int, int, int]) -> None:
    first, second, rows, classes = drawing
    a, b = drawn(first, rows, classes), drawn(second, rows, classes)
    here, there = of_two(a, b), of_two(b, a)
    assert (here.mcnemar.p_exact, here.mcnemar.p_midp) == (there.mcnemar.p_exact, there.mcnemar.p_midp)
    assert here.minimum_detectable_difference == there.minimum_detectable_difference
    for name, one in here.metrics.items():
        other = there.metrics[name]
        assert close(one.a, other.b)
        assert close(one.b, other.a)
        assert close(one.p, other.p)
        for end, opposite in (("difference", "difference"), ("low", "high"), ("high", "low")):
            value = getattr(other, opposite)
            assert close(getattr(one, end), None if value is None else -value), (name, end)


@settings(max_examples=20, deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_classes_changes_nothing(drawing: tuple[int, int, int, int], random: Any) -> None:
    """But for the bootstrap, whose draws are of row numbers, and for ties, of which the first class wins."""
    first, second, rows, classes = drawing
    a, b = drawn(first, rows, classes), drawn(second, rows, classes)
    order = random.sample(range(rows), rows)
    straight, shuffled = of_two(a, b), of_two(turned(a, order, range(classes)), b)
    for name, one in straight.metrics.items():
        other = shuffled.metrics[name]
        values = SWAPPED if name in ("accuracy", "log_loss", "brier", "top5_accuracy") else SWAPPED[:3]
        assert all(close(getattr(one, value), getattr(other, value)) for value in values), name
    same = of_two(a, turned(b, order, random.sample(range(classes), classes)))
    for name in ("log_loss", "brier"):
        values = [getattr(straight.metrics[name], value) for value in SWAPPED]
        assert all(close(getattr(same.metrics[name], v), known) for v, known in zip(SWAPPED, values, strict=True))


@settings(max_examples=15, deadline=None)
@given(tables)
def test_a_model_against_itself_is_never_told_apart(drawing: tuple[int, int, int, int]) -> None:
    first, _, rows, classes = drawing
    a = drawn(first, rows, classes)
    found = of_two(a, a)
    assert found.sentence.startswith("These data cannot tell ")
    for one in found.metrics.values():
        assert one.difference is None or one.difference == 0
        assert one.low is None or one.low <= 0 <= one.high  # type: ignore[operator]
        assert one.p is None or one.p > 0.9


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=3, max_size=4), st.integers(12, 40))
def test_holm_never_makes_a_p_value_smaller_nor_changes_their_order(seeds: list[int], rows: int) -> None:
    found = compare_all([drawn(seed, rows, 3) for seed in seeds], draws=DRAWS)
    assert isinstance(found, Comparisons)
    assert len(found.pairs) == len(seeds) * (len(seeds) - 1) // 2
    for name in found.pairs[0].metrics:
        known = [
            (pair.metrics[name].p, adjusted[name])
            for pair, adjusted in zip(found.pairs, found.p_holm, strict=True)
            if pair.metrics[name].p is not None
        ]
        assert all(raw <= corrected <= 1 for raw, corrected in known)
        assert [corrected for _, corrected in sorted(known)] == sorted(corrected for _, corrected in known)


def right(count: int, rows: int, source: str, first: int = 0) -> Predictions:
    """Predicted labels that are right on `count` rows from row `first` on."""
    frame = pl.DataFrame(
        {
            "id": [str(row) for row in range(rows)],
            "label": ["yes", "no"] * (rows // 2),
            "predicted": [("yes", "no")[(row + (not first <= row < first + count)) % 2] for row in range(rows)],
        }
    )
    return Predictions(frame, {"schema_version": 1, "classes": ["no", "yes"], "split": None}, source)


def sentence(*tables: Predictions) -> str:
    return compare_all(tables, draws=DRAWS).sentence


def test_the_sentence_says_which_differences_survive() -> None:
    a, worse, alike, near = (right(n, 2_500, s) for n, s in ((2_000, "a"), (1_970, "w"), (2_002, "n"), (2_006, "m")))
    assert sentence(a, worse, alike) == (
        "Compared with A (a) on the same 2,500 rows, in accuracy: B (w) is worse by 1.2 points (0.8 to 1.7); "
        "C (n) cannot be told from it, +0.1 points (-0.1 to +0.3): a difference under 0.3 points would show in fewer than "
        "80 of 100 such tests. After Holm's correction over these 2 comparisons the difference still stands."
    )
    assert sentence(a, worse, near).endswith(
        "After Holm's correction over these 2 comparisons all of them still stand."
    )
    assert sentence(a, alike, alike).endswith(
        "None of them is told apart from it, with or without correction for their number."
    )


def test_a_difference_may_fall_by_the_number_of_comparisons() -> None:
    """Six rows of one kind: p = 1/64 alone, four times that after Holm among four."""
    a, b = right(2_000, 2_500, "a"), right(2_006, 2_500, "b")
    alike = [right(2_001, 2_500, name) for name in ("c", "d", "e")]
    assert "b) is better by 0.2 points (0.1 to 0.5)" in sentence(a, b, *alike)
    assert sentence(a, b, *alike).endswith("over these 4 comparisons the difference no longer stands.")
    assert sentence(a, b, *alike, right(2_100, 2_500, "f")).endswith(
        "After Holm's correction over these 5 comparisons F still differs, B no longer differs."
    )


def test_json_has_the_keys_of_two_and_every_pair(make: Make) -> None:
    found = compare_all([make(seed=seed, source=f"t{seed}") for seed in range(3)], draws=DRAWS)
    content = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert {"a", "b", "rows", "metrics", "mcnemar", "delong", "sentence"} <= set(content)
    assert content["models"] == {"A": "t0", "B": "t1", "C": "t2"}
    assert content["baseline"] == "A"
    assert "corrected over all 3 pairs, p_holm_against_first over the 2 comparisons with A" in content["family"]
    assert [pair["letters"] for pair in content["pairs"]] == [["A", "B"], ["A", "C"], ["B", "C"]]
    for pair in content["pairs"]:
        assert {"a", "b", "metrics", "mcnemar", "delong", "sentence", "minimum_detectable_difference"} <= set(pair)
        assert set(pair["p_holm"]) == set(pair["metrics"])
        assert ("p_holm_against_first" in pair) == ("A" in pair["letters"])


def test_the_table_that_has_other_rows_is_named_with_them(make: Make) -> None:
    with pytest.raises(PredictionsError) as caught:
        compare_all([make(rows=5, source="a"), make(rows=5, source="b"), make(rows=7, source="c")])
    assert str(caught.value) == (
        "a and c do not have the same rows: 0 ids only in the first, 2 only in the second "
        '(for instance "row-5", "row-6"). Compare predictions of the same data, with the same ids.'
    )


def test_rows_are_those_that_all_label(make: Make) -> None:
    known: list[str | None] = ["no", "yes"] * 5
    gaps = [known, [None, *known[1:]], [*known[:9], None]]
    found = match([make(rows=10, labels=labels) for labels in gaps]).tables
    assert [table.ids.to_list() for table in found] == [[f"row-{row}" for row in range(1, 9)]] * 3


def test_two_have_the_keys_of_their_pair_and_one_is_refused(make: Make) -> None:
    found = compare_all([make(source="x"), make(seed=1, source="y")], draws=DRAWS)
    pair = compare(make(source="x"), make(seed=1, source="y"), draws=DRAWS, every_metric=True)
    assert (found.pairs, found.metrics, found.sentence) == ((pair,), pair.metrics, pair.sentence)
    content = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert {name: content[name] for name in pair.to_json()} == json.loads(json.dumps(pair.to_json()))
    assert set(content) - set(pair.to_json()) == {"models", "baseline", "pairs", "checks", "cost"}
    assert content["models"] == {"A": "x", "B": "y"}
    with pytest.raises(ClassmarkError, match=r"^compare: 1 sets of predictions\. Give two to 26\."):
        compare_all([make()])


def test_a_table_of_labels_among_scores_is_named(make: Make) -> None:
    scored = [make(rows=20, seed=seed, source=f"t{seed}") for seed in range(2)]
    frame = scored[0].frame.drop("probabilities").with_columns(predicted=pl.col("label"))
    found = compare_all([*scored, Predictions(frame, scored[0].metadata, "labels")], draws=DRAWS)
    assert [finding.message for finding in found.findings] == [
        "labels has predicted labels only, so its pairs leave out: log loss, ROC area, average precision, Brier score."
    ]
    assert [set(pair.metrics) >= {"log_loss"} for pair in found.pairs] == [True, False, False]
    assert ["log_loss" in adjusted for adjusted in found.p_holm] == [True, False, False]

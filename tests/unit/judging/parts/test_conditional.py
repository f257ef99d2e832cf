"""Sets that promise their coverage for each class, cluster or value of a column."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from classmark.judging.parts.class_clusters import cluster_classes, weighted_means
from classmark.judging.parts.conditional import ConditionalSets, conditional_sets
from classmark.predictions import Predictions, build_predictions


def uneven(rows: int, seed: int, classes: int, first: str = "row") -> Predictions:
    """Rows whose odd classes are hard: their logit says less; `place` is harder where it is `b`."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    place = rng.choice(["a", "b"], rows)
    logits = rng.normal(0, 1, (rows, classes))
    logits[np.arange(rows), labels] += np.where(labels % 2, 1.0, 3.5) - np.where(place == "b", 0.8, 0.0)
    stated = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = [f"class-{index:02d}" for index in range(classes)]
    ids = [f"{first}-{row}" for row in range(rows)]
    return build_predictions(ids, [names[one] for one in labels], stated, names, columns=pl.DataFrame({"place": place}))


def by(found: tuple[ConditionalSets, ...], name: str, level: float = 0.9) -> ConditionalSets:
    return next(one for one in found if (one.by, one.level) == (name, level))


def test_each_class_and_each_value_by_an_independent_loop() -> None:
    test, validation = uneven(300, 0, 3), uneven(200, 1, 3, "validation")
    found = conditional_sets(test, validation, (0.9,), 0)
    assert [one.by for one in found] == ["class", "place"]
    seen = [1 - validation.probabilities[row, label] for row, label in enumerate(validation.labels)]

    def threshold(rows: list[float]) -> float:
        return sorted(rows)[math.ceil((len(rows) + 1) * 0.9) - 1]

    by_class = [
        threshold([s for s, label in zip(seen, validation.labels, strict=True) if label == c]) for c in range(3)
    ]
    sets = [{c for c in range(3) if 1 - test.probabilities[row, c] <= by_class[c]} for row in range(300)]
    assert [one.threshold for one in found[0].categories] == pytest.approx(by_class)
    assert found[0].mean_size == pytest.approx(np.mean([len(one) for one in sets]))
    for place, category in enumerate(found[0].categories):
        held = [place in sets[row] for row in np.flatnonzero(test.labels == place)]
        assert category.coverage.value == pytest.approx(np.mean(held))
        assert (category.rows, category.validation_rows) == (len(held), (validation.labels == place).sum())
    places = validation.frame["place"].to_list()
    by_place = {p: threshold([s for s, own in zip(seen, places, strict=True) if own == p]) for p in ("a", "b")}
    assert {one.name: one.threshold for one in found[1].categories} == pytest.approx(by_place)
    sets = [
        {c for c in range(3) if 1 - test.probabilities[row, c] <= by_place[test.frame["place"][row]]}
        for row in range(300)
    ]
    assert found[1].mean_size == pytest.approx(np.mean([len(one) for one in sets]))


def test_every_class_keeps_the_promise_where_one_threshold_for_all_does_not() -> None:
    """Exact theory: the mean coverage of a class of n validation rows is ⌈0.9 (n + 1)⌉ / (n + 1)."""
    held, promised, by_place = [], [], []
    for seed in range(25):
        test, validation = uneven(1_000, seed, 4), uneven(200, 1_000 + seed, 4, "validation")
        found = conditional_sets(test, validation, (0.9,), seed)
        classes = by(found, "class").categories
        held.append([one.coverage.value or 0 for one in classes])
        counts = np.bincount(validation.labels)
        promised.append(np.ceil((counts + 1) * 0.9) / (counts + 1))
        by_place.append([one.coverage.value or 0 for one in by(found, "place").categories])
    error = np.std(held, axis=0) / np.sqrt(25)
    assert np.mean(held, axis=0) == pytest.approx(np.mean(promised, axis=0), abs=4 * error.max())
    assert np.mean(by_place, axis=0) == pytest.approx([0.905, 0.905], abs=0.02)


def test_a_class_with_too_few_rows_is_in_every_set_and_says_so() -> None:
    validation = uneven(60, 1, 3, "validation")
    kept = np.flatnonzero((validation.labels != 2) | (np.cumsum(validation.labels == 2) <= 8))
    found = by(conditional_sets(uneven(100, 0, 3), validation.filter(np.isin(np.arange(60), kept)), (0.9,), 0), "class")
    rare = found.categories[2]
    assert (found.short, rare.threshold, rare.coverage.value) == (1, None, 1.0)
    assert rare.method == "none: 8 validation rows, 9 are needed, so every set holds this class"


def test_values_that_validation_lacks_have_every_class() -> None:
    test, validation = uneven(200, 0, 3), uneven(200, 1, 3, "validation")
    renamed = test.frame.with_columns(pl.col("place").replace("b", "c"))
    found = by(conditional_sets(Predictions(renamed, test.metadata), validation, (0.9,), 0), "place")
    assert [one.name for one in found.categories] == ["a", "b"]
    assert (found.categories[1].rows, found.categories[1].coverage.value) == (0, None)
    assert found.mean_size > 3 * (test.frame["place"] == "b").to_numpy().mean()


def test_columns_can_be_named_and_derived_ones_are_left_out() -> None:
    test, validation = uneven(200, 0, 3), uneven(200, 1, 3, "validation")
    right = [
        Predictions(side.frame.with_columns(pl.Series("correct", side.labels == side.predicted)), side.metadata)
        for side in (test, validation)
    ]
    assert {one.by for one in conditional_sets(*right, (0.9,), 0)} == {"class", "place"}
    assert {one.by for one in conditional_sets(*right, (0.9,), 0, columns=["none"])} == {"class"}


def test_clusters_join_classes_that_score_alike() -> None:
    test, validation = uneven(3_000, 0, 20), uneven(4_000, 1, 20, "validation")
    found = by(conditional_sets(test, validation, (0.9,), 0), "class clusters")
    assert sum(len(one.name.split(", ")) for one in found.categories) == 20
    assert min(one.coverage.value or 0 for one in found.categories) > 0.8
    seen = 1 - validation.probabilities[np.arange(4_000), validation.labels]
    clusters = cluster_classes(seen, validation.labels, 20, 0.9, np.random.default_rng(0).uniform(size=4_000))
    assert clusters is not None
    sides = [set(clusters.of_class[odd::2]) for odd in (0, 1)]
    assert not sides[0] & sides[1], "hard and easy classes are in no cluster together"


def test_rare_classes_share_the_threshold_of_all_rows() -> None:
    validation = uneven(4_000, 1, 20, "validation")
    kept = (validation.labels != 7) | (np.cumsum(validation.labels == 7) <= 5)
    found = by(conditional_sets(uneven(500, 0, 20), validation.filter(kept), (0.9,), 0), "class clusters")
    assert found.categories[-1].name == "class-07"
    assert found.categories[-1].method.startswith("quantile of all validation rows that were not clustered")
    assert found.short == 0


def test_too_few_rows_make_no_clusters() -> None:
    scores = np.random.default_rng(0).uniform(size=200)
    assert cluster_classes(scores, np.arange(200) % 20, 20, 0.9, scores) is None


def test_weighted_means_find_plain_clusters() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(centre, 0.1, (30, 2)) for centre in (0, 3, 6)])
    found = weighted_means(points, rng.uniform(1, 2, 90), 3)
    assert [len(set(found[start : start + 30])) for start in (0, 30, 60)] == [1, 1, 1]
    assert len(set(found)) == 3

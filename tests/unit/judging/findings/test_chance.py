"""Findings about decisions that differ from probabilities, and about models below chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from classmark.judging.findings.decisions import explaining_threshold
from classmark.judging.judge import judge
from classmark.judging.judgement import Judgement
from classmark.judging.published import judge_confusion
from classmark.predictions import Predictions, build_predictions, check

Make = Callable[..., Predictions]


def found(judgement: Judgement, code: str) -> list[tuple[str, str]]:
    return [(one.severity, one.message) for one in judgement.findings if one.code == code]


def decided(table: Predictions, called: np.ndarray) -> Predictions:
    names = np.array(table.classes)[called.astype(int)]
    return replace(table, frame=table.frame.with_columns(predicted=pl.Series(names.tolist())))


def test_a_threshold_of_its_own_is_named(make: Make) -> None:
    table = make()
    called = table.probabilities[:, 1] >= 0.3
    count = int((called != (table.probabilities[:, 1] > 0.5)).sum())
    judgement = judge(decided(table, called), draws=20)
    assert judgement.own_decisions == count
    ((severity, message),) = found(judgement, "own_decisions")
    assert severity == "info"
    assert message.startswith(
        f"In {count} of 300 rows the predicted class in the file is not the class with the largest probability; a "
        "threshold of about 0."
    )
    assert message.endswith(" on the probability of yes explains that.")
    assert count > 30
    assert not found(judgement, "decisions_differ")
    assert judge(table, draws=20).own_decisions is None


def test_decisions_that_agree_are_said_to_agree(make: Make) -> None:
    judgement = judge(decided(make(), make().probabilities[:, 1] > 0.5), draws=20)
    assert judgement.own_decisions == 0
    assert found(judgement, "own_decisions") == [
        ("info", "The predicted classes in the file are the classes with the largest probability, in every row.")
    ]


@pytest.mark.parametrize("classes", [("no", "yes"), ("a", "b", "c")])
def test_decisions_of_another_model_are_a_warning(make: Make, classes: tuple[str, ...]) -> None:
    table, other = make(classes=classes), make(classes=classes, seed=5)
    judgement = judge(decided(table, other.predicted), draws=20)
    ((severity, message),) = found(judgement, "decisions_differ")
    assert severity == "warning"
    share = 100 * (table.predicted != other.predicted).mean()
    assert f"disagree in {share:.0f} % of the rows, and no single threshold" in message


def test_a_few_that_differ_are_no_warning(make: Make) -> None:
    table = make()
    called = table.predicted.copy()
    called[:15] = 1 - called[:15]
    judgement = judge(decided(table, called), draws=20)
    assert found(judgement, "own_decisions")
    assert not found(judgement, "decisions_differ")


def test_the_threshold_stands_between_both_sides() -> None:
    scores = np.array([0.1, 0.2, 0.6, 0.9])
    assert explaining_threshold(scores > 0.3, scores) == pytest.approx(0.4)
    assert explaining_threshold(np.ones(4, bool), scores) is None
    assert explaining_threshold(np.array([True, False, True, False]), scores) is None


def test_a_flipped_score_is_named(make: Make) -> None:
    table = make()
    flipped = build_predictions(table.ids, table.frame["label"], table.probabilities[:, ::-1], ("no", "yes"))
    ((severity, message),) = found(judge(flipped, draws=50), "below_chance")
    assert severity == "warning"
    assert message.startswith("The ROC area is 0.")
    assert "The score may be reversed" in message
    assert not found(judge(table, draws=50), "below_chance")


def test_a_flipped_score_is_no_matter_of_a_temperature(make: Make) -> None:
    def flipped(seed: int, start: int) -> Predictions:
        table = make(seed=seed)
        ids = [f"row-{start + row}" for row in range(len(table))]
        return build_predictions(ids, table.frame["label"], table.probabilities[:, ::-1], ("no", "yes"))

    judgement = judge(flipped(0, 0), validation=flipped(1, 1_000), draws=50)
    assert judgement.recalibration.at_limit
    assert found(judgement, "below_chance")
    assert not found(judgement, "miscalibrated")


def test_a_score_that_is_merely_weak_is_not(make: Make) -> None:
    assert not found(judge(make(quality=-0.2), draws=50), "below_chance")


def named(labels: np.ndarray, predicted: np.ndarray) -> Predictions:
    classes = [f"c{index}" for index in range(int(labels.max()) + 1)]
    columns = {"id": [str(row) for row in range(len(labels))], "label": [classes[one] for one in labels]}
    return check(
        Predictions(pl.DataFrame(columns | {"predicted": [classes[one] for one in predicted]}), {"classes": classes})
    )


def test_flipped_labels_are_named_by_accuracy() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 300)
    wrong = np.where(rng.uniform(size=300) < 0.8, 1 - labels, labels)
    ((_, message),) = found(judge(named(labels, wrong), draws=20), "below_chance")
    assert "below the 50." in message
    assert not found(judge(named(labels, 1 - wrong), draws=20), "below_chance")


def test_a_model_that_looks_for_a_rare_class_is_not_below_chance() -> None:
    """Accuracy 0.80 where 95 % of the rows are of one class: below random guessing by shares, and yet useful."""
    labels = np.repeat([0, 1], [950, 50])
    predicted = labels.copy()
    predicted[:200] = 1
    judgement = judge(named(labels, predicted), draws=20)
    assert judgement.metrics["accuracy"].high < 0.95**2 + 0.05**2 - 0.05
    assert not found(judgement, "below_chance")


def test_a_published_matrix_is_looked_at_too() -> None:
    assert found(judge_confusion([[10, 90], [80, 20]]), "below_chance")

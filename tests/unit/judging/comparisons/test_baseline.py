"""What log loss, average precision and accuracy say together of a model beside a baseline."""

from __future__ import annotations

import numpy as np
import pytest

from classmark.judging.comparisons.baseline import against_baseline, disagreement
from classmark.judging.comparisons.compare import Comparison
from classmark.judging.comparisons.paired import Difference
from classmark.judging.judge import judge
from classmark.judging.statistics.p_values import McNemar
from classmark.predictions import Predictions, build_predictions
from classmark.report.words import baseline_sentence

SPANS = {"+": (0.01, 0.03), "-": (-0.03, -0.01), "0": (-0.01, 0.03)}
NAMES = ("log_loss", "average_precision", "accuracy")


def comparison(sides: str) -> Comparison:
    """`+`: the model is better in this metric, `-`: worse, `0`: not told apart; in the order of NAMES, or accuracy alone."""
    metrics = {}
    for name, side in zip(NAMES[-len(sides) :], sides, strict=True):
        low, high = SPANS[side]
        if name == "log_loss":
            low, high = -high, -low
        metrics[name] = Difference(0.5, 0.5 + (low + high) / 2, (low + high) / 2, low, high, "made")
    return Comparison("baseline", "model", 100, ("no", "yes"), "yes", metrics, McNemar(1, 1, 0, 0), None, "")


@pytest.mark.parametrize(
    ("sides", "verdict"),
    [
        ("+", "better"), ("-", "worse"), ("0", "not shown"),
        ("+++", "better"), ("++0", "better"), ("+00", "better"),
        ("---", "worse"), ("--0", "not shown"), ("0--", "not shown"), ("000", "not shown"),
        ("++-", "disagree"), ("-++", "disagree"), ("-+-", "disagree"), ("0+0", "disagree"), ("+-0", "disagree"),
    ],
)  # fmt: skip
def test_the_verdict_over_the_metrics(sides: str, verdict: str) -> None:
    assert against_baseline(comparison(sides)).verdict == verdict


def test_how_they_disagree() -> None:
    one = comparison("0+-")
    assert disagreement(one, against_baseline(one)) == (
        "is better in average precision (+0.0200, +0.0100 to +0.0300) and worse in accuracy (-2.00 points, -3.00 to -1.00); "
        "log loss cannot tell them apart"
    )


def rare(rows: int = 4_000) -> tuple[Predictions, Predictions]:
    """At 1 % prevalence a model that ranks well and calls too many rows, and the majority class."""
    generator = np.random.default_rng(1)
    positive = np.arange(rows) % 100 == 0
    scores = generator.normal(2.4 * positive, 1)
    shares = 1 / (1 + np.exp(5.0 - 2.4 * scores))
    names, ids = np.where(positive, "yes", "no").tolist(), [str(row) for row in range(rows)]
    model = build_predictions(ids, names, np.column_stack([1 - shares, shares]), ("no", "yes"))
    return model, build_predictions(ids, names, np.tile([0.99, 0.01], (rows, 1)), ("no", "yes"))


def test_a_useful_ranking_of_a_rare_class_is_not_called_worse_than_the_majority_class() -> None:
    model, majority = rare()
    judgement = judge(model, baselines={"majority": majority, "linear": majority}, draws=200)
    assert judgement.metrics["roc_auc"].value > 0.95
    assert judgement.baseline_comparison["majority"].metrics["accuracy"].high < 0
    codes = [finding.code for finding in judgement.findings]
    assert "worse_than_baseline" not in codes
    found = next(one for one in judgement.findings if one.code == "disagrees_with_baseline")
    assert found.severity == "warning"
    assert found.message.startswith("Beside the majority baseline the model is better in average precision (+0.")
    assert found.message.endswith(
        ", on the same 4,000 rows, with 95 % intervals. Where one class is rare, accuracy favours a model that never "
        "predicts it."
    )
    assert baseline_sentence(judgement).startswith(
        "Beside a linear model, on the same rows the model is better in average precision (+0."
    )

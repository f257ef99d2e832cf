"""What is required of one model's metrics."""

from __future__ import annotations

from typing import Any

import pytest

from classmark.errors import InputError
from classmark.judging.checks import Check, check_requirements, exit_code, read_margins, read_requirements
from classmark.judging.statistics.intervals import Estimate

METRICS = {
    "accuracy": Estimate(0.92, 0.9, 0.94, "made"),
    "log_loss": Estimate(0.3, 0.28, 0.32, "made"),
    "roc_auc": Estimate(1.0, None, None, "none: the scores separate the classes completely"),
}


@pytest.mark.parametrize(
    ("word", "verdict", "sentence"),
    [
        ("accuracy>=0.9", "passed", "Accuracy ≥ 0.9 holds: it is 0.92, 95 % interval 0.9000 to 0.9400, all of it on that side."),
        (
            "accuracy >= 0.95",
            "failed",
            "Accuracy ≥ 0.95 does not hold: it is 0.92, 95 % interval 0.9000 to 0.9400, all of it on the other side.",
        ),
        (
            "accuracy>=0.91",
            "cannot tell",
            "These rows cannot tell whether accuracy ≥ 0.91 holds: it is 0.92, 95 % interval 0.9000 to 0.9400, with 0.91 "
            "inside.",
        ),
        ("log_loss<=0.32", "passed", "Log loss ≤ 0.32 holds: it is 0.3, 95 % interval 0.2800 to 0.3200, all of it on that side."),
        (
            "log_loss<=.2",
            "failed",
            "Log loss ≤ 0.2 does not hold: it is 0.3, 95 % interval 0.2800 to 0.3200, all of it on the other side.",
        ),
        (
            "roc_auc>=0.9",
            "cannot tell",
            "These rows cannot tell whether ROC area ≥ 0.9 holds: it is 1, without an interval (none: the scores separate the "
            "classes completely).",
        ),
    ],
)  # fmt: skip
def test_the_whole_interval_must_keep_it(word: str, verdict: str, sentence: str) -> None:
    (check,) = check_requirements(METRICS, read_requirements(word))
    assert (check.verdict, check.sentence) == (verdict, sentence)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("accuracy", 'require: "accuracy" is not a metric, a sign and a number. Write for instance: accuracy>=0.9'),
        ("accuracy>=high", 'require: "accuracy>=high" is not a metric, a sign and a number. Write for instance: accuracy>=0.9'),
        ("accuracy>=90", 'require: "accuracy>=90": no accuracy is 90. Write a fraction: accuracy>=0.9'),
        ("mcc>=2", "require: \"mcc>=2\": no Matthews' correlation is 2. Give a value that it can have."),
        ("acuracy>=0.9", 'require: "acuracy" is not judged here; accuracy, log_loss, roc_auc are. Did you mean "accuracy"?'),
    ],
)  # fmt: skip
def test_words_that_cannot_be_read(word: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        check_requirements(METRICS, read_requirements(word))
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("accuracy", 'equivalent: "accuracy" is not a metric and a margin. Write for instance: accuracy:0.01'),
        (
            "accuracy:1",
            "equivalent: accuracy: a margin of 1 lets every model pass. Write a fraction; accuracy:0.01 is one point.",
        ),
        ("accuracy:0", "equivalent: accuracy: 0 is not a margin above 0. Write for instance: accuracy:0.01"),
        ({"accuracy": None}, "equivalent: accuracy: None is not a margin above 0. Write for instance: accuracy:0.01"),
        ("accuracy:1%", "equivalent: accuracy: 1% is not a margin above 0. Write for instance: accuracy:0.01"),
    ],
)  # fmt: skip
def test_margins_that_cannot_be_read(given: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_margins(given, "equivalent")
    assert str(caught.value) == message


def test_margins_in_words_and_numbers() -> None:
    assert read_margins(["accuracy:0.01", " log_loss : 1.5"], "equivalent") == {"accuracy": 0.01, "log_loss": 1.5}
    assert read_margins({"accuracy": 0.01}, "equivalent") == {"accuracy": 0.01}
    assert read_margins((), "equivalent") == {}


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [([], 0), (["passed"], 0), (["passed", "cannot tell"], 3), (["cannot tell", "failed", "passed"], 1)],
)
def test_exit_codes(verdicts: list[Any], code: int) -> None:
    checks = [Check("require", "accuracy", None, 0.9, 0.9, 0.8, 1.0, 0.95, "made", one, "") for one in verdicts]
    assert exit_code(checks) == code

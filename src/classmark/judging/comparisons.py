"""Two models on the same rows: their paired differences, McNemar's test, one plain sentence."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from classmark.judging.findings import Finding, find_left_out
from classmark.judging.intervals import CONFIDENCE
from classmark.judging.paired import Difference, paired_differences
from classmark.judging.rows import matched, positive_index, row_groups, scored_rows
from classmark.predictions import Predictions

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of equal accuracy, from the rows that only one of the two gets right."""

    p_exact: float
    p_midp: float
    only_a_right: int
    only_b_right: int


@dataclass(frozen=True)
class Comparison:
    """What is known about the difference between two models, B − A.

    Attributes:
        a, b: what they are called.
        rows: labelled rows that both predict.
        classes, positive: positive is None for more than two classes.
        metrics: accuracy, and with probabilities in both log_loss, roc_auc and brier, of six classes or more
            top5_accuracy.
        delong_p: two-sided p of equal ROC areas, for two classes; None where unknown.
        sentence: the result in one sentence.
        findings: what a reader must know beside it.
    """

    a: str
    b: str
    rows: int
    classes: tuple[str, ...]
    positive: str | None
    metrics: dict[str, Difference]
    mcnemar: McNemar
    delong_p: float | None
    sentence: str
    findings: tuple[Finding, ...] = ()
    groups: int | None = None
    confidence: float = CONFIDENCE
    draws: int = 1000
    seed: int = 0
    schema_version: int = field(default=SCHEMA_VERSION)

    def to_json(self) -> dict[str, Any]:
        content = asdict(self)
        content["delong"] = None if content.pop("delong_p") is None else {"p": self.delong_p}
        return content | {"classes": list(self.classes), "findings": list(content["findings"])}


def comparison_from_json(content: dict[str, Any]) -> Comparison:
    """The comparison that `to_json` wrote."""
    known = dict(content)
    delong = known.pop("delong")
    metrics = {name: Difference(**value) for name, value in known["metrics"].items()}
    findings = tuple(Finding(**finding) for finding in known["findings"])
    known |= {"classes": tuple(known["classes"]), "mcnemar": McNemar(**known["mcnemar"])}
    known |= {"metrics": metrics, "findings": findings}
    return Comparison(**known, delong_p=delong["p"] if delong else None)


def compare(
    a: Predictions,
    b: Predictions,
    *,
    positive: str | None = None,
    draws: int = 1000,
    seed: int = 0,
    names: tuple[str, str] | None = None,
) -> Comparison:
    """The paired comparison of two tables, rows matched by id.

    Args:
        a: the one that is compared with.
        b: predictions on the same rows; its classes may stand in another order.
        positive: the positive class of two; without it, the second of A.
        draws: of the bootstrap, where one is needed.
        seed: of the bootstrap.
        names: what the sentence calls them, instead of their files.

    Raises:
        PredictionsError: ids, labels or classes differ.
        InputError: `positive` is no class.
    """
    name_a, name_b = names or (a.source, b.source)
    a, b = matched(a, b)
    index = positive_index(a, positive)
    rows_a, rows_b = scored_rows(a, index), scored_rows(b, index)
    groups = row_groups(a)
    right_a, right_b = rows_a.predicted == rows_a.labels, rows_b.predicted == rows_b.labels
    metrics, delong_p = paired_differences(rows_a, rows_b, groups, draws, seed)
    test = mcnemar(int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum()))
    return Comparison(
        a=name_a,
        b=name_b,
        rows=len(a),
        classes=a.classes,
        positive=a.classes[index] if len(a.classes) == 2 else None,
        metrics=metrics,
        mcnemar=test,
        delong_p=delong_p,
        sentence=_sentence(name_a, name_b, metrics["accuracy"], len(a)),
        findings=find_left_out(a, b, (name_a, name_b)),
        groups=None if groups is None else int(groups.max()) + 1,
        draws=draws,
        seed=seed,
    )


def mcnemar(only_a_right: int, only_b_right: int) -> McNemar:
    """McNemar's exact test and its mid-p form, two-sided.

    Source: McNemar 1947; Fagerland, Lydersen, Laake 2013: mid-p = exact p less the probability of the split seen.
    Whole numbers throughout, so the p of many rows neither underflows nor loses digits.
    """
    discordant, fewer = only_a_right + only_b_right, min(only_a_right, only_b_right)
    term = total = 1
    for k in range(1, fewer + 1):
        term = term * (discordant - k + 1) // k
        total += term
    every = 2**discordant
    exact = 1.0 if only_a_right == only_b_right else min(1.0, 2 * total / every)
    return McNemar(exact, (2 * total - term) / every, only_a_right, only_b_right)


def _sentence(a: str, b: str, accuracy: Difference, rows: int) -> str:
    assert accuracy.difference is not None
    difference = 100 * accuracy.difference
    if accuracy.low is None or accuracy.high is None:
        return f"{b} and {a} differ by {difference:+.2f} points of accuracy on {rows:,} rows, without an interval."
    low, high = 100 * accuracy.low, 100 * accuracy.high
    # One digit, but never so few that an end of the interval reads as zero.
    digits = 1 if min(abs(low), abs(high)) >= 0.05 else 2
    if low <= 0 <= high:
        span = f"B − A is {difference:+.{digits}f} points ({low:+.{digits}f} to {high:+.{digits}f})"
        return f"These data cannot tell {a} (A) and {b} (B) apart: {span} of accuracy on {rows:,} rows."
    better, worse = (b, a) if low > 0 else (a, b)
    least, most = sorted((abs(low), abs(high)))
    span = f"{abs(difference):.{digits}f} points ({least:.{digits}f} to {most:.{digits}f})"
    return f"{better} is better than {worse} by {span} of accuracy on {rows:,} rows."

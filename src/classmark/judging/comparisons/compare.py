"""Two models on the same rows: their paired differences, McNemar's test, one plain sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from classmark.judging.comparisons.matching import Matched, find_unknown_classes, match
from classmark.judging.comparisons.paired import Difference, Sampled, better_side, sampled_differences
from classmark.judging.findings.chance import side_below_chance
from classmark.judging.findings.decisions import find_decisions
from classmark.judging.findings.judgement import Finding, find_left_out, find_reading
from classmark.judging.rows import positive_index, row_groups, scored_rows
from classmark.judging.statistics.level import level
from classmark.judging.statistics.p_values import Discordant, McNemar, deviate, mcnemar
from classmark.judging.statistics.power import detectable_by_deviation, minimum_detectable_difference
from classmark.judging.statistics.weighted import effective_number, find_weighted, weighted_differences
from classmark.judging.stored import to_json
from classmark.predictions import Predictions

SCHEMA_VERSION = 1


@dataclass(frozen=True)
class DeLong:
    """DeLong's test of equal ROC areas, its two-sided p."""

    p: float


@dataclass(frozen=True)
class Comparison:
    """What is known about the difference between two models, B − A.

    Attributes:
        a, b: what they are called.
        rows: labelled rows that both predict.
        classes, positive: positive is None for more than two classes.
        metrics: accuracy, and with probabilities in both log_loss, roc_auc, average_precision and brier, of six classes or
            more top5_accuracy; with every metric f1 or f1_macro and mcc too.
        delong: DeLong's test, for two classes; None where it is not made.
        sentence: the result in plain words.
        minimum_detectable_difference: in accuracy, at one less the level and 80 % power, given how often the two
            disagree; None where no difference would be shown.
        findings: what a reader must know beside it.
        plans: letter → which column of its file became what; None for a table of classmark's own.
    """

    a: str
    b: str
    rows: int
    classes: tuple[str, ...]
    positive: str | None
    metrics: dict[str, Difference]
    mcnemar: McNemar | Discordant
    delong: DeLong | None
    sentence: str
    findings: tuple[Finding, ...] = ()
    groups: int | None = None
    confidence: float = field(default_factory=level)
    draws: int = 1000
    seed: int = 0
    minimum_detectable_difference: float | None = None
    plans: dict[str, str | None] = field(default_factory=dict)
    schema_version: int = field(default=SCHEMA_VERSION)

    @property
    def level(self) -> float:
        """The level of the intervals, which is called `confidence` too."""
        return self.confidence

    @property
    def delong_p(self) -> float | None:
        return None if self.delong is None else self.delong.p

    def to_json(self) -> dict[str, Any]:
        """The content of `comparison.json`."""
        content: dict[str, Any] = to_json(self)
        return content | {"level": self.level}


def compare(
    a: Predictions,
    b: Predictions,
    *,
    positive: str | None = None,
    draws: int = 1000,
    seed: int = 0,
    names: tuple[str, str] | None = None,
    every_metric: bool = False,
) -> Comparison:
    """The paired comparison of two tables, rows matched by id, at the level that holds.

    Args:
        a: the one that is compared with.
        b: predictions on the same rows; its classes may stand in another order.
        positive: the positive class of two; without it, the one that a table names, else the second of A.
        draws: of the bootstrap, where one is needed.
        seed: of the bootstrap.
        names: what the sentence calls them, instead of their files.
        every_metric: whether F1 and Matthews' correlation too, which always need a bootstrap.

    Raises:
        PredictionsError: ids, labels, classes, groups or weights differ.
        InputError: `positive` is no class.
    """
    called, given = names or (a.source, b.source), (a, b)
    found = match(given, called)
    index, groups = positive_of(found.tables, positive), row_groups(found.tables[0])
    sampled = [Sampled(scored_rows(table, index), groups, draws, seed) for table in found.tables]
    pair = compare_matched(
        (found.tables[0], found.tables[1]), (sampled[0], sampled[1]), called, every_metric=every_metric
    )
    return replace(pair, findings=find_of_sides(given, found, sampled, called) + pair.findings)


def positive_of(tables: Sequence[Predictions], positive: str | None) -> int:
    """The index of the positive class of matched tables: the named one, else the first that a table names, else 1."""
    named = (table for table in tables if table.positive is not None)
    return positive_index(next(named, tables[0]), positive)


def find_of_sides(
    given: Sequence[Predictions], found: Matched, sampled: Sequence[Sampled], names: Sequence[str]
) -> tuple[Finding, ...]:
    """What a reader must know of each side: how it was read, what it decides, which rows lack, whether it is below chance.

    Args:
        given: the tables as they were.
        found: the same, matched.
        sampled: their rows.
        names: what they are called.
    """
    first = sampled[0]
    of_sides = [
        replace(one, message=f"{name}: {one.message}")
        for name, table, side in zip(names, found.tables, sampled, strict=True)
        for one in side_below_chance(side.scored, side.groups) + find_decisions(table, first.scored.positive)
    ]
    return (
        *found.findings,
        *find_unknown_classes(given, names),
        *of_sides,
        *find_reading(given, names),
        *find_weighted(first.scored.weights, first.groups),
    )


def compare_matched(
    tables: tuple[Predictions, Predictions],
    sampled: tuple[Sampled, Sampled],
    names: tuple[str, str],
    letters: tuple[str, str] = ("A", "B"),
    *,
    every_metric: bool = True,
) -> Comparison:
    """The comparison of two tables whose rows and classes are in one order.

    Args:
        tables: both.
        sampled: their rows with draws.
        names: what the sentence calls them.
        letters: what the differences call them.
        every_metric: as for `compare`.
    """
    a, b = (each.scored for each in sampled)
    right_a, right_b = a.predicted == a.labels, b.predicted == b.labels
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    groups, weights = sampled[0].groups, a.weights
    units = None if groups is None else int(groups.max()) + 1
    test: McNemar | Discordant
    if weights is None:
        metrics, delong_p = sampled_differences(*sampled, every_metric=every_metric)
        test, effective = mcnemar(only_a, only_b), units
    else:
        metrics, delong_p = weighted_differences(a, b, groups), None
        test, effective = Discordant(only_a, only_b), max(2, round(effective_number(weights, groups)))
    detectable = _detectable(metrics["accuracy"], test, len(a), effective)
    classes = tables[0].classes
    return Comparison(
        a=names[0],
        b=names[1],
        rows=len(a),
        classes=classes,
        positive=classes[a.positive] if len(classes) == 2 else None,
        metrics=metrics,
        mcnemar=test,
        delong=None if delong_p is None else DeLong(delong_p),
        sentence=_sentence(names, letters, metrics["accuracy"], len(a), detectable),
        findings=find_left_out(*tables, names) + find_numbered(tables),
        groups=units,
        draws=sampled[0].draws,
        seed=sampled[0].seed,
        minimum_detectable_difference=detectable,
        plans={letter: table.plan for letter, table in zip(letters, tables, strict=True)},
    )


def find_numbered(tables: Sequence[Predictions]) -> tuple[Finding, ...]:
    """That rows are matched by their number, where the tables have no ids."""
    if not all(table.numbered for table in tables):
        return ()
    message = "The tables have no ids, so rows are matched by their number: all must list them in one order."
    return (Finding("matched_by_number", "info", message),)


def _detectable(accuracy: Difference, test: McNemar | Discordant, rows: int, units: int | None) -> float | None:
    if units is None:
        return minimum_detectable_difference(rows, test.only_a_right + test.only_b_right)
    if accuracy.low is None or accuracy.high is None:
        return None
    quantile = deviate(level(), accuracy.degrees)
    return detectable_by_deviation((accuracy.high - accuracy.low) / 2 / quantile, quantile)


def _sentence(
    names: tuple[str, str], letters: tuple[str, str], accuracy: Difference, rows: int, detectable: float | None
) -> str:
    assert accuracy.difference is not None
    a, b = names
    if accuracy.low is None or accuracy.high is None:
        points = f"{100 * accuracy.difference:+.2f}"
        return f"{b} and {a} differ by {points} points of accuracy on {rows:,} rows, without an interval."
    if not better_side("accuracy", accuracy):
        span = f"{letters[1]} − {letters[0]} is {points_text(accuracy, signed=True)} of accuracy on {rows:,} rows"
        start = f"These data cannot tell {a} ({letters[0]}) and {b} ({letters[1]}) apart: {span}"
        return f"{start}{_but(accuracy)}. {detectable_sentence(detectable)}"
    better, worse = (b, a) if accuracy.low > 0 else (a, b)
    return f"{better} is better than {worse} by {points_text(accuracy)} of accuracy on {rows:,} rows."


def _but(accuracy: Difference) -> str:
    """That interval and test disagree, where they do."""
    assert accuracy.low is not None
    assert accuracy.high is not None
    if accuracy.low <= 0 <= accuracy.high or accuracy.p is None:
        return ""
    return f", and while the interval is without zero, McNemar's test does not agree (mid-p {accuracy.p:.2g})"


def points_text(accuracy: Difference, *, signed: bool = False) -> str:
    """`1.2 points (0.7 to 1.7)`; with signs where zero is in the interval, or where they are asked for.

    One digit, but never so few that an end of the interval reads as zero.
    """
    assert accuracy.difference is not None
    assert accuracy.low is not None
    assert accuracy.high is not None
    difference, low, high = (100 * value for value in (accuracy.difference, accuracy.low, accuracy.high))
    digits = 1 if min(abs(low), abs(high)) >= 0.05 else 2
    if signed or low <= 0 <= high:
        return f"{difference:+.{digits}f} points ({low:+.{digits}f} to {high:+.{digits}f})"
    least, most = sorted((abs(low), abs(high)))
    return f"{abs(difference):.{digits}f} points ({least:.{digits}f} to {most:.{digits}f})"


def detectable_sentence(detectable: float | None) -> str:
    """What the rows could show."""
    if detectable is None:
        return "So few rows show no difference in 80 of 100 such tests."
    points = 100 * detectable
    shown = f"{points:.1f}" if points >= 0.1 else f"{points:.2g}"
    return f"A difference under {shown} points would show in fewer than 80 of 100 such tests."

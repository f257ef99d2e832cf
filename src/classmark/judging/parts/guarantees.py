"""Thresholds that keep a minimum on new rows with a stated confidence.

Independent validation rows that neither the model nor its training have seen are all that is assumed: nothing about the
scores. Each candidate is tested by an exact binomial bound, given how many rows it rests on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.errors import InputError, Option
from classmark.judging.statistics.exact import lower_limit
from classmark.judging.statistics.intervals import Floats

STARTS = ((0.5, 0), (0.2, 2), (0.15, 8))  # share of the risk, and the mistakes that the first test of it allows
LAST_START = (0.15, 0.25)  # share of the risk, and of the rows: for scores whose very highest rows are wrong
GROWTH = 1.05  # from one rank that is tested to the next
MOST_ROWS = 1_000_000  # that `rows_needed` speaks of
SEQUENCE = "fixed sequence of ranks from several starts, Clopper-Pearson, independent rows"
ORDER_STATISTIC = "Clopper-Pearson on an order statistic (Wilks 1941), independent rows"


@dataclass(frozen=True)
class Guarantee:
    """A minimum that a threshold keeps on new rows, or why no threshold is known to.

    Attributes:
        confidence: of 100 samples of validation rows, at least so many per cent choose a threshold that keeps the minimum,
            or none.
        bound: the lower confidence limit of the share at the threshold (of a selective error, the upper limit); without a
            threshold the best that was tested, None where no number of mistakes would have been few enough.
        rows: validation rows on which that limit rests: those that are called, answered, or of the class.
        hits: how many of them count for the share.
        method: how candidates were tested, and under which sampling model.
        threshold: from which score on rows are called or answered; None where there is none.
        missing: why there is none.
        rows_needed: without a threshold, how many rows of that kind would be enough if the share stayed the same; None
            where no number would.
    """

    confidence: float
    bound: float | None
    rows: int
    hits: int
    method: str
    threshold: float | None = None
    missing: str | None = None
    rows_needed: int | None = None

    def with_reason(self, kind: str, *, of_errors: bool = False) -> Guarantee:
        """The same, with why there is no threshold in words.

        Args:
            kind: what the rows are, such as `validation rows called positive`.
            of_errors: whether the share is spoken of as that of the errors, whose highest value is asked for.
        """
        if self.threshold is not None:
            return self
        if self.bound is None:
            few = f"it takes at least {self.rows_needed:,} {kind}, even without a mistake, and there are {self.rows:,}"
            return replace(self, missing=few)
        reached = f"the highest lower limit is {self.bound:.4f}, from {self.rows:,} {kind}, {self.hits:,} of them right"
        more = "so low a share is too low on any number of rows"
        if of_errors:
            wrong = self.rows - self.hits
            reached = (
                f"the lowest upper limit is {1 - self.bound:.4f}, from {self.rows:,} {kind}, {wrong:,} of them wrong"
            )
            more = "so high a share is too high on any number of rows"
        if self.rows_needed is not None:
            more = f"if as many stay right, about {self.rows_needed:,} are needed"
        return replace(self, missing=f"{reached}; {more}")


def checked_confidence(confidence: Any, *, minimums: bool, groups: bool, weights: bool) -> float:
    """The confidence as a number, unless nothing can be promised with it.

    Args:
        confidence: as the user gave it.
        minimums: whether any goal has a minimum that can be promised.
        groups: whether the validation rows form groups.
        weights: whether they have weights.

    Raises:
        InputError: it is no number from 0.5 to below 1, or these goals or rows allow no promise.
    """
    try:
        number = float(confidence)
    except (TypeError, ValueError):
        number = math.nan
    if not 0.5 <= number < 1:
        raise InputError(
            f"{confidence} is not a confidence, which is a number from 0.5 to below 1.",
            "0.9 is usual.",
            argument="confidence",
        )
    if not minimums:
        raise InputError(
            "there is nothing to promise: no goal has a minimum.",
            ("Give one, for instance ", Option("at", "precision>=0.95"), " or ", Option("at", "error<=0.02")),
            argument="confidence",
        )
    if groups or weights:
        raise InputError(
            f"the validation rows have {'groups' if groups else 'weights'}, and the exact test behind a promise needs "
            "independent rows that count alike.",
            ("Give validation rows with one row per group" if groups else "Give validation rows without weights")
            + ", or leave the confidence out.",
            argument="confidence",
        )
    return number


def guaranteed_share(scores: Floats, hits: NDArray[np.bool_], minimum: float, confidence: float) -> Guarantee:
    """The lowest tested threshold above which at least a minimum of new rows are hits: precision, or 1 − selective error.

    The candidates are the rows above fixed ranks of the scores, from few to many. Given the score at a rank, the rows above
    it are a sample of those that a threshold there calls, so that their hits are binomial. The risk, 1 − confidence, is
    split over up to four starts; each is used up by its first failure, and carried to the next candidate by a success (the
    fallback procedure). Ranks instead of thresholds make no assumption on the scale of the scores: of the first candidate
    that breaks the minimum, the hits are at most binomial with the minimum as their share, however many rows lie between.
    A rank inside equal scores is moved to their end.

    Args:
        scores: shape (N,).
        hits: shape (N,).
        minimum: inside (0, 1).
        confidence: from 0.5 to below 1.

    Source: Clopper & Pearson 1934; Angelopoulos, Bates, Candès, Jordan, Lei 2021 (Learn Then Test), section 2.3 (fixed
    sequence); Wiens & Dmitrienko 2005 (fallback); Geifman & El-Yaniv 2017, algorithm 1, with Bonferroni instead.
    """
    ranks, risks = _candidates(len(scores), minimum, 1 - confidence)
    order = np.argsort(-scores, kind="stable")
    falling, found = scores[order], np.append(0, np.cumsum(hits[order]))
    ends = (
        np.searchsorted(-falling, -falling[np.minimum(ranks, len(scores)) - 1], side="right") if len(ranks) else ranks
    )
    level, best, chosen = 0.0, (-1.0, 0, 0.0), None
    for rows, own in zip(ends.tolist(), risks.tolist(), strict=True):
        if (level := level + own) <= 0:
            continue
        bound = lower_limit(int(found[rows]), rows, level)
        best = max(best, (bound, rows, level))
        if bound >= minimum:
            chosen = (bound, rows)
        else:
            level = 0.0
    if chosen is not None:
        bound, rows = chosen
        threshold = float(np.nextafter(falling[rows], np.inf)) if rows < len(scores) else 0.0
        return Guarantee(confidence, bound, rows, int(found[rows]), SEQUENCE, threshold)
    bound, rows, level = best
    if not rows:
        fewest = fewest_rows(minimum, 1 - confidence)
        return Guarantee(confidence, None, len(scores), int(found[-1]), SEQUENCE, rows_needed=fewest)
    needed = _rows_needed(int(found[rows]) / rows, minimum, level)
    return Guarantee(confidence, bound, rows, int(found[rows]), SEQUENCE, rows_needed=needed)


def guaranteed_class(scores: Floats, minimum: float, confidence: float) -> Guarantee:
    """The highest threshold that at least a minimum of new rows of a class reach: recall.

    The share falls as the threshold rises, so that one order statistic of the class is the answer and nothing is searched.
    The rows on which it rests are all of the class.

    Args:
        scores: of the class's validation rows, shape (N,).
        minimum: inside (0, 1).
        confidence: from 0.5 to below 1.

    Source: Wilks 1941 (tolerance limits); the limit is Clopper & Pearson's of the rows that reach the threshold.
    """
    rows, risk = len(scores), 1 - confidence
    misses = most_mistakes(rows, minimum, risk)
    if misses < 0:
        return Guarantee(confidence, None, rows, rows, ORDER_STATISTIC, rows_needed=fewest_rows(minimum, risk))
    threshold = float(np.partition(scores, misses)[misses])
    return Guarantee(
        confidence, lower_limit(rows - misses, rows, risk), rows, rows - misses, ORDER_STATISTIC, threshold
    )


def most_mistakes(rows: int, minimum: float, risk: float) -> int:
    """The most mistakes among rows at which the lower limit of their share still reaches the minimum; −1 where none may be."""
    from scipy.special import bdtr

    counts = np.arange(min(rows, math.ceil(rows * (1 - minimum)) + 1) + 1)
    return int(np.searchsorted(bdtr(counts, rows, 1 - minimum), risk, side="right")) - 1


def fewest_rows(minimum: float, risk: float, mistakes: int = 0) -> int:
    """The fewest rows that show a minimum with so many mistakes among them."""
    low, high = 0, max(1, math.ceil(math.log(risk) / math.log(minimum)))
    while most_mistakes(high, minimum, risk) < mistakes:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if most_mistakes(middle, minimum, risk) >= mistakes else (middle, high)
    return high


def _candidates(rows: int, minimum: float, risk: float) -> tuple[NDArray[np.int64], Floats]:
    """The ranks that are tested, rising, and the share of the risk that begins at each, both of shape (K,)."""
    starts = list(STARTS)
    share, part = LAST_START
    late = int(part * rows)
    whole = sum(share for share, _ in starts) + share
    if late > fewest_rows(minimum, risk * starts[-1][0] / whole, starts[-1][1]):
        begun = {late: risk * share / whole}
    else:
        begun, whole = {}, whole - share
    while starts:
        found = {fewest_rows(minimum, risk * share / whole, count): risk * share / whole for share, count in starts}
        if max(found) <= rows:
            begun |= found
            break
        whole -= starts.pop()[0]
    if not begun:
        return np.zeros(0, np.int64), np.zeros(0)
    ranks, rank = set(begun) | {rows}, min(begun)
    while rank < rows:
        ranks.add(rank)
        rank = max(rank + 1, int(rank * GROWTH))
    rising = np.array(sorted(ranks))
    return rising, np.array([begun.get(int(rank), 0.0) for rank in rising])


def _rows_needed(share: float, minimum: float, risk: float) -> int | None:
    """How many rows show the minimum where this share of them are hits, roughly; None where no number does."""
    from scipy.special import bdtr

    if share <= minimum:
        return None
    rows = fewest_rows(minimum, risk)
    while bdtr(round((1 - share) * rows), rows, 1 - minimum) > risk:
        rows = math.ceil(1.01 * rows)
        if rows > MOST_ROWS:
            return None
    return rows

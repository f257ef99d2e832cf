"""How far chance moves the coverage of prediction sets that keep their promise, and the lowest of many classes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classmark.judging.statistics.exact import upper_limit
from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.level import level, tail

GRID = 501  # points of the integral of an expected lowest share


@dataclass(frozen=True)
class Luck:
    """What the draw of rows does to the coverage of sets that are fitted on rows of the same kind.

    Scores without ties are assumed; with ties the coverage can only be higher.

    Attributes:
        true_low, true_high: as often as the level says, validation rows give sets whose coverage of all rows to come lies
            here.
        seen_low, seen_high: and as often draws of both show a coverage on so many test rows that lies here.
        p: the chance that they show one as low as was seen, or lower.
    """

    true_low: float
    true_high: float
    seen_low: float
    seen_high: float
    p: float


@dataclass(frozen=True)
class Lowest:
    """The lowest share of many, set against what the lowest of so many would be by luck.

    Attributes:
        by_luck: the mean of the lowest share if all had the share of all rows together.
        p: the chance that any of them is then as unlikely low as this one, or more so.
        high: the upper end for its true share; the ends of all are right together as often as the level says.
    """

    by_luck: float
    p: float
    high: float


def coverage_luck(validation_rows: int, place: int, test_rows: int, hits: int) -> Luck:
    """The bands of a threshold that is the `place`-th smallest score of the validation rows.

    Given the validation rows, the coverage follows a Beta(k, n + 1 − k) distribution and the hits on m test rows a
    beta-binomial one.

    Args:
        validation_rows: n.
        place: k, from 1 to n.
        test_rows: m.
        hits: test rows whose set holds the true class.

    Source: Vovk 2012, proposition 2a; Angelopoulos & Bates 2023, section 3.2 and appendix C (m test rows).
    """
    from scipy.special import betaincinv

    low, high = betaincinv(place, validation_rows + 1 - place, [tail(), 1 - tail()])
    below = np.cumsum(_beta_binomial(test_rows, place, validation_rows + 1 - place))
    first, last = np.searchsorted(below, tail()), np.searchsorted(below, 1 - tail())
    return Luck(float(low), float(high), int(first) / test_rows, int(last) / test_rows, min(1.0, float(below[hits])))


def _beta_binomial(rows: int, a: int, b: int) -> Floats:
    """The probabilities of 0 to `rows` hits whose share is drawn from Beta(a, b), of whole numbers a and b."""
    logs = np.append(0.0, np.cumsum(np.log(np.arange(1, rows + a + b))))  # of factorials
    hits = np.arange(rows + 1)
    found = logs[rows] - logs[hits] - logs[rows - hits]
    found += logs[hits + a - 1] + logs[rows - hits + b - 1] - logs[rows + a + b - 1]
    chances: Floats = np.exp(found + logs[a + b - 1] - logs[a - 1] - logs[b - 1])
    return chances


def lowest_share(hits: NDArray[np.int64], rows: NDArray[np.int64], which: int) -> Lowest:
    """What to think of the lowest of many shares of separate, independent rows.

    Args:
        hits: of each, shape (C,).
        rows: of each, shape (C,); those without rows count for nothing.
        which: the one that was lowest.

    Source: Šidák 1967 for p and for the upper end, which is Clopper & Pearson's 1934; the expected lowest is the
    integral of the chance that all are above a share.
    """
    from scipy.special import bdtr

    there = rows > 0
    count, overall = int(there.sum()), float(hits.sum() / rows.sum())
    own_hits, own_rows = int(hits[which]), int(rows[which])
    sizes, repeats = np.unique(rows[there], return_counts=True)
    grid = (np.arange(GRID) + 0.5) / GRID
    most_below = np.ceil(grid * sizes[:, None]) - 1  # hits whose share is below the grid's
    above = 1 - np.where(most_below < 0, 0.0, bdtr(np.maximum(most_below, 0), sizes[:, None], overall))
    above = np.clip(above, 0.0, 1.0) ** repeats[:, None]
    p = float(bdtr(own_hits, own_rows, overall))
    risk_of_each = 1 - level() ** (1 / count)
    return Lowest(
        float(above.prod(axis=0).mean()),
        min(1.0, -float(np.expm1(count * np.log1p(-min(p, 1 - 1e-16))))),
        upper_limit(own_hits, own_rows, risk_of_each),
    )

"""How many groups of rows speak, and what that means for an interval."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from classmark.judging.statistics.student import t_quantile

FEWEST = 2.0  # effective groups; with fewer, one group decides the value
ONE_GROUP = "none: one group holds most of the rows"


def effective_groups(groups: NDArray[np.int64], counted: NDArray[np.bool_] | None = None) -> float:
    """How many groups of equal size would say as much as these: (Σn)² / Σn².

    Args:
        groups: group number of each row, shape (N,).
        counted: the rows that the value depends on, shape (N,), such as those of a class for its recall; None for all.

    Source: Kish 1965; for the degrees of freedom of a mean over groups, Carter, Schnepel, Steigerwald 2017, equation 6,
    whose number supposes rows that are independent within a group. The one for rows that are the same within a group,
    (Σn²)² / Σn⁴, gives 2 of 100 groups whose sizes fall as 1/k, and an interval that covers 100 %.
    """
    sizes = np.bincount(groups if counted is None else groups[counted]).astype(np.float64)
    squares = float((sizes**2).sum())
    return float(sizes.sum()) ** 2 / squares if squares else 0.0


def group_quantile(effective: float, degrees: float | None = None) -> float:
    """What the deviation of group sums is multiplied by: Student's t quantile, and a factor for few groups.

    The sums are taken about the mean of all, which a large group pulls towards itself. With E effective groups the
    deviation is E / (E − 1) times as large, and has E − 1 degrees of freedom. For groups of one size this is the
    deviation CR3: the squares of what leaving out each group changes, summed. Means of 5 to 100 groups, of equal sizes
    or with sizes that fall as 1/k, covered 93 to 98 %; with the number of groups instead, 76 to 96 %.

    Source: Bell & McCaffrey 2002 and Cameron & Miller 2015, section VI (CR3, Student's t), with the effective number of
    groups for the number of groups.

    Args:
        effective: the effective number of groups, at least `FEWEST`.
        degrees: of freedom of the deviation, by `group_degrees`; E − 1 where the group sums are not known.
    """
    return t_quantile(effective - 1 if degrees is None else degrees) * effective / (effective - 1)


def group_degrees(effective: float, sums: NDArray[Any]) -> float:
    """The degrees of freedom of the deviation of group sums: E − 1, and fewer where few sums make up most of it.

    The variance of a variance grows with the kurtosis of the sums. What lies above that of a normal distribution is added
    to what unequal sizes do. Of 100 groups whose log sizes have deviation 1.2, which answer alike within a group, log loss
    is then covered in 93.6 % instead of 92.2, the ROC area in 94.3 instead of 92.3; of 40 groups intervals are 2 to 13 %
    wider.

    Args:
        effective: the effective number of groups, above 1.
        sums: of each group what its rows add to the error, shape (G,).

    Source: Satterthwaite 1946; O'Neill 2014 (the variance of a variance by the kurtosis).
    """
    squares = sums[sums != 0] ** 2
    if len(squares) < 2:
        return max(1.0, effective - 1)
    kurtosis = float((squares**2).sum()) / float(squares.sum()) ** 2
    above_normal = (kurtosis - 1 / len(squares)) / 2 - 1 / (len(squares) - 1)
    return max(1.0, 1 / (1 / (effective - 1) + max(0.0, above_normal)))


def group_words(count: int, effective: float) -> str:
    """`12 groups`, and how many of equal size would say as much where these are fewer by a tenth."""
    return f"{count:,} groups" + (f", as good as {effective:,.0f} of equal size" if effective < 0.9 * count else "")

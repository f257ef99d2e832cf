"""Seeds that split one data set anew: how far their test rows overlap, and what the study says about other data."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from classmark.judging.studies.outcomes import Outcome
from classmark.judging.studies.seeds import Direction, SeedDifference
from classmark.judging.studies.verdicts import Verdict, settle


@dataclass(frozen=True)
class Resplit:
    """A comparison whose seeds each hold back their own test rows of one data set.

    Runs of such seeds share rows, in their tests or between the test of one and the training of another. Given the data set
    they are independent draws of a split and a seed, so the study's interval speaks of this data set. For other data of the
    same kind their variance is corrected.

    Attributes:
        test_rows: of a run, on average.
        training_rows: the same; None where it is not known.
        shared: the share of test rows that stand in the test of another seed too.
        difference: of the primary metric, with the corrected interval for other data and without a p value.
        verdict: by that interval.
    """

    test_rows: float
    training_rows: float | None
    shared: float
    difference: SeedDifference
    verdict: Verdict


def are_resplits(runs: Sequence[Outcome]) -> bool:
    """Whether the runs of one arm, one a seed, were not all tested on the same rows.

    Rows of their own come from one data set as far as anybody can tell: a study has one recipe for each arm, and only
    the seed that splits its data changes.
    """
    return any(one.ids != runs[0].ids and set(one.ids) != set(runs[0].ids) for one in runs)


def shared_variance(runs: Sequence[Outcome]) -> float | None:
    """Test rows per training row, by which the variance over resplits is corrected; None where it is not known.

    Source: Nadeau & Bengio 2003, section 3: the correlation of two resplits is about n_test / (n_test + n_training).
    """
    training = [one.training_rows for one in runs]
    if not training or any(not rows for rows in training):
        return None
    return float(np.mean([len(one.ids) for one in runs])) / float(np.mean([rows or 0 for rows in training]))


def resplit(
    runs: Sequence[Outcome], primary: SeedDifference, margin: float, direction: Direction, on_test: bool
) -> Resplit | None:
    """What the study says about other data; None where all seeds have the same test rows.

    The interval of the verdict is as wide as s² / n makes it; for other data of the kind the variance is
    s² (1 / n + n_test / n_training).

    Args:
        runs: of one arm, one a seed.
        primary: the difference by which the verdict is given.
        margin: of the claim, in the metric's units.
        direction: of the claim.
        on_test: the metric is measured on test rows; else there is no correction.

    Source: Nadeau & Bengio 2003, equation 9.
    """
    if len(runs) < 2 or not are_resplits(runs):
        return None
    counts = Counter(row for one in runs for row in set(one.ids))
    rows = sum(counts.values())
    difference = _corrected(primary, shared_variance(runs) if on_test else None)
    training = [one.training_rows for one in runs if one.training_rows]
    return Resplit(
        test_rows=rows / len(runs),
        training_rows=float(np.mean(training)) if len(training) == len(runs) else None,
        shared=sum(count for count in counts.values() if count > 1) / rows,
        difference=difference,
        verdict=settle(difference.low, difference.high, margin, direction),
    )


def _corrected(primary: SeedDifference, ratio: float | None) -> SeedDifference:
    if primary.value is None or primary.low is None or primary.high is None:
        return replace(primary, p=None)
    if ratio is None:
        why = "none: seeds split one data set, and how many rows each run was trained on is not known"
        return replace(primary, low=None, high=None, p=None, method=why)
    half = (primary.high - primary.low) / 2 * math.sqrt(1 + primary.pairs * ratio)
    method = f"{primary.method}, corrected for splits of one data set (Nadeau & Bengio 2003: + {ratio:.3g} s²)"
    return replace(primary, low=primary.value - half, high=primary.value + half, p=None, method=method)

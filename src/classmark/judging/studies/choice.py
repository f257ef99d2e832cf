"""Which arm of a study validation rows choose, and how much too good its validation figure is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classmark.judging.metric import LOWER_IS_BETTER
from classmark.judging.statistics.intervals import Floats
from classmark.judging.studies.outcomes import Outcome
from classmark.judging.studies.resampled import Folds, resampled_mean
from classmark.judging.studies.seeds import paired_over_seeds
from classmark.recipes.study_schema import Study

DRAWS = 1_000
BLOCK_VALUES = 1 << 23  # row weights that are drawn at once, which bounds memory
FEWEST_LEFT_OUT = 10


@dataclass(frozen=True)
class Choice:
    """The arm with the best mean on validation rows.

    Attributes:
        arm: the winner.
        validation: arm → its mean on validation rows.
        value: the winner's mean on validation rows.
        test: the winner's mean on test rows, which chose nothing.
        optimism: how much better `value` is than `test`: positive where validation was too good.
        low, high: its interval over runs; None with fewer than two.
        expected: how much choosing the best of the arms is expected to add to `value`; None where the metric is no mean
            over rows.
        method: how `expected` is estimated, or why it is not.
    """

    arm: str
    validation: dict[str, float]
    value: float
    test: float
    optimism: float
    low: float | None
    high: float | None
    expected: float | None
    method: str


def choose(study: Study, outcomes: Sequence[Outcome], folds: Folds | None = None) -> Choice | None:
    """The arm that `choose_by: validation` takes by the primary metric; None before every arm has all of its runs.

    Args:
        study: names the metric.
        outcomes: every run that the study asks for.
        folds: of a cross-validation; None where runs are of seeds.
    """
    runs = {arm: [one for one in outcomes if one.arm == arm] for arm in study.arms}
    if any(not one.done or study.metric not in one.validation for each in runs.values() for one in each):
        return None
    sign = -1.0 if study.metric in LOWER_IS_BETTER else 1.0
    means = {arm: float(np.mean([one.validation[study.metric] for one in each])) for arm, each in runs.items()}
    winner = max(means, key=lambda arm: sign * means[arm])
    validation, test = (
        np.array([getattr(one, part)[study.metric] for one in runs[winner]]) for part in ("validation", "metrics")
    )
    gaps = sign * (validation - test)
    over = paired_over_seeds(np.zeros(len(gaps)), gaps) if folds is None else resampled_mean(gaps, folds)
    expected, method = _expected(list(runs.values()), study.metric, sign)
    return Choice(
        winner, means, means[winner], float(test.mean()), float(gaps.mean()), over.low, over.high, expected, method
    )


def _expected(runs: Sequence[Sequence[Outcome]], metric: str, sign: float) -> tuple[float | None, str]:
    if any(metric not in one.validation_terms for each in runs for one in each):
        return None, f"none: {metric} is no mean over rows"
    if any(
        one.validation_ids != first.validation_ids for each in runs for one, first in zip(each, runs[0], strict=True)
    ):
        return None, "none: the arms have other validation rows"
    terms = [[sign * one.validation_terms[metric] for one in each] for each in runs]
    same = all(one.validation_ids == runs[0][0].validation_ids for one in runs[0])
    table = np.array([np.mean(each, axis=0) if same else np.concatenate(each) for each in terms])
    if table.shape[1] < FEWEST_LEFT_OUT:
        return None, "none: too few validation rows"
    return best_of_bias(table), f"{DRAWS:,} bootstrap draws of validation rows, judged on the rows that are not drawn"


def best_of_bias(terms: Floats, draws: int = DRAWS, seed: int = 0) -> float:
    """How much too good the mean of the best of k arms is, for being the best of them on the same rows.

    Each draw of rows with replacement chooses an arm, which is judged on the rows that were not drawn.

    Args:
        terms: of each arm and row, larger is better, shape (k, N).
        draws: of rows.
        seed: of the draws.

    Source: Tsamardinos, Greasidou, Borboudakis 2018 (bootstrap bias corrected cross-validation), algorithm 3.
    """
    rows = terms.shape[1]
    generator, left_out = np.random.default_rng(seed), []
    for start in range(0, draws, block := max(1, BLOCK_VALUES // rows)):
        weights = generator.multinomial(rows, np.full(rows, 1 / rows), size=min(block, draws - start))
        best = np.argmax(terms @ weights.T, axis=0)
        free = weights == 0
        sums = free @ terms.T
        counts = free.sum(axis=1)
        left_out.append(sums[np.arange(len(best)), best] / np.maximum(counts, 1))
    return float(terms.mean(axis=1).max() - np.concatenate(left_out).mean())

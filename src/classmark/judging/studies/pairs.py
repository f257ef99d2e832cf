"""The finished runs of two arms, paired by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from classmark.judging.metric import LOWER_IS_BETTER
from classmark.judging.statistics.intervals import Floats
from classmark.judging.studies.arms import shared_names, values_of
from classmark.judging.studies.learning import Reached, restricted_steps
from classmark.judging.studies.outcomes import Outcome
from classmark.judging.studies.seeds import Direction
from classmark.recipes.study_schema import STEPS, Study


@dataclass(frozen=True)
class Sides:
    """The finished pairs of runs of two arms, in the order of the seeds, and all outcomes of the two.

    Attributes:
        reached: arm and seed → when that run reached the target.
        limit: the step up to which steps are counted; None without a target or a run.
    """

    reference: str
    arm: str
    outcomes: tuple[Outcome, ...]
    reached: Mapping[tuple[str, int], Reached]
    limit: int | None

    @property
    def pairs(self) -> list[tuple[Outcome, Outcome]]:
        return pairs_of(self.outcomes, self.reference, self.arm)

    def runs(self) -> tuple[list[Outcome], list[Outcome]]:
        """The runs of the reference and those of the arm, of finished pairs only."""
        pairs = self.pairs
        return [a for a, _ in pairs], [b for _, b in pairs]

    def there(self) -> tuple[list[Reached], list[Reached]]:
        """When the runs of either side reached the target."""
        a, b = ([self.reached[one.arm, one.seed] for one in side if (one.arm, one.seed) in self.reached]
                for side in self.runs())  # fmt: skip
        return a, b

    def values(self, metric: str) -> tuple[Floats, Floats]:
        """A metric of both sides, each of shape (S,); empty where some run has no value."""
        a, b = self.runs()
        if metric == STEPS and self.limit is not None and a:
            first, second = self.there()
            return restricted_steps(first, self.limit), restricted_steps(second, self.limit)
        if metric not in shared_names([*a, *b]):
            return np.empty(0), np.empty(0)
        return values_of(a, "metrics", metric), values_of(b, "metrics", metric)

    def by_seed(self, metric: str, arm: str) -> dict[int, float]:
        """Seed → a metric of an arm's finished runs, also of those whose partner is missing."""
        runs = [one for one in self.outcomes if one.arm == arm and one.done]
        if metric == STEPS and self.limit is not None:
            steps = restricted_steps([self.reached[arm, one.seed] for one in runs], self.limit)
            return dict(zip((one.seed for one in runs), map(float, steps), strict=True))
        return {one.seed: one.metrics[metric] for one in runs if metric in one.metrics}


def pairs_of(outcomes: Sequence[Outcome], reference: str, arm: str) -> list[tuple[Outcome, Outcome]]:
    """The finished runs of two arms that have a seed in common, in the order of the seeds."""
    sides = [{one.seed: one for one in outcomes if one.arm == name and one.done} for name in (reference, arm)]
    return [(sides[0][seed], sides[1][seed]) for seed in sides[0] if seed in sides[1]]


def better_direction(metric: str) -> Direction:
    """Which values of a metric are the better ones."""
    return "lower" if metric in (STEPS, *LOWER_IS_BETTER) else "higher"


def claimed_direction(study: Study) -> Direction:
    """The direction of the study's claim."""
    return study.direction or better_direction(study.metric)

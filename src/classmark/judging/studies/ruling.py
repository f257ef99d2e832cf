"""What is decided about a claim: by an interval over the seeds named beforehand, or seed by seed until it is settled."""

from __future__ import annotations

from dataclasses import dataclass

from classmark.judging.studies.missing import WorstCase, worst_case
from classmark.judging.studies.pairs import Sides, claimed_direction
from classmark.judging.studies.seeds import SeedDifference, metric_range, paired_over_seeds
from classmark.judging.studies.sequential import follow, sequence_factor
from classmark.judging.studies.verdicts import (
    SeedsNeeded,
    Verdict,
    is_equivalent,
    is_opposite,
    p_of_margin,
    seeds_for_equivalence,
    seeds_needed,
    settle,
)
from classmark.recipes.study_schema import Study


@dataclass(frozen=True)
class Ruling:
    """What is decided on the primary metric; the fields are those of `ArmComparison`."""

    verdict: Verdict
    primary: SeedDifference
    missing: int
    waiting: int
    p_margin: float | None
    needed: SeedsNeeded | None = None
    equivalence: SeedDifference | None = None
    opposite: bool = False
    equivalent: bool = False
    needed_equivalent: SeedsNeeded | None = None
    worst: WorstCase | None = None
    settled_at: int | None = None


def rule(study: Study, sides: Sides, confidence: float) -> Ruling:
    """The verdict on the primary metric and what stands beside it.

    Args:
        study: what is claimed.
        sides: the arm and the reference.
        confidence: of the verdict's interval.
    """
    return (_sequential if study.sequential else _fixed)(study, sides, confidence)


def _fixed(study: Study, sides: Sides, confidence: float) -> Ruling:
    """The verdict of a study whose seeds were all named beforehand."""
    direction, margin, values = claimed_direction(study), study.margin, sides.values(study.metric)
    primary = paired_over_seeds(*values, confidence=confidence)
    equivalence = paired_over_seeds(*values, confidence=1 - 2 * (1 - confidence))
    missing, waiting = _missing(study, sides)
    verdict = "not settled" if missing else settle(primary.low, primary.high, margin, direction)
    equivalent = not missing and is_equivalent(equivalence.low, equivalence.high, margin)
    return Ruling(
        verdict,
        primary,
        missing,
        waiting,
        p_of_margin(primary, margin, direction),
        needed=seeds_needed(primary, margin, direction) if verdict == "not settled" else None,
        equivalence=equivalence,
        opposite=not missing and is_opposite(primary.low, primary.high, direction),
        equivalent=equivalent,
        needed_equivalent=None if equivalent else seeds_for_equivalence(equivalence, margin),
        worst=_worst(study, sides, confidence) if missing else None,
    )


def _sequential(study: Study, sides: Sides, confidence: float) -> Ruling:
    """The verdict of a study that may stop at any seed, from the pairs up to the first seed that misses one."""
    direction, margin = claimed_direction(study), study.margin
    done = [
        {one.seed for one in sides.outcomes if one.arm == name and one.done} for name in (sides.reference, sides.arm)
    ]
    first = next((at for at, seed in enumerate(study.seed_list) if not all(seed in side for side in done)), None)
    counted = study.seed_list[:first]
    places = [at for at, (a, _) in enumerate(sides.pairs) if a.seed in counted]
    places.sort(key=lambda at: counted.index(sides.pairs[at][0].seed))
    a, b = (side[places] if len(side) else side for side in sides.values(study.metric))
    found = follow(a, b, margin, direction, confidence)
    settled, primary = found.verdict != "not settled", found.difference
    missing, waiting = (0, 0) if settled else _missing(study, sides)
    return Ruling(
        found.verdict,
        primary,
        missing,
        waiting,
        found.p,
        needed=None if settled else seeds_needed(primary, margin, direction, sequence_factor),
        equivalence=primary,
        opposite=is_opposite(primary.low, primary.high, direction),
        equivalent=is_equivalent(primary.low, primary.high, margin),
        settled_at=counted[found.pairs - 1] if found.pairs else None,
    )


def _missing(study: Study, sides: Sides) -> tuple[int, int]:
    """How many pairs are missing, and how many of them are still to run."""
    seeds, pairs = study.seed_list, sides.pairs
    failed = {one.seed for one in sides.outcomes if one.arm in (sides.reference, sides.arm) and one.state == "failed"}
    return len(seeds) - len(pairs), len(seeds) - len({a.seed for a, _ in pairs} | failed)


def _worst(study: Study, sides: Sides, confidence: float) -> WorstCase:
    a, b = (sides.by_seed(study.metric, arm) for arm in (sides.reference, sides.arm))
    within = metric_range(study.metric)
    return worst_case(a, b, study.seed_list, within, (study.margin, claimed_direction(study), confidence))

"""Whether the runs of a table were tested on the same rows, and which rows each fold holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from classmark.errors import InputError
from classmark.judging.studies.outcomes import Outcome
from classmark.judging.studies.resampled import Folds


def match_runs(outcomes: Sequence[Outcome], places: Sequence[str], reference: str) -> list[Outcome]:
    """The same outcomes, with the rows of each in the order of the reference's run of that seed and fold.

    Raises:
        InputError: a run has other test rows than the reference's.
    """
    first = {(one.seed, one.fold): one for one in outcomes if one.arm == reference and one.done}
    found = []
    for one, place in zip(outcomes, places, strict=True):
        other = first.get((one.seed, one.fold))
        if not one.done or other is None or one.ids == other.ids:
            found.append(one)
            continue
        only = sorted(set(one.ids) ^ set(other.ids))
        if only:
            which = f"seed {one.seed}" + ("" if one.fold is None else f", fold {one.fold}")
            raise InputError(
                f"{place}: {one.arm} was tested on other rows than {reference} in {which}: "
                f'{len(only):,} ids, such as "{only[0]}", are in one of them only.',
                "Pair runs that were tested on the same rows.",
            )
        positions = {name: number for number, name in enumerate(one.ids)}
        order = np.array([positions[name] for name in other.ids])
        found.append(replace(one, ids=other.ids, terms={name: terms[order] for name, terms in one.terms.items()}))
    return found


def match_folds(outcomes: Sequence[Outcome], source: str) -> Folds:
    """How the rows were put into folds, checked: in each repetition every row is tested once.

    Raises:
        InputError: a row is tested twice or never in a repetition, or repetitions have other numbers of folds.
    """
    repetitions: dict[int, dict[int, tuple[str, ...]]] = {}
    for one in outcomes:
        if one.done and one.fold is not None:
            repetitions.setdefault(one.seed, {})[one.fold] = one.ids
    counts = {seed: len(folds) for seed, folds in repetitions.items()}
    if min(counts.values()) < 2 or len(set(counts.values())) > 1:
        said = ", ".join(f"{count} of seed {seed}" for seed, count in counts.items())
        raise InputError(f"{source}: folds: {said}.", "Give each repetition the same number of folds, two at least.")
    everywhere: set[str] | None = None
    for seed, folds in repetitions.items():
        tested: dict[str, int] = {}
        for fold, ids in folds.items():
            twice = next((name for name in ids if name in tested), None)
            if twice is not None:
                raise InputError(
                    f'{source}: the row "{twice}" is tested in fold {tested[twice]} and in fold {fold} of seed {seed}. In a '
                    "cross-validation each row is tested once per repetition.",
                    "For random splits leave the column fold out, and give each split a seed of its own.",
                )
            tested |= dict.fromkeys(ids, fold)
        if everywhere is not None and everywhere != set(tested):
            only = sorted(everywhere ^ set(tested))
            raise InputError(
                f'{source}: the row "{only[0]}" is not tested in every repetition; {len(only):,} such rows.',
                "Put all rows into folds in each repetition.",
            )
        everywhere = set(tested)
    rows, count = len(everywhere or ()), next(iter(counts.values()))
    return Folds(count, len(repetitions), rows / count, rows - rows / count)

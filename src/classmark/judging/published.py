"""A published confusion matrix judged without its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classmark.errors import InputError
from classmark.judging.findings.judgement import Finding, find
from classmark.judging.judgement import Judgement
from classmark.judging.statistics.estimates import estimate_matrix

SOURCE = "published confusion matrix"
MOST_ROWS = 2**53  # beyond, counts are not exact


def judge_confusion(
    matrix: ArrayLike,
    classes: Sequence[str] | None = None,
    *,
    positive: str | None = None,
) -> Judgement:
    """The judgement of a C × C matrix of counts, rows true, columns predicted.

    Its intervals are those that the rows would give, if they are independent; none of them needs bootstrap draws.

    Args:
        matrix: whole numbers from 0.
        classes: C names; without them, the numbers 0 to C − 1.
        positive: the positive class of two; without it, the second.

    Raises:
        InputError: the matrix is not square, not of counts, or empty, or the names do not fit.
    """
    counts = _checked(matrix)
    names = tuple(classes) if classes is not None else tuple(str(index) for index in range(len(counts)))
    if len(names) != len(counts):
        raise InputError(f"{SOURCE}: {len(names)} class names for {len(counts)} classes. Name each class once.")
    if len(set(names)) != len(names):
        raise InputError(f"{SOURCE}: a class is named twice in {', '.join(names)}. Name each class once.")
    if positive is not None and (positive not in names or len(names) != 2):
        raise InputError(f'{SOURCE}: the positive class "{positive}" is not one of two classes ({", ".join(names)}).')
    index = names.index(positive) if positive is not None else 1
    estimates = estimate_matrix(counts, names, index)
    judgement = Judgement(
        source=SOURCE,
        split=None,
        rows=int(counts.sum()),
        classes=names,
        positive=names[index] if len(names) == 2 else None,
        metrics=estimates.metrics,
        per_class=estimates.per_class,
        confusion=tuple(tuple(row) for row in counts.tolist()),
        draws=0,
    )
    note = Finding("scores_left_out", "info", "A matrix has no scores: only what its counts say is given.")
    return replace(judgement, findings=(*find(judgement), note))


def _checked(matrix: ArrayLike) -> NDArray[np.int64]:
    try:
        values = np.asarray(matrix, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{SOURCE}: its rows are not lists of numbers of one length.") from None
    if values.ndim != 2 or values.shape[0] != values.shape[1] or len(values) < 2:
        raise InputError(f"{SOURCE}: its shape is {values.shape}, not C × C for two classes or more.")
    if not np.isfinite(values).all() or (values < 0).any() or (values != np.round(values)).any():
        raise InputError(f"{SOURCE}: it must hold counts, whole numbers from 0; rows true, columns predicted.")
    if values.sum() > MOST_ROWS:
        raise InputError(f"{SOURCE}: its counts sum to {values.sum():.3g}; at most {MOST_ROWS:.3g} rows are judged.")
    if values.sum() == 0:
        raise InputError(f"{SOURCE}: all counts are 0.")
    return values.astype(np.int64)

"""A published confusion matrix judged without its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from classmark.errors import InputError
from classmark.judging.estimates import ORDER, Drawn, class_estimates, share_estimates
from classmark.judging.findings import find
from classmark.judging.intervals import Floats, percentile_interval
from classmark.judging.judgement import Finding, Judgement
from classmark.judging.metrics import confusion_metrics
from classmark.judging.resampling import bootstrap_method

SOURCE = "published confusion matrix"
CELLS_AT_ONCE = 2_000_000


def judge_confusion(
    matrix: ArrayLike,
    classes: Sequence[str] | None = None,
    *,
    positive: str | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> Judgement:
    """The judgement of a C × C matrix of counts, rows true, columns predicted.

    A bootstrap draw of rows is a multinomial draw of cells, so the intervals are those that the rows would give.

    Args:
        matrix: whole numbers from 0.
        classes: C names; without them, the numbers 0 to C − 1.
        positive: the positive class of two; without it, the second.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        InputError: the matrix is not square, not of counts, or empty, or the names do not fit.
    """
    counts = _checked(matrix)
    names = tuple(classes) if classes is not None else tuple(str(index) for index in range(len(counts)))
    if len(names) != len(counts):
        raise InputError(f"{SOURCE}: {len(names)} class names for {len(counts)} classes. Name each class once.")
    if positive is not None and (positive not in names or len(names) != 2):
        raise InputError(f'{SOURCE}: the positive class "{positive}" is not one of two classes ({", ".join(names)}).')
    index = names.index(positive) if positive is not None else 1
    sums = (counts.sum(axis=1), counts.sum(axis=0), np.diag(counts))
    drawn = Drawn(*_draw(counts, draws, seed), bootstrap_method(draws, None))
    values = confusion_metrics(*(part[None].astype(np.float64) for part in sums), index)
    sampled = drawn.metrics(index)
    metrics = {
        name: percentile_interval(float(value[0]), sampled[name], drawn.method) for name, value in values.items()
    } | share_estimates(counts, index)
    judgement = Judgement(
        source=SOURCE,
        split=None,
        rows=int(counts.sum()),
        classes=names,
        positive=names[index] if len(names) == 2 else None,
        metrics={name: metrics[name] for name in ORDER if name in metrics},
        per_class=class_estimates(counts, names, drawn, independent=True),
        confusion=tuple(tuple(row) for row in counts.tolist()),
        draws=draws,
        seed=seed,
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
    if values.sum() == 0:
        raise InputError(f"{SOURCE}: all counts are 0.")
    return values.astype(np.int64)


def _draw(matrix: NDArray[np.int64], draws: int, seed: int) -> tuple[Floats, Floats, Floats]:
    """Rows, predictions and hits of each class in every draw, each of shape (R, C)."""
    generator = np.random.default_rng(seed)
    total, block = int(matrix.sum()), max(1, CELLS_AT_ONCE // matrix.size)
    parts = []
    for start in range(0, draws, block):
        cells = generator.multinomial(total, matrix.ravel() / total, size=min(block, draws - start))
        drawn = cells.reshape(-1, *matrix.shape).astype(np.float64)
        parts.append((drawn.sum(axis=2), drawn.sum(axis=1), np.diagonal(drawn, axis1=1, axis2=2)))
    true, claimed, hits = (np.concatenate(part) for part in zip(*parts, strict=True))
    return true, claimed, hits

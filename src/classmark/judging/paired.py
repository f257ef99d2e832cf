"""Paired differences of the further metrics that are a mean of one term a row, for those who look closer."""

from __future__ import annotations

from classmark.judging.comparisons import Difference, _accuracy, _mean_difference
from classmark.judging.metrics import TOP_K_CLASSES
from classmark.judging.rows import positive_index, row_groups, scored_rows
from classmark.predictions import Predictions


def further_differences(a: Predictions, b: Predictions, positive: str | None = None) -> dict[str, Difference]:
    """`top5_accuracy` (six classes or more) and `brier`, B − A; none where a table has predicted labels only.

    Args:
        a: labelled rows.
        b: the same rows, matched.
        positive: the positive class of two; without it, the second.
    """
    if not (a.has_probabilities and b.has_probabilities):
        return {}
    index, groups = positive_index(a, positive), row_groups(a)
    rows_a, rows_b = scored_rows(a, index), scored_rows(b, index)
    found = {"brier": _mean_difference(rows_a.brier_terms, rows_b.brier_terms, groups)}
    if len(a.classes) >= TOP_K_CLASSES:
        found["top5_accuracy"] = _accuracy(rows_a.top_k_hits > 0, rows_b.top_k_hits > 0, groups)
    return found

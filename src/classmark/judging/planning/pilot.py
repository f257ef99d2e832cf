"""From a pilot's predictions to the figures of a plan: at their unfavourable limits, and at face value."""

from __future__ import annotations

from dataclasses import replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from classmark.errors import InputError, Option, nearest
from classmark.judging.comparisons.matching import match
from classmark.judging.planning.question import Question
from classmark.judging.planning.seeds import SURE
from classmark.judging.rows import labelled, positive_index, row_groups, row_weights, scored_rows
from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.ranking import placements, roc_area_difference
from classmark.predictions import Predictions

Z_SURE = NormalDist().inv_cdf(SURE)
FEWEST_GROUPS = 2


def pilot_of_one(table: Predictions, question: Question, of_class: str | None) -> tuple[Question, Question]:
    """The question with a pilot's figures for one model: at their unfavourable limits, and at face value.

    Of a share that is the one-sided 80 % limit (Wilson's) that needs more rows: nearer to a half for a width, lower for
    a minimum. A ROC area and the prevalence of a class are taken as they are.

    Args:
        table: at least one labelled row that counts.
        question: its metric and what is wanted.
        of_class: the class of recall and precision; of two classes the positive one without it.
    """
    rows = labelled(table)
    _check_unweighted(table)
    index = _class_index(rows, of_class, question.metric)
    if question.metric == "roc_auc":
        found = _area(rows, index, question)
        return found, found
    scored = scored_rows(rows, index)
    match question.metric:
        case "recall":
            counts = scored.labels == index
        case "precision":
            counts = scored.predicted == index
        case _:
            counts = np.ones(len(rows), dtype=bool)
    if not counts.any():
        raise InputError(
            f'{table.source}: no row counts for the {question.metric} of "{rows.classes[index]}".',
            "Give a guess instead.",
        )
    hits = (scored.predicted == scored.labels)[counts].astype(np.float64)
    share = float(hits.mean())
    groups = row_groups(rows)
    known = replace(question, prevalence=None if question.metric == "accuracy" else float(counts.mean()))
    if groups is not None:
        known = _grouped(known, hits, groups[counts], table.source)
    low, high = _limits(share, len(hits))
    worse = low if question.minimum is not None else min(high, 0.5) if share < 0.5 else max(low, 0.5)
    return replace(known, value=worse), replace(known, value=share)


def pilot_of_two(
    tables: tuple[Predictions, Predictions], question: Question, of_class: str | None = None
) -> tuple[Question, Question]:
    """The question with a pilot's disagreement of two models: at its upper 80 % limit, and at face value.

    Of ROC areas it is the variance of their difference. `of_class` is whose scores they are of; without it of two classes
    the positive one.
    """
    for table in tables:
        _check_unweighted(table)
    a, b = match(tables).tables
    if question.metric == "roc_auc":
        return _two_areas(a, b, question, of_class)
    gained = (b.predicted == b.labels).astype(np.float64) - (a.predicted == a.labels)
    share, groups = float(np.abs(gained).mean()), row_groups(a)
    known = question if groups is None else _grouped(question, gained, groups, a.source)
    least = abs(question.difference or 0.0)  # two models that differ so much disagree on as many rows
    limit = _limits(share, len(gained))[1]
    return replace(known, disagreement=max(limit, least)), replace(known, disagreement=max(share, least))


def _two_areas(a: Predictions, b: Predictions, question: Question, of_class: str | None) -> tuple[Question, Question]:
    """The same for ROC areas: rows × the variance of their difference by DeLong, at its upper 80 % limit too.

    Source: the limit as Browne 1995, with Satterthwaite's degrees of freedom in the place of a sample's.
    """
    from scipy.special import chdtri

    index = _class_index(a, of_class, question.metric)
    known = _area(a, index, question)
    _area(b, index, question)  # which refuses what gives no area
    scores = [scored_rows(table, index).scores(index) for table in (a, b)]
    found = roc_area_difference(a.labels == index, scores[0], scores[1])
    if found is None or not found.deviation:
        why = "fewer than three rows of a class" if found is None else "both tables rank these rows alike"
        raise InputError(f"{a.source}: {why}.", "Give a guess instead.")
    seen = found.deviation**2 * len(a)
    limit = seen * found.degrees / float(chdtri(found.degrees, SURE))
    return replace(known, area_rows=limit), replace(known, area_rows=seen)


def _limits(share: float, rows: int) -> tuple[float, float]:
    """Both one-sided 80 % limits of a share, by Wilson 1927."""
    middle = (share + Z_SURE**2 / (2 * rows)) / (1 + Z_SURE**2 / rows)
    half = Z_SURE / (1 + Z_SURE**2 / rows) * float(np.sqrt(share * (1 - share) / rows + Z_SURE**2 / (4 * rows**2)))
    return max(0.0, middle - half), min(1.0, middle + half)


def _grouped(question: Question, terms: Floats, groups: NDArray[np.int64], source: str) -> Question:
    """The question with the mean size of the groups and the design effect of their terms, at least 1.

    Source: Kish 1965, section 5.4: the variance of the mean by group sums over that of independent rows.
    """
    place = np.unique(groups, return_inverse=True)[1]
    units, rows, mean = int(place.max()) + 1, len(terms), float(terms.mean())
    if units < FEWEST_GROUPS:
        raise InputError(
            f"{source}: one group says nothing of how groups differ.", "Give a guess instead: group_size and icc."
        )
    sums = np.bincount(place, weights=terms - mean)
    alone = float(((terms - mean) ** 2).sum())
    effect = units / (units - 1) * float((sums**2).sum()) / alone if alone > 0 else 1.0
    return replace(question, group_size=rows / units, effect=max(1.0, effect))


def _check_unweighted(table: Predictions) -> None:
    if row_weights(table) is not None:
        raise InputError(
            f"{table.source}: rows with weights give no pilot.", "Give a guess, or a table without weights."
        )


def _class_index(rows: Predictions, of_class: str | None, metric: str) -> int:
    if metric == "accuracy" or (of_class is None and len(rows.classes) == 2):
        return positive_index(rows, None)
    if of_class is None:
        raise InputError(
            f"{rows.source}: {metric} of which of {len(rows.classes)} classes?",
            ("Name one: ", Option("of_class", rows.classes[0])),
        )
    if of_class not in rows.classes:
        raise InputError(f'{rows.source}: no class "{of_class}".{nearest(of_class, rows.classes)}', argument="of_class")
    return rows.classes.index(of_class)


def _area(rows: Predictions, index: int, question: Question) -> Question:
    """The question with a pilot's ROC area and rows × its variance by DeLong, for the same share of positive rows."""
    if not rows.has_probabilities:
        raise InputError(f"{rows.source}: a ROC area needs probabilities.", "Plan another metric.", argument="metric")
    if row_groups(rows) is not None:
        raise InputError(
            f"{rows.source}: a ROC area is planned for independent rows only.",
            "Plan another metric.",
            argument="metric",
        )
    positive = rows.labels == index
    if min(int(positive.sum()), int((~positive).sum())) < 2:
        raise InputError(f"{rows.source}: fewer than two rows of a class.", "Give a guess instead.")
    above, below = placements(positive, scored_rows(rows, index).scores(index))
    variance = above.var(ddof=1) / len(above) + below.var(ddof=1) / len(below)
    return replace(
        question, value=float(above.mean()), prevalence=float(positive.mean()), area_rows=float(variance * len(rows))
    )

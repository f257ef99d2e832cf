"""One score per row, and the predicted classes that follow from it or do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from classmark.errors import InputError, Option, shortened
from classmark.predictions import Remark
from classmark.reading.candidates import several
from classmark.reading.classes import is_usual_pair
from classmark.reading.decisions import Decisions, MisfitError
from classmark.reading.names import TRUTH, is_named
from classmark.reading.order import known_class
from classmark.reading.scores import Kind, Scores
from classmark.reading.sought import (
    ENOUGH_ROWS,
    Found,
    Sought,
    check_read,
    known_classes,
    note_passed_over,
    second_label,
    strange_classes,
    the_one,
    threshold_column,
)
from classmark.reading.table import Table

NEARLY_ALL = 0.95


def _is_like_confidence(sought: Sought, score: Scores) -> bool:
    """Whether nearly all values are a half or more though the labels are not nearly all of one class."""
    if len(score.values) < ENOUGH_ROWS or score.kind is not Kind.SHARES:
        return False
    known = sought.labels.drop_nulls()
    commonest = float(known.value_counts()["count"].max() or 0) / max(1, len(known))  # type: ignore[arg-type]
    share = float((score.values >= 0.5).mean())
    return share == 1 or (share >= NEARLY_ALL and commonest < 0.8 and len(score.values) >= 2 * ENOUGH_ROWS)


def find_without_scores(sought: Sought, singles: Sequence[Scores]) -> Found:
    """The predicted classes of more (or fewer) than two classes, for which one score is not enough."""
    claims, count = sought.claims, len(known_classes(sought))
    decisions = the_one(sought, claims.fitting) if claims.fitting or claims.strange else None
    if decisions is None and claims.further:
        confident = [one for one in singles if (one.values >= 1 / count - 1e-9).all()]
        if confident or not singles:
            decisions = the_one(sought, claims.further)
    if decisions is None:
        if not singles:
            return Found()
        raise MisfitError(
            f"{sought.table.source}: one score per row is for two classes, but there {'is' if count == 1 else 'are'} "
            f"{count} ({shortened(known_classes(sought)) or 'no row has a label'}).",
            "Give one probability per class, or a column of predicted classes."
            if count != 1
            else (
                "Name both classes: ",
                Option("classes", (*known_classes(sought), "OTHER")),
                " or in the other order.",
            ),
        )
    remarks = []
    if singles:
        names = ", ".join(f'"{one.columns[0]}"' for one in singles)
        message = f"The column {names} holds one score per row, which says nothing about the other {count - 1} classes."
        remarks.append(Remark("confidence_only", "info", f"{message} Only the predicted classes are judged."))
    return Found(decisions, remarks=tuple(remarks), aside=tuple(name for one in singles for name in one.columns))


def find_with_single(sought: Sought, singles: Sequence[Scores]) -> Found:
    """One score of two classes, with the predicted classes if there are any."""
    table, claims = sought.table, sought.claims
    used = {one.columns[0] for one in singles}
    strange = [name for name in claims.strange if name not in used]
    decisions = the_one(sought, claims.fitting) if claims.fitting else None
    if not singles:
        if decisions is None and claims.further:
            decisions = the_one(sought, claims.further)
        if decisions is None and strange:
            raise strange_classes(sought)
        return Found(decisions)
    for one in singles:
        check_read(table, one)
    if decisions is None and strange:
        raise strange_classes(sought)
    if decisions is not None:
        return _explained(sought, decisions, singles)
    for further in (*claims.further, *claims.alike):
        meanings = [(one, meaning) for one in singles if (meaning := _meaning(sought, further, one)) is not None]
        sure = table.options.label is not None or is_named(sought.label_name, TRUTH)
        if not sure and any(meaning == "" for _, meaning in meanings) and further in claims.alike:
            raise InputError(  # a confidence suits any predicted class, so that truth and prediction may be swapped
                f'{table.source}: "{sought.label[0]}" and "{further.column}" hold the same classes, and nothing says which is '
                "the true one.",
                ("Name it: ", Option("label", sought.label[0]), " or ", Option("label", further.column)),
            )
        if len(meanings) == 1 and not table.options.logits:
            return _as(sought, further, *meanings[0])
    score = _single(table, singles)
    for common in claims.common:
        meaning = None if table.options.logits else _meaning(sought, common, score)
        if meaning and not _is_plain(common, score, meaning) and table.options.probabilities is None:
            raise threshold_column(sought, common, score)
    doubtful = score.of_class is None and table.options.probabilities is None and not table.options.logits
    if claims.further and table.options.probabilities is None:
        for other in claims.further:
            if not other.names.equals(sought.labels):
                raise second_label(sought, other, score)
    if doubtful and table.options.positive is None and claims.other:
        raise InputError(
            f'{table.source}: "{claims.other[0]}" is named as labels are, and has other classes than "{sought.label[0]}" '
            f"({shortened(table.columns[claims.other[0]].classes)}; {shortened(sought.classes)}).",
            ("If it holds the predicted classes, write both with the same names. To leave it aside: ",
             Option("probabilities", score.columns)),
        )  # fmt: skip
    if doubtful and _is_like_confidence(sought, score):
        raise InputError(
            f'{table.source}: hardly any value of "{score.columns[0]}" is below 0.5, as if it were the confidence of the '
            "predicted class; no column of predicted classes is found.",
            ("Name it: ", Option("predicted", "COLUMN"), ". If this is the probability of a class: ",
             Option("probabilities", score.columns), " ", Option("positive", sought.classes[-1])),
        )  # fmt: skip
    return Found(None, score, remarks=tuple(note_passed_over(one) for one in claims.alike[:1]))


def _is_plain(decisions: Decisions, score: Scores, meaning: str) -> bool:
    """Whether decisions are those of a threshold of one half, or too few to show another."""
    above = score.values[:, 0] > 0.5
    said = (decisions.names == meaning).fill_null(False).to_numpy()
    return bool((above == said).all()) or len(said) < ENOUGH_ROWS


def _single(table: Table, singles: Sequence[Scores]) -> Scores:
    """The one score; equal columns count once, and two of both classes are a pair."""
    first = singles[0]
    if any(not np.array_equal(one.values, first.values) for one in singles[1:]):
        raise several(table.source, singles)
    return first


def _explained(sought: Sought, decisions: Decisions, singles: Sequence[Scores]) -> Found:
    """The score that the predicted classes follow from; scores that do not are left aside."""
    table = sought.table
    meanings = [(one, _meaning(sought, decisions, one)) for one in singles]
    fitting = [(one, meaning) for one, meaning in meanings if meaning is not None]
    distinct = [
        pair for place, pair in enumerate(fitting) if not any(_equal(pair[0], one) for one, _ in fitting[:place])
    ]
    if len(distinct) == 1:
        score, meaning = distinct[0]
        positive = table.options.positive
        if meaning and positive is not None and score.of_class is None:
            said = known_class(table.source, positive, known_classes(sought), "positive")
            if said != meaning:
                raise InputError(
                    f'{table.source}: "{score.columns[0]}" is highest where "{decisions.column}" is "{meaning}", so it is not '
                    f'the score of "{said}".',
                    "Leave it out.",
                    argument="positive",
                )
        return _as(sought, decisions, score, meaning)
    if len(distinct) > 1:
        raise several(table.source, [one for one, _ in distinct])
    named = [one for one in singles if one.of_class is not None or table.options.probabilities]
    if len(named) == 1:
        return Found(decisions, named[0])
    if table.options.predicted is not None:
        names = ", ".join(f'"{one.columns[0]}"' for one in singles)
        message = f"The column {names} is left aside: the predicted classes do not follow from it."
        aside = tuple(name for one in singles for name in one.columns)
        return Found(decisions, remarks=(Remark("confidence_only", "warning", message),), aside=aside)
    raise InputError(
        f'{table.source}: the predicted classes in "{decisions.column}" do not follow from the score '
        f'"{singles[0].columns[0]}" at any threshold.',
        ("Judge one of them: ", Option("labels_only", True), " or ", Option("probabilities", (singles[0].columns[0],))),
    )


def _equal(one: Scores, other: Scores) -> bool:
    return np.array_equal(one.values, other.values)


def _as(sought: Sought, decisions: Decisions, score: Scores, meaning: str) -> Found:
    """With the score as what it means: a class, or `""` for the predicted class.

    A confidence gives the other class's probability only if there surely is no third class.

    Raises:
        InputError: its name says another class.
    """
    if score.of_class is not None and meaning and meaning != score.of_class:
        raise InputError(
            f'{sought.table.source}: "{score.columns[0]}" is named after "{score.of_class}", but is highest where '
            f'"{decisions.column}" is "{meaning}".',
            ("Judge one of them: ", Option("labels_only", True), " or ", Option("probabilities", score.columns)),
        )
    if meaning == "" and (sought.table.options.classes or is_usual_pair(known_classes(sought))):
        return Found(decisions, score, is_confidence=True)
    if meaning == "":
        first, second = known_classes(sought)
        message = (
            f'The column "{score.columns[0]}" is the confidence of the predicted class, and only the predicted classes are '
            f'judged. If there are no other classes than "{first}" and "{second}", name both to judge probabilities too.'
        )
        return Found(decisions, remarks=(Remark("confidence_only", "info", message),), aside=score.columns)
    return Found(decisions, replace(score, of_class=meaning))


def _meaning(sought: Sought, decisions: Decisions, score: Scores) -> str | None:
    """The class whose score this is, "" for the predicted class; None if the decisions do not follow from it.

    It is the score of a class if the rows with that prediction have the highest ones. It is a confidence if none is below a
    half, and the first does not hold.
    """
    known, values = known_classes(sought), score.values[:, 0]
    said = {name: values[(decisions.names == name).fill_null(False).to_numpy()] for name in known}
    filled = {name: those for name, those in said.items() if len(those)}
    is_share = score.kind is Kind.SHARES and not sought.table.options.logits
    confident = is_share and bool((values >= 0.5 - 1e-9).all())
    if len(filled) == 2:
        for name, other in (known, known[::-1]):
            if said[name].min() >= said[other].max() and said[name].max() > said[other].min():
                return None if confident and said[other].max() > 0.5 and score.of_class is None else name
        if confident and score.of_class is None:
            return ""
        return None
    (only,) = filled or {known[0]: values}
    middle = 0.5 if is_share else 0.0
    if score.of_class is not None:
        return score.of_class
    if (values >= middle).all():
        return only  # of the predicted class, which is the same in every row
    return next(name for name in known if name != only) if (values <= middle).all() else None

"""How scores and predicted classes of a table explain each other, and which of them are therefore read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from classmark.errors import InputError, Option, shortened
from classmark.predictions import Remark
from classmark.reading.classes import NUMBER
from classmark.reading.columns import Column
from classmark.reading.decisions import Claims, Decisions, MisfitError, nothing_in_common
from classmark.reading.families import families, indexed_families
from classmark.reading.names import LOGIT_LISTS, is_named, words_in
from classmark.reading.scores import (
    Kind,
    Scores,
    class_in_name,
    class_scores,
    columns_scores,
    list_columns,
    list_scores,
    several,
    single_scores,
    unread,
)
from classmark.reading.table import Table

ENOUGH_ROWS = 8  # so many scores of a half or more are no chance
NEARLY_ALL = 0.95


@dataclass(frozen=True)
class Found:
    """What predicts in a table.

    Attributes:
        decisions: the predicted classes, if a column holds them.
        scores: the scores, if columns hold them.
        is_confidence: the one score is that of the predicted class.
        remarks: what a reader must know.
    """

    decisions: Decisions | None = None
    scores: Scores | None = None
    is_confidence: bool = False
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True)
class Sought:
    """What is known when scores are looked for.

    Attributes:
        table: of N rows.
        label: the columns of the true class.
        labels: N class names.
        classes: the labels' classes.
        claims: the columns that may hold predicted classes.
    """

    table: Table
    label: tuple[str, ...]
    labels: pl.Series
    classes: tuple[str, ...]
    claims: Claims

    @property
    def label_name(self) -> str:
        return self.label[0] if len(self.label) == 1 else ""

    @property
    def numbers(self) -> dict[str, Column]:
        """The columns of numbers that may hold scores."""
        claimed = [one.column for one in self.claims.fitting]
        return self.table.numbers(*self.label, *claimed, self.table.options.id, self.table.options.weights)


def find_predictions(sought: Sought) -> Found:
    """The predicted classes and the scores that the evidence supports.

    Raises:
        InputError: several columns may be the ones, or those that must be can not be read.
    """
    options, claims = sought.table.options, sought.claims
    if options.labels_only:
        return Found(_one(sought, claims.fitting or claims.further))
    groups = _named_scores(sought) if options.probabilities else _groups(sought)
    if groups and not groups[0].is_single:
        return _with_group(sought, groups)
    singles = groups or single_scores(sought.numbers, sought.label_name, _known(sought), logits=options.logits)
    if len(_known(sought)) != 2:
        return _without_scores(sought, singles)
    return _with_single(sought, singles)


def _known(sought: Sought) -> tuple[str, ...]:
    """The classes that labels, predictions or the user name."""
    if sought.table.options.classes:
        return sought.table.options.classes
    fitting = sought.claims.fitting[:1]
    said = [name for one in fitting for name in one.names.drop_nulls().unique().to_list()]
    return tuple(dict.fromkeys([*sought.classes, *said]))


def _one(sought: Sought, claims: Sequence[Decisions]) -> Decisions | None:
    """The one column of predicted classes; equal ones count once."""
    if not claims:
        if sought.claims.strange:
            raise _strange(sought)
        return None
    first = claims[0]
    other = next((one for one in claims[1:] if not one.names.equals(first.names, null_equal=True)), None)
    if other is not None:
        raise InputError(
            f'{sought.table.source}: several columns may hold the predicted classes: "{first.column}", "{other.column}".',
            ("Name the right one: ", Option("predicted", first.column)),
        )
    return first


def _strange(sought: Sought) -> MisfitError:
    column = sought.table.columns[sought.claims.strange[0]]
    return nothing_in_common(sought.table, sought.label[0], sought.classes, column)


def _groups(sought: Sought) -> list[Scores]:
    """Columns with a score per class, or one column of lists."""
    table = sought.table
    found = class_scores(sought.numbers, sought.label_name, sought.classes, logits=table.options.logits)
    lists = list_columns(table.without(*sought.label), logits=table.options.logits)
    if found or not lists:
        return found
    if len(lists) > 1:
        lists = [name for name in lists if not is_named(name, LOGIT_LISTS) or table.options.logits] or lists
    return [list_scores(table.columns[name], table.source) for name in lists]


def _named_scores(sought: Sought) -> list[Scores]:
    """The scores in the columns that the user named."""
    table = sought.table
    names: list[str] = []
    for name in table.options.probabilities or ():
        inside = [one for one in table.columns if one.startswith(f"{name}.")]
        if name not in table.columns and inside:
            names += inside
        else:
            names.append(table.column(name, "probabilities").name)
    nested = [name for name in names if table.columns[name].is_nested]
    if nested:
        if len(names) > 1:
            raise InputError(f'{table.source}: "{nested[0]}" holds lists.', "Name it alone.", argument="probabilities")
        return [list_scores(table.columns[names[0]], table.source)]
    columns = {name: table.columns[name] for name in names}
    if len(names) == 1:
        one = columns_scores(columns, names)
        return [replace(one, of_class=class_in_name(names[0], sought.label_name, _known(sought), logits=True))]
    for family in families(columns, sought.classes, sought.label_name, whole=True):
        if set(family.columns) == set(names):
            order = dict(zip(family.columns, family.classes, strict=True))
            return [columns_scores(columns, names, [order[name] for name in names])]
    for family in indexed_families(columns, words_in(sought.label_name)):
        if list(family.columns) == names:
            return [replace(columns_scores(columns, names, family.classes), indexed=True)]
    return [columns_scores(columns, names)]


def _with_group(sought: Sought, groups: Sequence[Scores]) -> Found:
    """A score per class, with the predicted classes beside them if there are any."""
    table, claims = sought.table, sought.claims
    scores = groups[0]
    if len(groups) > 1:
        scores = _agreeing(sought, groups)
    _check_read(table, scores)
    _check_not_ranked(table, scores)
    if not claims.fitting and claims.strange and table.options.predicted is None and not _follow(sought, scores):
        raise _strange(sought)
    named = scores.classes and not scores.indexed
    same = [one for one in (*claims.fitting, *claims.further) if named and one.names.to_list() == scores.largest]
    if same:
        return Found(same[0], scores)
    passed_over = [one for one in claims.alike if not (named and one.names.to_list() == scores.largest)]
    if claims.fitting:
        return Found(_one(sought, claims.fitting), scores)
    if table.options.probabilities is None:
        for one in claims.further:
            if not one.names.equals(sought.labels):
                raise _second_label(sought, one, scores)
    return Found(None, scores, remarks=tuple(_passed_over(one) for one in passed_over[:1]))


def _is_like_confidence(sought: Sought, score: Scores) -> bool:
    """Whether nearly all values are a half or more though the labels are not nearly all of one class."""
    if len(score.values) < ENOUGH_ROWS or score.kind is not Kind.SHARES:
        return False
    known = sought.labels.drop_nulls()
    commonest = float(known.value_counts()["count"].max() or 0) / max(1, len(known))  # type: ignore[arg-type]
    share = float((score.values >= 0.5).mean())
    return share == 1 or (share >= NEARLY_ALL and commonest < 0.8 and len(score.values) >= 2 * ENOUGH_ROWS)


def _second_label(sought: Sought, decisions: Decisions, scores: Scores) -> InputError:
    """What is said if a column named as labels are is neither the truth nor the class of the largest probability."""
    return InputError(
        f'{sought.table.source}: "{decisions.column}" is named as labels are, but is neither "{sought.label[0]}" nor the class '
        "of the largest probability.",
        ("If it holds the predicted classes: ", Option("predicted", decisions.column), "; to leave it aside: ",
         Option("probabilities", scores.columns[:8])),
    )  # fmt: skip


def _passed_over(decisions: Decisions) -> Remark:
    message = f'The column "{decisions.column}" holds classes of the labels and is not used.'
    return Remark(
        "unused_decisions", "warning", f'{message} If it holds predictions, name it with the option "predicted".'
    )


def _follow(sought: Sought, scores: Scores) -> bool:
    """Whether a column of other class names gives the place of the largest score in every row, counted from 0 or 1."""
    largest = np.argmax(scores.values, axis=1)
    for name in sought.claims.strange:
        numbers = sought.table.columns[name].numbers
        if numbers is not None and any(np.array_equal(numbers.values, largest + first) for first in (0, 1)):
            return True
        codes = sought.table.columns[name].names
        pairs = pl.DataFrame([codes.alias("code"), pl.Series("place", largest)]).unique()
        if pairs.height == pairs["code"].n_unique() == pairs["place"].n_unique():
            return True
    return False


def _agreeing(sought: Sought, groups: Sequence[Scores]) -> Scores:
    """The one of several groups whose largest score is the predicted class in every row; equal groups count once."""
    first = groups[0]
    if all(one.classes == first.classes and np.array_equal(one.values, first.values) for one in groups[1:]):
        return first
    claims = [one.names.to_list() for one in sought.claims.fitting]
    found = [one for one in groups if one.classes and one.largest in claims]
    if len(found) != 1:
        raise several(sought.table.source, groups)
    return found[0]


def _check_not_ranked(table: Table, scores: Scores) -> None:
    """Refuse scores that fall from column to column in every row, as those of the k best classes do."""
    named = scores.classes and not scores.indexed and not all(NUMBER.fullmatch(name) for name in scores.classes)
    rows, count = scores.values.shape
    if named or rows < ENOUGH_ROWS or count < 3 or table.options.classes is not None:
        return
    steps = np.diff(scores.values, axis=1)
    if (steps <= 0).all() and (steps < 0).any(axis=1).mean() > 0.5:
        raise InputError(
            f"{table.source}: the scores in {shortened(scores.columns)} fall from left to right in every row, as those of the "
            "best classes of each row do.",
            ("Give one column per class. If each column is one class: ", Option("classes", ("NAME", "NAME"))),
        )


def _check_read(table: Table, scores: Scores) -> None:
    """Refuse a cell that is not a number."""
    table.check_single(scores.columns)
    if scores.bad is not None:
        name, row = scores.bad
        raise unread(table.source, table.place(row), table.columns[name].series[row], name)


def _without_scores(sought: Sought, singles: Sequence[Scores]) -> Found:
    """The predicted classes of more (or fewer) than two classes, for which one score is not enough."""
    claims, count = sought.claims, len(_known(sought))
    decisions = _one(sought, claims.fitting) if claims.fitting or claims.strange else None
    if decisions is None and claims.further:
        confident = [one for one in singles if (one.values >= 1 / count - 1e-9).all()]
        if confident or not singles:
            decisions = _one(sought, claims.further)
    if decisions is None:
        if not singles:
            return Found()
        raise MisfitError(
            f"{sought.table.source}: one score per row is for two classes, but there {'is' if count == 1 else 'are'} "
            f"{count} ({shortened(_known(sought)) or 'no row has a label'}).",
            "Give one probability per class, or a column of predicted classes.",
        )
    remarks = []
    if singles:
        names = ", ".join(f'"{one.columns[0]}"' for one in singles)
        message = f"The column {names} holds one score per row, which says nothing about the other {count - 1} classes."
        remarks.append(Remark("confidence_only", "info", f"{message} Only the predicted classes are judged."))
    return Found(decisions, remarks=tuple(remarks))


def _with_single(sought: Sought, singles: Sequence[Scores]) -> Found:
    """One score of two classes, with the predicted classes if there are any."""
    table, claims = sought.table, sought.claims
    used = {one.columns[0] for one in singles}
    strange = [name for name in claims.strange if name not in used]
    decisions = _one(sought, claims.fitting) if claims.fitting else None
    if not singles:
        if decisions is None and claims.further:
            decisions = _one(sought, claims.further)
        if decisions is None and strange:
            raise _strange(sought)
        return Found(decisions)
    for one in singles:
        _check_read(table, one)
    if decisions is None and strange:
        raise _strange(sought)
    if decisions is not None:
        return _explained(sought, decisions, singles)
    for further in (*claims.further, *claims.alike):
        meanings = [(one, meaning) for one in singles if (meaning := _meaning(sought, further, one)) is not None]
        if len(meanings) == 1 and not table.options.logits:
            return _as(further, *meanings[0])
    score = _single(table, singles)
    doubtful = score.of_class is None and table.options.probabilities is None and not table.options.logits
    if claims.further and table.options.probabilities is None:
        for other in claims.further:
            if not other.names.equals(sought.labels):
                raise _second_label(sought, other, score)
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
    return Found(None, score, remarks=tuple(_passed_over(one) for one in claims.alike[:1]))


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
        return _as(decisions, *distinct[0])
    if len(distinct) > 1:
        raise several(table.source, [one for one, _ in distinct])
    named = [one for one in singles if one.of_class is not None or table.options.probabilities]
    if len(named) == 1:
        return Found(decisions, named[0])
    if table.options.predicted is not None:
        names = ", ".join(f'"{one.columns[0]}"' for one in singles)
        message = f"The column {names} is left aside: the predicted classes do not follow from it."
        return Found(decisions, remarks=(Remark("confidence_only", "warning", message),))
    raise InputError(
        f'{table.source}: the predicted classes in "{decisions.column}" do not follow from the score '
        f'"{singles[0].columns[0]}" at any threshold.',
        ("Judge one of them: ", Option("labels_only", True), " or ", Option("probabilities", (singles[0].columns[0],))),
    )


def _equal(one: Scores, other: Scores) -> bool:
    return np.array_equal(one.values, other.values)


def _as(decisions: Decisions, score: Scores, meaning: str) -> Found:
    """With the score as what it means: a class, or `""` for the predicted class.

    Raises:
        InputError: its name says another class.
    """
    if score.of_class is not None and meaning and meaning != score.of_class:
        raise InputError(
            f'"{score.columns[0]}" is named after "{score.of_class}", but is highest where "{decisions.column}" is "{meaning}".',
            ("Judge one of them: ", Option("labels_only", True), " or ", Option("probabilities", score.columns)),
        )
    if meaning == "":
        return Found(decisions, score, is_confidence=True)
    return Found(decisions, replace(score, of_class=meaning))


def _meaning(sought: Sought, decisions: Decisions, score: Scores) -> str | None:
    """The class whose score this is, "" for the predicted class; None if the decisions do not follow from it.

    It is the score of a class if the rows with that prediction have the highest ones. It is a confidence if none is below a
    half, and the first does not hold.
    """
    known, values = _known(sought), score.values[:, 0]
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


__all__ = ["Found", "Sought", "find_predictions"]

"""What the columns of a table mean: the true class, the predicted class, the scores; all evidence is weighed.

Every column that may hold the true class is tried. A plan fits if predictions can be found for it: predicted classes that
are among the labels, or scores whose names, number and values suit its classes. One plan that fits is taken and stated.
Several are refused with their names; if none fits, the most likely one says why.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from classmark.data.class_names import NUMBER
from classmark.errors import InputError, Option, shortened
from classmark.predictions import Remark
from classmark.reading.classes import (
    CLASS_WORDS,
    LESS_LIKELY_CLASS_WORDS,
    by_index,
    conventional_positive,
    in_order,
    match,
)
from classmark.reading.decisions import Decisions, MisfitError, find_claims
from classmark.reading.evidence import Sought, find_predictions
from classmark.reading.families import Family, families, is_truth
from classmark.reading.names import (
    FOLD,
    ID,
    MODEL,
    PREDICTED,
    SCORE,
    SPLIT,
    TRUTH,
    TRUTH_WORDS,
    WEIGHTS,
    is_named,
    words_in,
)
from classmark.reading.refusals import explained, nothing_predicted, quoted
from classmark.reading.scores import Scores
from classmark.reading.table import Table
from classmark.reading.truth import (
    FEWEST_NUMERIC,
    MOST_CLASSES,
    check_classes,
    label_candidates,
    label_names,
    missing_words,
    without_words,
)


@dataclass(frozen=True)
class Plan:
    """What the columns of a table mean.

    Attributes:
        label: the column of the true class; several for a one-hot one.
        labels: N class names, null where there is none.
        decisions: the predicted classes; None without them.
        scores: the scores; None without them.
        is_confidence: the one score is that of the predicted class.
        classes: the classes that labels and predictions name, in their order.
        remarks: what a reader must know.
        aside: columns of scores that are left aside.
    """

    label: tuple[str, ...]
    labels: pl.Series
    decisions: Decisions | None
    scores: Scores | None
    is_confidence: bool
    classes: tuple[str, ...]
    remarks: tuple[Remark, ...] = ()
    aside: tuple[str, ...] = ()


def decide(table: Table) -> Plan:
    """The plan that the evidence supports.

    Raises:
        InputError: none fits, or several do.
    """
    if table.options.label is not None:
        column = table.column(table.options.label, "label")
        return _attempt(table, column.name)
    tiers = label_candidates(table)
    if not any(tiers):
        one_hot = _one_hot(table)
        return one_hot if one_hot is not None else _unusual(table)
    failures: list[MisfitError] = []
    for tier in tiers:
        plans = []
        for name in tier:
            try:
                plans.append(_attempt(table, name, tier))
            except MisfitError as error:
                failures.append(error)
        if plans:
            return _beside_one_hot(table, _doubted(table, _only(table, plans)))
    raise explained(table, failures[0], [name for tier in tiers for name in tier])


def _attempt(table: Table, label: str, rivals: Sequence[str] = ()) -> Plan:
    """The plan with this column as the true class.

    Args:
        table: of N rows.
        label: the column.
        rivals: columns that may hold the true class just as well, and so are no predictions.

    Raises:
        MisfitError: no prediction suits it.
        InputError: several do, or what suits it cannot be read.
    """
    column = table.columns[label]
    if column.is_nested:
        raise InputError(
            f'{table.source}: the column "{label}" holds {column.series.dtype}, not one class per row.',
            ("Name another one: ", Option("label", "COLUMN")),
        )
    table.check_single([label])
    names = label_names(table, column)
    if table.options.missing_label is not None:
        names = without_words(table, names, {table.options.missing_label})
    check_classes(table, column, names)
    named = by_index(names, table.options.classes)
    if named is None and table.options.classes is not None:
        known = names.drop_nulls().unique().to_list()
        meant = match(known, table.options.classes)
        if meant is not None and meant.likeness == "number":  # 0 for 0.0
            named = names.replace(meant.names)
    return _with_labels(table, (label,), names if named is None else named, rivals)


def _stated(table: Table, label: tuple[str, ...]) -> tuple[str, ...]:
    """The classes that the type of the label's column lists."""
    kind = table.columns[label[0]].series.dtype
    return tuple(str(name) for name in kind.categories.to_list()) if isinstance(kind, pl.Enum) else ()


def _with_labels(table: Table, label: tuple[str, ...], names: pl.Series, rivals: Sequence[str] = ()) -> Plan:
    classes = in_order(names.drop_nulls().unique().to_list())
    suspects = missing_words(classes)
    named = {*(table.options.classes or ()), *(table.order or ()), *_stated(table, label)}
    suspects = tuple(one for one in suspects if one not in named)
    core = tuple(one for one in classes if one not in suspects)
    for likely in (CLASS_WORDS, LESS_LIKELY_CLASS_WORDS):
        if len(core) < 2:
            suspects = tuple(one for one in suspects if one.casefold() not in likely)
            core = tuple(one for one in classes if one not in suspects)
    if len(core) < 2:
        core, suspects = classes, ()
    found = find_predictions(Sought(table, label, names, core, find_claims(table, label, classes, rivals)))
    decisions, remarks = found.decisions, list(found.remarks)
    if found.scores is None and decisions is None:
        raise nothing_predicted(table, label)
    said = {
        *(decisions.names.drop_nulls().unique() if decisions else ()),
        *(found.scores.classes if found.scores else ()),
    }
    missing = {word for word in suspects if word not in said}
    listed = found.scores is not None and not found.scores.classes and not found.scores.is_single
    if missing and listed and found.scores is not None and found.scores.values.shape[1] > len(core):
        raise InputError(
            f"{table.source}: {found.scores.values.shape[1]} scores per row, and {quoted(sorted(missing))} may be one of the "
            "classes or a missing label.",
            ("Name the classes in their order: ", Option("classes", classes), ", or: ",
             Option("missing_label", min(missing))),
        )  # fmt: skip
    doubtful = sorted(word for word in missing if word.casefold() in CLASS_WORDS)
    if doubtful and (found.scores is None or found.scores.is_single) and table.options.missing_label is None:
        raise InputError(
            f'{table.source}: no row is predicted as "{doubtful[0]}": it may be a class, or mean that the label is missing.',
            (
                "If it is missing: ",
                Option("missing_label", doubtful[0]),
                "; if it is a class: ",
                Option("classes", classes[:8]),
            ),
        )
    if missing:
        names = without_words(table, names, missing)
        count = int(names.is_null().sum())
        words = ", ".join(f'"{word}"' for word in sorted(missing))
        remarks.append(
            Remark(
                "missing_words",
                "warning",
                f"{words} in the column {quoted(label)} is read as a missing label, as no prediction names it; "
                f"rows without a label: {count:,}.",
            )
        )
    known = {*names.drop_nulls().unique().to_list(), *(decisions.names.drop_nulls().unique() if decisions else ())}
    return Plan(
        label, names, decisions, found.scores, found.is_confidence, in_order(known), tuple(remarks), found.aside
    )


def _said(plan: Plan) -> pl.Series | None:
    """The predicted class of each row; None if only an order of scores is known."""
    if plan.decisions is not None:
        return plan.decisions.names
    if plan.scores is not None and plan.scores.classes and not plan.scores.indexed:
        return pl.Series(plan.scores.largest, dtype=pl.String)
    return None


def _is_prediction(plan: Plan) -> bool:
    """Whether the truth of a plan is the predicted class in every row, as a prediction would be."""
    said = _said(plan)
    return said is not None and bool((said == plan.labels).filter(plan.labels.is_not_null()).all())


def _doubted(table: Table, plan: Plan) -> Plan:
    """The plan, unless its truth may be the prediction: equal to it in every row, beside another column of the same classes.

    Raises:
        InputError: it may.
    """
    known = plan.labels.is_not_null()
    if len(plan.label) != 1 or plan.label[0] in TRUTH or int(known.sum()) < FEWEST_NUMERIC:
        return plan
    if not _is_prediction(plan):
        return plan
    used = {*plan.label, plan.decisions.column if plan.decisions else ""}
    for name, column in table.columns.items():
        if name in used or column.is_nested or not column.can_be_classes or not column.has_at_most(len(plan.classes)):
            continue
        if set(column.classes) == set(plan.classes) and not column.names.equals(plan.labels):
            raise InputError(
                f'{table.source}: "{plan.label[0]}" is the predicted class in every row, and "{name}" holds the same classes.',
                ("Name the true one: ", Option("label", name), " or ", Option("label", plan.label[0])),
            )
    return plan


def _only(table: Table, plans: Sequence[Plan]) -> Plan:
    """The one plan of a tier; equal ones count once."""
    distinct = [
        plan
        for place, plan in enumerate(plans)
        if not any(plan.labels.equals(other.labels, null_equal=True) for other in plans[:place])
    ]
    if len(distinct) == 1:
        return distinct[0]
    names = [plan.label[0] for plan in sorted(distinct, key=_is_prediction)]
    raise InputError(
        f"{table.source}: several columns may hold the true classes: {quoted(names)}.",
        ("Name the right one: ", Option("label", names[0])),
    )


def _beside_one_hot(table: Table, plan: Plan) -> Plan:
    """The plan, unless columns of zeros and ones are another truth.

    Raises:
        InputError: they are.
    """
    used = {*plan.label, *(plan.scores.columns if plan.scores else ())}
    if is_named(plan.label[0], TRUTH):
        return plan
    for family in _one_hot_families(table):
        if not used & set(family.columns) and set(family.classes) >= set(plan.classes):
            raise InputError(
                f'{table.source}: "{plan.label[0]}" and the columns {quoted(family.columns)} may hold the true classes.',
                ("Name the right one, or remove the columns that are not it: ", Option("label", plan.label[0])),
            )
    return plan


def _one_hot_families(table: Table) -> list[Family]:
    """The families of columns that are the true class one-hot, such as label_cat and label_dog."""
    stems = {name: re.split(r"[_ .]", name, maxsplit=1) for name in table.columns}
    named = {
        name: parts[1] for name, parts in stems.items() if len(parts) == 2 and set(words_in(parts[0])) <= TRUTH_WORDS
    }
    numbers = {name: column for name, column in table.numbers().items() if name in named}
    found = [
        family
        for anchor in dict.fromkeys(named[name] for name in numbers)
        for family in families(numbers, [anchor])
        if is_truth(family, numbers)
    ]
    return list({family.columns: family for family in found}.values())


def _one_hot(table: Table) -> Plan | None:
    """The plan with one column per true class, each 0 or 1; None where there are none or several sets of them."""
    found = _one_hot_families(table)
    if len(found) != 1:
        return None
    columns = [table.columns[name].series.cast(pl.Float64, strict=False).alias(name) for name in found[0].columns]
    places = pl.DataFrame(columns).select(pl.concat_list(pl.all()).list.arg_max()).to_series().to_list()
    names = pl.Series("label", [found[0].classes[place] for place in places], dtype=pl.String)
    return _with_labels(table, found[0].columns, names)


def _unusual(table: Table) -> Plan:
    """The plan with a column of no usual name as the true class: the only one that has the classes of the predictions.

    Names such as 0 and 1 or no and yes may be those of any column, so they do not tell.

    Raises:
        InputError: no column has them, several do, or the names do not tell.
    """
    fitting = []
    for name, column in table.columns.items():
        usual = is_named(name, (*PREDICTED, *SCORE, *ID, *WEIGHTS, *SPLIT, *MODEL, *FOLD))
        few = not usual and column.can_be_classes and column.has_at_most(MOST_CLASSES + 1)
        if not few or not 1 < len(column.classes) <= MOST_CLASSES:
            continue
        try:
            fitting.append((name, _attempt(table, name)))
        except InputError:
            continue
    told = [
        (name, plan)
        for name, plan in fitting
        if conventional_positive(plan.classes) is None
        and (
            (plan.scores is not None and plan.scores.classes and not plan.scores.indexed) or plan.decisions is not None
        )
        and not any(NUMBER.fullmatch(one) for one in plan.classes)
    ]
    if len(told) == 1:
        return told[0][1]
    problem = f"{table.source}: no column is known to hold the true classes; the columns are {shortened(list(table.columns))}."
    names = [name for name, plan in fitting if not _is_prediction(plan)]
    if names:
        raise InputError(problem, (f"If they are in {quoted(names)}: ", Option("label", names[0])))
    raise InputError(problem, ("Name it: ", Option("label", "COLUMN")))

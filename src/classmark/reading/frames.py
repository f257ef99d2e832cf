"""A table that others made as a checked predictions table: its meaning is decided, then it is put together."""

from __future__ import annotations

import polars as pl

from classmark.errors import InputError
from classmark.predictions import Predictions, Remark
from classmark.reading.assemble import Parts, assemble
from classmark.reading.checks import check_columns, check_last_row, check_names, check_not_counted
from classmark.reading.roles import Plan, decide
from classmark.reading.rows import Ids, carried_along, find_groups, find_ids, find_weights
from classmark.reading.table import Table


def read_frame(table: Table) -> Predictions:
    """The checked predictions in a table.

    Raises:
        InputError: nothing or too much in it may be predictions.
        PredictionsError: it breaks the contract of a predictions table.
    """
    plan = decide(table)
    check_not_counted(table, plan.labels, plan.decisions)
    decided = (plan.decisions.column,) if plan.decisions is not None else ()
    if table.options.weights in (*plan.label, *decided):
        raise InputError(f'"{table.options.weights}" holds classes.', "Name a column of numbers.", argument="weights")
    scored = plan.scores.columns if plan.scores is not None else ()
    used = (*plan.label, *scored, *decided, *plan.aside)
    ids = find_ids(table, used)
    groups, grouped_by = find_groups(table, ids)
    weights = find_weights(table)
    named = [one for one in (grouped_by, table.options.weights) if one]
    named += [column for column, _ in table.options.where]
    used = (*used, *ids.columns, *named, *_sources(table, used))
    others = carried_along(table, used)
    further = [series for series in (groups, weights) if series is not None]
    if further:
        others = pl.DataFrame([*further, *others.get_columns()])
    return assemble(
        Parts(
            source=table.source,
            place=table.place,
            options=table.options,
            ids=ids.names,
            numbered=not ids.columns,
            labels=plan.labels.alias("label"),
            decisions=None if plan.decisions is None else plan.decisions.names.alias("predicted"),
            scores=plan.scores,
            is_confidence=plan.is_confidence,
            others=others,
            order=table.order or _stated_order(table, plan),
            remarks=_remarks(table, plan, ids, used),
            plan=_stated(plan, ids, grouped_by, table.options.weights),
        )
    )


def _sources(table: Table, used: tuple[str, ...]) -> list[str]:
    """The nested columns that used ones were laid out from."""
    laid_out = set(used).difference(table.frame.columns)
    return [name for name in table.frame.columns if any(one.startswith(f"{name}.") for one in laid_out)]


def _stated_order(table: Table, plan: Plan) -> tuple[str, ...] | None:
    """The order of the classes that the type of the label's column states."""
    series = table.columns[plan.label[0]].series
    if len(plan.label) != 1 or not isinstance(series.dtype, pl.Enum):
        return None
    names = tuple(str(name) for name in series.dtype.categories.to_list())
    return names if set(plan.labels.drop_nulls().unique()) <= set(names) else None


def _remarks(table: Table, plan: Plan, ids: Ids, used: tuple[str, ...]) -> tuple[Remark, ...]:
    notes = [Remark("assumed", "info", note) for note in table.notes]
    if plan.scores is not None:
        notes += [Remark("assumed", "info", f"Numbers are written as {note}.") for note in plan.scores.notes]
    odd = check_names(plan.classes, plan.decisions, len(plan.labels)) + check_last_row(plan.labels, plan.decisions)
    odd += check_columns(table, used)
    return (*plan.remarks, *odd, *ids.remarks, *notes)


def _stated(plan: Plan, ids: Ids, grouped_by: str | None, weights: str | None) -> dict[str, str]:
    """Which column became what, but for scores."""
    label = (
        plan.label[0] if len(plan.label) == 1 else f"{plan.label[0]}, …, {plan.label[-1]} ({len(plan.label)} columns)"
    )
    decided = plan.decisions.column if plan.decisions is not None else ""
    named = {"label": label, "predicted": decided, "id": "/".join(ids.columns), "group": grouped_by or ""}
    return named | {"weight": weights or ""}

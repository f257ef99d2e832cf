"""Predictions tables of several models mixed into one: fitted on their validation rows, applied to their test rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any

import numpy as np
import polars as pl

from classmark.errors import InputError
from classmark.judging.comparisons.matching import match
from classmark.judging.findings.judgement import find_reading
from classmark.judging.parts.mixture import Mixture, fit_mixture, log_probabilities, mixture_from_json
from classmark.judging.parts.recalibration import tempered
from classmark.judging.rows import held_out, row_weights
from classmark.predictions import Predictions, Remark, build_predictions

OWN_COLUMNS = ("id", "label", "probabilities", "logits", "predicted")


@dataclass(frozen=True)
class MixedTables:
    """A mixture with its predictions and those of its parts on the same rows.

    Attributes:
        fit: weights and biases.
        table: the mixture's predictions.
        parts: the name of each part → its predictions.
    """

    fit: Mixture
    table: Predictions
    parts: dict[str, Predictions]


def mix_tables(tests: Sequence[Predictions], validations: Sequence[Predictions], names: Sequence[str]) -> MixedTables:
    """The mixture of two or more models.

    Args:
        tests: the predictions of each model on the same test rows, matched by id.
        validations: those of each model on the same validation rows, which it is fitted on.
        names: what the models are called; each differs from the others.

    Raises:
        InputError: there is one model only, or a table has predicted labels only.
        PredictionsError: ids, labels, classes, groups or weights differ, or a validation row is among the test rows.
    """
    if len(tests) < 2:
        raise InputError("mix: one set of predictions.", "Give two or more, on the same rows.")
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        raise InputError(f'"{twice[0]}" is named twice.', "Give each model a name of its own.", argument="names")
    for table in (*tests, *validations):
        if not table.has_probabilities:
            raise InputError(
                f"{table.source}: it has predicted labels only, and a mixture is one of probabilities.",
                "Give predictions with the probability of each class.",
            )
    rows = match(tests, names)
    held = [held_out(test, validation) for test, validation in zip(tests, validations, strict=True)]
    fitted_on = match(held, names).tables
    fit = fit_tables(fitted_on, names)
    found = find_reading(tests, names) + rows.findings
    remarks = tuple(Remark(one.code, one.severity, one.message) for one in found)  # type: ignore[arg-type]
    table = mixed_table(fit, rows.tables, remarks)
    plans = [f"{name}: {test.plan}" for name, test in zip(names, tests, strict=True) if test.plan]
    table = replace(table, plan=" · ".join(plans) or None)
    return MixedTables(fit, table, dict(zip(names, rows.tables, strict=True)))


def fit_tables(tables: Sequence[Predictions], names: Sequence[str]) -> Mixture:
    """The mixture of labelled tables whose rows and classes are in one order."""
    first = tables[0]
    logarithms = [log_probabilities(table.probabilities) for table in tables]
    weights, biases = fit_mixture(logarithms, first.labels, row_weights(first))
    return Mixture(tuple(names), first.classes, tuple(weights.tolist()), tuple(biases.tolist()), len(first))


def mixed_table(fit: Mixture, tables: Sequence[Predictions], remarks: Sequence[Remark] = ()) -> Predictions:
    """The mixture's predictions of tables whose rows and classes are in one order.

    Columns are those of the first; a row that is leaked for one part is leaked for the mixture.
    """
    first = tables[0]
    logits = fit.logits([table.probabilities for table in tables])
    frame = first.frame
    flags = [
        table.frame["leaked"].fill_null(False) for table in tables if table.frame.schema.get("leaked") == pl.Boolean
    ]
    if flags:
        frame = frame.with_columns(leaked=reduce(or_, flags))
    kept = frame.select(name for name in frame.columns if name not in OWN_COLUMNS)
    caveats = {code: sentence for table in tables for code, sentence in table.caveats.items()}
    known = ("split", "data_fingerprint", "numbered")
    metadata: dict[str, Any] = {name: first.metadata[name] for name in known if name in first.metadata}
    metadata |= {"mixture": fit.to_json()} | ({"caveats": caveats} if caveats else {})
    if remarks:
        metadata["remarks"] = [vars(one) for one in remarks]
    named = next((table.positive for table in tables if table.positive is not None), None)
    table = build_predictions(
        first.ids,
        first.frame["label"],
        tempered(logits.astype(np.float64), 1.0).astype(np.float32),
        first.classes,
        logits=logits,
        columns=kept if kept.width else None,
        metadata=metadata,
        source="mixture of " + " and ".join(fit.parts),
    )
    return replace(table, positive=named)


def known_mixture(table: Predictions | None, models: Mapping[str, Predictions]) -> MixedTables | None:
    """A mixture that was made earlier, from the table of its predictions.

    None without a table, or where it does not say how it was made, or one of its parts is not at hand.

    Args:
        table: of the mixture.
        models: name → predictions of the same rows.
    """
    if table is None:
        return None
    try:
        fit = mixture_from_json(table.metadata["mixture"])
        return MixedTables(fit, table, {name: models[name] for name in fit.parts})
    except (KeyError, TypeError, ValueError, AttributeError):
        return None

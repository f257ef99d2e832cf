"""What one run of a study gives: its metrics on test rows, before and after a temperature, and its learning curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from classmark.judging.parts.calibration import binned_error, width_edges
from classmark.judging.parts.recalibration import fit_temperature, table_logits, tempered
from classmark.judging.rows import held_out, labelled, positive_index, scored_rows
from classmark.judging.scored import Scored, row_terms, statistics
from classmark.judging.statistics.intervals import Floats
from classmark.predictions import Predictions
from classmark.runs.status import DONE

WAITING = "not started"


@dataclass(frozen=True)
class Outcome:
    """A run of a study, as far as it came.

    Attributes:
        arm, seed: which one.
        state: `done`, `running`, `interrupted`, `failed`, or `not started`.
        message: why it failed, else empty.
        seconds: that it took so far.
        metrics: on the test rows; only of a run that is done, like all below.
        tempered: `temperature`, fitted on validation rows, and `log_loss`, `brier` and `ece` of the test rows with it.
        terms: of the metrics that are means over test rows, one term a row, shape (N,).
        ids: of the test rows.
        curve: steps → validation accuracy.
        recipe: as it was resolved.
        fold: of a cross-validation, where the test rows are one of several folds; None without one.
    """

    arm: str
    seed: int
    state: str = WAITING
    message: str = ""
    seconds: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    tempered: Mapping[str, float] = field(default_factory=dict)
    terms: Mapping[str, Floats] = field(default_factory=dict)
    ids: tuple[str, ...] = ()
    curve: Mapping[int, float] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    fold: int | None = None

    @property
    def done(self) -> bool:
        return self.state == DONE


def measure(test: Predictions, validation: Predictions | None = None, positive: str | None = None) -> dict[str, Any]:
    """The fields `metrics`, `tempered`, `terms` and `ids` of an outcome, from a model's tables.

    Args:
        test: the rows that metrics are of.
        validation: others, on which the temperature is fitted; without them `tempered` is empty.
        positive: the positive class of two.

    Raises:
        PredictionsError: no row has a label, or a validation row stands in the test.
    """
    rows = labelled(test)
    scored = scored_rows(rows, positive_index(rows, positive))
    values, terms = statistics(scored), {"accuracy": (scored.predicted == scored.labels).astype(float)}
    if rows.has_probabilities:
        values, terms = values | {"ece": _ece(scored)}, terms | row_terms(scored)
    return {
        "metrics": {name: value for name, value in values.items() if value == value},
        "tempered": {} if validation is None or not rows.has_probabilities else _tempered(test, validation, scored),
        "terms": terms,
        "ids": tuple(rows.ids.to_list()),
    }


def _tempered(test: Predictions, validation: Predictions, scored: Scored) -> dict[str, float]:
    """The temperature of the validation rows, and what the test rows, `scored`, come to with it."""
    chosen_on = held_out(test, validation)
    temperature = fit_temperature(table_logits(chosen_on), chosen_on.labels)
    probabilities = tempered(table_logits(labelled(test)), temperature)
    after = Scored(scored.labels, scored.surest, probabilities, scored.classes, scored.positive)
    return {
        "temperature": temperature,
        "log_loss": float(after.log_losses.mean()),
        "brier": float(after.brier_terms.mean()),
        "ece": _ece(after),
    }


def _ece(scored: Scored) -> float:
    return binned_error(scored, width_edges()).ece

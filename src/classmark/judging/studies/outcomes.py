"""What one run of a study gives: its metrics on test rows, before and after a temperature, and its learning curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from classmark.judging.parts.calibration import binned_error, width_edges
from classmark.judging.parts.recalibration import LIMITS, fit_temperature, table_logits, tempered
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
        tempered: `temperature`, fitted on validation rows, and `log_loss`, `brier` and `ece` of the test rows with it; empty
            where no temperature is best.
        terms: of the metrics that are means over test rows, one term a row, shape (N,).
        ids: of the test rows.
        training_rows: that the run learned from; None where it is not known.
        curve: steps → validation accuracy.
        recipe: as it was resolved.
        fold: of a cross-validation, where the test rows are one of several folds; None without one.
        validation: metrics on the validation rows, by which an arm may be chosen; empty without such rows.
        validation_terms, validation_ids: of these rows, as `terms` and `ids`.
        untempered: why no temperature is best on the validation rows; None where one is, or was not sought.
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
    training_rows: int | None = None
    fold: int | None = None
    validation: Mapping[str, float] = field(default_factory=dict)
    validation_terms: Mapping[str, Floats] = field(default_factory=dict)
    validation_ids: tuple[str, ...] = ()
    untempered: str | None = None

    @property
    def done(self) -> bool:
        return self.state == DONE


def measure(test: Predictions, validation: Predictions | None = None, positive: str | None = None) -> dict[str, Any]:
    """What an outcome has of a model's tables: `metrics`, `tempered`, `terms`, `ids`, and the same of validation rows.

    Args:
        test: the rows that metrics are of.
        validation: others, on which the temperature is fitted; without them `tempered` is empty.
        positive: the positive class of two.

    Raises:
        PredictionsError: no row has a label, or a validation row stands in the test.
    """
    index = positive_index(labelled(test), positive)
    metrics, terms, scored = _measured(labelled(test), index)
    found: dict[str, Any] = {"metrics": metrics, "tempered": {}, "terms": terms}
    found["ids"] = tuple(labelled(test).ids.to_list())
    if validation is None:
        return found
    chosen_on = held_out(test, validation)
    on_validation = _measured(chosen_on, index)
    found |= {"validation": on_validation[0], "validation_terms": on_validation[1]}
    found["validation_ids"] = tuple(chosen_on.ids.to_list())
    return found | (_tempered(test, chosen_on, scored) if test.has_probabilities else {})


def _measured(rows: Predictions, positive: int) -> tuple[dict[str, float], dict[str, Floats], Scored]:
    """Every defined metric of labelled rows, the terms of those that are means over rows, and the rows themselves."""
    scored = scored_rows(rows, positive)
    values, terms = statistics(scored), {"accuracy": (scored.predicted == scored.labels).astype(float)}
    if rows.has_probabilities:
        values, terms = values | {"ece": _ece(scored)}, terms | row_terms(scored)
    return {name: value for name, value in values.items() if value == value}, terms, scored


def _tempered(test: Predictions, chosen_on: Predictions, scored: Scored) -> dict[str, Any]:
    """The temperature of the validation rows, and what the test rows, `scored`, come to with it; or why there is none."""
    temperature = fit_temperature(table_logits(chosen_on), chosen_on.labels)
    if temperature in LIMITS:
        return {"untempered": LIMITS[temperature]}
    probabilities = tempered(table_logits(labelled(test)), temperature)
    after = Scored(scored.labels, scored.surest, probabilities, scored.classes, scored.positive)
    means = {"log_loss": float(after.log_losses.mean()), "brier": float(after.brier_terms.mean()), "ece": _ece(after)}
    return {"tempered": {"temperature": temperature, **means}}


def _ece(scored: Scored) -> float:
    return binned_error(scored, width_edges()).ece

"""Judge a predictions table: the table of contents of a judgement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from classmark.judging.comparisons.compare import Comparison, compare
from classmark.judging.findings.judgement import find
from classmark.judging.judgement import Groups, Judgement, Leaked, Metrics
from classmark.judging.parts.calibration import calibrate
from classmark.judging.parts.calls import Sampling
from classmark.judging.parts.conformal import conform
from classmark.judging.parts.costs import cost_matrix, judge_costs
from classmark.judging.parts.curves import draw_curves
from classmark.judging.parts.guarantees import checked_confidence
from classmark.judging.parts.judged_mixture import judge_mixture
from classmark.judging.parts.label_errors import find_label_errors
from classmark.judging.parts.mixed_tables import MixedTables
from classmark.judging.parts.operating import judge_thresholds, read_goals
from classmark.judging.parts.prediction_powered import power_by_predictions
from classmark.judging.parts.recalibration import recalibrate
from classmark.judging.parts.selective import select
from classmark.judging.parts.slices import slice_rows
from classmark.judging.parts.thresholds import Goal
from classmark.judging.rows import held_out, labelled, positive_index, row_groups, row_weights, scored_rows
from classmark.judging.scored import Scored
from classmark.judging.statistics.estimates import Estimates, estimate
from classmark.judging.statistics.groups import effective_groups
from classmark.judging.statistics.intervals import Floats
from classmark.judging.statistics.resampling import whole_draws, whole_seed
from classmark.judging.statistics.unpaired import split_gap
from classmark.judging.statistics.weighted import check_unweighted, effective_number
from classmark.predictions import Predictions
from classmark.runs.looks import Looks

NO_BASELINES: Mapping[str, Predictions] = MappingProxyType({})


def judge(
    predictions: Predictions,
    *,
    validation: Predictions | None = None,
    unlabelled: Predictions | None = None,
    baselines: Mapping[str, Predictions] = NO_BASELINES,
    mixing: MixedTables | None = None,
    looks: Looks | None = None,
    positive: str | None = None,
    at: Sequence[str] = (),
    confidence: float | None = None,
    costs: Mapping[str, float] | None = None,
    slices: Sequence[str] | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> Judgement:
    """The judgement of a predictions table, at the level that holds (see `at_level`).

    Args:
        predictions: at least one row with a label.
        validation: predictions of the same model on other rows. Whatever is fitted or chosen (temperature, thresholds)
            comes from these alone; without them it is left out.
        unlabelled: predictions of the same model on rows whose labels are not known.
        baselines: baseline name → its predictions on the same rows.
        mixing: a mixture of which these predictions are the first part, or which made them.
        looks: at this test split, where a ledger of them is kept.
        positive: the positive class of two; without it, the one that the table names, else the second.
        at: goals of thresholds, such as `f1`, `precision>=0.95` and `error<=0.02`; without any, F1 and Youden's index.
        confidence: with which minimums, and highest errors, are to hold on new rows; without it, they hold on the
            validation rows alone.
        costs: `true:predicted` → cost of such a row; an error that is not named costs 1.
        slices: columns whose slices are judged, `a*b` for the combinations of two; without them, all that make some, up to
            twelve.
        draws: of the bootstrap.
        seed: of the bootstrap.

    Raises:
        PredictionsError: no row has a label, a baseline has other rows, or a validation row is among the judged ones.
        InputError: `positive` is no class, there are too few draws, or a goal, a confidence, a cost or a column cannot be used.
    """
    draws, seed = whole_draws(draws), whole_seed(seed)
    rows = labelled(predictions)
    index = positive_index(rows, positive)
    scored = scored_rows(rows, index)
    groups = row_groups(rows)
    weighted = scored.weights is not None
    if weighted:
        check_unweighted(
            predictions.source, at=at, confidence=confidence, costs=costs, slices=slices, unlabelled=unlabelled
        )
    chosen_on = None if validation is None else held_out(predictions, validation)
    audited = rows if predictions.split == "validation" else chosen_on

    called_positive = rows.classes[index] if len(rows.classes) == 2 else None

    def estimates(table: Predictions) -> Estimates:
        where = 1 if called_positive is None else positive_index(table, called_positive)
        return estimate(scored_rows(table, where), table.classes, draws, seed, row_groups(table))

    def compared(a: Predictions, b: Predictions, names: tuple[str, str]) -> Comparison:
        return compare(a, b, positive=called_positive, draws=draws, seed=seed, names=names)

    def metrics(table: Predictions) -> Metrics:
        return estimates(labelled(table)).metrics

    main = estimate(scored, rows.classes, draws, seed, groups)
    parts: dict[str, Any] = {}
    if not weighted:
        goals = read_goals(rows, chosen_on, at)
        chosen = Chosen(
            index,
            goals,
            _promise(confidence, goals, chosen_on),
            None if costs is None else cost_matrix(costs, rows.classes),
            slices,
        )
        parts = _parts(rows, scored, chosen_on, chosen, Sampling(draws, seed, groups))
    judgement = Judgement(
        source=predictions.source,
        plan=predictions.plan,
        split=predictions.split,
        rows=len(rows),
        classes=rows.classes,
        positive=called_positive,
        metrics=main.metrics,
        per_class=main.per_class,
        confusion=tuple(tuple(row) for row in scored.confusion.tolist()),
        own_decisions=int((scored.predicted != scored.surest).sum()) if rows.has_own_decisions else None,
        effective_rows=None if scored.weights is None else effective_number(scored.weights, groups),
        test_looks=looks,
        label_errors=find_label_errors(audited) if audited is not None and audited.has_probabilities else None,
        groups=None
        if groups is None
        else Groups(
            int(groups.max()) + 1, estimate(scored, rows.classes, draws, seed).metrics, effective_groups(groups)
        ),
        **parts,
        prediction_powered=None if unlabelled is None else power_by_predictions(rows, unlabelled),
        leaked=_leaked(rows, metrics),
        baselines={name: metrics(table) for name, table in baselines.items()},
        baseline_methods={name: table.metadata["baseline"] for name, table in baselines.items() if _says_how(table)},
        baseline_comparison={
            name: compared(table, predictions, (f"the {name} baseline", "the model"))
            for name, table in baselines.items()
        },
        mixture=None if mixing is None else judge_mixture(mixing, predictions, baselines, metrics, compared),
        draws=draws,
        seed=seed,
    )
    return replace(judgement, findings=find(judgement, predictions))


def _leaked(rows: Predictions, metrics: Callable[[Predictions], Metrics]) -> Leaked | None:
    """What the metrics are without the rows that stand in the training data; None where none does."""
    if "leaked" not in rows.frame.columns or not rows.frame["leaked"].any():
        return None
    clean = rows.filter(~rows.frame["leaked"].fill_null(False).to_numpy())
    return Leaked(len(rows) - len(clean), metrics(clean) if len(clean) else {})


def _says_how(baseline: Predictions) -> bool:
    return isinstance(baseline.metadata.get("baseline"), str)


@dataclass(frozen=True)
class Chosen:
    """What a user asks for beside the metrics.

    Attributes:
        positive: class index, of two.
        goals: of thresholds.
        confidence: with which minimums are to hold on new rows.
        costs: of a row, true class by predicted class; None where none were given.
        slices: columns.
    """

    positive: int
    goals: Sequence[Goal]
    confidence: float | None
    costs: Floats | None
    slices: Sequence[str] | None


def _promise(confidence: float | None, goals: Sequence[Goal], validation: Predictions | None) -> float | None:
    if confidence is None:
        return None
    return checked_confidence(
        confidence,
        minimums=any(goal.minimum is not None or goal.maximum is not None for goal in goals),
        groups=validation is not None and row_groups(validation) is not None,
        weights=validation is not None and row_weights(validation) is not None,
    )


def _parts(
    rows: Predictions, scored: Scored, chosen_on: Predictions | None, chosen: Chosen, sampling: Sampling
) -> dict[str, Any]:
    """The parts of a judgement that rows without weights have, by their names."""
    groups, index = sampling.groups, chosen.positive
    fitted_on = chosen_on if rows.has_probabilities else None
    parts: dict[str, Any] = {
        "thresholds": judge_thresholds(rows, fitted_on, index, chosen.goals, chosen.costs, sampling, chosen.confidence),
        "slices": slice_rows(rows, scored, groups, chosen.slices),
        "costs": None if chosen.costs is None else judge_costs(rows, fitted_on, chosen.costs, groups),
        "validation_gap": None if chosen_on is None else split_gap(rows, chosen_on),
        "validation_rows": None if chosen_on is None else len(chosen_on),
    }
    if rows.has_probabilities:
        parts["curves"] = draw_curves(scored, rows.classes, groups, sampling.draws, sampling.seed)
        parts["calibration"] = calibrate(scored, groups)
        errors = [goal.maximum for goal in chosen.goals if goal.maximum is not None]
        validation = scored_rows(fitted_on, index) if fitted_on else None
        parts["selective"] = select(scored, validation, groups, errors, chosen.confidence)
    if fitted_on:
        parts["recalibration"] = recalibrate(rows, fitted_on, index, groups)
        parts["conformal"] = conform(rows, fitted_on, sampling.seed, groups, chosen.slices)
    return parts

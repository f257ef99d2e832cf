"""What `judgement.json` holds, as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from classmark.errors import RunError
from classmark.judging.checks import Check
from classmark.judging.comparisons.compare import Comparison
from classmark.judging.comparisons.paired import Difference
from classmark.judging.findings.judgement import Finding
from classmark.judging.parts.calibration import Calibration
from classmark.judging.parts.conformal import Conformal
from classmark.judging.parts.costs import Costs
from classmark.judging.parts.curves import Curves
from classmark.judging.parts.judged_mixture import JudgedMixture, judged_mixture_from_json
from classmark.judging.parts.label_errors import LabelErrors
from classmark.judging.parts.operating import Thresholds
from classmark.judging.parts.prediction_powered import PredictionPowered
from classmark.judging.parts.recalibration import Recalibration
from classmark.judging.parts.selective import Selective
from classmark.judging.parts.slices import Slices
from classmark.judging.statistics.estimates import ClassEstimate
from classmark.judging.statistics.intervals import Estimate
from classmark.judging.statistics.level import level
from classmark.judging.stored import from_json, to_json
from classmark.runs.looks import Looks
from classmark.runs.prediction_cost import PredictionCost
from classmark.system.files import read_json, write_json

SCHEMA_VERSION = 1
Metrics = dict[str, Estimate]


@dataclass(frozen=True)
class Leaked:
    """Rows that stand in the training data, and the metrics without them (empty where all rows do)."""

    rows: int
    metrics_without: Metrics


@dataclass(frozen=True)
class Groups:
    """The groups that the rows form.

    Attributes:
        count: how many there are.
        independent: the metrics as if rows were independent.
        effective: how many groups of equal size would say as much.
    """

    count: int
    independent: Metrics
    effective: float | None = None


@dataclass(frozen=True)
class Judgement:
    """Everything that is said about one predictions table.

    Attributes:
        source, split: where the table is from.
        plan: which of the table's columns became what; None for a table of classmark's own.
        rows: labelled rows.
        positive: of two classes; None for more.
        metrics: name → estimate.
        confusion: C × C counts, rows true, columns predicted.
        calibration: None where there are no probabilities.
        recalibration: temperature and isotonic regression; None without validation rows or probabilities.
        selective: error against coverage; None without probabilities.
        conformal: prediction sets; None without validation rows or probabilities.
        thresholds: operating points of two classes; None for more, or without probabilities.
        costs: what predictions cost; None where no costs were given.
        slices: accuracy by slice of the table's further columns.
        validation_gap: accuracy, A on validation rows, B on these; None without validation rows.
        validation_rows: labelled rows that thresholds and temperature were fitted on; None where there were none.
        label_errors: labels that the model disagrees with, of the validation rows, or of all rows of a cross-validation; None
            where there are none of these.
        test_looks: how often the judged test split has been looked at; None where no ledger knows it.
        baselines: baseline name → its metrics on the same rows.
        baseline_methods: baseline name → what was fitted, such as `tf-idf` or `pixels`, where its table says so.
        baseline_comparison: baseline name → comparison (A the baseline, B this model).
        mixture: of this model with others, or of which this is the judgement; None without one.
        prediction_powered: what predictions of unlabelled rows add; None without such rows.
        prediction_cost: what a prediction costs; None where it is not of a run, or was not measured.
        own_decisions: rows whose predicted class in the file is not that of the largest probability; None where the table
            names no predicted classes beside its probabilities.
        checks: what was required of metrics, with the results.
        effective_rows: (Σw)² / Σw² of rows, or groups, with weights; None without.
    """

    source: str
    split: str | None
    rows: int
    classes: tuple[str, ...]
    positive: str | None
    metrics: Metrics
    per_class: tuple[ClassEstimate, ...]
    confusion: tuple[tuple[int, ...], ...]
    curves: Curves = field(default_factory=Curves)
    calibration: Calibration | None = None
    recalibration: Recalibration | None = None
    selective: Selective | None = None
    conformal: Conformal | None = None
    thresholds: Thresholds | None = None
    costs: Costs | None = None
    slices: Slices = field(default_factory=Slices)
    validation_gap: Difference | None = None
    validation_rows: int | None = None
    leaked: Leaked | None = None
    label_errors: LabelErrors | None = None
    test_looks: Looks | None = None
    groups: Groups | None = None
    baselines: dict[str, Metrics] = field(default_factory=dict)
    baseline_methods: dict[str, str] = field(default_factory=dict)
    baseline_comparison: dict[str, Comparison] = field(default_factory=dict)
    mixture: JudgedMixture | None = None
    prediction_powered: PredictionPowered | None = None
    prediction_cost: PredictionCost | None = None
    findings: tuple[Finding, ...] = ()
    plan: str | None = None
    own_decisions: int | None = None
    effective_rows: float | None = None
    checks: tuple[Check, ...] = ()
    draws: int = 1000
    seed: int = 0
    confidence: float = field(default_factory=level)

    @property
    def level(self) -> float:
        """The level of the intervals, which is called `confidence` too."""
        return self.confidence

    def to_json(self) -> dict[str, Any]:
        """The content of `judgement.json`."""
        content = to_json(replace(self, mixture=None), Judgement)
        slices = content.pop("slices")
        mixture = self.mixture and self.mixture.to_json()
        shaped = {"slices": slices.pop("found"), "slicing": slices, "mixture": mixture}
        return {"schema_version": SCHEMA_VERSION, **content, **shaped, "level": self.level}


def write_judgement(path: Path, judgement: Judgement) -> None:
    """Write `judgement.json`."""
    write_json(path, judgement.to_json())


def read_judgement(path: Path) -> Judgement:
    """The judgement in a `judgement.json`.

    Raises:
        RunError: the file is missing, damaged or of another version.
    """
    content = read_json(path)
    if (version := content.get("schema_version")) != SCHEMA_VERSION:
        raise RunError(
            f"{path}: schema_version is {version!r}; this classmark reads {SCHEMA_VERSION}.",
            "Judge the predictions again: classmark judge RUN",
        )
    try:
        return judgement_from_json(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise RunError(
            f"{path}: not a judgement that this classmark can read ({reason}).",
            "Judge the predictions again: classmark judge RUN",
        ) from None


def judgement_from_json(content: Mapping[str, Any]) -> Judgement:
    """The judgement that `to_json` wrote.

    Raises:
        ValueError: an entry is missing or of another type.
    """
    shaped = {
        "slices": {"found": content.get("slices", []), **content.get("slicing", {})},
        "mixture": judged_mixture_from_json(content.get("mixture")),
    }
    return from_json(Judgement, {**content, **shaped})

"""What `judgement.json` holds, as frozen dataclasses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from classmark.errors import RunError
from classmark.judging.comparisons.compare import Comparison, comparison_from_json
from classmark.judging.comparisons.paired import Difference
from classmark.judging.findings.judgement import Finding
from classmark.judging.parts.calibration import Calibration, calibration_from_json
from classmark.judging.parts.conformal import Conformal, conformal_from_json
from classmark.judging.parts.costs import Costs, costs_from_json
from classmark.judging.parts.curves import Curve, Curves
from classmark.judging.parts.judged_mixture import JudgedMixture, judged_mixture_from_json
from classmark.judging.parts.label_errors import LabelErrors, label_errors_from_json
from classmark.judging.parts.operating import Thresholds, thresholds_from_json
from classmark.judging.parts.recalibration import Recalibration, recalibration_from_json
from classmark.judging.parts.selective import Selective, selective_from_json
from classmark.judging.parts.slices import Slices, slices_from_json
from classmark.judging.statistics.estimates import ClassEstimate
from classmark.judging.statistics.intervals import CONFIDENCE, Estimate
from classmark.runs.looks import Looks, looks_from_json
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
        label_errors: likely wrong labels among the validation rows; None where there are none of these.
        test_looks: how often the judged test split has been looked at; None where no ledger knows it.
        baselines: baseline name → its metrics on the same rows.
        baseline_methods: baseline name → what was fitted, such as `tf-idf` or `pixels`, where its table says so.
        baseline_comparison: baseline name → comparison (A the baseline, B this model).
        mixture: of this model with others, or of which this is the judgement; None without one.
        own_decisions: rows whose predicted class in the file is not that of the largest probability; None where the table
            names no predicted classes beside its probabilities.
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
    findings: tuple[Finding, ...] = ()
    plan: str | None = None
    own_decisions: int | None = None
    effective_rows: float | None = None
    draws: int = 1000
    seed: int = 0
    confidence: float = CONFIDENCE

    def to_json(self) -> dict[str, Any]:
        """The content of `judgement.json`."""
        return {
            "schema_version": SCHEMA_VERSION,
            "source": self.source,
            "plan": self.plan,
            "split": self.split,
            "rows": self.rows,
            "classes": list(self.classes),
            "positive": self.positive,
            "confidence": self.confidence,
            "draws": self.draws,
            "seed": self.seed,
            "own_decisions": self.own_decisions,
            "effective_rows": self.effective_rows,
            "metrics": _metrics_json(self.metrics),
            "per_class": [_class_json(one) for one in self.per_class],
            "confusion": [list(row) for row in self.confusion],
            "curves": self.curves.to_json(),
            "calibration": self.calibration and self.calibration.to_json(),
            "recalibration": self.recalibration and self.recalibration.to_json(),
            "selective": self.selective and self.selective.to_json(),
            "conformal": self.conformal and self.conformal.to_json(),
            "thresholds": self.thresholds and self.thresholds.to_json(),
            "costs": self.costs and self.costs.to_json(),
            "slices": self.slices.to_json(),
            "slicing": {"tests": self.slices.tests, "left_out": self.slices.left_out},
            "validation_gap": self.validation_gap and asdict(self.validation_gap),
            "validation_rows": self.validation_rows,
            "leaked": self.leaked
            and {"rows": self.leaked.rows, "metrics_without": _metrics_json(self.leaked.metrics_without)},
            "label_errors": self.label_errors and self.label_errors.to_json(),
            "test_looks": self.test_looks and self.test_looks.to_json(),
            "groups": self.groups
            and {
                "count": self.groups.count,
                "independent": _metrics_json(self.groups.independent),
                "effective": self.groups.effective,
            },
            "baselines": {name: _metrics_json(metrics) for name, metrics in self.baselines.items()},
            "baseline_methods": self.baseline_methods,
            "baseline_comparison": {name: one.to_json() for name, one in self.baseline_comparison.items()},
            "mixture": self.mixture and self.mixture.to_json(),
            "findings": [asdict(finding) for finding in self.findings],
        }


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
    """The judgement that `to_json` wrote."""
    calibration, leaked, groups = content["calibration"], content["leaked"], content["groups"]
    gap = content.get("validation_gap")
    return Judgement(
        **{name: content[name] for name in ("source", "split", "rows", "positive", "draws", "seed", "confidence")},
        plan=content.get("plan"),
        own_decisions=content.get("own_decisions"),
        effective_rows=content.get("effective_rows"),
        classes=tuple(content["classes"]),
        metrics=_metrics(content["metrics"]),
        per_class=tuple(_class(one) for one in content["per_class"]),
        confusion=tuple(tuple(row) for row in content["confusion"]),
        curves=Curves(*(tuple(map(_curve, content["curves"][name])) for name in ("roc", "precision_recall"))),
        calibration=calibration and calibration_from_json(calibration),
        recalibration=recalibration_from_json(content.get("recalibration")),
        selective=selective_from_json(content.get("selective")),
        conformal=conformal_from_json(content.get("conformal")),
        thresholds=thresholds_from_json(content.get("thresholds")),
        costs=costs_from_json(content.get("costs")),
        slices=slices_from_json(content.get("slices", []), content.get("slicing")),
        validation_gap=None if gap is None else Difference(**gap),
        validation_rows=content.get("validation_rows"),
        leaked=leaked and Leaked(leaked["rows"], _metrics(leaked["metrics_without"])),
        label_errors=label_errors_from_json(content.get("label_errors")),
        test_looks=looks_from_json(content.get("test_looks")),
        groups=groups and Groups(groups["count"], _metrics(groups["independent"]), groups.get("effective")),
        baselines={name: _metrics(metrics) for name, metrics in content["baselines"].items()},
        baseline_methods=dict(content.get("baseline_methods", {})),
        baseline_comparison={name: comparison_from_json(one) for name, one in content["baseline_comparison"].items()},
        mixture=judged_mixture_from_json(content.get("mixture")),
        findings=tuple(Finding(**finding) for finding in content["findings"]),
    )


def _metrics_json(metrics: Metrics) -> dict[str, Any]:
    return {name: estimate.to_json() for name, estimate in metrics.items()}


def _metrics(content: Mapping[str, Any]) -> Metrics:
    return {name: Estimate(**estimate) for name, estimate in content.items()}


def _class_json(one: ClassEstimate) -> dict[str, Any]:
    measures = {name: getattr(one, name).to_json() for name in ("precision", "recall", "f1")}
    return {"class": one.name, "rows": one.rows, **measures}


def _class(content: Mapping[str, Any]) -> ClassEstimate:
    measures = (Estimate(**content[name]) for name in ("precision", "recall", "f1"))
    return ClassEstimate(content["class"], content["rows"], *measures)


def _curve(content: Mapping[str, Any]) -> Curve:
    return Curve(**{**content, "x": tuple(content["x"]), "y": tuple(content["y"])})

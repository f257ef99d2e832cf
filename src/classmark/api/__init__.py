"""The public functions; the command line calls the same ones."""

from __future__ import annotations

from classmark.api.audits import audit
from classmark.api.comparisons import compare, compare_estimators, judge_estimator
from classmark.api.judgements import find_label_errors, judge, judge_matrix, judge_parts, mix, read
from classmark.api.models import export, load, predict, serve, study, train, tune
from classmark.api.plans import plan

__all__ = [
    "audit",
    "compare",
    "compare_estimators",
    "export",
    "find_label_errors",
    "judge",
    "judge_estimator",
    "judge_matrix",
    "judge_parts",
    "load",
    "mix",
    "plan",
    "predict",
    "read",
    "serve",
    "study",
    "train",
    "tune",
]

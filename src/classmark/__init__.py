"""Train text and image classifiers from one recipe, and say honestly how far to trust them.

Names are resolved on first use, so that importing classmark loads nothing heavy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classmark.api import (
        audit,
        compare,
        compare_estimators,
        export,
        find_label_errors,
        judge,
        judge_estimator,
        judge_matrix,
        judge_parts,
        load,
        mix,
        plan,
        predict,
        read,
        serve,
        study,
        train,
        tune,
    )
    from classmark.errors import ClassmarkError
    from classmark.run import Run

__version__ = "0.1.0"
__all__ = [
    "ClassmarkError",
    "Run",
    "__version__",
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


def __getattr__(name: str) -> Any:
    if name == "Run":
        from classmark.run import Run

        return Run
    if name == "ClassmarkError":
        from classmark.errors import ClassmarkError

        return ClassmarkError
    if name in __all__:
        from classmark import api

        return getattr(api, name)
    raise AttributeError(f"module 'classmark' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__

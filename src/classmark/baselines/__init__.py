"""What a model has to beat: the majority class and the linear floor, as predictions tables; no torch."""

from __future__ import annotations

from classmark.baselines.linear import linear_floor
from classmark.baselines.majority import majority_floor
from classmark.data.dataset import Dataset
from classmark.predictions import Predictions

__all__ = ["fit_floors"]


def fit_floors(dataset: Dataset, seed: int) -> dict[str, dict[str, Predictions]]:
    """Baseline name (`majority`, `linear`) → split (`validation`, `test`) → predictions table.

    Fitted on the training split; the kind of linear model is chosen on validation; test rows are only predicted.

    Args:
        dataset: the splits.
        seed: of the linear solver.
    """
    return {"majority": majority_floor(dataset), "linear": linear_floor(dataset, seed)}

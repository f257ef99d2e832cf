"""Labels that are missing in a list of texts."""

from __future__ import annotations

import pytest

from classmark.errors import EstimatorError
from classmark.estimators.rows import read_labels


def test_nan_among_texts_is_a_missing_label() -> None:
    with pytest.raises(EstimatorError) as caught:
        read_labels([float("nan"), "good", "bad"])
    assert str(caught.value) == "y: a label is missing (None or NaN). Leave these rows out."

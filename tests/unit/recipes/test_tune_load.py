"""Messages about the file of a tuning's ranges."""

from __future__ import annotations

from pathlib import Path

import pytest

from classmark.errors import RecipeError
from classmark.recipes.tune_load import load_tuning


def test_a_missing_file_of_ranges_is_called_so(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        load_tuning(tmp_path / "ranges.yaml")
    assert str(caught.value) == f"{tmp_path / 'ranges.yaml'}: this is not there. Name the YAML file of the ranges."

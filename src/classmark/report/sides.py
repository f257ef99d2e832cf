"""The sides of a comparison, two or more: each with its rows, its judgement and, where it is one, its run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from classmark.judging.judgement import Judgement
from classmark.predictions import Predictions
from classmark.runs import RunFiles
from classmark.runs.facts import read_data_facts, read_environment
from classmark.runs.history import read_history
from classmark.runs.status import read_status

Sides = tuple["Side", ...]
SHORT_NAME_CHARACTERS = 30


@dataclass(frozen=True)
class Side:
    """One of the models that are compared.

    Attributes:
        letter: A, B, …
        name: what it is called.
        predictions: its labelled rows, in the same order on all sides.
        judgement: of these rows.
        run: its folder; None for a predictions file.
    """

    letter: str
    name: str
    predictions: Predictions
    judgement: Judgement
    run: RunFiles | None = None

    @property
    def label(self) -> str:
        """Letter and name for the legend of a chart, cut where the name is long."""
        cut = self.name if len(self.name) <= SHORT_NAME_CHARACTERS else f"…{self.name[-SHORT_NAME_CHARACTERS:]}"
        return f"{self.letter}: {cut}"

    @cached_property
    def recipe(self) -> dict[str, Any]:
        """The resolved recipe; empty where there is none."""
        if not self.run or not self.run.recipe.exists():
            return {}
        from classmark.recipes.load import read_sections  # the schema takes 0.15 s, and a judged file has no recipe

        return read_sections(self.run.recipe)

    @cached_property
    def history(self) -> list[dict[str, Any]]:
        """The rows of `history.jsonl`; none where there is no run."""
        return read_history(self.run) if self.run else []

    @cached_property
    def data(self) -> dict[str, Any]:
        """What is known of the run's data; empty where there is no run."""
        return read_data_facts(self.run) if self.run else {}

    @cached_property
    def environment(self) -> dict[str, Any]:
        """The run's versions, hardware and threads; empty where there is no run."""
        return read_environment(self.run) if self.run else {}

    @property
    def training_seconds(self) -> float | None:
        """How long training took; None where that is not known."""
        return read_status(self.run).seconds.get("training") if self.run else None

"""A study: a question, what would answer it, the arms that are compared, and the seeds; as a pydantic model.

The first arm is the reference; the claim is about each other arm against it. What is measured, in which direction and
by how much stands in the file, and a resolved copy of it is written before the first run.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from classmark.recipes.section import Section, Seed
from classmark.recipes.words import shown

STEPS = "steps_to_target"
NAME = r"^[A-Za-z0-9][A-Za-z0-9._=,+-]*$"
LEAST_SEEDS = 2
MOST_ARMS = 200

Metric = Literal[
    "steps_to_target", "accuracy", "log_loss", "roc_auc", "average_precision", "brier", "ece", "balanced_accuracy",
    "precision", "recall", "f1", "precision_macro", "recall_macro", "f1_macro", "mcc", "top5_accuracy",
]  # fmt: skip
ArmName = Annotated[str, Field(pattern=NAME, max_length=100)]


class Arm(Section):
    """One side of the study."""

    recipe: str | dict[str, Any] | None = None
    """A shipped recipe, a YAML file or a whole recipe; without it, that of the study."""
    overrides: dict[str, Any] = Field(default_factory=dict)
    """What this arm changes, such as `loss.kind: focal`, or in sections as in a recipe."""


class Study(Section):
    """A whole study."""

    model_config = ConfigDict(validate_default=True)

    name: str = Field(pattern=NAME, max_length=100)
    """Names the folder under `studies/`."""
    question: str = Field(min_length=1)
    """One sentence that the verdict answers: supported, not by the margin, or not settled."""
    metric: Metric = "accuracy"
    """The primary metric, by which the verdict is given: a metric on the test rows, or `steps_to_target`."""
    direction: Literal["higher", "lower"] | None = None
    """What is claimed of each further arm against the first: that its primary metric is higher, or lower. Without it,
    the better direction."""
    margin: float = Field(ge=0.0)
    """The smallest difference that matters, in units of the metric (0.01 of accuracy is one point), or steps."""
    target_accuracy: float | None = Field(default=None, gt=0.0, lt=1.0)
    """The validation accuracy to reach; steps are counted to the first evaluation that reaches it."""
    choose_by: Literal["validation"] | None = None
    """The study tunes: of all arms, the one with the best primary metric on validation rows is the winner. Its test result is
    stated, and how much too good its validation figure is."""
    recipe: str | dict[str, Any] | None = None
    """What all arms start from: a shipped recipe, a YAML file or a whole recipe."""
    overrides: dict[str, Any] = Field(default_factory=dict)
    """What all arms change."""
    arms: dict[ArmName, Arm] = Field(default_factory=dict)
    """Two arms or more; the first is the reference."""
    grid: dict[str, list[Any]] = Field(default_factory=dict)
    """Instead of arms: values of one or more keys; every combination is an arm."""
    seeds: Annotated[int, Field(ge=0, le=1_000)] | list[Seed] = Field(default=5)
    """How many, counted from 1, or which. Runs of the same seed are paired: same split, initial weights and order. Where the
    recipes have `data.folds`, each seed is a repetition of the cross-validation, and one is enough."""
    sequential: bool = False
    """Whether the study stops at the first seed that settles it, `seeds` being the most. Its intervals hold at all seeds
    together, so they are wider; more seeds may be added later."""
    level: float = Field(default=0.95, ge=0.5, le=0.999)
    """How often an interval, and all intervals of verdicts together, are to hold the true difference: 0.9 for 90 %."""
    cores: int | None = Field(default=None, ge=1, le=1_024)
    """Cores to use; without it, all."""
    workers: int = Field(default=1, ge=1, le=1_024)
    """Runs at the same time; each has its share of the cores."""

    @field_validator("seeds")
    @classmethod
    def _are_enough(cls, seeds: int | list[int]) -> list[int]:
        found = list(range(1, seeds + 1)) if isinstance(seeds, int) else seeds
        if len(set(found)) != len(found):
            raise ValueError(f"{shown(found)}: a seed stands here twice")
        if not found:
            raise ValueError(f"{seeds}: an interval over seeds needs {LEAST_SEEDS} at least; 5 or more tell more")
        return found

    @model_validator(mode="after")
    def _has_what_it_asks_for(self) -> Study:
        if self.metric == STEPS and self.target_accuracy is None:
            raise ValueError(
                "target_accuracy: metric steps_to_target needs a validation accuracy to reach, such as 0.6"
            )
        if self.metric == STEPS and self.choose_by is not None:
            raise ValueError(
                "choose_by: steps_to_target is no metric of test rows; choose by another metric, such as accuracy"
            )
        if bool(self.arms) == bool(self.grid):
            raise ValueError("arms: give either arms or a grid")
        if self.arms and len(self.arms) < 2:
            raise ValueError("arms: two or more are needed to compare")
        if len({name.lower() for name in self.arms}) < len(self.arms):
            raise ValueError("arms: two names differ in capitals alone, and so would their folders")
        combinations = math.prod(map(len, self.grid.values()))
        if self.grid and combinations < 2:
            raise ValueError("grid: it has fewer than two combinations")
        if self.grid and combinations > MOST_ARMS:
            raise ValueError(
                f"grid: it has {shown(combinations)} combinations; at most {MOST_ARMS} are run in one study"
            )
        return self

    @property
    def reference(self) -> str:
        """The arm that the others are compared with."""
        return next(iter(self.arms))

    @property
    def seed_list(self) -> list[int]:
        return list(range(1, self.seeds + 1)) if isinstance(self.seeds, int) else self.seeds

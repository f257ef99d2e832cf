"""What `classmark tune` searches: ranges of recipe keys, what chooses among trials, how hopeless ones are ended early."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, field_validator, model_validator

from classmark.recipes.section import Section, Seed, Share
from classmark.recipes.words import shown

MOST_RANGES, MOST_CHOICES = 50, 200

TunedMetric = Literal[
    "log_loss", "accuracy", "roc_auc", "average_precision", "brier", "balanced_accuracy", "precision", "recall", "f1",
    "precision_macro", "recall_macro", "f1_macro", "mcc", "top5_accuracy",
]  # fmt: skip


class Range(Section):
    """What one key may be."""

    kind: Literal["float", "log", "int", "choice"]
    """`float`: any number from `low` to `high`; `log`: the same, small numbers as likely as large ones (whole numbers where
    the key takes no others); `int`: whole numbers; `choice`: one of `values`."""
    low: float | None = None
    high: float | None = None
    step: float | None = Field(default=None, gt=0.0)
    """`float` and `int`: the distance of the values, counted from `low`."""
    values: list[Any] = Field(default_factory=list)
    """`choice` only: two or more."""

    @model_validator(mode="after")
    def _fits_together(self) -> Range:
        if self.kind == "choice":
            if self.low is not None or self.high is not None or self.step is not None:
                raise ValueError("kind: choice takes values, and neither low, high nor step")
            if not 2 <= len(self.values) <= MOST_CHOICES:
                raise ValueError(
                    f"values: {len(self.values)} of them; kind: choice takes 2 to {MOST_CHOICES}, such as [16, 32]"
                )
            return self
        if self.values:
            raise ValueError(f"kind: {self.kind} takes low and high, and no values; or write kind: choice")
        if self.low is None or self.high is None:
            raise ValueError(f"{'low' if self.low is None else 'high'}: kind: {self.kind} needs low and high")
        if self.low >= self.high:
            raise ValueError(f"low: {shown(self.low)} is not below high, {shown(self.high)}")
        if self.kind == "log" and self.low <= 0:
            raise ValueError(f"low: {shown(self.low)}: kind: log needs numbers above 0")
        if self.kind == "log" and self.step is not None:
            raise ValueError("step: kind: log takes none; leave it out, or write kind: float")
        if self.kind == "int":
            for name in ("low", "high", "step"):
                number = getattr(self, name)
                if number is not None and number != int(number):
                    raise ValueError(f"{name}: {shown(number)}: kind: int takes whole numbers")
        return self


class Tuning(Section):
    """A whole tuning: what stands in a file of ranges, and in `tune.yaml` of its folder with the recipe."""

    model_config = ConfigDict(validate_default=True)

    metric: TunedMetric = "log_loss"
    """Chooses the best trial, on validation rows."""
    pruning: Literal["median", "none"] = "median"
    """`median`: a trial is ended early after an epoch where its best validation value so far is worse than the median that
    the trials before it had after this epoch."""
    pruning_after: int = Field(default=5, ge=1)
    """So many trials have to be finished before one is ended early."""
    fresh: Share = 0.3
    """The share of the validation rows that neither trains nor chooses, on which the best trial is looked at."""
    ranges: dict[str, Range]
    """Key of the recipe → what it may be."""
    recipe: dict[str, Any] = Field(default_factory=dict)
    """The whole recipe that is tuned; written into `tune.yaml`."""
    seed: Seed = 0
    """Fixes what is proposed; written into `tune.yaml`, the recipe's own."""
    threads: int | None = Field(default=None, ge=1, le=1_024)
    """Of each trial whose recipe names none; written into `tune.yaml`."""

    @field_validator("fresh")
    @classmethod
    def _some_rows_are_put_aside(cls, share: float) -> float:
        if share == 0:
            raise ValueError("0: a share above 0 and below 1 is expected")
        return share

    @field_validator("ranges")
    @classmethod
    def _are_some(cls, ranges: dict[str, Range]) -> dict[str, Range]:
        if not 1 <= len(ranges) <= MOST_RANGES:
            raise ValueError(f"{len(ranges)} of them; 1 to {MOST_RANGES} are expected")
        return ranges

"""A plan that shows itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from classmark.judging.planning.plan import Plan
from classmark.shown.page import as_text, parts_of

if TYPE_CHECKING:
    from rich.console import Group


@dataclass(frozen=True, repr=False)
class ShownPlan(Plan):
    """A plan as `classmark.plan` gives it."""

    def __rich__(self) -> Group:
        from classmark.report.plan import plan_table

        return plan_table(self)

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        return f"<Plan: {self.sentence}>"


def shown_plan(plan: Plan) -> ShownPlan:
    """The same plan, which shows itself."""
    return ShownPlan(**parts_of(plan, Plan))

"""A plan on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classmark.judging.planning.plan import Plan
from classmark.judging.planning.words import points

if TYPE_CHECKING:
    from rich.console import Group

TARGETS = {
    "width": "interval width",
    "minimum": "above the minimum by",
    "difference": "difference",
    "seeds": "difference",
}
ALLOWED = "worse by less than"
EQUIVALENT = "differ by less than"


def plan_table(plan: Plan) -> Group:
    """The sentence, what is assumed, and what other targets need."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    asked = plan.question
    table = Table(box=None, pad_edge=False)
    title = TARGETS[plan.kind] if asked.not_worse_than is None else ALLOWED
    table.add_column(title if asked.equivalent is None else EQUIVALENT, justify="right")
    table.add_column("seeds" if plan.kind == "seeds" else "rows", justify="right")
    for step in plan.table:
        table.add_row(points(step.target, asked), "–" if step.needed is None else f"{step.needed:,}")
    assumed = [Text(f"Assumed: {sentence}") for sentence in plan.assumptions]
    return Group(Text(plan.sentence), *assumed, Text(""), table)

"""A comparison that shows itself and writes its page."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from classmark.judging.comparisons.multiple import Comparisons
from classmark.reading.side import Side
from classmark.shown.page import as_text, parts_of, write_page
from classmark.system.files import write_json

if TYPE_CHECKING:
    from rich.console import Group


@dataclass(frozen=True, repr=False)
class ShownComparisons(Comparisons):
    """A comparison of two or more models as `classmark.compare` gives it.

    Attributes:
        sides: the models, A first.
    """

    sides: tuple[Side, ...] = field(default=(), compare=False)

    def report(self, path: str | Path) -> Path:
        """The path of the page, written: `path` itself if it ends in .html, else `report.html` in that folder.

        A folder holds its figures and `comparison.json` too.
        """
        from classmark.report.comparison import write_comparison
        from classmark.shown.sides import build_sides

        def write(out: Path) -> Path:
            runs = [side.run for side in self.sides]
            return write_comparison(out, self, build_sides(self, [side.table for side in self.sides], runs))

        return write_page(Path(path), write, lambda out: write_json(out / "comparison.json", self.to_json()))

    def table(self, format: str) -> str:  # noqa: A002 - the name of the option
        """The differences as `latex` or `markdown`, as papers have them.

        Raises:
            InputError: the format is neither.
        """
        from classmark.report.paper import as_table, comparison_paper

        return as_table(comparison_paper(self), format)

    def __rich__(self) -> Group:
        from classmark.report.screen import comparison_table

        return comparison_table(self)

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        return f"<Comparison of {len(self.names)} models on {self.rows:,} rows>"


def shown_comparisons(comparisons: Comparisons, sides: tuple[Side, ...]) -> ShownComparisons:
    """The same comparison with its sides."""
    return ShownComparisons(**parts_of(comparisons, Comparisons), sides=sides)

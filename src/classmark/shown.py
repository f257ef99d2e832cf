"""A judgement that still has the tables it was made from, and so can show itself and write its page."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from classmark.judging.judgement import Judgement, write_judgement
from classmark.predictions import Predictions

if TYPE_CHECKING:
    from rich.console import Group

TEXT_WIDTH = 100


@dataclass(frozen=True, repr=False)
class ShownJudgement(Judgement):
    """A judgement as `classmark.judge` gives it.

    Attributes:
        predictions: the table that was judged.
        validation: the table that was fitted and chosen on; None without one.
    """

    predictions: Predictions | None = field(default=None, compare=False)
    validation: Predictions | None = field(default=None, compare=False)

    def table(self) -> pl.DataFrame:
        """A row a metric: metric, value, low, high (of the 95 % interval), method; a baseline's values beside them."""
        rows = [{"metric": name, **estimate.to_json()} for name, estimate in self.metrics.items()]
        numbers = dict.fromkeys(("value", "low", "high"), pl.Float64)
        frame = pl.DataFrame(rows, schema={"metric": pl.String, **numbers, "method": pl.String})
        floors = [
            pl.Series(name, [found[metric].value if metric in found else None for metric in self.metrics], pl.Float64)
            for name, found in self.floor.items()
        ]
        return frame.with_columns(floors)

    def report(self, path: str | Path) -> Path:
        """The path of the page, written: `path` itself where it ends in .html, else `report.html` in that folder.

        The page is one file that needs no other; a folder holds its figures and `judgement.json` too.
        """
        from classmark.report.page import write_report
        from classmark.system.files import write_bytes

        out = Path(path)
        if out.suffix.lower() not in (".html", ".htm"):
            write_judgement(out / "judgement.json", self)
            return write_report(out, self, self.predictions, None, self.validation)
        with tempfile.TemporaryDirectory() as folder:
            page = write_report(Path(folder), self, self.predictions, None, self.validation).read_bytes()
        write_bytes(out, page)
        return out

    def __rich__(self) -> Group:
        from classmark.report.screen import judgement_table

        return judgement_table(self)

    def __str__(self) -> str:
        from io import StringIO

        from rich.console import Console

        console = Console(file=StringIO(), width=TEXT_WIDTH, color_system=None)
        console.print(self)
        return console.file.getvalue().rstrip()  # type: ignore[attr-defined,no-any-return]

    def __repr__(self) -> str:
        accuracy = self.metrics["accuracy"].value
        return f"<Judgement of {self.rows:,} rows, {len(self.classes)} classes, accuracy {accuracy:.2%}>"

    def _repr_html_(self) -> str:
        from classmark.report.cell import judgement_cell

        return judgement_cell(self)


def shown(judgement: Judgement, predictions: Predictions | None, validation: Predictions | None) -> ShownJudgement:
    """The same judgement with its tables."""
    parts = {one.name: getattr(judgement, one.name) for one in fields(Judgement)}
    return ShownJudgement(**parts, predictions=predictions, validation=validation)

"""A judgement that shows itself and writes its page."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, overload

import polars as pl

from classmark.judging.judgement import Judgement, write_judgement
from classmark.predictions import Predictions
from classmark.predictions import write as write_predictions
from classmark.runs import RunFiles
from classmark.shown.page import as_text, parts_of, write_page

if TYPE_CHECKING:
    from rich.console import Group


@dataclass(frozen=True, repr=False)
class ShownJudgement(Judgement):
    """A judgement as `classmark.judge` gives it.

    Attributes:
        predictions: the table that was judged.
        validation: the table that was fitted and chosen on; None without one.
        run: the files of the run that made the predictions; None without one.
    """

    predictions: Predictions | None = field(default=None, compare=False)
    validation: Predictions | None = field(default=None, compare=False)
    run: RunFiles | None = field(default=None, compare=False)

    @overload
    def table(self) -> pl.DataFrame: ...

    @overload
    def table(self, format: str) -> str: ...

    def table(self, format: str | None = None) -> pl.DataFrame | str:  # noqa: A002 - the name of the option
        """One row per metric: metric, value, low, high (of the interval), method; other models' values beside them.

        Args:
            format: `latex` or `markdown` for the text of a table as papers have it, rounded, with titles.

        Raises:
            InputError: the format is neither.
        """
        if format is not None:
            from classmark.report.paper import as_table, judgement_paper

            return as_table(judgement_paper(self), format)
        rows = [{"metric": name, **vars(estimate)} for name, estimate in self.metrics.items()]
        numbers = dict.fromkeys(("value", "low", "high"), pl.Float64)
        frame = pl.DataFrame(rows, schema={"metric": pl.String, **numbers, "method": pl.String})
        others = self.baselines | (self.mixture.others if self.mixture else {})
        beside = [
            pl.Series(name, [found[metric].value if metric in found else None for metric in self.metrics], pl.Float64)
            for name, found in others.items()
        ]
        return frame.with_columns(beside)

    def report(self, path: str | Path) -> Path:
        """The path of the page, written: `path` itself if it ends in .html, else `report.html` in that folder.

        The page is one file that needs no other. A folder holds its figures and `judgement.json` too, and of a mixture
        `predictions.parquet`.
        """
        from classmark.report.page import write_report

        def write(out: Path) -> Path:
            return write_report(out, self, self.predictions, self.run, self.validation)

        return write_page(Path(path), write, self._write_content)

    def _write_content(self, out: Path) -> None:
        if self.mixture is not None and self.mixture.is_judged and self.predictions is not None:
            write_predictions(self.predictions, out / "predictions.parquet")
        write_judgement(out / "judgement.json", self)

    def __rich__(self) -> Group:
        from classmark.report.screen import judgement_table

        return judgement_table(self)

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        accuracy = self.metrics["accuracy"].value
        return f"<Judgement of {self.rows:,} rows, {len(self.classes)} classes, accuracy {accuracy:.2%}>"

    def _repr_html_(self) -> str:
        from classmark.report.cell import judgement_cell

        return judgement_cell(self)


def shown(
    judgement: Judgement, predictions: Predictions | None, validation: Predictions | None, run: RunFiles | None = None
) -> ShownJudgement:
    """The same judgement with what it was made from."""
    return ShownJudgement(**parts_of(judgement, Judgement), predictions=predictions, validation=validation, run=run)

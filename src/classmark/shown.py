"""What the public functions give: judgements, comparisons and audits that show themselves and write their pages."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from classmark.data.audit import Audit
from classmark.judging.judgement import Judgement, write_judgement
from classmark.judging.multiple import Comparisons
from classmark.predictions import Predictions
from classmark.reading.side import Side
from classmark.runs import RunFiles
from classmark.system.files import write_bytes, write_json

if TYPE_CHECKING:
    from rich.console import Group

    from classmark.data.audit_rows import Material

TEXT_WIDTH = 100


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

    def table(self) -> pl.DataFrame:
        """One row per metric: metric, value, low, high (of the 95 % interval), method; baselines' values beside them."""
        rows = [{"metric": name, **estimate.to_json()} for name, estimate in self.metrics.items()]
        numbers = dict.fromkeys(("value", "low", "high"), pl.Float64)
        frame = pl.DataFrame(rows, schema={"metric": pl.String, **numbers, "method": pl.String})
        floors = [
            pl.Series(name, [found[metric].value if metric in found else None for metric in self.metrics], pl.Float64)
            for name, found in self.floor.items()
        ]
        return frame.with_columns(floors)

    def report(self, path: str | Path) -> Path:
        """The path of the page, written: `path` itself if it ends in .html, else `report.html` in that folder.

        The page is one file that needs no other. A folder holds its figures and `judgement.json` too.
        """
        from classmark.report.page import write_report

        def write(out: Path) -> Path:
            return write_report(out, self, self.predictions, self.run, self.validation)

        return _written(Path(path), write, lambda out: write_judgement(out / "judgement.json", self))

    def __rich__(self) -> Group:
        from classmark.report.screen import judgement_table

        return judgement_table(self)

    def __str__(self) -> str:
        return _as_text(self)

    def __repr__(self) -> str:
        accuracy = self.metrics["accuracy"].value
        return f"<Judgement of {self.rows:,} rows, {len(self.classes)} classes, accuracy {accuracy:.2%}>"

    def _repr_html_(self) -> str:
        from classmark.report.cell import judgement_cell

        return judgement_cell(self)


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
        from classmark.report.sides import build_sides

        def write(out: Path) -> Path:
            runs = [side.run for side in self.sides]
            return write_comparison(out, self, build_sides(self, [side.table for side in self.sides], runs))

        return _written(Path(path), write, lambda out: write_json(out / "comparison.json", self.to_json()))

    def __rich__(self) -> Group:
        from classmark.report.screen import comparison_table

        return comparison_table(self)

    def __str__(self) -> str:
        return _as_text(self)

    def __repr__(self) -> str:
        return f"<Comparison of {len(self.names)} models on {self.rows:,} rows>"


@dataclass(frozen=True, repr=False)
class ShownAudit(Audit):
    """An audit as `classmark.audit` gives it.

    Attributes:
        material: the rows that were audited.
    """

    material: Material | None = field(default=None, compare=False)

    def report(self, path: str | Path) -> Path:
        """The path of `report.html`, written into a folder with `audit.json` and `pairs.csv`."""
        from classmark.report.audit import write_audit

        assert self.material is not None
        out = Path(path)
        write_json(out / "audit.json", self.to_json())
        return write_audit(out, self, self.material)

    def __rich__(self) -> Group:
        from classmark.report.audit import audit_table

        return audit_table(self)

    def __str__(self) -> str:
        return _as_text(self)

    def __repr__(self) -> str:
        return f"<Audit of {self.name}>"


def shown(
    judgement: Judgement, predictions: Predictions | None, validation: Predictions | None, run: RunFiles | None = None
) -> ShownJudgement:
    """The same judgement with what it was made from."""
    return ShownJudgement(**_parts(judgement, Judgement), predictions=predictions, validation=validation, run=run)


def shown_comparisons(comparisons: Comparisons, sides: tuple[Side, ...]) -> ShownComparisons:
    """The same comparison with its sides."""
    return ShownComparisons(**_parts(comparisons, Comparisons), sides=sides)


def shown_audit(audit: Audit, material: Material) -> ShownAudit:
    """The same audit with the rows that it is about."""
    return ShownAudit(**_parts(audit, Audit), material=material)


def _parts(content: Any, kind: type[Any]) -> dict[str, Any]:
    return {one.name: getattr(content, one.name) for one in fields(kind)}


def _written(out: Path, write: Callable[[Path], Path], write_content: Callable[[Path], None]) -> Path:
    """A page alone where a file is named, else a folder with the page, its figures and its content as JSON."""
    if out.suffix.lower() not in (".html", ".htm"):
        write_content(out)
        return write(out)
    with tempfile.TemporaryDirectory() as folder:
        page = write(Path(folder)).read_bytes()
    write_bytes(out, page)
    return out


def _as_text(content: Any) -> str:
    from rich.console import Console

    file = StringIO()
    Console(file=file, width=TEXT_WIDTH, color_system=None).print(content)
    return file.getvalue().rstrip()

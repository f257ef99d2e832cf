"""What predictions of unlabelled rows add, in a table for terminal and page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from classmark.judging.parts.prediction_powered import PoweredShare, PredictionPowered
from classmark.judging.statistics.intervals import Estimate
from classmark.report.words import share_text

if TYPE_CHECKING:
    from rich.table import Table

MOST_CLASSES = 20


@dataclass(frozen=True)
class PoweredRow:
    """A line of the table, as text."""

    name: str
    labelled_only: str
    powered: str
    worth: str


def powered_title(found: PredictionPowered) -> str:
    """What the table is of."""
    return f"{found.rows:,} labelled and {found.unlabelled:,} unlabelled rows together"


def powered_rows(found: PredictionPowered) -> list[PoweredRow]:
    """Accuracy and the shares of the classes, of many classes the first twenty."""
    shares = [("accuracy", found.accuracy)]
    shares += [(f"share of {one.name}", one) for one in found.class_shares[:MOST_CLASSES]]
    return [PoweredRow(name, share_text(one.labelled_only), _powered(one), _worth(one)) for name, one in shares]


def powered_note(found: PredictionPowered) -> str:
    """What has to hold, and why intervals are missing if they are."""
    why = found.accuracy.powered.method
    return found.assumed if found.accuracy.powered.low is not None else f"{found.assumed} Interval of accuracy: {why}."


def powered_table(found: PredictionPowered) -> Table:
    """The table on a terminal."""
    from rich.table import Table
    from rich.text import Text  # as text: a class may be named [b]

    table = Table(title=powered_title(found), title_justify="left", box=None, pad_edge=False)
    for column in ("", "labelled rows alone", "all rows", "worth labels"):
        table.add_column(column, justify="left" if not column else "right")
    for row in powered_rows(found):
        table.add_row(Text(row.name), row.labelled_only, row.powered, row.worth)
    return table


def _powered(one: PoweredShare) -> str:
    return share_text(Estimate(one.powered.value, one.powered.low, one.powered.high, one.powered.method))


def _worth(one: PoweredShare) -> str:
    return "–" if one.worth is None else f"{one.worth:,}"

"""Tables for papers: metrics with intervals, and differences, as Markdown or LaTeX."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from classmark.errors import InputError, nearest, one_line
from classmark.judging.comparisons.multiple import LETTERS, Comparisons
from classmark.judging.judgement import Judgement
from classmark.judging.statistics.level import at_level_of, percent
from classmark.report.mixture import beside
from classmark.report.screen import SHOWN, p_text
from classmark.report.words import interval_text, metric_title, value_text

TableFormat = Literal["latex", "markdown"]
LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    "–": "--",
}  # fmt: skip
MARKDOWN = set("\\`*_[]<>|~$")
MINUS = re.compile(r"(?<![\w.–-])-(?=\d)")  # of a number, not of a name


@dataclass(frozen=True)
class PaperTable:
    """A table of texts.

    Attributes:
        header: of each column; the first two are set to the left if `left` says so.
        rows: as many texts each.
        left: how many columns are set to the left.
        note: what the figures are, in a sentence.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int
    note: str


@at_level_of("judgement")
def judgement_paper(judgement: Judgement) -> PaperTable:
    """The metrics of a judgement, with those of baselines and of the parts of a mixture beside them."""
    others = beside(judgement)
    rows = [
        (
            metric_title(name, judgement.positive),
            value_text(estimate.value, name),
            interval_text(estimate, name),
            *(value_text(found[name].value if name in found else None, name) for found in others.values()),
        )
        for name in SHOWN
        if (estimate := judgement.metrics.get(name)) is not None
    ]
    split = f" of {judgement.split}" if judgement.split else ""
    groups = "" if judgement.groups is None else f" in {judgement.groups.count:,} groups"
    note = f"{judgement.rows:,} rows{split}{groups}; a dash: no interval is known."
    return PaperTable(("Metric", "Value", f"{percent()} interval", *others), tuple(rows), 1, note)


@at_level_of("comparison")
def comparison_paper(comparison: Comparisons) -> PaperTable:
    """The differences of two models; of more, those from the first, with p values by Holm's method over these."""
    note = f"{comparison.rows:,} rows, paired; p values are not corrected for the number of metrics."
    names = comparison.names
    if len(comparison.pairs) == 1:
        rows = [
            (
                metric_title(metric, comparison.positive),
                *(value_text(value, metric) for value in (entry.a, entry.b, entry.difference)),
                interval_text(entry, metric),
                p_text(entry.p),
            )
            for metric, entry in comparison.metrics.items()
        ]
        return PaperTable(("Metric", *names, "Difference", f"{percent()} interval", "p"), tuple(rows), 1, note)
    rows = []
    for metric in comparison.pairs[0].metrics:
        for place, pair in enumerate(comparison.against_first):
            if (entry := pair.metrics.get(metric)) is not None:
                shown = metric_title(metric, comparison.positive) if place == 0 else ""
                figures = (
                    value_text(entry.b, metric),
                    value_text(entry.difference, metric),
                    interval_text(entry, metric),
                )
                rows.append(
                    (shown, names[place + 1], *figures, p_text(comparison.p_holm_against_first[place].get(metric)))
                )
    header = ("Metric", "Model", "Value", f"Difference from {names[0]}", f"{percent()} interval", "p, Holm")
    count = len(comparison.against_first)
    return PaperTable(
        header, tuple(rows), 2, f"{note[:-1]}, but for the {count} models ({LETTERS[1]} to {LETTERS[count]})."
    )


def as_table(table: PaperTable, form: str) -> str:
    """The table as LaTeX (for the package booktabs) or Markdown; what names hold is escaped.

    Raises:
        InputError: the format is neither.
    """
    match check_format(form):
        case "latex":
            return _latex(table)
        case _:
            return _markdown(table)


def check_format(form: str) -> TableFormat:
    """The format, if it is one.

    Raises:
        InputError: it is none.
    """
    known = get_args(TableFormat)
    for one in known:
        if form == one:
            found: TableFormat = one
            return found
    raise InputError(f'"{form}" is neither {" nor ".join(known)}.{nearest(form, known)}', argument="format")


def _latex(table: PaperTable) -> str:
    columns = "l" * table.left + "r" * (len(table.header) - table.left)
    lines = [
        "% \\usepackage{booktabs}",
        f"\\begin{{tabular}}{{{columns}}}",
        "\\toprule",
        _latex_row(table.header),
        "\\midrule",
        *map(_latex_row, table.rows),
        "\\bottomrule",
        "\\end{tabular}",
        f"% {one_line(table.note)}",
    ]
    return "\n".join(lines)


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(_latex_text(cell) for cell in cells) + r" \\"


def _latex_text(text: str) -> str:
    parts = ("".join(LATEX.get(letter, letter) for letter in part) for part in MINUS.split(one_line(text)))
    return "$-$".join(parts)


def _markdown(table: PaperTable) -> str:
    marks = ["---"] * table.left + ["---:"] * (len(table.header) - table.left)
    lines = [_markdown_row([markdown_text(cell) for cell in table.header]), _markdown_row(marks)]
    lines += [_markdown_row([markdown_text(cell) for cell in row]) for row in table.rows]
    return "\n".join([*lines, "", table.note])


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def markdown_text(text: str) -> str:
    """The text as Markdown shows it: none of its letters is a mark."""
    escaped = "".join(f"\\{letter}" if letter in MARKDOWN else letter for letter in one_line(text))
    return MINUS.sub("−", escaped)

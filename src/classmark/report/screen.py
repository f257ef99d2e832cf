"""Judgements and comparisons on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from classmark.judging.comparisons import Comparison
from classmark.judging.findings import Finding
from classmark.judging.judgement import Judgement
from classmark.judging.multiple import LETTERS, Comparisons
from classmark.report.operating import point_sentence
from classmark.report.words import METRIC_TITLES, floor_sentence, interval_text, value_text

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

MOST_CLASSES = 8
SHOWN = (
    "accuracy",
    "log_loss",
    "roc_auc",
    "average_precision",
    "precision",
    "recall",
    "f1",
    "f1_macro",
    "top5_accuracy",
    "mcc",
    "brier",
    "ece",
)


def judgement_table(judgement: Judgement) -> Group:
    """The metrics with intervals beside the floors', the confusion matrix, the findings."""
    from rich.console import Group
    from rich.text import Text

    parts: list[object] = [_metrics(judgement)]
    if len(judgement.classes) <= MOST_CLASSES:
        parts += [Text("rows true, columns predicted", style="italic"), _confusion(judgement)]
    if sentence := floor_sentence(judgement):
        parts.append(Text(sentence))
    parts += [Text(point_sentence(point)) for point in (judgement.thresholds.points if judgement.thresholds else ())]
    return Group(*parts, *_findings(judgement.findings))  # type: ignore[arg-type]


def _findings(findings: Sequence[Finding]) -> list[Text]:
    from rich.text import Text

    marks = {"problem": "!!", "warning": "! ", "info": "  "}
    return [Text(f"{marks[finding.severity]} {finding.message}") for finding in findings]


def _metrics(judgement: Judgement) -> Table:
    from rich.table import Table

    split = f" of {judgement.split}" if judgement.split else ""
    table = Table(title=f"{judgement.rows:,} rows{split}", title_justify="left", box=None, pad_edge=False)
    for column, justify in (("", "left"), ("value", "right"), ("95 % interval", "right")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for name in judgement.floor:
        table.add_column(name, justify="right")
    for name in SHOWN:
        if (estimate := judgement.metrics.get(name)) is not None:
            floors = [value_text(m[name].value if name in m else None, name) for m in judgement.floor.values()]
            table.add_row(METRIC_TITLES[name], value_text(estimate.value, name), interval_text(estimate, name), *floors)
    return table


def _confusion(judgement: Judgement) -> Table:
    from rich.table import Table
    from rich.text import Text  # as text: a class may be named [b]

    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for name in judgement.classes:
        table.add_column(Text(name), justify="right")
    for name, counts in zip(judgement.classes, judgement.confusion, strict=True):
        table.add_row(Text(name), *(f"{count:,}" for count in counts))
    return table


def comparison_table(comparison: Comparison | Comparisons) -> Group:
    """The paired differences, the sentence and the findings of a comparison."""
    return _two(comparison) if isinstance(comparison, Comparison) else _many(comparison)


def _two(comparison: Comparison) -> Group:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{comparison.rows:,} rows", title_justify="left", box=None, pad_edge=False)
    for column in ("", "A", "B", "B − A", "95 % interval"):
        table.add_column(column, justify="left" if not column else "right")
    for name, entry in comparison.metrics.items():
        values = (value_text(value, name) for value in (entry.a, entry.b, entry.difference))
        table.add_row(METRIC_TITLES[name], *values, interval_text(entry, name))
    found = comparison.mcnemar
    mcnemar = (
        f"McNemar: only A right {found.only_a_right:,}, only B right {found.only_b_right:,}, "
        f"p {found.p_exact:.3g} exact, {found.p_midp:.3g} mid-p"
    )
    names = f"A = {comparison.a}\nB = {comparison.b}"
    return Group(Text(names), table, Text(mcnemar), Text(comparison.sentence), *_findings(comparison.findings))


def _many(comparison: Comparisons) -> Group:
    """Every metric's differences from A, the accuracy of every pair, the sentence and the findings."""
    from rich.console import Group
    from rich.text import Text

    few = len(comparison.against_first)
    first = _differences(f"{comparison.rows:,} rows, against A; p by Holm's method over these {few}")
    for name in comparison.pairs[0].metrics:
        _add(
            first,
            name,
            zip(comparison.letters, comparison.against_first, comparison.p_holm_against_first, strict=False),
        )
    every = _differences(f"every pair; p by Holm's method over all {len(comparison.pairs)}")
    _add(every, "accuracy", zip(comparison.letters, comparison.pairs, comparison.p_holm, strict=True))
    names = "\n".join(f"{letter} = {name}" for letter, name in zip(LETTERS, comparison.names, strict=False))
    return Group(Text(names), first, every, Text(comparison.sentence), *_findings(comparison.findings))


def _differences(title: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in ("", "pair", "difference", "95 % interval", "p alone", "p, Holm"):
        table.add_column(column, justify="left" if column in ("", "pair") else "right", no_wrap=True)
    return table


def _add(table: Table, name: str, rows: Iterable[tuple[tuple[str, str], Comparison, dict[str, float]]]) -> None:
    """A row a pair; the metric is named in the first."""
    title = METRIC_TITLES[name]
    for (first, second), pair, adjusted in rows:
        if (entry := pair.metrics.get(name)) is not None:
            p_values = (p_text(entry.p), p_text(adjusted.get(name)))
            shown = (value_text(entry.difference, name), interval_text(entry, name))
            table.add_row(title, f"{second} − {first}", *shown, *p_values)
            title = ""


def p_text(p: float | None) -> str:
    """A p value to two digits, a dash where there is none."""
    return "–" if p is None else "<0.0001" if p < 0.0001 else f"{p:.2g}"

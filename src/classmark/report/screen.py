"""Judgements and comparisons on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from classmark.judging.checks import Check
from classmark.judging.comparisons.compare import Comparison
from classmark.judging.comparisons.multiple import LETTERS, Comparisons
from classmark.judging.findings.judgement import Finding
from classmark.judging.judgement import Judgement
from classmark.judging.statistics.level import at_level_of, percent
from classmark.report.mixture import beside, weights_sentence
from classmark.report.operating import point_sentence
from classmark.report.prediction_cost import cost_sentence
from classmark.report.prediction_powered import powered_note, powered_table
from classmark.report.selection import target_sentence
from classmark.report.words import baseline_sentence, decisions_sentence, interval_text, metric_title, value_text

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


@at_level_of("judgement")
def judgement_table(judgement: Judgement) -> Group:
    """The metrics with intervals beside those of baselines and of a mixture, the confusion matrix, the findings."""
    from rich.console import Group
    from rich.text import Text

    parts: list[object] = [Text(title) for title in _titles(judgement)]
    parts.append(_metrics(judgement))
    if len(judgement.classes) <= MOST_CLASSES:
        parts += [Text("rows true, columns predicted", style="italic"), _confusion(judgement)]
    if sentence := baseline_sentence(judgement):
        parts.append(Text(sentence))
    if judgement.prediction_cost:
        parts.append(Text(cost_sentence(judgement.prediction_cost)))
    if judgement.prediction_powered:
        parts += [
            powered_table(judgement.prediction_powered),
            Text(powered_note(judgement.prediction_powered), style="italic"),
        ]
    if judgement.mixture:
        parts.append(Text(weights_sentence(judgement.mixture)))
    parts += [Text(point_sentence(point)) for point in (judgement.thresholds.points if judgement.thresholds else ())]
    targets = (judgement.selective.targets if judgement.selective else None) or ()
    parts += [Text(target_sentence(target)) for target in targets if target.asked]
    return Group(*parts, *_checks(judgement.checks), *_findings(judgement.findings))  # type: ignore[arg-type]


def _titles(judgement: Judgement) -> list[str]:
    """What the rows are, how the file was read, and what comes from where in it."""
    split = f" of {judgement.split}" if judgement.split else ""
    lines = [f"{judgement.rows:,} rows{split}", judgement.plan or "", decisions_sentence([judgement])]
    return [line for line in lines if line]


def _checks(checks: Sequence[Check]) -> list[Text]:
    from rich.text import Text

    return [Text(f"{check.verdict.upper()}: {check.sentence}") for check in checks]


def _findings(findings: Sequence[Finding]) -> list[Text]:
    from rich.text import Text

    marks = {"problem": "!!", "warning": "! ", "info": "  "}
    return [Text(f"{marks[finding.severity]} {finding.message}") for finding in findings]


def _metrics(judgement: Judgement) -> Table:
    from rich.table import Table
    from rich.text import Text  # as text: a class may be named [b]

    table = Table(box=None, pad_edge=False)
    for column, justify in (("", "left"), ("value", "right"), (f"{percent()} interval", "right")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    for name in [*judgement.baselines, *(judgement.mixture.others if judgement.mixture else ())]:
        table.add_column(name, justify="right")
    for name in SHOWN:
        if (estimate := judgement.metrics.get(name)) is not None:
            others = [value_text(m[name].value if name in m else None, name) for m in beside(judgement).values()]
            title = Text(metric_title(name, judgement.positive))
            table.add_row(title, value_text(estimate.value, name), interval_text(estimate, name), *others)
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


@at_level_of("comparison")
def comparison_table(comparison: Comparisons) -> Group:
    """The paired differences, the sentence and the findings of a comparison."""
    return _two(comparison) if len(comparison.pairs) == 1 else _many(comparison)


def _models(comparison: Comparisons) -> str:
    """A line a model, with a second one where its file says how it was read."""
    lines = []
    for letter, name in zip(LETTERS, comparison.names, strict=False):
        lines.append(f"{letter} = {name}")
        if plan := comparison.plans.get(letter):
            lines.append(f"    {plan}")
    return "\n".join(lines)


def _two(comparison: Comparisons) -> Group:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{comparison.rows:,} rows", title_justify="left", box=None, pad_edge=False)
    for column in ("", "A", "B", "B − A", f"{percent()} interval"):
        table.add_column(column, justify="left" if not column else "right")
    for name, entry in comparison.metrics.items():
        values = (value_text(value, name) for value in (entry.a, entry.b, entry.difference))
        table.add_row(Text(metric_title(name, comparison.positive)), *values, interval_text(entry, name))
    found = comparison.pairs[0].mcnemar
    counts = f"only A right {found.only_a_right:,}, only B right {found.only_b_right:,}"
    mcnemar = f"Rows, whatever their weight: {counts}"
    if found.p_exact is not None:
        mcnemar = f"McNemar: {counts}, p {found.p_exact:.3g} exact, {found.p_midp:.3g} mid-p"
    return Group(
        *(Text(_models(comparison)), table, Text(mcnemar), Text(comparison.sentence)),
        *_costs(comparison),
        *_checks(comparison.checks),
        *_findings(comparison.findings),
    )


def _costs(comparison: Comparisons) -> list[Text]:
    """Which models are dominated, quality and cost taken together."""
    from rich.text import Text

    return [Text(one.sentence) for one in (comparison.cost.dominated if comparison.cost else ())]


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
            comparison.positive,
            zip(comparison.letters, comparison.against_first, comparison.p_holm_against_first, strict=False),
        )
    every = _differences(f"every pair; p by Holm's method over all {len(comparison.pairs)}")
    _add(every, "accuracy", None, zip(comparison.letters, comparison.pairs, comparison.p_holm, strict=True))
    return Group(
        *(Text(_models(comparison)), first, every, Text(comparison.sentence)),
        *([Text(comparison.best_sentence)] if comparison.best else []),
        *_costs(comparison),
        *_checks(comparison.checks),
        *_findings(comparison.findings),
    )


def _differences(title: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in ("", "pair", "difference", f"{percent()} interval", "p alone", "p, Holm"):
        table.add_column(column, justify="left" if column in ("", "pair") else "right", no_wrap=True)
    return table


def _add(
    table: Table, name: str, positive: str | None, rows: Iterable[tuple[tuple[str, str], Comparison, dict[str, float]]]
) -> None:
    """A row a pair; the metric is named in the first."""
    from rich.text import Text

    title = Text(metric_title(name, positive))
    for (first, second), pair, adjusted in rows:
        if (entry := pair.metrics.get(name)) is not None:
            p_values = (p_text(entry.p), p_text(adjusted.get(name)))
            shown = (value_text(entry.difference, name), interval_text(entry, name))
            table.add_row(title, f"{second} − {first}", *shown, *p_values)
            title = Text("")


def p_text(p: float | None) -> str:
    """A p value to two digits, a dash where there is none."""
    return "–" if p is None else "<0.0001" if p < 0.0001 else f"{p:.2g}"

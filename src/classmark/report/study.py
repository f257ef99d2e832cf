"""`report.html` of a study, and its table for a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from classmark.judging.metric import TITLES
from classmark.judging.statistics.level import at_level_of, level, percent
from classmark.judging.studies.answers import Answers
from classmark.judging.studies.comparison import ArmComparison
from classmark.judging.studies.learning import reach
from classmark.judging.studies.pairs import better_direction
from classmark.recipes.study_load import differing_keys
from classmark.recipes.study_schema import STEPS
from classmark.report.figures import figure_svgs
from classmark.report.headline import amount, difference_bar
from classmark.report.page import page_environment
from classmark.report.paper import PaperTable
from classmark.report.screen import p_text
from classmark.report.study_charts import study_charts
from classmark.report.study_choice import choice_sentence
from classmark.report.study_sampling import audit_sentence, interval_words, over, runs_words, scope_words
from classmark.report.study_words import (
    difference_text,
    margin_text,
    needed_sentence,
    order_sentence,
    resplit_sentence,
    span_text,
    spread_sentence,
    value_of,
    variance_sentence,
    verdict_sentence,
)
from classmark.system.files import write_text

if TYPE_CHECKING:
    from rich.console import Group

SHOWN = (STEPS, "accuracy", "log_loss", "roc_auc", "brier", "ece", "f1", "f1_macro", "top5_accuracy", "mcc")
STUDY_TITLES = TITLES | {STEPS: "Steps to target"}


@at_level_of("answers")
def write_study(folder: Path, answers: Answers) -> Path:
    """The path of `folder/report.html`, written with its figures in `folder/figures/`."""
    charts = study_charts(answers)
    svgs = figure_svgs(charts, folder / "figures") if charts else {}
    page = (
        page_environment()
        .get_template("study.html.j2")
        .render(
            answers=answers,
            study=answers.study,
            title=answers.study.name,
            metrics=shown_metrics(answers),
            titles=STUDY_TITLES,
            settings=differing_keys(answers.study),
            charts={chart.name: {"reading": chart.reading, "svg": svgs[chart.name]} for chart in charts},
            verdict_sentence=verdict_sentence,
            needed_sentence=needed_sentence,
            order_sentence=order_sentence,
            resplit_sentence=resplit_sentence,
            spread=spread_sentence(answers),
            variance_sentence=variance_sentence,
            margin=margin_text(answers.study),
            over=over(answers),
            choice=choice_sentence(answers),
            audit=audit_sentence(answers),
            runs_words=runs_words(answers),
            interval_words=interval_words(answers),
            scope_words=scope_words(answers),
            difference_text=difference_text,
            span_text=span_text,
            value_of=value_of,
            better=better_direction,
            amount=amount,
            difference_bar=difference_bar,
            reached=lambda run: reach(run.curve, answers.study.target_accuracy or 1.0).step,
        )
    )
    write_text(folder / "report.html", page)
    return folder / "report.html"


def shown_metrics(answers: Answers) -> list[str]:
    """The metrics that are shown, the primary one first."""
    known = {name for one in answers.comparisons for name in one.metrics}
    first = [answers.study.metric] if answers.study.metric in known else []
    return [*first, *(name for name in SHOWN if name in known and name not in first)]


@at_level_of("answers")
def study_table(answers: Answers) -> Group:
    """The question, each verdict with what it rests on, the metrics of every arm, the findings."""
    from rich.console import Group
    from rich.text import Text

    parts: list[object] = [Text(answers.study.question, style="bold")]
    for one in answers.comparisons:
        parts.append(Text(verdict_sentence(answers, one)))
        notes = (resplit_sentence(answers, one), needed_sentence(answers, one), order_sentence(answers, one))
        parts += [Text(f"  {said}") for said in notes if said]
    parts += [Text(said) for said in [choice_sentence(answers)] if said]
    parts.append(_table(answers))
    parts += [Text(said) for said in [spread_sentence(answers), audit_sentence(answers)] if said]
    marks = {"problem": "!!", "warning": "! ", "info": "  "}
    parts += [Text(f"{marks[finding.severity]} {finding.message}") for finding in answers.findings]
    return Group(*parts)  # type: ignore[arg-type]


@at_level_of("answers")
def study_paper(answers: Answers) -> PaperTable:
    """The metrics of every arm, means over seeds or folds, and the differences from the reference.

    The row of the primary metric has the interval and the p value of the verdict; the others have their own.
    """
    study = answers.study
    rows = []
    for metric in shown_metrics(answers):
        name = STUDY_TITLES.get(metric, metric) + (" (primary)" if metric == study.metric else "")
        reference = value_of(answers.arms[study.reference], metric)
        for place, one in enumerate(answers.comparisons):
            if (entry := one.primary if metric == study.metric else one.metrics.get(metric)) is not None:
                p = one.p_holm if metric == study.metric else entry.p
                values = value_of(answers.arms[one.arm], metric), reference
                found = difference_text(entry, metric), span_text(entry, metric), p_text(p)
                rows.append((name if place == 0 else "", one.arm, *values, *found))
    header = ("Metric", "Arm", "Value", study.reference, f"Difference from {study.reference}", "Interval", "p")
    runs = " or ".join(str(count) for count in sorted({one.runs for one in answers.arms.values()}))
    primary, tested = answers.comparisons[0].primary.confidence, margin_text(study)
    wider = "" if primary == level() else f", of the primary metric at {percent(primary)}"
    note = (
        f"Means over {runs} {over(answers)} per arm; intervals at {percent()}{wider}. The p value of the primary metric tests a "
        f"difference of exactly the margin ({tested})"
    )
    holm = ", corrected by Holm's method" if len(answers.comparisons) > 1 else ""
    return PaperTable(
        header, tuple(rows), 2, f"{note}{holm}; the other rows describe, and their p values are not corrected."
    )


def _table(answers: Answers) -> object:
    from rich.table import Table
    from rich.text import Text

    runs = ", ".join(f"{name} {one.runs}" for name, one in answers.arms.items())
    table = Table(
        title=f"runs done: {runs}; means over {over(answers)}", title_justify="left", box=None, pad_edge=False
    )
    headers = ["", *answers.arms, *(f"{one.arm} − {one.reference}" for one in answers.comparisons)]
    for column in headers:
        table.add_column(Text(column), justify="right" if column else "left")
    for name in shown_metrics(answers):
        values = (value_of(answers.arms[arm], name) for arm in answers.arms)
        differences = (_shown(one, name) for one in answers.comparisons)
        table.add_row(STUDY_TITLES.get(name, name), *values, *differences)
    return table


def _shown(one: ArmComparison, name: str) -> str:
    return (
        f"{difference_text(one.metrics[name], name)}  ({span_text(one.metrics[name], name)})"
        if name in one.metrics
        else "–"
    )

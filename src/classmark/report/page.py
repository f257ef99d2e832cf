"""`report.html`: one self-contained file, made from the judgement and, for a run, from the files of its folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from classmark.judging.judgement import Judgement
from classmark.judging.metric import TITLES
from classmark.judging.statistics.intervals import Estimate
from classmark.judging.statistics.level import at_level_of, of_100, percent, risk
from classmark.predictions import Predictions
from classmark.report.calibration import binning_rows, brier_rows, kernel_sentence, recalibration_rows
from classmark.report.charts import run_charts, score_charts
from classmark.report.confusions import Pair, confused_pairs
from classmark.report.facts import run_facts
from classmark.report.figures import figure_svgs
from classmark.report.headline import amount, difference_bar
from classmark.report.heat_map import MOST_COUNTED_CLASSES, confusion_chart, shown_order
from classmark.report.label_errors import likely_label_errors
from classmark.report.mistakes import Mistake, confident_errors, pair_mistakes
from classmark.report.mixture import beside, biases_sentence, part_rows, weights_sentence
from classmark.report.operating import TABLE, difference_text, point_name, point_sentence, threshold_charts
from classmark.report.prediction_cost import cost_note, cost_rows
from classmark.report.prediction_powered import powered_note, powered_rows, powered_title
from classmark.report.prediction_sets import set_words
from classmark.report.selection import risk_chart, target_sentence
from classmark.report.words import (
    curve_advice,
    decisions_sentence,
    interval_text,
    metric_title,
    number_text,
    seconds_text,
    share_text,
    value_text,
    verdict_sentence,
)
from classmark.runs import RunFiles
from classmark.runs.history import read_history
from classmark.system.files import write_text

MOST_PAIRS = MOST_UNREADABLE = 20
MOST_CARDS = 4
CARDS = ("accuracy", "log_loss", "roc_auc", "f1", "f1_macro", "brier", "mcc")
CARDS_OF_MANY = ("accuracy", "top5_accuracy", "f1_macro", "log_loss", "mcc", "brier")  # every ROC area is near 1 there


@at_level_of("judgement")
def write_report(
    out: Path,
    judgement: Judgement,
    predictions: Predictions | None,
    run: RunFiles | None = None,
    validation: Predictions | None = None,
) -> Path:
    """The path of `out/report.html`, written with its figures in `out/figures/`.

    Args:
        out: the folder.
        judgement: what the page says.
        predictions: the table it was made from, for the errors that are shown; None for a published matrix.
        run: the run folder whose recipe, data, history and environment are shown.
        validation: the table whose labels were audited, for the rows that are shown.
    """
    many = len(judgement.classes) > MOST_COUNTED_CLASSES
    order = shown_order(judgement)
    history = read_history(run) if run else []
    charts = [*run_charts(history), confusion_chart(judgement, order), *score_charts(judgement)]
    charts += threshold_charts(judgement)
    charts += [chart for chart in [risk_chart(judgement)] if chart is not None]
    svgs = figure_svgs(charts, out / "figures")
    page = (
        page_environment()
        .get_template("report.html.j2")
        .render(
            judgement=judgement,
            metrics=judgement.metrics,
            title_of=partial(metric_title, positive=judgement.positive),
            decisions=decisions_sentence([judgement]),
            title=run.name if run else judgement.source,
            charts={
                chart.name: {"title": chart.title, "reading": chart.reading, "svg": svgs[chart.name]}
                for chart in charts
            },
            cards=[name for name in (CARDS_OF_MANY if many else CARDS) if name in judgement.metrics][:MOST_CARDS],
            many=many,
            order=order,
            pairs=pairs_shown(judgement, predictions),
            errors=confident_errors(predictions) if predictions is not None else [],
            label_errors=likely_label_errors(judgement, validation or predictions),
            advice=curve_advice(judgement),
            threshold_columns=list(TABLE),
            recalibration_rows=recalibration_rows(judgement),
            binning_rows=binning_rows(judgement),
            brier_rows=brier_rows(judgement),
            kernel_error=kernel_sentence(judgement),
            verdict=verdict_sentence(judgement),
            beside=beside(judgement),
            powered=_powered(judgement),
            cost=_cost(judgement),
            **set_words(judgement),
            **_mixture(judgement),
            matrix=[] if many else confusion_rows(judgement),
            facts=run_facts(run) if run else None,
            most_unreadable=MOST_UNREADABLE,
        )
    )
    write_text(out / "report.html", page)
    return out / "report.html"


def _powered(judgement: Judgement) -> dict[str, Any] | None:
    """What the page says of unlabelled rows; None without any."""
    found = judgement.prediction_powered
    if found is None:
        return None
    return {"title": powered_title(found), "rows": powered_rows(found), "note": powered_note(found)}


def _cost(judgement: Judgement) -> dict[str, Any] | None:
    """What the page says of the cost of a prediction; None where it is not known."""
    cost = judgement.prediction_cost
    return None if cost is None else {"rows": cost_rows(cost), "note": cost_note(cost)}


def _mixture(judgement: Judgement) -> dict[str, Any]:
    """What the page says of a mixture; nothing where there is none."""
    if (mixed := judgement.mixture) is None:
        return {}
    return {
        "weights": weights_sentence(mixed),
        "biases": biases_sentence(mixed),
        "parts": part_rows(mixed),
        "amount": amount,
        "difference_bar": difference_bar,
        "value_text": value_text,
    }


def pairs_shown(judgement: Judgement, predictions: Predictions | None) -> list[tuple[Pair, list[Mistake]]]:
    """The most confused pairs of more than two classes, as many as there are classes and at most twenty, with examples."""
    classes = len(judgement.classes)
    pairs = confused_pairs(judgement.confusion, min(MOST_PAIRS, classes)) if classes > 2 else []
    return [(pair, pair_mistakes(predictions, pair) if predictions is not None else []) for pair in pairs]


def confusion_rows(judgement: Judgement) -> list[dict[str, Any]]:
    """The confusion matrix for a table: class, and (count, share of the row) of each cell."""
    rows = []
    for name, counts in zip(judgement.classes, judgement.confusion, strict=True):
        total = sum(counts)
        rows.append({"name": name, "cells": [(count, count / total if total else 0.0) for count in counts]})
    return rows


def page_environment() -> Any:
    """The Jinja environment of all pages, with numbers and metrics as they show them."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("classmark.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals |= {"percent": percent, "of_100": of_100, "risk": risk}
    environment.filters |= {
        "number": number_text,
        "seconds": seconds_text,
        "plain": lambda value: "–" if value is None else f"{value:.4f}",
        "signed": lambda value: "–" if value is None else f"{value:+.4f}",
        "value": lambda estimate, name: value_text(estimate.value, name),
        "interval": lambda estimate, name: interval_text(estimate, name),
        "share": share_text,
        "bar": interval_bar,
        "change": difference_text,
        "point_name": point_name,
        "point_sentence": point_sentence,
        "target_sentence": target_sentence,
        "metric": lambda name: TITLES.get(name, name),
        "titled": metric_title,
    }
    return environment


def interval_bar(estimate: Estimate) -> str:
    """A small bar from 0 to 1 with the interval and the value on it, as SVG; empty where there is no interval."""
    if estimate.value is None or estimate.low is None or estimate.high is None or not 0 <= estimate.value <= 1:
        return ""
    low, high = max(0.0, estimate.low) * 100, min(1.0, estimate.high) * 100
    import markupsafe

    return markupsafe.Markup(
        '<svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="track" y="2" width="100" height="2" rx="1"/>'
        f'<rect class="span" x="{low:.2f}" y="1" width="{max(0.8, high - low):.2f}" height="4" rx="1"/></svg>'
    )

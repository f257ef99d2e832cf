"""`report.html`: one self-contained file, made from the judgement and, for a run, from the files of its folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from classmark.judging.intervals import Estimate
from classmark.judging.judgement import Judgement
from classmark.predictions import Predictions
from classmark.report.charts import judgement_charts, run_charts
from classmark.report.figures import figure_svgs
from classmark.report.words import (
    METRIC_TITLES,
    curve_advice,
    floor_sentence,
    interval_text,
    number_text,
    seconds_text,
    value_text,
)
from classmark.runs import Run, read_json, read_jsonl, write_text

MOST_ERRORS = 12
SHORT_TEXT_CHARACTERS = 320
CARDS = ("accuracy", "log_loss", "roc_auc", "f1", "f1_macro", "top5_accuracy", "brier", "mcc")


def write_report(out: Path, judgement: Judgement, predictions: Predictions | None, run: Run | None = None) -> Path:
    """The path of `out/report.html`, written with its figures in `out/figures/`.

    Args:
        out: the folder.
        judgement: what the page says.
        predictions: the table it was made from, for the errors that are shown; None for a published matrix.
        run: the run folder whose recipe, data, history and environment are shown.
    """
    history = read_jsonl(run.history) if run else []
    charts = [*run_charts(history), *judgement_charts(judgement)]
    svgs = figure_svgs(charts, out / "figures")
    page = (
        page_environment()
        .get_template("report.html.j2")
        .render(
            judgement=judgement,
            metrics=judgement.metrics,
            title=run.name if run else judgement.source,
            charts={
                chart.name: {"title": chart.title, "reading": chart.reading, "svg": svgs[chart.name]}
                for chart in charts
            },
            cards=[name for name in CARDS if name in judgement.metrics][:4],
            errors=confident_errors(judgement, predictions)
            if predictions is not None and predictions.has_probabilities
            else [],
            advice=curve_advice(judgement),
            verdict=floor_sentence(judgement),
            matrix=confusion_rows(judgement) if len(judgement.classes) <= 20 else [],
            facts=run_facts(run) if run else None,
        )
    )
    write_text(out / "report.html", page)
    return out / "report.html"


def confident_errors(judgement: Judgement, predictions: Predictions) -> list[dict[str, Any]]:
    """The wrong predictions with the highest confidence: id, true and predicted class, confidence, text."""
    wrong = np.flatnonzero((predictions.labels >= 0) & (predictions.labels != predictions.predicted))
    confidences = predictions.probabilities[wrong, predictions.predicted[wrong]]
    worst = wrong[np.argsort(-confidences, kind="stable")[:MOST_ERRORS]]
    texts = predictions.frame["text"] if "text" in predictions.frame.columns else None
    return [
        {
            "id": predictions.ids[int(row)],
            "true": judgement.classes[predictions.labels[row]],
            "predicted": judgement.classes[predictions.predicted[row]],
            "confidence": float(predictions.probabilities[row, predictions.predicted[row]]),
            **_folded(texts[int(row)] if texts is not None else None),
        }
        for row in worst
    ]


def _folded(text: str | None) -> dict[str, str]:
    """The beginning of a text and, where it is long, the rest."""
    plain = re.sub(r"<br\s*/?>", " ", text or "")
    if len(plain) <= SHORT_TEXT_CHARACTERS:
        return {"start": plain, "rest": ""}
    cut = plain.rfind(" ", 0, SHORT_TEXT_CHARACTERS)
    cut = cut if cut > 0 else SHORT_TEXT_CHARACTERS
    return {"start": plain[:cut], "rest": plain[cut:]}


def confusion_rows(judgement: Judgement) -> list[dict[str, Any]]:
    """The confusion matrix for a table: class, and (count, share of the row) of each cell."""
    rows = []
    for name, counts in zip(judgement.classes, judgement.confusion, strict=True):
        total = sum(counts)
        rows.append({"name": name, "cells": [(count, count / total if total else 0.0) for count in counts]})
    return rows


def run_facts(run: Run) -> dict[str, Any]:
    """What the files of a run folder say; an absent file's entry is empty."""

    def content(path: Path) -> dict[str, Any]:
        return read_json(path) if path.exists() else {}

    timings: Sequence[Mapping[str, Any]] = read_jsonl(run.timings)
    return {
        "recipe": run.recipe.read_text(encoding="utf-8") if run.recipe.exists() else "",
        "data": content(run.data),
        "environment": content(run.environment),
        "status": content(run.status),
        "model": content(run.model / "model.json"),
        "history": read_jsonl(run.history),
        "timings": timings,
        "speed": fastest_epoch(timings),
    }


def fastest_epoch(timings: Sequence[Mapping[str, Any]]) -> str:
    """The speed of the fastest epoch, such as `44,000 tokens/s`; empty without rows of `timings.jsonl`."""
    speeds = [
        (speed, unit)
        for row in timings
        for unit in ("tokens", "images")
        if (speed := row.get(f"{unit}_per_second")) is not None
    ]
    return "{:,.0f} {}/s".format(*max(speeds)) if speeds else ""


def page_environment() -> Any:
    """The Jinja environment of all pages, with numbers and metrics as they show them."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("classmark.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "number": number_text,
        "seconds": seconds_text,
        "plain": lambda value: "–" if value is None else f"{value:.4f}",
        "signed": lambda value: "–" if value is None else f"{value:+.4f}",
        "value": lambda estimate, name: value_text(estimate.value, name),
        "interval": lambda estimate, name: interval_text(estimate, name),
        "bar": interval_bar,
        "metric": lambda name: METRIC_TITLES.get(name, name),
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

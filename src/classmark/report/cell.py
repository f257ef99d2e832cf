"""A judgement in a notebook: its metrics and findings as a piece of HTML that takes the notebook's own looks."""

from __future__ import annotations

from classmark.judging.judgement import Judgement
from classmark.judging.statistics.level import at_level_of
from classmark.report.mixture import beside
from classmark.report.page import page_environment
from classmark.report.screen import SHOWN


@at_level_of("judgement")
def judgement_cell(judgement: Judgement) -> str:
    """A table of the metrics with their intervals, the verdict on the baseline and the findings, as HTML."""
    from classmark.report.words import verdict_sentence

    template = page_environment().get_template("cell.html.j2")
    metrics = {name: judgement.metrics[name] for name in SHOWN if name in judgement.metrics}
    text: str = template.render(
        judgement=judgement, metrics=metrics, beside=beside(judgement), verdict=verdict_sentence(judgement)
    )
    return text

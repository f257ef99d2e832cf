"""The rows with whose label the model disagrees, with what a page shows of them."""

from __future__ import annotations

from classmark.judging.judgement import Judgement
from classmark.predictions import Predictions
from classmark.report.excerpts import folded_text, thumbnail_address
from classmark.report.mistakes import Mistake

MOST_SHOWN = 12


def likely_label_errors(judgement: Judgement, audited: Predictions | None) -> list[Mistake]:
    """The first rows of the audit of labels, `predicted` being the class that is suggested.

    Args:
        judgement: with or without an audit.
        audited: the table that was audited; without it, texts and images are left out.
    """
    found = judgement.label_errors.rows[:MOST_SHOWN] if judgement.label_errors else ()
    tables = [] if audited is None else [audited]
    places = {} if audited is None else {name: row for row, name in enumerate(audited.ids.to_list())}
    shown = []
    for one in found:
        row = places.get(one.id)
        text = ("", "") if row is None else folded_text(tables, row)
        image = "" if row is None else thumbnail_address(tables, row)
        shown.append(Mistake(one.id, one.label, one.suggested, one.confidence, *text, image))
    return shown

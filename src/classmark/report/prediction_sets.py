"""What the page says of prediction sets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from classmark.judging.judgement import Judgement
from classmark.judging.parts.conditional import BY_CLASS, BY_CLUSTER, ConditionalSets
from classmark.judging.parts.conformal import ClassCoverage, Conformal
from classmark.judging.statistics.level import of_100
from classmark.report.words import share_text

TITLES = {"lac": "smallest (LAC)", "aps": "adaptive (APS)", "raps": "adaptive, short (RAPS)"}
MOST_SHORT = 0.1  # of the parts: with more, sets hold so many classes that they say nothing


@dataclass(frozen=True)
class ConditionalRow:
    """A row of the table of sets with a threshold for each part.

    Attributes:
        title: what has a threshold of its own.
        sets: the figures.
        lowest: the part that is held least often, in words.
        withheld: why there are no figures; empty where there are some.
    """

    title: str
    sets: ConditionalSets
    lowest: str
    withheld: str = ""


def set_words(judgement: Judgement) -> dict[str, Any]:
    """What the page's template shows of prediction sets; nothing where there are none."""
    found = judgement.conformal
    if found is None:
        return {}
    return {
        "sets_luck": luck_sentence(found, judgement.rows),
        "sets_title": TITLES.__getitem__,
        "lowest_text": lowest_text,
        "conditional_rows": [_row(sets) for sets in found.conditional],
    }


def luck_sentence(found: Conformal, rows: int) -> str:
    """How far the draw of so many rows moves the coverage that is promised; empty where it is not known."""
    shown = {sets.level: sets.luck for sets in found.sets if sets.luck is not None}
    if not shown:
        return ""
    bands = [
        f"{100 * level:.0f} % sets hold the true class of {100 * luck.true_low:.1f} to {100 * luck.true_high:.1f} % of all "
        f"rows to come, and of {100 * luck.seen_low:.1f} to {100 * luck.seen_high:.1f} % of {rows:,} judged rows"
        for level, luck in shown.items()
    ]
    return f"Rows of one kind fix this only so far: in {of_100()} of 100 draws {'; '.join(bands)}."


def lowest_text(worst: ClassCoverage) -> str:
    """The class that is held least often, what the lowest would be by luck, and p for all classes together."""
    text = f"{worst.name}, {worst.rows:,} rows: {share_text(worst.coverage)}"
    if worst.lowest is None:
        return text
    p = "p < 0.0001" if worst.lowest.p < 1e-4 else f"p {worst.lowest.p:.4f}"
    return f"{text}; lowest by luck {100 * worst.lowest.by_luck:.1f} %, {p}"


def _row(sets: ConditionalSets) -> ConditionalRow:
    title = {BY_CLASS: "class", BY_CLUSTER: "cluster of classes"}.get(sets.by, f"value of {sets.by}")
    if sets.short > MOST_SHORT * len(sets.categories):
        withheld = (
            f"{sets.short:,} of {len(sets.categories):,} parts have too few validation rows for a threshold, so that sets "
            "would hold nearly every class"
        )
        return ConditionalRow(title, sets, "", withheld)
    tested = [one for one in sets.categories if one.coverage.value is not None]
    if not tested:
        return ConditionalRow(title, sets, "")
    worst = min(tested, key=lambda one: one.coverage.value or 0.0)
    lowest = f"{worst.name}, {worst.rows:,} rows: {share_text(worst.coverage)}"
    if sets.short:
        lowest += f"; {sets.short} with too few validation rows have every class"
    return ConditionalRow(title, sets, lowest)
